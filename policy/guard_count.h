// What guards count: the whole plan together with what was done unasked, each number by itself.
//
// Only what the policy and the directory bring about is counted. Whatever people without rights can cause
// (invitations made by hand, kicks, leaving) changes no number here, nor what a number is compared with: it
// cannot fill a guard that protects others. Behind guard.h; lives for one evaluation. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "policy/guard.h"

namespace rollcall::policy {

// What one guard has counted: distinct users of the plan and of the ledger within its window, and what of it
// is in the plan. Ids, not texts: there may be millions of additions, and only a hold needs names.
struct Count {
    std::vector<std::uint32_t> counted;  // users; sorted and distinct once the counting is over
    std::vector<std::pair<UserId, UserAction>> actions;
    std::size_t moving = 0;  // of the plan, but under way already: nothing can be held of it
    void put(UserId user, const UserAction& action, bool under_way);
    void finish();
    [[nodiscard]] std::size_t size() const { return counted.size(); }
};
// The same of rooms.
struct RoomCount {
    std::set<std::string> counted;
    std::vector<ActionKey> actions;
    [[nodiscard]] std::size_t size() const { return counted.size(); }
};

[[nodiscard]] bool too_many(std::size_t people, std::size_t base, const Share& limit);

class Counter {
  public:
    // `gaining`: rooms that room_gains held until now.
    Counter(const Decider& decider, const Backlog& backlog, const GuardMemory& memory,
            const std::set<std::uint32_t>& gaining);

    Count departures, removals, outsiders;
    std::map<std::uint32_t, Count> loses, gains;
    RoomCount created, released;

    [[nodiscard]] std::vector<ActionKey> keys(const Count& count) const;
    // Is that more of a room than may be lost, or gained?
    [[nodiscard]] bool loses_too_many(std::uint32_t room, const Count& count) const;
    [[nodiscard]] bool gains_too_many(std::uint32_t room, const Count& count) const;

  private:
    void plan();
    void lane(Lane lane);
    void put(UserId user, const UserAction& action, Guard guard);
    void put(RoomCount& count, const ActionKey& key) const;
    [[nodiscard]] bool rooms_that_may_trip();
    [[nodiscard]] bool may_gain_too_many(std::uint32_t room) const;
    [[nodiscard]] std::size_t people_of(RoomId room) const;
    [[nodiscard]] bool invited(UserId user, std::uint32_t room) const;
    [[nodiscard]] bool answered(UserId user, const UserAction& action, Guard guard) const;
    [[nodiscard]] bool within(Time done, Guard guard, const std::string& room, Duration window) const;
    void gone();
    void ledger();
    void done(const LedgerEntry& entry, Time when);
    [[nodiscard]] std::uint32_t number(const std::string& name);

    const Decider& decider_;
    const Backlog& backlog_;
    const GuardMemory& memory_;
    const std::set<std::uint32_t>& gaining_;
    const bool answers_;
    Time now_;
    std::map<std::string, std::uint32_t> strangers_;
    std::map<RoomId, std::size_t> gone_;  // who would be in a room still, but for somebody's hand
    std::vector<char> may_trip_;          // by program room: room_gains may hold its additions
};

}  // namespace rollcall::policy
