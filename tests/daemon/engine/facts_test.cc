// What the engine makes of facts and orders, and what it writes down of them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using policy::MembershipState;
using schema::TrailKind;
using std::chrono::minutes;
using std::chrono::seconds;

class Facts : public testing::Test {
  protected:
    Facts() {
        company.people(6);
        company.room("crew");
        company.open();
    }
    // The announcement of the last call about somebody.
    [[nodiscard]] schema::TrailEntry announced(const std::string& action, const std::string& login) {
        schema::TrailEntry last;
        for (const schema::TrailEntry& entry : company.trail())
            if (entry.kind == TrailKind::intent && entry.action == action && entry.user == Company::id(login))
                last = entry;
        return last;
    }
    template <class Is>
    [[nodiscard]] schema::TrailEntry last(Is is) {
        schema::TrailEntry found;
        for (const schema::TrailEntry& entry : company.trail())
            if (is(entry)) found = entry;
        return found;
    }
    Company company;
};

TEST_F(Facts, N6_ATransactionThatComesAgainChangesNothing) {
    policy::RoomEvent event;
    event.room = company.sim.room_id("crew");
    event.event = "$stray";
    event.sender = Company::id("p2");
    event.state = true;
    event.content = policy::MemberContent{"@guest:elsewhere.example", MembershipState::invite, ""};
    int kept = 0;
    const TransactionIn transaction{"again", {event}, [&](bool durable) { kept += durable ? 1 : 0; }};
    for (int times = 1; times <= 3; ++times) {
        company.sim.homeserver.deliver(TransactionIn(transaction));
        company.sim.run_for(seconds{30});
        EXPECT_EQ(kept, times) << "it is acknowledged all the same";
    }
    EXPECT_EQ(company.sim.engine().counters().events_repeated, 2U);
    std::size_t notices = 0;
    for (const auto& [id, room] : company.sim.homeserver.rooms) notices += room.messages.size();
    EXPECT_EQ(notices, 1U);
}

// An admin corrects whose account it is: both accounts follow, the trail says so, and it is remembered.
TEST_F(Facts, N7_ACorrectedMatrixIdIsOnRecordAndOutlastsARestart) {
    constexpr const char* kRight = "@second:corp.example";
    company.sim.homeserver.add_account(kRight);
    company.give("p2", kRight);
    const auto membership = [this](const std::string& id) {
        return company.sim.homeserver.membership(company.sim.room_id("crew"), id);
    };
    EXPECT_TRUE(company.comes([&] {
        return membership(kRight) == MembershipState::join &&
               membership(Company::id("p2")) == MembershipState::leave;
    }));
    const schema::TrailEntry given = last([](const schema::TrailEntry& entry) {
        return entry.kind == TrailKind::membership && entry.result.starts_with("p2 is @second") &&
               entry.result.find("people.identities") != std::string::npos;
    });
    EXPECT_EQ(given.user, kRight);
    EXPECT_EQ(given.person, company.sim.directory.content.people.at("p2").guid);
    EXPECT_NE(given.result.find("no longer " + Company::id("p2")), std::string::npos) << given.result;
    company.sim.restart();
    const policy::World& world = company.sim.engine().world();
    ASSERT_EQ(world.former_ids.size(), 1U);
    EXPECT_EQ(world.users.text(world.former_ids.begin()->first), Company::id("p2"));
    EXPECT_EQ(world.former_ids.begin()->second, given.person);
}

// Whoever invited a colleague is not told that they are from outside.
TEST_F(Facts, TheExplanationFitsWhoWasInvited) {
    company.sim.directory.hire("q1", {"Staff"});
    company.sim.homeserver.add_account(Company::id("q1"));
    company.sim.run_for(minutes{2});
    const auto invited = [this](const std::string& user, const std::string& event_id) {
        policy::RoomEvent event;
        event.room = company.sim.room_id("crew");
        event.event = event_id;
        event.sender = Company::id("p2");
        event.state = true;
        event.content = policy::MemberContent{user, MembershipState::invite, ""};
        company.sim.homeserver.deliver(TransactionIn{event_id, {event}, [](bool) {}});
        company.sim.run_for(minutes{2});
        std::string said;
        for (const auto& [id, room] : company.sim.homeserver.rooms)
            for (const auto& [marker, text] : room.messages) said += text;
        return said;
    };
    const std::string colleague = invited(Company::id("q1"), "$colleague");
    EXPECT_NE(colleague.find("follows from the company directory"), std::string::npos) << colleague;
    EXPECT_EQ(colleague.find("from outside"), std::string::npos) << colleague;
    EXPECT_NE(invited("@guest:elsewhere.example", "$guest").find("not open to people from outside"),
              std::string::npos);
}

TEST_F(Facts, APolicyAppliedInMidFlightEndsWhatIsNotWantedAnyMore) {
    company.sim.homeserver.latency = Duration{2000};
    company.room("hall");
    company.sim.apply();
    ASSERT_TRUE(company.comes([this] { return company.in("p1", "hall"); }));
    company.sim.rules.back().members = "Leads";
    company.sim.apply();
    company.sim.converge();
    EXPECT_EQ(company.wrongs(), "");
    EXPECT_FALSE(company.in("p5", "hall"));
}

// An apply that changes nothing is in the trail, and the policy is in force since it came.
TEST_F(Facts, APolicyAppliedAgainKeepsSinceWhenByWhomAndWhy) {
    const store::StoredPolicy before = *company.sim.engine().policy();
    company.sim.run_for(minutes{1});
    const auto again = [&](const std::string& version) {
        return company.sim.command([&](Engine& engine) {
            auto program = std::make_shared<policy::Program>(engine.decider()->program());
            program->version = version;
            engine.apply({std::move(program), before.files, {0, -1, "somebody"}, "look again", {}});
        });
    };
    ASSERT_TRUE(again(before.version));
    const store::StoredPolicy& now = *company.sim.engine().policy();
    EXPECT_EQ(now.applied, before.applied);
    EXPECT_EQ(now.caller, before.caller);
    EXPECT_EQ(now.reason, before.reason);
    const schema::TrailEntry entry = last([](const auto& e) { return e.action == "apply"; });
    EXPECT_EQ(entry.reason, "look again");
    EXPECT_EQ(entry.caller->text, "somebody");
    company.sim.restart();
    EXPECT_EQ(company.sim.engine().policy()->reason, before.reason);
    ASSERT_TRUE(again("another"));
    EXPECT_EQ(company.sim.engine().policy()->reason, "look again");
    EXPECT_GT(company.sim.engine().policy()->applied, before.applied);
}

TEST_F(Facts, ARoomThatLeavesThePolicyIsLetGoOfAndNothingIsDoneThere) {
    company.sim.rules.clear();
    company.room("other");
    const std::string room = company.sim.room_id("crew");
    company.sim.apply();
    company.sim.run_for(minutes{1});
    const std::size_t asked = company.calls(CallKind::put_member);
    ASSERT_TRUE(company.sim.homeserver.kick(room, Company::id("p1"), Company::id("p2")));
    ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p3"), "@guest:elsewhere.example"));
    company.sim.run_for(minutes{90});
    EXPECT_EQ(company.calls(CallKind::put_member), asked);
    EXPECT_EQ(company.sim.homeserver.membership(room, Company::id("p4")), MembershipState::join);
    // It comes back with what has happened there meanwhile.
    company.room("crew");
    company.sim.apply();
    company.sim.run_for(minutes{90});
    EXPECT_TRUE(company.in("p2", "crew"));
    EXPECT_EQ(company.sim.homeserver.membership(room, "@guest:elsewhere.example"), MembershipState::leave);
    for (const char* action : {"release", "manage again"})
        EXPECT_EQ(last([&](const auto& e) { return e.action == action; }).room_key, "crew") << action;
}

TEST_F(Facts, WhoAFailedCanaryIsLiesUnderTheirOwnKey) {
    company.sim.policy.policy.guards.canaries.push_back({"p2", {}});
    company.sim.apply();
    static_cast<void>(company.sim.command([](Engine& engine) {
        engine.believe(policy::DirectoryRefused{
            "a complete read of corp lacks the canary 'p2': part of the directory is hidden from us",
            {"corp", "dc1", 1, "", engine.world().now}});
    }));
    const schema::TrailEntry entry = last([](const auto& e) { return e.kind == TrailKind::failure; });
    EXPECT_NE(entry.result.find("'p2'"), std::string::npos);
    EXPECT_EQ(entry.person, company.sim.directory.content.people.at("p2").guid);
    schema::PersonKey key{};
    const auto leaf = schema::split_trail_entry(entry, 1, &key, nullptr);
    ASSERT_TRUE(leaf);
    EXPECT_EQ(leaf->text.find("p2"), std::string::npos) << leaf->text;
}

TEST_F(Facts, ADepartureByOrderIsSpentOnceTheDirectorySaysSo) {
    company.depart("p2", false);
    ASSERT_TRUE(company.comes([this] { return !company.in("p2", "crew"); }));
    company.sim.directory.disable("p2", true);
    company.sim.run_for(minutes{1});
    company.sim.directory.disable("p2", false);
    EXPECT_TRUE(company.comes([this] { return company.in("p2", "crew"); }));
}

TEST_F(Facts, ADepartureByOrderStandsWhileTheDirectorySaysOtherwise) {
    company.depart("p2", false);
    company.sim.directory.join("Leads", "p2");
    company.sim.directory.touched("p2");
    company.sim.run_for(minutes{90});
    EXPECT_FALSE(company.in("p2", "crew"));
    company.depart("p2", true);
    EXPECT_TRUE(company.comes([this] { return company.in("p2", "crew"); }));
}

TEST(Owners, OneWhoLeavesCostsOneWriteOfEachRoomsPowerLevels) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Company company({.seed = seed});
        company.people(6);
        company.room("crew");
        company.room("hall");
        company.sim.directory.content.join("Leads", "p2");
        company.open();
        ASSERT_EQ(company.sim.homeserver.power(company.sim.room_id("crew"), Company::id("p2")), 50);
        company.sim.homeserver.keep_log = true;
        company.sim.directory.disable("p2", true);
        company.sim.run_for(minutes{5});
        EXPECT_EQ(company.sim.homeserver.power(company.sim.room_id("crew"), Company::id("p2")), 0);
        const auto& log = company.sim.homeserver.log;
        EXPECT_EQ(std::count_if(log.begin(), log.end(),
                                [](const auto& entry) { return entry.second.type == "m.room.power_levels"; }),
                  2)
            << "seed " << seed;
    }
}

TEST_F(Facts, TheEvidenceIsTheObjectThatSaysSo) {
    const auto& groups = company.sim.directory.content.groups;
    company.sim.directory.leave("Crew", "p4");
    company.sim.run_for(minutes{1});
    ASSERT_TRUE(announced("leave", "p4").evidence);
    EXPECT_EQ(announced("leave", "p4").evidence->object, groups.at("Crew").dn);
    EXPECT_EQ(announced("leave", "p4").evidence->usn, groups.at("Crew").usn);
    EXPECT_EQ(announced("leave", "p4").evidence->guid, groups.at("Crew").guid);
    EXPECT_EQ(announced("leave", "p4").evidence->attribute, "member");

    company.sim.directory.content.group("Guests", {"Crew"});
    company.sim.directory.touched(std::vector<std::string>{"Guests", "Crew"});
    company.sim.run_for(minutes{1});
    company.sim.directory.join("Guests", "p4");
    company.sim.run_for(minutes{1});
    ASSERT_TRUE(announced("join", "p4").evidence);
    EXPECT_EQ(announced("join", "p4").evidence->object, groups.at("Guests").dn);
    company.sim.directory.leave("Guests", "p4");
    company.sim.run_for(minutes{1});
    EXPECT_EQ(announced("leave", "p4").evidence->object, groups.at("Guests").dn);

    company.sim.directory.disable("p5", true);
    company.sim.run_for(minutes{1});
    ASSERT_TRUE(announced("leave", "p5").evidence);
    EXPECT_EQ(announced("leave", "p5").evidence->object, company.sim.directory.content.people.at("p5").dn);
    EXPECT_EQ(announced("leave", "p5").evidence->guid, company.sim.directory.content.people.at("p5").guid);
    for (const char* action : {"leave", "sign out"})
        EXPECT_EQ(announced(action, "p5").evidence->attribute, "userAccountControl") << action;
    const auto departed = last([](const auto& entry) { return entry.action == "departed"; });
    ASSERT_TRUE(departed.evidence);
    EXPECT_EQ(departed.evidence->attribute, "userAccountControl");
    EXPECT_EQ(departed.evidence->guid, company.sim.directory.content.people.at("p5").guid);
}

TEST_F(Facts, TheTrailSaysWhatOthersDidInMembersForPrograms) {
    const std::string room = company.sim.room_id("crew");
    ASSERT_TRUE(company.sim.homeserver.invite(room, Company::id("p2"), "@guest:elsewhere.example"));
    company.sim.run_for(minutes{1});
    const auto invited = last([](const auto& entry) { return entry.membership == "invite"; });
    EXPECT_EQ(invited.user, "@guest:elsewhere.example");
    EXPECT_EQ(invited.sender, Company::id("p2"));
    EXPECT_EQ(invited.source, "event");
    EXPECT_EQ(invited.room, room);
    EXPECT_EQ(invited.room_key, "crew");
    const auto gone = last([](const auto& entry) { return entry.membership == "leave"; });
    EXPECT_EQ(gone.user, "@guest:elsewhere.example");
    EXPECT_EQ(gone.kind, TrailKind::result) << "the daemon's own doing";
}

TEST_F(Facts, TheTrailSaysWhatIsFoundWhenARoomIsRead) {
    EXPECT_EQ(last([](const auto& entry) { return !entry.history.empty(); }).history, "shared");
    const std::string room = company.sim.room_id("crew");
    company.sim.homeserver.deaf = true;  // told of nothing
    ASSERT_TRUE(company.sim.homeserver.kick(room, Company::id("p1"), Company::id("p4")));
    company.sim.run_for(minutes{1});
    company.sim.homeserver.deaf = false;
    static_cast<void>(company.sim.command([](Engine& engine) { engine.verify_rooms(); }));
    company.sim.run_for(minutes{1});
    const auto found = last([](const auto& entry) { return entry.source == "read"; });
    EXPECT_EQ(found.user, Company::id("p4"));
    EXPECT_EQ(found.membership, "leave");
    EXPECT_EQ(found.sender, Company::id("p1"));
}

// … although it reads directory and rooms, and finds that much has happened.
TEST_F(Facts, AProcessThatOnlyAsksWritesNothing) {
    company.sim.stop();
    company.sim.directory.disable("p3", true);
    company.sim.homeserver.deaf = true;  // nobody listens for events
    ASSERT_TRUE(
        company.sim.homeserver.kick(company.sim.room_id("crew"), Company::id("p1"), Company::id("p4")));
    const std::size_t commits = company.sim.memory.commits(), entries = company.trail().size();
    company.sim.settings.one_shot = company.sim.settings.reads_only = true;
    company.sim.start();
    company.sim.engine().directory().request_sweep();
    ASSERT_TRUE(company.comes([&] { return company.sim.engine().fresh(); }));
    const policy::World& world = company.sim.engine().world();
    EXPECT_TRUE(company.sim.engine().decider()->departed(
                    world.person(company.sim.directory.content.people.at("p3").guid)) == policy::Tri::yes)
        << "it knows";
    EXPECT_EQ(company.sim.engine().trail_size(), entries);
    ASSERT_TRUE(company.sim.engine().stop("asked", company.sim.agenda.moment()));
    EXPECT_EQ(company.sim.memory.commits(), commits);
    company.sim.stop();
    company.sim.homeserver.deaf = false;
    company.sim.settings.one_shot = company.sim.settings.reads_only = false;
    company.sim.start();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(last([](const auto& entry) { return entry.action == "departed"; }).user, Company::id("p3"));
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Facts, AnOutsidersApprovalIsOnRecordWithWhoAskedAndWhoGaveIt) {
    company.room("room0");
    company.sim.apply();
    company.sim.run_for(minutes{1});
    const auto approvals = [this] {
        std::vector<schema::TrailEntry> out;
        for (const schema::TrailEntry& entry : company.trail())
            if (entry.sponsor == "p1") out.push_back(entry);
        return out;
    };
    ASSERT_EQ(approvals().size(), 1U);
    const schema::TrailEntry given = approvals().front();
    EXPECT_EQ(given.kind, TrailKind::policy);
    EXPECT_EQ(given.action, "approve outsider");
    EXPECT_EQ(given.user, "@friend:partner.example");
    EXPECT_EQ(given.rooms, std::vector<std::string>{"room0"});
    EXPECT_EQ(given.until, *parse_rfc3339("2030-01-01T00:00:00Z"));
    ASSERT_TRUE(given.caller);
    EXPECT_EQ(given.caller->text, "tester");
    company.sim.apply();
    EXPECT_EQ(approvals().size(), 1U) << "nothing about it has changed";
    company.sim.rules.pop_back();
    company.sim.apply();
    ASSERT_EQ(approvals().size(), 2U);
    EXPECT_EQ(approvals().back().action, "end approval");
}

TEST_F(Facts, EachSettingThatAPolicyChangesIsOnRecordAsItWasAndAsItIs) {
    const auto changes = [this] {
        std::vector<std::string> out;
        for (const schema::TrailEntry& entry : company.trail())
            if (entry.action == "change policy")
                out.push_back(entry.rule_path + ": " + entry.before + " → " + entry.after +
                              (entry.danger.empty() ? "" : " !"));
        return out;
    };
    company.room("room0");
    company.sim.apply();
    const std::size_t at_first = changes().size();
    company.sim.apply();
    EXPECT_EQ(changes().size(), at_first) << "nothing has changed";
    company.sim.policy.policy.guards.removals.at_most = 200'000;
    company.sim.policy.policy.protected_ids.push_back({"@mallory:corp.example", {}});
    company.sim.policy.policy.guards.departures.at_most = 1;
    company.sim.apply();
    const std::vector<std::string> all = changes();
    ASSERT_EQ(all.size(), at_first + 3) << fmt::format("{}", fmt::join(all, "\n"));
    EXPECT_EQ(all[at_first], "protected:  → @mallory:corp.example !") << "what is dangerous stands first";
    EXPECT_TRUE(all[at_first + 1].starts_with("guards.removals: ")) << all[at_first + 1];
    EXPECT_TRUE(all[at_first + 1].ends_with(" → 200000 within 1h !")) << all[at_first + 1];
    EXPECT_TRUE(all[at_first + 2].ends_with(" → 1 within 1h")) << all[at_first + 2];
}

// What `under` in a policy is pinned to: without them nobody is known to stand below a unit.
TEST_F(Facts, UnitsAreKnownAfterARestartBeforeTheDirectoryIsRead) {
    const std::size_t units = company.sim.engine().world().containers.size();
    ASSERT_GT(units, 0U);
    company.sim.stop();
    company.sim.start();
    EXPECT_EQ(company.sim.engine().world().containers.size(), units);
}

TEST_F(Facts, TheTrailSaysThatTheProgramEndedInOrder) {
    ASSERT_TRUE(company.sim.engine().stop("ended by a signal", company.sim.agenda.moment()));
    EXPECT_EQ(company.trail().back().kind, TrailKind::stop);
    EXPECT_EQ(company.trail().back().result, "ended by a signal");
    company.sim.restart();
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.wrongs(), "");
}

}  // namespace
}  // namespace rollcall::engine
