#include "policy/backlog.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace rollcall::policy {

void IdSet::set(std::size_t id, bool member) {
    if (contains(id) == member) return;
    if (id / 64 >= words_.size()) words_.resize(id / 64 + 1, 0);
    words_[id / 64] ^= std::uint64_t{1} << (id % 64);
    size_ += member ? 1 : std::size_t(-1);
}

bool IdSet::contains(std::size_t id) const {
    return id / 64 < words_.size() && (words_[id / 64] >> (id % 64) & 1U) != 0;
}

std::size_t IdSet::next(std::size_t from) const {
    if (size_ == 0) return npos;
    for (std::size_t word = from / 64; word < words_.size(); ++word) {
        std::uint64_t bits = words_[word];
        if (word == from / 64) bits &= ~std::uint64_t{0} << (from % 64);
        if (bits != 0) return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    }
    return npos;
}

namespace {
bool counted_by_a_guard(const UserAction& action) {
    return action.lane == Lane::departure ||
           (action.lane == Lane::removal && action.kind == ActionKind::remove) ||
           (action.lane == Lane::addition && action.kind == ActionKind::add);
}

constexpr std::size_t kAtOnce = 500;  // users: less than a slice, and more than a transaction brings
}  // namespace

void Backlog::reset(const Decider& decider, const Abilities& abilities) {
    by_user_.clear();
    for (IdSet& lane : lanes_) lane.clear();
    rooms_with_actions_.clear();
    rooms_grown_.clear();
    grown_ = departures_grown_ = true;
    waiting_.clear();
    cursor_ = 0;
    room_actions_ = 0;
    const std::size_t rooms = decider.program().rooms.size();
    by_room_.assign(rooms, {});
    adds_.assign(rooms, 0);
    Dirty all;
    all.everything = true;
    take(decider, abilities, all);
}

void Backlog::take(const Decider& decider, const Abilities& abilities, Dirty& dirty) {
    if (dirty.everything) {
        for (std::size_t i = 0; i < decider.world().users.size(); ++i) waiting_.set(i, true);
        for (std::uint32_t r = 0; r < by_room_.size(); ++r) derive(decider, r);
    }
    // A leaver must not wait for a pass over everybody else.
    for (const PersonId person : dirty.people)
        if (const UserId user = decider.user_of(person); user.valid()) {
            if (decider.departed(person) == Tri::yes)
                derive(decider, abilities, user);
            else
                waiting_.set(user.index(), true);
        }
    const bool few = dirty.users.size() <= kAtOnce;
    for (const UserId user : dirty.users) {
        if (few || users_in(Lane::departure).contains(user.index()) ||
            users_in(Lane::outsider).contains(user.index()))
            derive(decider, abilities, user);
        else
            waiting_.set(user.index(), true);
    }
    for (const RoomId room : dirty.rooms) derive(decider, room);
    dirty = {};
}

bool Backlog::refresh(const Decider& decider, const Abilities& abilities, std::size_t users) {
    while (users > 0 && waiting_.size() > 0) {
        std::size_t next = waiting_.next(cursor_);
        if (next == IdSet::npos) next = waiting_.next(0);
        derive(decider, abilities, UserId(next));
        cursor_ = next + 1;
        --users;
    }
    return complete();
}

void Backlog::derive(const Decider& decider, const Abilities& abilities, UserId user) {
    waiting_.set(user.index(), false);
    for (const UserAction& old : by_user_.row(user.index()))
        if (old.kind == ActionKind::add) --adds_[old.room];
    scratch_.clear();
    derive_user(decider, abilities, user, scratch_);
    std::array<bool, kLanes> in{};
    for (const UserAction& action : scratch_) {
        in[static_cast<std::size_t>(action.lane)] = true;
        if (action.kind == ActionKind::add) ++adds_[action.room];
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes_[lane].set(user.index(), in[lane]);
    compare(by_user_.row(user.index()), scratch_);
    by_user_.assign(user.index(), scratch_);
    find_welcome(decider, user);
}

void Backlog::find_welcome(const Decider& decider, UserId user) {
    for (const Membership& held : decider.world().memberships.row(user.index())) {
        const int room = held.unbidden ? decider.managed(held.room) : -1;
        if (room < 0) continue;
        const Verdict verdict = decider.verdict(user, static_cast<std::uint32_t>(room));
        if (verdict.presence != Presence::out && verdict.basis != Basis::undecided)
            welcome_.emplace_back(user, held.room);
    }
}

void Backlog::compare(std::span<const UserAction> before, std::span<const UserAction> after) {
    std::size_t kept = 0;  // of those that a guard counts
    for (std::size_t b = 0, a = 0; a < after.size(); ++a) {
        while (b < before.size() && before[b] < after[a]) ++b;
        if (b < before.size() && before[b] == after[a] && before[b].lane == after[a].lane &&
            before[b].basis == after[a].basis) {
            kept += counted_by_a_guard(after[a]) ? 1U : 0U;
            continue;
        }
        grown_ |= counted_by_a_guard(after[a]);
        if (after[a].kind == ActionKind::add) rooms_grown_.set(after[a].room, true);
        departures_grown_ |= after[a].lane == Lane::departure;
    }
    shrunk_ |= std::cmp_less(kept, std::count_if(before.begin(), before.end(), counted_by_a_guard));
}

bool Backlog::differs(const Decider& decider, const Abilities& abilities, UserId user) const {
    if (waiting_.contains(user.index())) return false;
    std::vector<UserAction> fresh;
    derive_user(decider, abilities, user, fresh);
    const auto held = by_user_.row(user.index());
    return !std::equal(held.begin(), held.end(), fresh.begin(), fresh.end(),
                       [](const UserAction& a, const UserAction& b) {
                           return a == b && a.lane == b.lane && a.power == b.power;
                       });
}

void Backlog::derive(const Decider& decider, RoomId room) {
    const int index = decider.managed(room);
    if (index >= 0) derive(decider, static_cast<std::uint32_t>(index));
}

void Backlog::derive(const Decider& decider, std::uint32_t index) {
    std::vector<RoomAction>& held = by_room_[index];
    const std::vector<RoomAction> before = std::exchange(held, {});
    derive_room(decider, index, held);
    room_actions_ += held.size() - before.size();
    rooms_with_actions_.set(index, !held.empty());
    const auto begins = [](const std::vector<RoomAction>& actions, ActionKind kind) {
        return !actions.empty() && actions.front().kind == kind;
    };
    grown_ |= begins(held, ActionKind::create) && !begins(before, ActionKind::create);
    // In a room that is open now, additions count that did not before.
    if (begins(before, ActionKind::publish) && !begins(held, ActionKind::publish)) {
        grown_ = true;
        rooms_grown_.set(index, true);
    }
    shrunk_ |= begins(before, ActionKind::create) && !begins(held, ActionKind::create);
}

}  // namespace rollcall::policy
