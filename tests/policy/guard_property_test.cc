// Guards over generated sequences of what may happen between a hold and its end.
//
// Judged by a memory of its own, which knows nothing of how guards count: what was in a hold once is carried
// out only after an answer that named it, or when its cause was gone in the directory's truth in between. And
// what owners, members and outsiders do holds nothing that would not have been held without them.
#include <gtest/gtest.h>
#include <algorithm>
#include <random>

#include "policy/held.h"
#include "tests/policy/homeserver.h"
#include "tests/share.h"

namespace rollcall::policy::test {
namespace {

constexpr int kPeople = 40;

class Company {
  public:
    explicit Company(std::uint64_t seed, bool shares = true) : random_(seed) {
        for (int i = 0; i < kPeople; ++i) scene.directory.person(login(i), {"Staff", "Eng"});
        scene.room("all", "employees");
        scene.room("eng", "group Eng");
        scene.policy.guards.removals = {8, std::chrono::hours{1}};
        scene.policy.guards.departures = {6, std::chrono::hours{1}};
        scene.policy.guards.room_loses = {30, shares ? 4 : 1'000};
        scene.policy.guards.room_gains = {30, shares ? 6 : 1'000};
        scene.start();
        homeserver.converge();
        scene.pass_time(std::chrono::hours{2});
        look();
    }

    static std::string login(int i) { return "p" + std::to_string(i); }
    static std::string user(int i) { return "@" + login(i) + ":corp.example"; }
    int below(int end) { return static_cast<int>(random_() % static_cast<std::uint64_t>(end)); }

    // ------------------------------------------------ what happens
    void groups(bool may_join = true) {
        const char* group = below(3) == 0 ? "Staff" : "Eng";
        const bool leaves = below(2) == 0 || !may_join;
        const int first = below(kPeople), count = 1 + below(leaves ? 14 : 5);
        for (int i = first; i < std::min(kPeople, first + count); ++i)
            leaves ? scene.directory.leave(group, login(i)) : scene.directory.join(group, login(i));
        scene.learn(scene.directory.changes({group}));
    }
    void accounts() {
        const int first = below(kPeople), count = 1 + below(9);
        const std::uint32_t control = below(2) == 0 ? 514 : 512;
        std::vector<std::string> names;
        for (int i = first; i < std::min(kPeople, first + count); ++i) {
            scene.directory.people.at(login(i)).account_control = control;
            scene.directory.wrote(login(i));
            names.push_back(login(i));
        }
        scene.learn(scene.directory.changes(names));
    }
    void made_disabled() {
        for (int i = 0; i < 10; ++i) {
            const std::string name = "made" + std::to_string(++made_);
            scene.directory.person(name, {"Staff"}).account_control = 514;
            scene.learn(scene.directory.changes({name, "Staff"}));
        }
    }
    void somebody_by_hand(int what, int who) {
        const std::string room = who % 2 == 0 ? "eng" : "all", person = user(who % kPeople);
        const std::string owner = user(0), stranger = "@x" + std::to_string(who) + ":corp.example",
                          outsider = "@o" + std::to_string(who) + ":elsewhere.example";
        if (what == 0) hand(room, stranger, MembershipState::invite, owner);
        if (what == 1) hand(room, outsider, MembershipState::join, outsider);
        if (what == 2 && is_in(room, person)) hand(room, person, MembershipState::leave, owner);
        if (what == 3 && is_in(room, person)) hand(room, person, MembershipState::leave, person);
        if (what == 4 && made_ > 0)
            hand(room, "@made" + std::to_string(1 + who % made_) + ":corp.example", MembershipState::invite,
                 owner);
    }
    // By an owner, or by themselves.
    bool put_out(const ActionKey& key, bool kicked) {
        if (!is_in(key.room, key.user)) return false;
        hand(key.room, key.user, MembershipState::leave, kicked ? user(0) : key.user);
        return true;
    }
    // A room that the policy does not name for a while is read anew when it is named again.
    void without_a_room() {
        std::vector<RoomText>& named = scene.policy.rooms;
        if (away_) {
            named.push_back(*std::exchange(away_, std::nullopt));
            ASSERT_TRUE(scene.apply());
            homeserver.answer(scene.learn(homeserver.read("eng")));
        } else {
            away_ = named.back();
            named.pop_back();
            ASSERT_TRUE(scene.apply());
            scene.learn(Released{scene.world.room("eng")});
        }
        scene.memory.rejected.clear();
    }
    void other_policy() {
        scene.policy.guards.removals.at_most = 4 + below(60);
        scene.policy.guards.departures.at_most = 4 + below(60);
        scene.policy.guards.room_loses = {20 + below(200), 4};
        scene.policy.guards.room_gains = {20 + below(200), 6};
        ASSERT_TRUE(scene.apply());
        scene.memory.rejected.clear();
    }
    void restart() {
        scene.guards = GuardState{};
        scene.memory.under_way.clear();
        ASSERT_TRUE(scene.apply());
    }
    void answer(bool yes) {
        const std::vector<Hold> holds = scene.guards.holds();
        if (holds.empty()) return;
        const Hold& hold = holds[static_cast<std::size_t>(below(static_cast<int>(holds.size())))];
        for (const ActionKey& key : hold.actions) {
            const std::optional<Basis> basis = wanted_basis(*scene.decider, scene.backlog, key);
            if (!basis) continue;
            scene.memory.approved.erase(key), scene.memory.rejected.erase(key);
            (yes ? scene.memory.approved : scene.memory.rejected)[key] = {*basis, hold.id, "a", "r", {}};
            if (!yes) continue;
            held_.erase(key);
            if (hold.guard != Guard::departures) continue;
            let_depart_.insert(key.user);
            std::erase_if(held_, [&](const auto& row) { return row.first.user == key.user; });
        }
    }

    // ------------------------------------------------ what guards say, and what is done
    void look() {
        scene.evaluate_guards();
        for (Answers* given : {&scene.memory.approved, &scene.memory.rejected})
            std::erase_if(*given, [&](const auto& row) {
                return wanted_basis(*scene.decider, scene.backlog, row.first) != row.second.basis;
            });
        scene.evaluate_guards();
        std::erase_if(held_, [&](const auto& row) { return cause_gone(row.first); });
        for (auto& [key, guard] : held_)  // back, and still to lose the room: no departure any more
            if (key.kind == ActionKind::remove && !departed(key.user)) guard = Guard::removals;
        std::erase_if(let_depart_, [&](const std::string& user) { return !departed(user); });
        for (const Hold& hold : scene.guards.holds())
            for (const ActionKey& key : hold.actions)
                if (hold.guard != Guard::canaries &&
                    (hold.guard != Guard::departures || !let_depart_.contains(key.user)))
                    held_.emplace(key, hold.guard);
    }
    void do_allowed(std::vector<std::string>& wrongs) {
        look();
        for (std::size_t u = 0; u < scene.world.users.size(); ++u) {
            const auto row = scene.backlog.actions(UserId(u));
            const std::vector<UserAction> actions(row.begin(), row.end());
            for (const UserAction& action : actions)
                if (scene.guards.allows(*scene.decider, scene.memory, UserId(u), action))
                    carry_out(UserId(u), action, wrongs);
        }
        look();
    }

    Scene scene;
    Homeserver homeserver{scene};

  private:
    void hand(const std::string& room, const std::string& who, MembershipState state,
              const std::string& sender) {
        homeserver.answer(scene.learn(RoomEventSeen{homeserver.put_member(room, who, state, sender), false}));
    }
    bool is_in(const std::string& room, const std::string& who) const {
        return homeserver.state_of(room, who) == MembershipState::join;
    }
    bool departed(const std::string& who) const {
        const auto person = scene.directory.people.find(who.substr(1, who.find(':') - 1));
        return person != scene.directory.people.end() && person->second.account_control == 514U;
    }
    bool belongs(const std::string& room, const std::string& who) const {
        const auto person = scene.directory.people.find(who.substr(1, who.find(':') - 1));
        if (person == scene.directory.people.end() || departed(who)) return false;
        const auto listed = [&](const char* group) {
            const auto& members = scene.directory.groups.at(group).members;
            return std::find(members.begin(), members.end(), person->second.guid) != members.end();
        };
        return listed("Staff") && (room == "all" || listed("Eng"));
    }
    bool cause_gone(const ActionKey& key) const {
        if (key.kind == ActionKind::add) return !belongs(key.room, key.user) || is_in(key.room, key.user);
        if (key.kind != ActionKind::remove) return !departed(key.user);
        return belongs(key.room, key.user) || !is_present(homeserver.state_of(key.room, key.user));
    }
    void carry_out(UserId id, const UserAction& action, std::vector<std::string>& wrongs) {
        const ActionKey key = key_of(*scene.decider, id, action);
        if (const auto held = held_.find(key);
            held != held_.end() && (action.lane != Lane::departure || held->second == Guard::departures))
            wrongs.push_back("carried out although it was held: " + key.text());
        if (const auto guard = guard_of(*scene.decider, id, action);
            guard && !answers(scene.memory.approved, key, action.basis))
            scene.memory.ledger[{*guard, key.user, *guard == Guard::departures ? "" : key.room}] =
                scene.world.now;
        if (action.kind == ActionKind::sign_out) scene.learn(SignedOut{id});
        if (action.kind == ActionKind::list_rooms) scene.learn(RoomsListed{id, {}});
        if (action.kind == ActionKind::forget)
            scene.learn(Forgotten{id, scene.decider->world_room(action.room)});
        if (action.kind != ActionKind::add && action.kind != ActionKind::remove) return;
        hand(key.room, key.user,
             action.kind == ActionKind::add ? MembershipState::join : MembershipState::leave,
             scene.world.bot);
    }

    std::mt19937_64 random_;
    std::map<ActionKey, Guard> held_;
    std::set<std::string> let_depart_;  // an approval of a departure is one of all of it
    std::optional<RoomText> away_;
    int made_ = 0;
};

void one_step(Company& company, std::vector<std::string>& wrongs) {
    switch (company.below(14)) {
        case 0:
        case 1:
        case 2:
        case 3:
            return company.groups();
        case 4:
            return company.accounts();
        case 5:
            return company.made_disabled();
        case 6:
            for (int i = company.below(12); i >= 0; --i)
                company.somebody_by_hand(company.below(5), company.below(60));
            return;
        case 7:
            return company.scene.pass_time(std::chrono::minutes{1 + company.below(200)});
        case 8:
            return company.below(3) == 0 ? company.without_a_room() : company.other_policy();
        case 9:
            return company.restart();
        case 10:
            return company.answer(company.below(3) > 0);
        default:
            return company.do_allowed(wrongs);
    }
}

TEST(GuardProperty, N4_WhatWasHeldIsDoneOnlyAfterAnAnswerOrNotAtAll) {
    for (std::uint64_t seed = 1; seed <= rollcall::test::share_of(std::uint64_t{80}); ++seed) {
        Company company(seed);
        std::vector<std::string> wrongs;
        for (int step = 0; step < 120 && wrongs.empty(); ++step) {
            one_step(company, wrongs);
            company.look();
        }
        ASSERT_TRUE(wrongs.empty()) << "seed " << seed << ": " << wrongs.front();
    }
}

std::set<std::string> held_people(const Company& company) {
    std::set<std::string> out;
    for (const Hold& hold : company.scene.guards.holds())
        for (const ActionKey& key : hold.actions) out.insert(key.text());
    return out;
}

std::vector<ActionKey> held_removals(const Company& company) {
    std::vector<ActionKey> out;
    for (const Hold& hold : company.scene.guards.holds())
        for (const ActionKey& key : hold.actions)
            if (key.kind == ActionKind::remove && hold.guard != Guard::departures) out.push_back(key);
    return out;
}

// The same directory twice, and in one of the two companies people do what they like in rooms as well.
// Without the guards of single rooms: whoever is kicked before anything is held of them is one fewer in the
// room.
TEST(GuardProperty, N4_NobodysDoingsHoldWhatTheyAreNotPartOf) {
    for (std::uint64_t seed = 1; seed <= rollcall::test::share_of(std::uint64_t{40}); ++seed) {
        Company quiet(seed, false), noisy(seed, false);
        std::mt19937_64 noise(seed);
        std::vector<std::string> wrongs;
        for (int step = 0; step < 60; ++step) {
            const int what = quiet.below(6);
            ASSERT_EQ(what, noisy.below(6));
            for (int i = static_cast<int>(noise() % 10); i > 0; --i)
                noisy.somebody_by_hand(static_cast<int>(noise() % 5), static_cast<int>(noise() % 60));
            for (Company* company : {&quiet, &noisy}) {
                if (what < 2) company->groups();
                if (what == 2) company->accounts();
                if (what == 3) company->made_disabled();
                if (what == 4) company->scene.pass_time(std::chrono::minutes{10});
                if (what == 5) company->do_allowed(wrongs);
                company->look();
            }
            const std::set<std::string> without = held_people(quiet);
            for (const std::string& key : held_people(noisy))
                ASSERT_TRUE(without.contains(key)) << "seed " << seed << ", step " << step << ": " << key;
        }
    }
}

// With those of single rooms, of whomever a hold has: whoever is kicked, or goes by themselves, while their
// own removal is held changes no number, neither what is counted nor what that is compared with. So the same
// is held of everybody else as without that.
TEST(GuardProperty, N4_WhoGoesWhileTheirRemovalIsHeldChangesNothingForTheRest) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        Company quiet(seed), noisy(seed);
        std::mt19937_64 noise(seed);
        std::set<std::string> gone;
        std::vector<std::string> wrongs;
        for (int step = 0; step < 40; ++step) {
            const int what = quiet.below(5);
            ASSERT_EQ(what, noisy.below(5));
            for (Company* company : {&quiet, &noisy}) {
                if (what < 3) company->groups(false);
                if (what == 3) company->scene.pass_time(std::chrono::minutes{10});
                if (what == 4) company->do_allowed(wrongs);
                company->look();
            }
            std::vector<ActionKey> held = held_removals(noisy);
            if (!held.empty()) held.pop_back();  // a hold that nobody is left of is over
            for (const ActionKey& key : held)
                if (noise() % 4 == 0 && noisy.put_out(key, noise() % 2 == 0)) gone.insert(key.text());
            noisy.look();
            const std::set<std::string> without = held_people(quiet), with = held_people(noisy);
            for (const std::string& key : with)
                ASSERT_TRUE(without.contains(key))
                    << "seed " << seed << ", step " << step << ": held is " << key;
            for (const std::string& key : without)
                ASSERT_TRUE(with.contains(key) || gone.contains(key))
                    << "seed " << seed << ", step " << step << ": not held is " << key;
        }
    }
}

}  // namespace
}  // namespace rollcall::policy::test
