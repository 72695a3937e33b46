// Rooms that the policy names no more: held, let go of, and whoever departs there.
#include <gtest/gtest.h>

#include "daemon/audit/access.h"
#include "daemon/audit/leavers.h"
#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::minutes;

class Unnamed : public testing::Test {
  protected:
    Unnamed() {
        company.people(5);
        for (const char* key : {"hall", "r1", "r2", "r3", "r4"}) company.room(key);
    }
    // More than guards.rooms.released lets go of unasked.
    void lose_rules() {
        std::erase_if(company.sim.rules, [](const sim::Rule& rule) { return rule.key != "hall"; });
        company.sim.apply();
        company.sim.run_for(minutes{1});
    }
    [[nodiscard]] std::size_t rooms_of(const std::string& login) {
        std::size_t in = 0;
        for (const char* key : {"r1", "r2", "r3", "r4"}) in += company.in(login, key) ? 1U : 0U;
        return in;
    }
    [[nodiscard]] bool released(const std::string& key) {
        const policy::World& world = company.sim.engine().world();
        return world.rooms[world.room_by_key.at(key).index()].released;
    }
    // As an auditor is told, of one person.
    [[nodiscard]] audit::Departure departure(const std::string& login) {
        audit::Leavers leavers;
        std::uint64_t index = 0;
        for (const schema::TrailEntry& entry : company.trail()) {
            ++index;
            if (entry.action == "release") leavers.managed(entry.room_key, false);
            if (entry.user == Company::id(login)) leavers.take(index, entry);
        }
        return leavers.departures().back();
    }
    [[nodiscard]] bool in_the_trail(const std::string& login, const std::string& key) {
        audit::Access access(key, sim::kBot);
        std::uint64_t index = 0;
        for (const schema::TrailEntry& entry : company.trail()) access.take(++index, entry);
        const auto member = access.members().find(Company::id(login));
        return member != access.members().end() && member->second.at(kNever - Duration{1}) != nullptr;
    }
    Company company;
};

TEST_F(Unnamed, WhoDepartsLeavesRoomsThatAreHeld) {
    for (const policy::LeaveScope scope :
         {policy::LeaveScope::every_room, policy::LeaveScope::managed_rooms}) {
        const std::string login = scope == policy::LeaveScope::every_room ? "p3" : "p4";
        company.sim.policy.policy.people->leave = scope;
        if (login == "p3") company.open();
        lose_rules();
        ASSERT_FALSE(released("r1")) << "held";
        ASSERT_EQ(rooms_of(login), 4U);
        company.sim.directory.disable(login, true);
        EXPECT_TRUE(company.comes([&] { return rooms_of(login) == 0; }));
        company.sim.run_for(minutes{1});
        const audit::Departure told = departure(login);
        EXPECT_EQ(told.remains, std::set<std::string>{}) << login;
        EXPECT_EQ(told.unforgotten, std::set<std::string>{}) << login;
        EXPECT_FALSE(in_the_trail(login, "r2")) << login;
        EXPECT_EQ(rooms_of("p5"), 4U) << "of others nothing is changed";
        const std::string room = company.sim.room_id("r1");
        ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p1"), Company::id(login)));
        ASSERT_TRUE(company.sim.homeserver.join(room, Company::id(login)));
        EXPECT_TRUE(company.comes([&] { return rooms_of(login) == 0; }))
            << "nor does anybody let them in again";
        company.sim.run_for(minutes{1});
    }
}

// Who had departed before, and could not be taken out of one that the policy lets go of then.
TEST_F(Unnamed, WhoWasStillInARoomThatIsLetGoOfLeavesItAllTheSame) {
    for (const policy::LeaveScope scope :
         {policy::LeaveScope::every_room, policy::LeaveScope::managed_rooms}) {
        Company other;
        other.people(5);
        for (const char* key : {"hall", "r1"}) other.room(key);
        other.sim.policy.policy.people->leave = scope;
        other.open();
        const std::string room = other.sim.room_id("r1");
        other.sim.homeserver.answer_instead = [room](const Call& call) -> std::optional<CallResult> {
            if (call.room != room || call.kind != CallKind::put_member) return std::nullopt;
            return said(CallOutcome::unreachable);
        };
        other.sim.directory.disable("p3", true);
        other.sim.run_for(minutes{1});
        ASSERT_EQ(other.sim.homeserver.membership(room, Company::id("p3")), MembershipState::join);
        std::erase_if(other.sim.rules, [](const sim::Rule& rule) { return rule.key == "r1"; });
        other.sim.apply();
        other.sim.run_for(minutes{1});
        other.sim.homeserver.answer_instead = nullptr;
        EXPECT_TRUE(other.comes(
            [&] {
                return other.sim.homeserver.membership(room, Company::id("p3")) == MembershipState::leave;
            },
            minutes{10}));
    }
}

TEST_F(Unnamed, WhoWasTakenOutOfARoomThatWasLetGoOfIsOutInTheTrailToo) {
    company.open();
    std::erase_if(company.sim.rules, [](const sim::Rule& rule) { return rule.key == "r1"; });
    company.sim.apply();
    company.sim.run_for(minutes{1});
    ASSERT_TRUE(released("r1"));
    ASSERT_TRUE(company.in("p3", "r1"));
    company.sim.directory.disable("p3", true);
    ASSERT_TRUE(company.comes([this] { return !company.in("p3", "r1"); }));
    company.sim.run_for(minutes{1});
    EXPECT_FALSE(in_the_trail("p3", "r1"));
    const audit::Departure told = departure("p3");
    EXPECT_EQ(told.let_go, std::set<std::string>{});
    EXPECT_EQ(told.whole(minutes{5}, kNever - Duration{1}, {}), audit::Promise::kept);
}

}  // namespace
}  // namespace rollcall::engine
