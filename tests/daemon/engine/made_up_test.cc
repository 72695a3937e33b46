// Hundreds of names that somebody made up, in a room out of which nobody can take them: each is tried,
// seldom, and neither requests nor messages nor the trail grow with their number for ever.
#include <fmt/format.h>

#include "tests/daemon/engine/admin_room.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using std::chrono::hours;
using std::chrono::minutes;

constexpr int kNames = 300;

class MadeUpNames : public TheAdminRoom {
  protected:
    explicit MadeUpNames(const std::string& room_version = "12") : TheAdminRoom(room_version) {
        admins = address_of(kAdmin);
        company.open();
        crew = company.sim.room_id("crew");
        homeserver().keep_log = true;
    }
    [[nodiscard]] static std::string name(int i) { return fmt::format("@made-up-{}:corp.example", i); }
    // Requests that change a membership, and entries of the trail, about any of them.
    [[nodiscard]] std::size_t asked() const {
        const auto& log = company.sim.homeserver.log;
        return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [](const auto& sent) {
            return sent.second.kind == CallKind::put_member && sent.second.user.starts_with("@made-up-");
        }));
    }
    [[nodiscard]] std::size_t entries_about() {
        const auto trail = company.trail();
        return static_cast<std::size_t>(std::count_if(trail.begin(), trail.end(), [](const auto& entry) {
            return entry.user.starts_with("@made-up-");
        }));
    }
    void expect_seldom() {
        company.sim.run_for(minutes{10});
        const std::size_t first = asked();
        EXPECT_GE(first, static_cast<std::size_t>(kNames)) << "each was tried";
        EXPECT_LE(first, 2U * kNames) << "by the bot, and in their own name";
        const std::size_t entries = entries_about(), looked_for = company.calls(CallKind::find_account);
        company.sim.run_for(hours{2});
        EXPECT_GT(asked(), first);
        EXPECT_LE(asked() - first, 2U * 2U * 80U) << "eighty an hour, however many they are";
        EXPECT_LE(entries_about() - entries, 2U * 2U * 80U);
        EXPECT_LE(company.calls(CallKind::find_account) - looked_for, static_cast<std::size_t>(kNames))
            << "whether there are such accounts is seldom asked";
        for (int i = 0; i < kNames; ++i)
            EXPECT_EQ(homeserver().membership(crew, name(i)), MembershipState::invite);
    }
    std::string admins, crew;
};

TEST_F(MadeUpNames, InARoomThatTheBotIsNotInAreTriedSeldom) {
    company.pause(Engine::Pause::all);
    for (int i = 0; i < kNames; ++i) ASSERT_TRUE(homeserver().invite(crew, Company::id("p2"), name(i)));
    company.sim.run_for(minutes{1});
    homeserver().put_bot_out(crew);
    company.sim.run_for(minutes{1});
    company.pause(Engine::Pause::none);
    expect_seldom();
    EXPECT_LE(told_in(admins), 1U) << "that the room is lost";
    // Whoever gets one of these names and comes in is seen by those who are there, and leaves.
    homeserver().add_account(name(7));
    ASSERT_TRUE(homeserver().join(crew, name(7)));
    EXPECT_TRUE(company.comes(
        [&] { return homeserver().membership(crew, name(7)) == MembershipState::leave; }, minutes{2}));
}

class MadeUpNamesAboveTheBot : public MadeUpNames {
  protected:
    MadeUpNamesAboveTheBot() : MadeUpNames("11") {}
};

TEST_F(MadeUpNamesAboveTheBot, AreNamedToTheAdminsOnce) {
    policy::PowerLevels levels;
    levels.users = {{sim::kBot, 100}};
    for (int i = 0; i < kNames; ++i) levels.users[name(i)] = 100;
    homeserver().force_state(crew, levels);
    for (int i = 0; i < kNames; ++i)
        homeserver().force_state(crew, policy::MemberContent{name(i), MembershipState::invite, ""}, name(i));
    expect_seldom();
    EXPECT_LE(told_in(admins), static_cast<std::size_t>(kNames));
    EXPECT_GE(told_in(admins, "cannot be taken out of #crew"), 1U);
    // Whoever gets one of these names and comes in has an account, and leaves by it at once.
    homeserver().add_account(name(7));
    ASSERT_TRUE(homeserver().join(crew, name(7)));
    EXPECT_TRUE(company.comes(
        [&] { return homeserver().membership(crew, name(7)) == MembershipState::leave; }, minutes{1}));
}

}  // namespace
}  // namespace rollcall::engine
