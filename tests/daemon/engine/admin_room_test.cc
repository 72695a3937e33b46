// The admin room: in whose room the bot writes, and what is told there.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kAddress = "#it:corp.example";

class TheAdminRoom : public CompanyTest {
  protected:
    TheAdminRoom() {
        company.people(60);
        company.room("crew");
        company.sim.settings.admin_room = kAddress;
        company.sim.policy.policy.protected_ids.push_back({kAdmin, {}});
    }
    [[nodiscard]] Engine& engine() { return company.sim.engine(); }
    // Somebody makes a room, and lets the bot in.
    std::string made_by(const std::string& user) {
        const std::string room = homeserver().make_room(user, "IT");
        EXPECT_TRUE(homeserver().invite(room, user, sim::kBot));
        return room;
    }
    std::string address_of(const std::string& user) {
        homeserver().aliases[kAddress] = made_by(user);
        return homeserver().aliases[kAddress];
    }
    void something_to_tell() { homeserver().put_bot_out(company.sim.room_id("crew")); }
    [[nodiscard]] std::size_t told_in(const std::string& room, const std::string& part = "") {
        std::size_t found = 0;
        for (const auto& [marker, text] : homeserver().rooms[room].messages)
            found += text.find(part) == std::string::npos ? 0U : 1U;
        return found;
    }
    [[nodiscard]] std::size_t entries(const std::string& action, const std::string& result) {
        const auto trail = company.trail();
        return static_cast<std::size_t>(std::count_if(trail.begin(), trail.end(), [&](const auto& entry) {
            return entry.action == action && entry.result.starts_with(result);
        }));
    }
};

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

TEST_F(TheAdminRoom, HearsWhenTheBotIsBack) {
    const std::string room = address_of(kAdmin);
    company.open();
    const std::string crew = company.sim.room_id("crew");
    something_to_tell();
    ASSERT_TRUE(company.comes([&] { return told_in(room, "The bot is not in #crew") == 1; }, minutes{2}));
    ASSERT_TRUE(homeserver().invite(crew, Company::id("p1"), sim::kBot));
    EXPECT_TRUE(company.comes([&] { return told_in(room, "The bot is in #crew again") == 1; }, minutes{3}));
    company.sim.run_for(minutes{10});
    EXPECT_EQ(told_in(room), 2U);
}

TEST_F(TheAdminRoom, HearsWhenAHoldIsOver) {
    const std::string room = address_of(kAdmin);
    company.open();
    const auto empty = [&](bool out) {
        for (int i = 7; i <= 60; ++i) {
            const std::string login = "p" + std::to_string(i);
            out ? company.sim.directory.leave("Crew", login) : company.sim.directory.join("Crew", login);
        }
    };
    empty(true);
    ASSERT_TRUE(company.comes([&] { return told_in(room, "Held back as") == 1; }, minutes{5}));
    empty(false);
    ASSERT_TRUE(
        company.comes([&] { return told_in(room, "waits for no answer any more") == 1; }, minutes{5}));
    company.sim.run_for(minutes{10});
    EXPECT_EQ(told_in(room), 2U);
    empty(true);
    ASSERT_TRUE(company.comes([&] { return !engine().guards().holds().empty(); }, minutes{5}));
    const std::string id = engine().guards().holds().front().id;
    static_cast<void>(company.sim.command([&](Engine& engine) {
        EXPECT_TRUE(engine.answer(true, id, {0, -1, "tester"}, "a test"));
    }));
    EXPECT_TRUE(company.comes([&] { return told_in(room, "approved by tester") == 1; }, minutes{5}));
}

// Where nobody could be told meanwhile, what came back is not said to be over.
TEST_F(TheAdminRoom, IsNotToldThatSomethingIsOverWhichIsThereAgain) {
    const std::string room = address_of(kAdmin);
    company.open();
    const std::string crew = company.sim.room_id("crew");
    something_to_tell();
    ASSERT_TRUE(company.comes([&] { return told_in(room, "The bot is not in #crew") == 1; }, minutes{2}));
    homeserver().answer_instead = [](const Call& call) -> std::optional<CallResult> {
        if (call.kind == CallKind::send_notice) return said(CallOutcome::retry, minutes{5});
        return std::nullopt;
    };
    ASSERT_TRUE(homeserver().invite(crew, Company::id("p1"), sim::kBot));
    ASSERT_TRUE(company.comes([&] { return engine().notices_owed() == 1; }, minutes{3}));
    company.sim.run_for(seconds{10});
    something_to_tell();
    company.sim.run_for(minutes{1});
    homeserver().answer_instead = {};
    company.sim.run_for(minutes{20});
    EXPECT_EQ(told_in(room, "The bot is in #crew again"), 0U);
    EXPECT_EQ(told_in(room, "The bot is not in #crew"), 2U);
}

}  // namespace
}  // namespace rollcall::engine
