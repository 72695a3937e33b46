// Guards: limits on what happens unasked, and the holds that stop what is more.
//
// A guard counts what the whole plan wants together with what was done unasked within its window (the
// ledger), so that neither a restart nor a plan in pieces passes it. When it trips, all that it counts in
// this plan is held as one hold; what it does not count goes on. Each action that was held stays held, by
// itself, until it is approved or its cause is gone (held.h): neither time nor fewer others, a restart or
// another policy let it go. Departures are held by their own guard only. Pure; the engine keeps the ledger,
// what is held, and the answers in the store.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "policy/backlog.h"
#include "policy/hold.h"

namespace rollcall::policy {

// Something done unasked; the ledger says when it was done last.
struct LedgerEntry {
    Guard guard = Guard::removals;
    std::string user;  // "" for rooms
    std::string room;  // key; "" where the guard counts people
    auto operator<=>(const LedgerEntry&) const = default;
};
using Ledger = std::map<LedgerEntry, Time>;

// Guards that hold something, a room's own guard with the room's key, and since when.
using HeldSince = std::map<std::pair<Guard, std::string>, Time>;

// What people have answered, and what was done: all that guards remember.
struct GuardMemory {
    Ledger ledger;
    Answers approved;  // may be done although a guard holds its kind
    Answers rejected;  // not to be done until its evidence or the policy changes
    HeldActions held;  // what guards have stopped
    // While a guard holds, its window stands still: no hold is released by the ledger growing old.
    HeldSince held_since;
    std::set<ActionKey> under_way;  // asked of the homeserver already: too late to hold them
    // A policy has given up a canary while removals were frozen: until guards have counted what the first
    // read after that brings, nobody is removed unasked.
    bool canary_given_up = false;
};

// Does this policy do without a canary of the one in force?
[[nodiscard]] bool gives_up_a_canary(const Program& in_force, const Program& next);

// The room has another key from now on.
void rename_room(GuardMemory& memory, const std::string& from, const std::string& to);

inline constexpr Duration kShareWindow = std::chrono::hours{1};  // of room_loses and room_gains

// Before this, no entry of the ledger is of use to any guard.
[[nodiscard]] Time ledger_needed_from(const Guards& guards, const HeldSince& held_since, Time now);

class GuardState {
  public:
    // Counts anew. Only with a complete backlog; until then last answers stand and removals wait.
    void evaluate(const Decider& decider, const Backlog& backlog, const GuardMemory& memory);
    [[nodiscard]] const std::vector<Hold>& holds() const { return holds_; }
    // Each action that is held from now on, those among them that no hold shows because they are not wanted
    // at this moment.
    [[nodiscard]] const HeldActions& held() const { return held_; }
    // Since when each guard holds, given what was so before. One that is not looked at while a wider one
    // holds keeps its time.
    [[nodiscard]] HeldSince held_since(const HeldSince& before, Time now) const;
    // May this be done now? Unknown kinds of guard never stop anything.
    [[nodiscard]] bool allows(const Decider& decider, const GuardMemory& memory, UserId user,
                              const UserAction& action) const;
    [[nodiscard]] bool allows(const Decider& decider, const GuardMemory& memory, std::uint32_t room,
                              const RoomAction& action) const;

  private:
    std::vector<Hold> holds_;
    HeldActions held_;
    bool departures_ = false, removals_ = false, outsiders_ = false, created_ = false, released_ = false,
         frozen_ = false;
    std::set<std::uint32_t> losing_, gaining_;  // program rooms
};

[[nodiscard]] ActionKey key_of(const Decider& decider, UserId user, const UserAction& action);
// Does it end somebody's stay by `rollcall depart`? That names one person: no guard asks again, and what was
// answered about others' departures does not concern it.
[[nodiscard]] bool is_ordered(const Decider& decider, UserId user, const UserAction& action);
// Which guard counts this action, and under what it is to be entered in the ledger once done. nullopt: none.
[[nodiscard]] std::optional<Guard> guard_of(const Decider& decider, UserId user, const UserAction& action);

}  // namespace rollcall::policy
