// A group that was deleted, and that an exception names or that was part of one: nobody whom it kept out
// comes in, over restarts too, until a policy is applied; and it is said, in the trail, to the admins and in
// status.
#include <gtest/gtest.h>

#include "tests/daemon/engine/admin_room.h"

namespace rollcall::engine {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// p2 is in Guests, p3 by Acme: the room crew takes both out.
class DeletedGroup : public TheAdminRoom {
  protected:
    DeletedGroup() {
        content().group("Guests");
        content().group("Acme", {"Guests"});
        content().join("Guests", "p2");
        content().join("Acme", "p3");
        for (sim::Rule& rule : company.sim.rules) rule.except = "Guests";
        room = address_of(kAdmin);
        company.open();
        company.sim.run_for(minutes{10});
    }
    policy::test::Directory& content() { return company.sim.directory.content; }
    void remove(const std::string& name) {
        policy::GroupEntry& entry = content().group(name);
        entry.deleted = true;
        for (auto& [made_as, group] : content().groups) std::erase(group.members, entry.guid);
        entry.members.clear();
        company.sim.directory.touched(name);
    }
    [[nodiscard]] std::size_t saying(const std::string& part) {
        std::size_t found = 0;
        for (const schema::TrailEntry& entry : company.trail())
            found += entry.result.find(part) != std::string::npos ? 1U : 0U;
        return found;
    }
    void expect_out(std::size_t gone) {
        for (int times = 0; times < 3; ++times) {
            company.sim.run_for(hours{7});
            EXPECT_FALSE(company.in("p2", "crew")) << times;
            EXPECT_FALSE(company.in("p3", "crew")) << times;
            EXPECT_TRUE(company.in("p1", "crew")) << times;
            EXPECT_EQ(engine().gone().size(), gone) << times;
            company.sim.restart();
        }
        company.sim.run_for(minutes{5});
    }
    std::string room;
};

TEST_F(DeletedGroup, ThatAnExceptionNamesLetsNobodyInAndIsSaidOnce) {
    remove("Guests");
    expect_out(1);
    const std::string text =
        "the group 'Guests' was deleted from the directory: whom it would keep out cannot be known";
    EXPECT_EQ(saying(text), 1U);
    EXPECT_EQ(told_in(room, text), 1U);
    for (sim::Rule& rule : company.sim.rules) rule.except = "";
    company.sim.apply();
    EXPECT_TRUE(
        company.comes([&] { return company.in("p2", "crew") && company.in("p3", "crew"); }, minutes{5}));
    EXPECT_TRUE(engine().gone().empty());
    EXPECT_EQ(saying("not so any more: " + text), 1U);
    EXPECT_TRUE(company.comes(
        [&] { return told_in(room, "A deleted group of which you were told is there again") == 1; },
        minutes{5}));
}

TEST_F(DeletedGroup, ThatWasPartOfAnExceptionKeepsOutUntilAPolicyIsApplied) {
    remove("Acme");
    expect_out(1);
    const std::string text = "the group 'Acme' was deleted from the directory; it was part of 'Guests'";
    EXPECT_EQ(saying(text), 1U);
    EXPECT_EQ(told_in(room, text), 1U);
    company.sim.apply();
    EXPECT_TRUE(company.comes([&] { return company.in("p3", "crew"); }, minutes{5}));
    EXPECT_FALSE(company.in("p2", "crew"));
    EXPECT_TRUE(engine().gone().empty());
    company.sim.restart();
    company.sim.run_for(minutes{5});
    EXPECT_TRUE(company.in("p3", "crew")) << "remembered no more";
    EXPECT_TRUE(engine().gone().empty());
}

// While no daemon ran: a complete read is the first that lacks it.
TEST_F(DeletedGroup, WhileTheDaemonWasDownKeepsOutTheSame) {
    company.sim.stop();
    remove("Acme");
    company.sim.start();
    expect_out(1);
}

}  // namespace
}  // namespace rollcall::engine
