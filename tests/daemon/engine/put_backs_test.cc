// What people change by hand and is put back, again and again: damped, said once, forgotten; and what is
// never damped.
#include <fmt/format.h>

#include "tests/daemon/engine/admin_room.h"

namespace rollcall::engine {
namespace {

using policy::ActionKind;
using policy::MembershipState;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kName = "m.room.name";

class ChangedAgain : public TheAdminRoom {
  protected:
    ChangedAgain() {
        admins = address_of(kAdmin);
        company.sim.rules.push_back({.key = "news", .members = "Crew", .owners = "Leads", .rejoin = true});
        company.open();
        company.sim.run_for(minutes{10});
        crew = company.sim.room_id("crew");
        homeserver().keep_log = true;
    }
    [[nodiscard]] bool right(const std::string& type, const std::string& key = {}) const {
        return company.sim.homeserver.state(crew, type, key)->sender == sim::kBot;
    }
    void rename_room() { ASSERT_TRUE(homeserver().set_state(crew, owner, policy::NameContent{"ours"})); }
    // The name that somebody's script sets, and looks after every ten seconds.
    void script(Duration how_long) {
        for (Duration at{}; at < how_long; at += seconds{10}) {
            if (right(kName)) rename_room();
            company.sim.run_for(seconds{10});
        }
    }
    [[nodiscard]] std::size_t written(const std::string& type) const {
        const auto& log = company.sim.homeserver.log;
        return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [&](const auto& sent) {
            return sent.second.kind == CallKind::put_state && sent.second.type == type;
        }));
    }
    [[nodiscard]] std::size_t said(schema::TrailKind kind, const std::string& part) {
        const auto trail = company.trail();
        return static_cast<std::size_t>(std::count_if(trail.begin(), trail.end(), [&](const auto& entry) {
            return entry.action == "put back" && entry.kind == kind &&
                   entry.result.find(part) != std::string::npos;
        }));
    }
    const std::string owner = Company::id("p1");
    std::string admins, crew;
};

TEST_F(ChangedAgain, ANameIsPutBackAtOnceThreeTimesAndThenSeldom) {
    for (int i = 0; i < 3; ++i) {
        rename_room();
        EXPECT_TRUE(company.comes([this] { return right(kName); }, seconds{2})) << i;
        company.sim.run_for(seconds{10});
    }
    EXPECT_EQ(said(schema::TrailKind::failure, ""), 0U);
    script(hours{6});
    EXPECT_LE(written(kName), 16U) << "three at once, and 1, 2, 4 … 32 minutes, then an hour apart";
    EXPECT_GE(written(kName), 12U);
    EXPECT_EQ(said(schema::TrailKind::failure, "name: changed by hand again and again, 4 times since"), 1U);
    EXPECT_EQ(said(schema::TrailKind::failure, ""), 1U);
    EXPECT_EQ(engine().put_backs().again(), 1U);
    const PutBacks::PutBack& known = engine().put_backs().all().at({ActionKind::set_name, "crew", ""});
    EXPECT_EQ(known.times, written(kName));
    EXPECT_EQ(known.changes, known.times + (known.open ? 1U : 0U));
    EXPECT_EQ(known.by, (std::map<std::string, std::size_t>{{owner, known.changes}}));
    EXPECT_TRUE(engine().failures().empty()) << "nothing has failed";
    EXPECT_EQ(told_in(admins, "#crew, name: changed by hand again and again"), 1U);
}

TEST_F(ChangedAgain, WhatIsLeftAloneIsForgottenAfterAnHour) {
    script(hours{3});
    EXPECT_TRUE(company.comes([this] { return right(kName); }, hours{1}));
    EXPECT_TRUE(company.comes([this] { return engine().put_backs().all().empty(); }, hours{1} + minutes{1}));
    EXPECT_EQ(said(schema::TrailKind::result, "name: nobody has changed it by hand for an hour"), 1U);
    EXPECT_TRUE(company.comes(
        [this] { return told_in(admins, "#crew, name: nobody has changed it by hand for an hour") == 1U; }));
    EXPECT_EQ(told_in(admins), 2U);
    rename_room();
    EXPECT_TRUE(company.comes([this] { return right(kName); }, seconds{2}));
}

TEST_F(ChangedAgain, AnApplyPutsItBackAtOnce) {
    script(hours{2});
    if (right(kName)) rename_room();
    company.sim.run_for(minutes{1});
    ASSERT_FALSE(right(kName)) << "it waits";
    company.sim.apply();
    EXPECT_TRUE(company.comes([this] { return right(kName); }, seconds{2}));
}

TEST_F(ChangedAgain, OneOfThemWaitsAndNothingElseDoes) {
    script(hours{1});
    company.sim.run_for(seconds{10});
    ASSERT_FALSE(right(kName)) << "it waits";
    ASSERT_TRUE(homeserver().set_state(crew, owner, policy::NameContent{"ours"}));
    const std::string news = company.sim.room_id("news");
    ASSERT_TRUE(homeserver().set_state(news, owner, policy::NameContent{"ours"}));
    homeserver().force_state(crew, policy::TopicContent{"ours"});
    EXPECT_TRUE(company.comes(
        [&] { return right("m.room.topic") && homeserver().state(news, kName)->sender == sim::kBot; },
        seconds{3}));
}

// Whether somebody writes another name or takes this one away.
TEST_F(ChangedAgain, RedactionsCountToo) {
    for (Duration at{}; at < hours{2}; at += seconds{10}) {
        const auto* name = homeserver().state(crew, kName);
        if (!std::get<policy::NameContent>(name->content).name.empty()) {
            ASSERT_TRUE(homeserver().redact(crew, owner, kName));
        }
        company.sim.run_for(seconds{10});
    }
    EXPECT_LE(written(kName), 12U);
    EXPECT_GE(written(kName), 7U);
    EXPECT_EQ(said(schema::TrailKind::failure, "name: changed by hand again and again"), 1U);
    EXPECT_EQ(engine().put_backs().all().begin()->second.by.begin()->first, owner);
}

// Who reads, who comes in, who may change that: whatever anybody does, and however often.
TEST_F(ChangedAgain, WhatDecidesWhoReadsIsPutBackAtOnceForEver) {
    policy::PowerLevels levels;
    levels.invite = 0;
    levels.state_default = 0;
    const std::vector<std::pair<std::string, policy::RoomContent>> doors{
        {"m.room.history_visibility", policy::HistoryVisibilityContent{"world_readable"}},
        {"m.room.guest_access", policy::GuestAccessContent{"can_join"}},
        {"m.room.join_rules", policy::JoinRules{"public", {}}},
        {"m.room.server_acl", policy::ServerAcl{{"*"}, {}, true}},
        {"m.room.power_levels", levels}};
    for (const auto& [type, open] : doors) {
        for (int i = 0; i < 40; ++i) {
            homeserver().force_state(crew, open);
            ASSERT_TRUE(company.comes([&] { return right(type); }, seconds{1})) << type << " " << i;
        }
        EXPECT_TRUE(engine().failures().empty()) << type;
    }
    EXPECT_EQ(engine().put_backs().again(), doors.size());
    EXPECT_EQ(said(schema::TrailKind::failure, "it is put back at once each time"), doors.size());
    EXPECT_EQ(told_in(admins, "it is put back at once each time"), doors.size());
}

TEST_F(ChangedAgain, WhoLeavesARoomIntoWhichTheyArePutBackIsPutBackSeldom) {
    const std::string news = company.sim.room_id("news"), who = Company::id("p4");
    const auto leave = [&] {
        if (!homeserver().leave(news, who)) return false;
        homeserver().rooms.at(news).left_by_choice.erase(who);
        return true;
    };
    int left = 0;
    for (Duration at{}; at < hours{3}; at += seconds{10}) {
        left += leave() ? 1 : 0;
        company.sim.run_for(seconds{10});
    }
    EXPECT_GE(left, 8);
    EXPECT_LE(left, 14);
    EXPECT_EQ(said(schema::TrailKind::failure, who + " leaves again and again"), 1U);
    EXPECT_TRUE(
        company.comes([&] { return homeserver().membership(news, who) == MembershipState::join; }, hours{1}));
}

// Nobody's own doing makes the daemon slow against them.
TEST_F(ChangedAgain, WhoComesInAgainAndAgainIsOutAtOnceEachTime) {
    const std::string eve = "@eve:elsewhere.example";
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(homeserver().invite(crew, Company::id("p2"), eve));
        ASSERT_TRUE(homeserver().join(crew, eve));
        ASSERT_TRUE(company.comes(
            [&] { return homeserver().membership(crew, eve) == MembershipState::leave; }, seconds{1}))
            << i;
    }
}

TEST_F(ChangedAgain, ARoomThatGetsAnotherKeyIsNoOther) {
    script(hours{1});
    ASSERT_EQ(told_in(admins, "again and again"), 1U);
    for (sim::Rule& rule : company.sim.rules)
        if (rule.key == "crew") rule.key = "apollo", rule.formerly = {"crew"};
    company.sim.apply();
    script(minutes{20});
    const PutBacks::All& all = engine().put_backs().all();
    EXPECT_FALSE(all.contains({ActionKind::set_name, "crew", ""}));
    ASSERT_TRUE(all.contains({ActionKind::set_name, "apollo", ""}));
    EXPECT_TRUE(all.at({ActionKind::set_name, "apollo", ""}).again);
    EXPECT_EQ(told_in(admins, "again and again"), 1U) << "they know";
    EXPECT_EQ(told_in(admins, "nobody has changed it"), 0U);
    EXPECT_EQ(said(schema::TrailKind::failure, ""), 1U);
}

TEST_F(ChangedAgain, OfARoomThatThePolicyLetsGoOfNothingIsCounted) {
    script(hours{1});
    ASSERT_EQ(engine().put_backs().again(), 1U);
    std::erase_if(company.sim.rules, [](const sim::Rule& rule) { return rule.key == "crew"; });
    company.sim.apply();
    company.sim.run_for(minutes{2});
    EXPECT_TRUE(engine().put_backs().all().empty());
    rename_room();
    company.sim.run_for(minutes{2});
    EXPECT_TRUE(engine().put_backs().all().empty());
}

// Who asks for it does not wait.
TEST_F(ChangedAgain, WhoIsReadmittedComesBackAtOnce) {
    const std::string news = company.sim.room_id("news"), who = Company::id("p4");
    const auto out = [&] { return homeserver().membership(news, who) == MembershipState::leave; };
    for (Duration at{}; at < hours{1}; at += seconds{10}) {
        if (homeserver().leave(news, who)) homeserver().rooms.at(news).left_by_choice.erase(who);
        company.sim.run_for(seconds{10});
    }
    ASSERT_TRUE(out()) << "it waits";
    const auto index =
        static_cast<std::uint32_t>(engine().decider()->managed(engine().world().room_by_key.at("news")));
    ASSERT_TRUE(company.sim.command([&](Engine& now) {
        EXPECT_TRUE(now.readmit(now.world().user(who), index, {0, -1, "alice"}, "asked for"));
    }));
    EXPECT_TRUE(company.comes([&] { return !out(); }, seconds{2}));
}

// An owner may redact any event, also that of the power levels, which they cannot write.
TEST_F(ChangedAgain, RedactedPowerLevelsArePutBackAtOnceForEver) {
    const std::string news = company.sim.room_id("news");
    const auto invite = [&] {
        return std::get<policy::PowerLevels>(homeserver().state(news, "m.room.power_levels")->content).invite;
    };
    const std::int64_t wanted = invite();
    ASSERT_GT(wanted, 0);
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(homeserver().redact(news, owner, "m.room.power_levels"));
        ASSERT_EQ(invite(), 0);
        ASSERT_TRUE(company.comes([&] { return invite() == wanted; }, seconds{1})) << i;
    }
    EXPECT_TRUE(engine().failures().empty());
    EXPECT_EQ(said(schema::TrailKind::failure, "power levels: changed by hand"), 1U);
}

TEST_F(ChangedAgain, ARestartSaysItOnceToTheAdmins) {
    script(hours{1});
    company.sim.restart();
    company.sim.run_for(minutes{5});
    EXPECT_EQ(told_in(admins, "nobody has changed it"), 0U) << "that was not seen";
    script(hours{1});
    EXPECT_EQ(told_in(admins, "again and again"), 1U);
    company.sim.run_for(hours{3});
    EXPECT_EQ(told_in(admins, "nobody has changed it by hand for an hour"), 1U);
}

}  // namespace
}  // namespace rollcall::engine
