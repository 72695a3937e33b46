#include "policy/room_state.h"

#include <algorithm>
#include <utility>

namespace rollcall::policy {
namespace {

constexpr std::size_t kLongest = 255;  // of a piece: its length is one byte

bool in_block(std::string_view slot, std::string_view event) {
    return slot.ends_with('|') && slot.size() <= kLongest && event.size() <= kLongest;
}

}  // namespace

std::size_t HeldEvents::place_of(std::string_view slot) const {
    std::size_t at = 0;
    while (at < block_.size() && slot_at(at) != slot) at = after(at);
    return at;
}

std::string_view HeldEvents::find(std::string_view slot) const {
    if (const std::size_t at = place_of(slot); at < block_.size()) return event_at(at);
    const auto keyed = keyed_.find(slot);
    return keyed == keyed_.end() ? std::string_view{} : std::string_view(keyed->second);
}

void HeldEvents::set(std::string_view slot, std::string_view event) {
    if (find(slot) == event && !event.empty()) return;
    const std::string kept_slot(slot), kept_event(event);  // the arguments may point into what now moves
    erase(kept_slot);
    if (!in_block(kept_slot, kept_event)) {
        keyed_[kept_slot] = kept_event;
        return;
    }
    block_.reserve(block_.size() + 2 + kept_slot.size() + kept_event.size());
    for (const std::string& text : {kept_slot, kept_event}) {
        block_.push_back(static_cast<char>(text.size()));
        block_.insert(block_.end(), text.begin(), text.end());
    }
}

void HeldEvents::erase(std::string_view slot) {
    if (const std::size_t at = place_of(slot); at < block_.size()) {
        const auto begin = block_.begin();
        block_.erase(begin + static_cast<std::ptrdiff_t>(at), begin + static_cast<std::ptrdiff_t>(after(at)));
        return;
    }
    if (const auto keyed = keyed_.find(slot); keyed != keyed_.end()) keyed_.erase(keyed);
}

std::string HeldEvents::slot_of(std::string_view event) const {
    std::string found;
    each([&](std::string_view slot, std::string_view held) {
        if (held == event) found = slot;
    });
    return found;
}

namespace {

struct Says {
    const RoomState& state;
    bool operator()(const PowerLevels& c) const { return state.power && state.power_levels() == c; }
    bool operator()(const JoinRules& c) const { return state.join_rules == c; }
    bool operator()(const ServerAcl& c) const { return state.acl == c; }
    bool operator()(const NameContent& c) const { return state.name == c.name; }
    bool operator()(const TopicContent& c) const { return state.topic == c.topic; }
    bool operator()(const CanonicalAliasContent& c) const { return state.alias == c.alias; }
    bool operator()(const HistoryVisibilityContent& c) const { return state.history == c.visibility; }
    bool operator()(const GuestAccessContent& c) const { return state.guest_access == c.access; }
    bool operator()(const TombstoneContent& c) const { return state.tombstone == c.replacement; }
    bool operator()(const SpaceChildContent& c) const {
        return state.children.contains(c.child) == c.present;
    }
    // Of what is no part, and of what a room is made with, which stays whatever is taken from its event.
    template <class Other>
    bool operator()(const Other&) const {
        return true;
    }
};

}  // namespace

bool RoomState::says(const RoomContent& content) const {
    return std::visit(Says{*this}, content);
}

void RoomState::set_power(PowerLevels levels) {
    users = std::exchange(levels.users, {});
    power = std::move(levels);
}

PowerLevels RoomState::power_levels() const {
    PowerLevels levels = *power;
    levels.users = users;
    return levels;
}

template <class T>
void RoomParts::Recent<T>::share(Shared<T>& part) {
    if (!part) return;
    const auto equal = std::find(values.begin(), values.end(), part);
    if (equal != values.end()) {
        part = *equal;
        return;
    }
    values[next] = part;
    next = (next + 1) % values.size();
}

void RoomParts::share(RoomState& state) {
    power_.share(state.power);
    join_rules_.share(state.join_rules);
    acl_.share(state.acl);
    create_.share(state.create);
}

}  // namespace rollcall::policy
