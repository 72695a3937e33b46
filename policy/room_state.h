// RoomState: what is held of a room's state, laid out for 50,000 rooms that are mostly alike.
//
// Parts that most rooms have in common (power levels but for who has one, join rule, server ACL, creation)
// are values that never change in place, so that equal ones can be one: RoomParts makes them so. Event IDs
// stand in one block a room. Owned by the World; no locking.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/short_text.h"
#include "policy/room_event.h"

namespace rollcall::policy {

// An optional value that is replaced, never changed, and so may be the same object in several places.
template <class T>
class Shared {
  public:
    Shared() = default;
    Shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}
    [[nodiscard]] explicit operator bool() const { return value_ != nullptr; }
    [[nodiscard]] const T& operator*() const { return *value_; }
    [[nodiscard]] const T* operator->() const { return value_.get(); }
    void reset() { value_.reset(); }
    bool operator==(const T& other) const { return value_ != nullptr && *value_ == other; }
    bool operator==(const Shared& other) const {
        return value_ == other.value_ || (value_ != nullptr && other.value_ != nullptr && *value_ == *other);
    }

  private:
    std::shared_ptr<const T> value_;
};

// "type|state key" → the event held. Those without a state key, nine in every room, stand in one block that
// is searched from its beginning; spaces have thousands with one.
class HeldEvents {
  public:
    // "" for none. Good until the next change.
    [[nodiscard]] std::string_view find(std::string_view slot) const;
    // The slot under which this event is held; "" for none.
    [[nodiscard]] std::string slot_of(std::string_view event) const;
    void set(std::string_view slot, std::string_view event);
    void erase(std::string_view slot);
    template <class Visit>
    void each(Visit visit) const {
        for (std::size_t at = 0; at < block_.size(); at = after(at)) visit(slot_at(at), event_at(at));
        for (const auto& [slot, event] : keyed_) visit(std::string_view(slot), std::string_view(event));
    }

  private:
    // An entry is: length of the slot, slot, length of the event ID, event ID.
    [[nodiscard]] std::string_view piece(std::size_t at) const {
        return {block_.data() + at + 1, static_cast<unsigned char>(block_[at])};
    }
    [[nodiscard]] std::string_view slot_at(std::size_t at) const { return piece(at); }
    [[nodiscard]] std::string_view event_at(std::size_t at) const {
        return piece(at + 1 + slot_at(at).size());
    }
    [[nodiscard]] std::size_t after(std::size_t at) const {
        return at + 2 + slot_at(at).size() + event_at(at).size();
    }
    [[nodiscard]] std::size_t place_of(std::string_view slot) const;  // block_.size() for none

    std::vector<char> block_;
    std::map<std::string, std::string, std::less<>> keyed_;
};

// What is held of a room's state. Each part knows the event that said so.
struct RoomState {
    ShortText name, topic, alias, history, guest_access, tombstone;
    Shared<PowerLevels> power;                  // without `users`
    std::map<std::string, std::int64_t> users;  // who has a power level of their own
    Shared<JoinRules> join_rules;
    Shared<ServerAcl> acl;
    Shared<CreateContent> create;
    std::set<std::string, std::less<>> children;  // room IDs of a space's children
    HeldEvents events;

    // Is this what is held of that part? Of what is no part of it, and of creation, which never changes, yes.
    [[nodiscard]] bool says(const RoomContent& content) const;
    void set_power(PowerLevels levels);
    [[nodiscard]] PowerLevels power_levels() const;  // whole; only where there are any
};

// Remembers the last few values of each part, so that the next room with an equal one has the same.
class RoomParts {
  public:
    void share(RoomState& state);

  private:
    template <class T>
    struct Recent {
        std::array<Shared<T>, 16> values;
        std::size_t next = 0;
        void share(Shared<T>& part);
    };
    Recent<PowerLevels> power_;
    Recent<JoinRules> join_rules_;
    Recent<ServerAcl> acl_;
    Recent<CreateContent> create_;
};

}  // namespace rollcall::policy
