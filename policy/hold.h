// Holds: what a guard has stopped, named so that people can answer it, and their answers.
//
// An action is known across restarts by its kind, room key and Matrix ID. An answer is about an action on the
// basis that it had: somebody who departs after all is no longer kept in by a removal that was rejected while
// they were merely missing from a group. Values; pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/plan.h"

namespace rollcall::policy {

enum class Guard : std::uint8_t {
    departures,
    removals,
    room_loses,
    room_gains,
    rooms_created,
    rooms_released,
    canaries,
    outsiders  // whose approval is over; their number is apart from that of our own people
};
[[nodiscard]] std::string_view to_text(Guard guard);

// Identity of an action across restarts: kind, room key, Matrix ID.
struct ActionKey {
    ActionKind kind = ActionKind::remove;
    std::string room, user;
    auto operator<=>(const ActionKey&) const = default;
    [[nodiscard]] std::string text() const;  // "remove engineering @anna:example.org"
    [[nodiscard]] static std::optional<ActionKey> from_text(std::string_view text);
};

// The same action, of a room that has another key from now on. What is owed to people has a key of its own.
[[nodiscard]] ActionKey renamed(ActionKey key, const std::string& from, const std::string& to);

struct Hold {
    std::string id;  // 12 hex digits of the SHA-256 over guard and actions
    Guard guard = Guard::removals;
    std::string room;                // of a room's own guard
    std::string cause;               // one sentence
    std::vector<ActionKey> actions;  // sorted
};
// Sorts the actions and makes the id.
[[nodiscard]] Hold make_hold(Guard guard, std::string room, std::string cause,
                             std::vector<ActionKey> actions);

// The basis of actions about a room itself, which have none.
inline constexpr Basis kNoBasis = Basis::undecided;

// What guards have stopped, each action by the guard that stopped it first. It stays in here, whatever
// happens between, until it is approved or its cause is gone: see held.h.
struct HeldBy {
    Guard guard = Guard::removals;
    std::string room;  // of a room's own guard
    auto operator<=>(const HeldBy&) const = default;
};
using HeldActions = std::map<ActionKey, HeldBy>;

// What somebody said about one action of a hold.
struct Answer {
    Basis basis = kNoBasis;  // why the action was wanted; wanted for another reason, it is another question
    std::string hold;        // id
    std::string by, reason;
    Time at{};
    bool operator==(const Answer&) const = default;
};
using Answers = std::map<ActionKey, Answer>;
[[nodiscard]] bool answers(const Answers& given, const ActionKey& key, Basis basis);

}  // namespace rollcall::policy
