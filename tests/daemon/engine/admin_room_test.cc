// The admin room: in whose room the bot writes.
#include "tests/daemon/engine/admin_room.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(TheAdminRoom, WhoeverTakesTheAddressFirstHearsNothing) {
    const std::string theirs = address_of(Company::id("p3"));
    company.open();
    something_to_tell();
    company.sim.run_for(minutes{40});
    EXPECT_EQ(told_in(theirs), 0U);
    EXPECT_GT(engine().notices_owed(), 0U) << "it is still owed";
    const std::string& trouble = engine().admin_room_trouble();
    EXPECT_NE(trouble.find("leads to " + theirs + ", which @p3:corp.example made"), std::string::npos)
        << trouble;
    EXPECT_NE(trouble.find("admin_room: \"" + theirs + "\""), std::string::npos) << trouble;
    EXPECT_GE(entries("join room", "refused: #it:corp.example leads to"), 1U);
    EXPECT_LE(entries("join room", "refused"), 5U) << "and nobody is flooded";
    EXPECT_TRUE(engine().failures().empty()) << "one cause is one line";
}

TEST_F(TheAdminRoom, ARoomIDIsBelievedWhoeverMadeIt) {
    const std::string theirs = address_of(Company::id("p3"));
    company.open();
    something_to_tell();
    company.sim.run_for(minutes{1});
    ASSERT_EQ(told_in(theirs), 0U);
    company.sim.settings.admin_room = theirs;
    company.sim.restart();
    EXPECT_TRUE(company.comes([&] { return told_in(theirs, "The bot is not in #crew") == 1; }, minutes{2}))
        << "what was owed to the address is told there";
    EXPECT_EQ(engine().admin_room_trouble(), "");
    EXPECT_EQ(entries("join room", "done"), 1U);
}

TEST_F(TheAdminRoom, TheRoomOfWhomThePolicyNamesIsKeptWhereverTheAddressLeadsLater) {
    const std::string right = address_of(kAdmin);
    company.open();
    EXPECT_EQ(engine().admin_room_id(), right) << "before there is anything to tell";
    EXPECT_EQ(entries("join room", "done: that room was made by @admin"), 1U);
    const std::string wrong = address_of(Company::id("p3"));
    something_to_tell();
    EXPECT_TRUE(company.comes([&] { return told_in(right, "The bot is not in #crew") == 1; }, minutes{2}));
    company.sim.restart();
    company.sim.run_for(minutes{5});
    EXPECT_EQ(engine().admin_room_id(), right);
    EXPECT_EQ(told_in(wrong), 0U);
    EXPECT_NE(homeserver().membership(wrong, sim::kBot), MembershipState::join);
}

TEST_F(TheAdminRoom, WithoutARoomNothingIsAskedAgainUntilTheBotIsInvited) {
    company.open();
    EXPECT_NE(engine().admin_room_trouble().find("there is no room #it:corp.example"), std::string::npos);
    company.sim.run_for(std::chrono::hours{2});
    EXPECT_EQ(company.calls(CallKind::join_alias), 1U);
    const std::string it = homeserver().make_room(kAdmin, "IT");
    homeserver().aliases[kAddress] = it;
    ASSERT_TRUE(homeserver().invite(it, kAdmin, sim::kBot));
    EXPECT_TRUE(company.comes([&] { return engine().admin_room_id() == it; }, seconds{10}));
    EXPECT_EQ(engine().admin_room_trouble(), "");
}

TEST_F(TheAdminRoom, WhoeverInvitesTheBotAgainAndAgainIsNotFollowedEachTime) {
    company.open();
    for (int i = 0; i < 100; ++i) {
        static_cast<void>(made_by(Company::id("p3")));
        company.sim.run_for(seconds{3});
    }
    EXPECT_LE(company.calls(CallKind::join_alias), 8U);
}

TEST_F(TheAdminRoom, PutOutOfItAndInvitedAgainTheBotGoesBack) {
    const std::string room = address_of(kAdmin);
    company.open();
    ASSERT_EQ(engine().admin_room_id(), room);
    homeserver().put_bot_out(room);
    homeserver().aliases.erase(kAddress);
    something_to_tell();
    company.sim.run_for(minutes{2});
    EXPECT_EQ(told_in(room), 0U);
    ASSERT_TRUE(homeserver().invite(room, kAdmin, sim::kBot));
    EXPECT_TRUE(company.comes([&] { return told_in(room, "The bot is not in #crew") == 1; }, minutes{2}));
}

}  // namespace
}  // namespace rollcall::engine
