// explain: why a verdict is what it is, in sentences for people: the rule with its file and line, the path of
// groups that leads there, the evidence. Built on demand from the same world and decider that decided;
// nothing is kept for it.
#pragma once

#include <string>
#include <vector>

#include "policy/decide.h"
#include "policy/plan.h"

namespace rollcall::policy {

struct Reason {
    std::string text;  // "member of Engineering through SRE"
    std::string path;  // place in the policy: "rooms.engineering.members"; "" where no rule is concerned
    Position at;       // of the rule
    GroupId group{};   // where a group decides: of those on the way to it, the one that changed last
    std::string attribute{};  // of the person's own entry, where that decides
};

struct Explanation {
    UserId user;
    PersonId person;  // invalid: no known person
    std::uint32_t room = kNoRoom;
    Verdict verdict;
    std::string short_text;           // one clause for plans and the trail: "group Engineering › SRE"
    std::vector<Reason> reasons;      // the first one decides
    std::vector<std::string> owners;  // who answers for the room: Matrix IDs
    // Of the object that says so: the group, where the first reason is a group, else the person's entry.
    // Empty server where there is none.
    Evidence evidence;
};

[[nodiscard]] Explanation explain(const Decider& decider, UserId user, std::uint32_t room);

// Without the owners, for a plan line or an entry of the trail: the first of its reasons decides.
[[nodiscard]] Explanation explain_verdict(const Decider& decider, UserId user, std::uint32_t room);
// Who answers for the room and is known there: Matrix IDs, sorted.
[[nodiscard]] std::vector<std::string> owners_of(const Decider& decider, std::uint32_t room);
// The clause alone.
[[nodiscard]] std::string why(const Decider& decider, UserId user, std::uint32_t room, Basis basis);
// Approvals that have not ended and do not hold all the same, for want of a sponsor: warnings.
[[nodiscard]] Diagnostics without_sponsor(const Decider& decider);
// What people in a room may read as the reason of a removal: never more than it must tell.
[[nodiscard]] std::string_view public_reason(Basis basis);
[[nodiscard]] std::string_view to_text(Basis basis);
// Why somebody counts as departed: "account disabled"; "" if they do not.
[[nodiscard]] std::string departure_reason(const Decider& decider, PersonId person);
// … and of whoever has this Matrix ID, or may have it.
[[nodiscard]] std::string departure_reason(const Decider& decider, UserId user);
// The attribute that says so: "userAccountControl"; "" where it is none of the directory's.
[[nodiscard]] std::string departure_attribute(const Person& person, Time now);
// What the directory said of them; empty if there is nobody.
[[nodiscard]] Evidence evidence_of(const World& world, PersonId person);
// The names of groups from one the person is in directly up to `group`, shortest path; empty if there is
// none.
[[nodiscard]] std::vector<std::string> group_path(const World& world, PersonId person, GroupId group);

}  // namespace rollcall::policy
