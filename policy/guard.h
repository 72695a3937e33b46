// Guards: limits on what happens unasked, and the holds that stop what is more.
//
// A guard counts what the whole plan wants together with what was done unasked within its window (the
// ledger), so that neither a restart nor a plan in pieces passes it. When it trips, all that it counts in
// this plan is held as one hold; what it does not count goes on. A hold ends by approve, by reject, or
// because its cause is gone: never by time. Departures are held by their own guard only. Pure; the engine
// keeps the ledger and the answers in the store.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "policy/backlog.h"

namespace rollcall::policy {

enum class Guard : std::uint8_t {
    departures,
    removals,
    room_loses,
    room_gains,
    rooms_created,
    rooms_released,
    canaries
};
[[nodiscard]] std::string_view to_text(Guard guard);

// Something done unasked.
struct LedgerEntry {
    Guard guard = Guard::removals;
    std::string user;  // "" for rooms
    std::string room;  // key; "" where the guard counts people
    Time time{};
    auto operator<=>(const LedgerEntry&) const = default;
};

// Identity of an action across restarts: kind, room key, Matrix ID.
struct ActionKey {
    ActionKind kind = ActionKind::remove;
    std::string room, user;
    auto operator<=>(const ActionKey&) const = default;
    [[nodiscard]] std::string text() const;  // "remove engineering @anna:example.org"
    [[nodiscard]] static std::optional<ActionKey> from_text(std::string_view text);
};

struct Hold {
    std::string id;  // 12 hex digits of the SHA-256 over guard and actions
    Guard guard = Guard::removals;
    std::string room;                // of a room's own guard
    std::string cause;               // one sentence
    std::vector<ActionKey> actions;  // sorted
};

// What people have answered, and what was done: all that guards remember.
struct GuardMemory {
    std::set<LedgerEntry> ledger;
    std::set<ActionKey> approved;  // may be done although a guard holds its kind
    std::set<ActionKey> rejected;  // not to be done until its evidence or the policy changes
    // Guards that hold something (of a room's own guard: with its key), and since when: their window stands
    // still from then on, so that no hold is released by the ledger growing old.
    std::map<std::pair<Guard, std::string>, Time> held_since;
};

class GuardState {
  public:
    // Counts anew. Only with a complete backlog; until then last answers stand and removals wait.
    void evaluate(const Decider& decider, const Backlog& backlog, const GuardMemory& memory);
    [[nodiscard]] const std::vector<Hold>& holds() const { return holds_; }
    // May this be done now? Unknown kinds of guard never stop anything.
    [[nodiscard]] bool allows(const Decider& decider, const GuardMemory& memory, UserId user,
                              const UserAction& action) const;
    [[nodiscard]] bool allows(const Decider& decider, const GuardMemory& memory, std::uint32_t room,
                              const RoomAction& action) const;

  private:
    std::vector<Hold> holds_;
    bool departures_ = false, removals_ = false, created_ = false, released_ = false, frozen_ = false;
    std::set<std::uint32_t> losing_, gaining_;  // program rooms
};

[[nodiscard]] ActionKey key_of(const Decider& decider, UserId user, const UserAction& action);
// Which guard counts this action, and under what it is to be entered in the ledger once done. nullopt: none.
[[nodiscard]] std::optional<Guard> guard_of(const Decider& decider, UserId user, const UserAction& action);

}  // namespace rollcall::policy
