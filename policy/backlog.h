// Backlog: what is still to be done, derived beside the world and derived anew wherever a fact touched it.
//
//     dirty people, users, rooms ──► refresh(slice) ──► per user: actions; per room: actions; per lane: who
//     has any
//
// It is no queue: nothing in it survives a restart, and a world that changes simply yields other actions.
// Long passes are done in slices so that a leaver overtakes them; complete() says whether the whole plan has
// been seen, which removals wait for (a guard can only count what it has seen). Owned by the engine thread.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "policy/base/rows.h"
#include "policy/plan.h"

namespace rollcall::policy {

// A set of dense ids that remembers order of ids, not of insertion. 1 bit an id.
class IdSet {
  public:
    void set(std::size_t id, bool member);
    [[nodiscard]] bool contains(std::size_t id) const;
    [[nodiscard]] std::size_t size() const { return size_; }
    // The first member at or after `from`, or npos.
    [[nodiscard]] std::size_t next(std::size_t from) const;
    void clear() { words_.clear(), size_ = 0; }
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  private:
    std::vector<std::uint64_t> words_;
    std::size_t size_ = 0;
};

class Backlog {
  public:
    // Everything is to be derived again, against this decider (a policy was applied, or the daemon has
    // started).
    void reset(const Decider& decider, const Abilities& abilities);
    // Takes over what the world marked dirty. Departures, and whom a few events concern, are derived at once,
    // whatever the slices have still to do: nothing is done twice, and no outsider stays, because of a long
    // pass.
    void take(const Decider& decider, const Abilities& abilities, Dirty& dirty);
    // Derives up to `users` of those waiting. True when none are left.
    bool refresh(const Decider& decider, const Abilities& abilities, std::size_t users);
    void derive(const Decider& decider, const Abilities& abilities, UserId user);
    void derive(const Decider& decider, RoomId room);
    void derive(const Decider& decider, std::uint32_t program_room);

    // Would this user's actions be derived otherwise now? False while they wait to be derived anyway. A true
    // one means that a fact did not mark somebody whom it concerned.
    [[nodiscard]] bool differs(const Decider& decider, const Abilities& abilities, UserId user) const;

    [[nodiscard]] bool complete() const { return waiting_.size() == 0; }
    [[nodiscard]] std::span<const UserAction> actions(UserId user) const {
        return by_user_.row(user.index());
    }
    [[nodiscard]] const std::vector<RoomAction>& actions(std::uint32_t room) const { return by_room_[room]; }
    [[nodiscard]] std::size_t rooms() const { return by_room_.size(); }
    [[nodiscard]] const IdSet& rooms_with_actions() const { return rooms_with_actions_; }
    [[nodiscard]] const IdSet& users_in(Lane lane) const { return lanes_[static_cast<std::size_t>(lane)]; }
    [[nodiscard]] std::size_t user_actions() const { return by_user_.element_count(); }
    [[nodiscard]] std::size_t room_actions() const { return room_actions_; }
    [[nodiscard]] std::uint32_t adds_waiting(std::uint32_t room) const { return adds_[room]; }
    // Memberships that were brought about by hand and are wanted by now: see welcome() in step.h.
    [[nodiscard]] std::vector<std::pair<UserId, RoomId>> take_welcome() {
        return std::exchange(welcome_, {});
    }
    // Has an action appeared since counted()? While none has, what guards counted cannot have become more.
    // Asked for departures alone, or for everything.
    [[nodiscard]] bool departures_grown() const { return departures_grown_; }
    [[nodiscard]] bool grown() const { return grown_; }
    [[nodiscard]] bool shrunk() const { return shrunk_; }
    // Program rooms for which an addition has appeared since then.
    [[nodiscard]] const IdSet& rooms_grown() const { return rooms_grown_; }
    void departures_counted() { departures_grown_ = false; }
    void counted() {
        departures_grown_ = grown_ = shrunk_ = false;
        rooms_grown_.clear();
    }
    [[nodiscard]] bool empty() const { return complete() && user_actions() == 0 && room_actions() == 0; }

  private:
    void compare(std::span<const UserAction> before, std::span<const UserAction> after);
    void find_welcome(const Decider& decider, UserId user);

    Rows<UserAction> by_user_;
    std::vector<std::vector<RoomAction>> by_room_;  // by program room
    std::vector<std::uint32_t> adds_;               // by program room: users with an `add`
    std::array<IdSet, kLanes> lanes_;
    IdSet rooms_with_actions_, rooms_grown_;  // program rooms
    bool departures_grown_ = false, grown_ = false, shrunk_ = false;
    IdSet waiting_;  // users to derive
    std::size_t cursor_ = 0;
    std::size_t room_actions_ = 0;
    std::vector<UserAction> scratch_;
    std::vector<std::pair<UserId, RoomId>> welcome_;
};

}  // namespace rollcall::policy
