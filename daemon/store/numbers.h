// Numbers: the store's own numbers for Matrix users and rooms, which stand for their texts in the tables of
// millions.
//
// They have nothing to do with UserId and RoomId, which never leave the process. One object serves one commit
// or one load; it only remembers what it looked up in there.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "daemon/store/sqlite.h"
#include "policy/world.h"

namespace rollcall::store {

// For a commit: id → number.
class Numbers {
  public:
    Numbers(Database& database, const policy::World& world) : database_(database), world_(world) {}
    // Gives the user a number (and a row without anything known) if need be.
    [[nodiscard]] Result<std::int64_t> user(UserId id);
    // Error `io` if the room has no row: rooms are written before whatever refers to them.
    [[nodiscard]] Result<std::int64_t> room(RoomId id);
    // For a room's row that has just been written.
    void remember(RoomId id, std::int64_t number) { rooms_[id] = number; }

  private:
    Database& database_;
    const policy::World& world_;
    std::unordered_map<UserId, std::int64_t> users_;
    std::unordered_map<RoomId, std::int64_t> rooms_;
};

// For a load: number → id.
struct NumberedIds {
    std::unordered_map<std::int64_t, UserId> users;
    std::unordered_map<std::int64_t, RoomId> rooms;
    // Invalid where there is none.
    [[nodiscard]] UserId user(std::int64_t number) const {
        const auto found = users.find(number);
        return found == users.end() ? UserId{} : found->second;
    }
    [[nodiscard]] RoomId room(std::int64_t number) const {
        const auto found = rooms.find(number);
        return found == rooms.end() ? RoomId{} : found->second;
    }
};

// What a load says of a row that this program cannot have written.
[[nodiscard]] tl::unexpected<Error> damaged(const Database& database, std::string_view table,
                                            std::string_view what);

}  // namespace rollcall::store
