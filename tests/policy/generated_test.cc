// Properties over generated sequences of facts: after every fact the Decider says what the Oracle says, the
// backlog kept up to date is the backlog made anew, and in the end the plan carried out leaves nothing to
// plan.
#include <gtest/gtest.h>
#include <algorithm>
#include <cstdlib>

#include "tests/policy/generated_company.h"
#include "tests/policy/oracle.h"
#include "tests/share.h"

namespace rollcall::policy::test {
namespace {

constexpr std::uint64_t kSeeds = 300;
constexpr int kFacts = 250;

std::string text(const Verdict& verdict) {
    return std::to_string(static_cast<int>(verdict.presence)) + "/" +
           std::to_string(static_cast<int>(verdict.owner)) + "/" +
           std::to_string(static_cast<int>(verdict.basis));
}

testing::AssertionResult agrees_with_oracle(GeneratedCompany& company) {
    Scene& scene = company.scene;
    Oracle oracle(scene.world, scene.policy, scene.pins, company.mask);
    for (const RoomText& room : scene.policy.rooms)
        for (std::size_t u = 0; u < scene.world.users.size(); ++u) {
            const std::string& user = scene.world.users.text(UserId(u));
            const Verdict fast = scene.decider->verdict(UserId(u), scene.room_index(room.key));
            const Verdict slow = oracle.verdict(user, room);
            if (text(fast) != text(slow))
                return testing::AssertionFailure() << user << " in " << room.key << ": decider " << text(fast)
                                                   << ", oracle " << text(slow);
        }
    return testing::AssertionSuccess();
}

std::string describe(const Scene& scene, const Backlog& backlog, UserId user) {
    std::string out;
    for (const UserAction& action : backlog.actions(user))
        out += std::string(to_text(action.kind)) + " " +
               (action.room < scene.decider->program().rooms.size()
                    ? scene.decider->program().rooms[action.room].key
                    : "-") +
               " lane " + std::to_string(static_cast<int>(action.lane)) + " basis " +
               std::to_string(static_cast<int>(action.basis)) + " power " + std::to_string(action.power) +
               "; ";
    return out;
}

testing::AssertionResult nothing_was_missed(Scene& scene) {
    scene.backlog.refresh(*scene.decider, scene.abilities, static_cast<std::size_t>(-1));
    Backlog anew;
    anew.reset(*scene.decider, scene.abilities);
    anew.refresh(*scene.decider, scene.abilities, static_cast<std::size_t>(-1));
    for (std::size_t u = 0; u < scene.world.users.size(); ++u) {
        const std::string held = describe(scene, scene.backlog, UserId(u));
        const std::string wanted = describe(scene, anew, UserId(u));
        if (held != wanted)
            return testing::AssertionFailure()
                   << scene.world.users.text(UserId(u)) << ": held " << held << " wanted " << wanted;
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            if (scene.backlog.users_in(Lane(lane)).contains(u) != anew.users_in(Lane(lane)).contains(u))
                return testing::AssertionFailure()
                       << scene.world.users.text(UserId(u)) << " in lane " << lane;
    }
    for (std::uint32_t r = 0; r < anew.rooms(); ++r)
        if (anew.actions(r) != scene.backlog.actions(r) ||
            anew.adds_waiting(r) != scene.backlog.adds_waiting(r))
            return testing::AssertionFailure() << "room " << scene.decider->program().rooms[r].key;
    return testing::AssertionSuccess();
}

// Whoever may be there keeps their sessions; and of whomever everybody departed who may have the account,
// they are ended.
testing::AssertionResult leavers_alone_are_signed_out(GeneratedCompany& company) {
    Scene& scene = company.scene;
    const Oracle oracle(scene.world, scene.policy, scene.pins, company.mask);
    for (std::size_t u = 0; u < scene.world.users.size(); ++u) {
        const UserId user(u);
        const std::string& name = scene.world.users.text(user);
        const auto actions = scene.backlog.actions(user);
        const bool ends = std::any_of(actions.begin(), actions.end(), [](const UserAction& action) {
            return action.kind == ActionKind::sign_out;
        });
        if (ends && oracle.somebody_is_there(name))
            return testing::AssertionFailure() << name << " may be somebody's who is there";
        if (!scene.world.in_question.contains(user) || scene.world.account(user) != Account::present ||
            scene.decider->is_protected(user) || !oracle.left_by_all(name))
            continue;
        const auto left = scene.world.departing.find(user);
        const bool ended = left != scene.world.departing.end() && left->second.signed_out;
        if (!ends && !ended && scene.abilities.mask && scene.world.covered(user))
            return testing::AssertionFailure() << name << " is a leaver's, whosever it is";
    }
    return testing::AssertionSuccess();
}

// A process that starts now decides the same.
testing::AssertionResult same_after_restart(Scene& scene) {
    const std::vector<std::string> before = scene.plan();
    const Dirty dirty = scene.world.dirty;
    const Decider anew(scene.world, scene.compiled.program);
    scene.world.dirty = dirty;
    std::vector<std::string> after;
    for (const PlanLine& line : whole_plan(anew, scene.abilities)) after.push_back(line_of(line));
    for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i)
        if (i >= before.size() || i >= after.size() || before[i] != after[i])
            return testing::AssertionFailure() << "before: " << (i < before.size() ? before[i] : "-")
                                               << " after: " << (i < after.size() ? after[i] : "-");
    return testing::AssertionSuccess();
}

// The world holds what the homeserver says, and everybody is where the verdicts say unless a person's own
// will or an owner's ban keeps them out.
testing::AssertionResult verdicts_are_true(GeneratedCompany& company) {
    Scene& scene = company.scene;
    for (std::uint32_t r = 0; r < scene.decider->program().rooms.size(); ++r) {
        const CompiledRoom& room = scene.decider->program().rooms[r];
        const RoomId id = scene.decider->world_room(r);
        for (std::size_t u = 0; u < scene.world.users.size(); ++u) {
            const UserId user(u);
            const std::string& name = scene.world.users.text(user);
            const MembershipState held = scene.world.state_of(user, id);
            if (held != company.homeserver.state_of(room.key, name))
                return testing::AssertionFailure()
                       << name << " in " << room.key << " is held as " << to_text(held) << ", truly "
                       << to_text(company.homeserver.state_of(room.key, name));
            const Presence wanted = scene.decider->verdict(user, r).presence;
            const bool in = held == MembershipState::join || held == MembershipState::invite;
            const Membership* membership = scene.world.membership(user, id);
            const bool own_will =
                membership != nullptr && (held == MembershipState::ban || membership->cause != Cause::daemon);
            if ((wanted == Presence::out && (in || held == MembershipState::knock)) ||
                (wanted == Presence::in && !in && !own_will))
                return testing::AssertionFailure() << name << " in " << room.key << " is " << to_text(held);
        }
    }
    return testing::AssertionSuccess();
}

class Generated : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Generated, OracleAgreesNothingIsMissedAndThePlanGetsEmpty) {
    GeneratedCompany company(GetParam());
    for (int fact = 0; fact < kFacts; ++fact) {
        const std::string what = company.happen();
        SCOPED_TRACE("fact " + std::to_string(fact) + ": " + what);
        ASSERT_TRUE(agrees_with_oracle(company));
        ASSERT_TRUE(nothing_was_missed(company.scene));
        ASSERT_TRUE(leavers_alone_are_signed_out(company));
        if (fact % 10 == 0) {
            ASSERT_TRUE(same_after_restart(company.scene));
        }
    }
    company.scene.pass_time(Duration{});  // and the date is certain
    company.catch_up();
    ASSERT_TRUE(agrees_with_oracle(company));
    ASSERT_TRUE(nothing_was_missed(company.scene));
    ASSERT_NO_THROW(company.homeserver.converge());
    EXPECT_TRUE(company.scene.plan().empty());
    EXPECT_TRUE(verdicts_are_true(company));
    ASSERT_TRUE(agrees_with_oracle(company));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Generated,
                         testing::Range(std::uint64_t{1}, 1 + rollcall::test::share_of(kSeeds)));

}  // namespace
}  // namespace rollcall::policy::test
