// Every read has an end: against a controller (endless.py) that is never done.
#include <gtest/gtest.h>

#include "bridges/directory/connection.h"
#include "bridges/directory/members.h"
#include "bridges/directory/search.h"
#include "tests/bridges/directory/controller.h"

namespace rollcall::directory {
namespace {

using namespace std::chrono_literals;

class Endless : public testing::Test {
  protected:
    static void SetUpTestSuite() { controller.start(ENDLESS_CONTROLLER); }
    static void TearDownTestSuite() { controller.stop(); }
    [[nodiscard]] static Settings settings() {
        Settings s = controller.settings();
        s.limits.entries = 300;
        return s;
    }
    // What a search below `base` ends with.
    [[nodiscard]] static Error search_for(const std::string& base, const Settings& with) {
        Cutoff cutoff;
        auto connection = Connection::open(with, cutoff);
        if (!connection) return connection.error();
        Query query;
        query.base = base;
        query.attributes = {"cn"};
        const auto done = search(*connection, query, [](RawEntry&&) { return Status{}; });
        return done ? Error{} : done.error();
    }
    static Controller controller;
};
Controller Endless::controller;

TEST_F(Endless, EntriesPagesAndReferencesAreCounted) {
    for (const char* base : {"OU=entries", "OU=pages", "OU=references"}) {
        const Error error = search_for(base, settings());
        EXPECT_EQ(error.kind, ErrorKind::limit) << base << ": " << error.message;
        EXPECT_NE(error.message.find("more than 300 entries"), std::string::npos) << error.message;
    }
}

TEST_F(Endless, ItsBytesAreCounted) {
    Settings s = settings();
    s.limits.entries = 1'000'000'000;
    s.limits.read_bytes = 20'000;
    const Error error = search_for("OU=entries", s);
    EXPECT_EQ(error.kind, ErrorKind::limit);
    EXPECT_NE(error.message.find("more than 20000 bytes"), std::string::npos) << error.message;
}

TEST_F(Endless, ItHasSoMuchTimeHoweverLivelyItIs) {
    Settings s = settings();
    s.limits.entries = 1'000'000'000;
    s.limits.changes = 1s;
    for (const char* base : {"OU=entries", "OU=pages", "OU=references"}) {
        const Error error = search_for(base, s);
        EXPECT_EQ(error.kind, ErrorKind::limit) << base << ": " << error.message;
        EXPECT_NE(error.message.find("does not come to an end"), std::string::npos) << error.message;
    }
}

TEST_F(Endless, RangesThatGoOnForEverAreCounted) {
    Cutoff cutoff;
    auto connection = Connection::open(settings(), cutoff);
    ASSERT_TRUE(connection) << connection.error().message;
    const auto group =
        read_group(*connection, *Guid::from_text("11111111-0000-0000-0000-000000000001"), 1, {});
    ASSERT_FALSE(group);
    EXPECT_EQ(group.error().kind, ErrorKind::limit) << group.error().message;
    EXPECT_NE(group.error().message.find("more than 300 members"), std::string::npos)
        << group.error().message;
}

// Nothing that it says of its members can be believed then.
TEST_F(Endless, RangesThatHoldNothingLeaveTheMembersUnknown) {
    Cutoff cutoff;
    auto connection = Connection::open(settings(), cutoff);
    ASSERT_TRUE(connection) << connection.error().message;
    const auto group =
        read_group(*connection, *Guid::from_text("22222222-0000-0000-0000-000000000002"), 1, {});
    ASSERT_TRUE(group) << group.error().message;
    EXPECT_FALSE(group->members_known);
}

}  // namespace
}  // namespace rollcall::directory
