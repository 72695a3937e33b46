// Behind policy_changes(): the list as it grows, and the parts that fill it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/policy_change.h"

namespace rollcall::policy {

struct PolicyChanges {
    std::vector<PolicyChange> list;
    std::string room;  // that the next changes concern
    std::vector<RoomRename> renames{};

    // Nothing where both are the same.
    void setting(std::string path, std::string before, std::string after, const Position& at,
                 std::string danger);
    // As setting(), of what is compiled: where that is not the `same`, it is told even in the same words.
    void compiled(bool same, std::string path, std::string before, std::string after, const Position& at,
                  std::string danger);
    // One of a list.
    void added(std::string path, std::string what, const Position& at, std::string danger);
    void removed(std::string path, std::string what, std::string danger);
};

// "apollo, board", "all rooms", "apollo, board and 12 more"
[[nodiscard]] std::string room_words(const Program& program, const std::vector<std::uint32_t>& rooms,
                                     const std::vector<RoomRename>& renames = {});

// Two lists of rooms in such words; where these leave rooms out, it follows which are new and which are gone.
struct RoomLists {
    std::string before, after;
    bool same = true;   // the same rooms
    bool more = false;  // some are new
};
[[nodiscard]] RoomLists room_lists(const Program& was, const std::vector<std::uint32_t>& old,
                                   const Program& is, const std::vector<std::uint32_t>& now,
                                   const std::vector<RoomRename>& renames);

void change_rooms(const Program& was, const Program& is, PolicyChanges& changes);
void change_approvals(const Program& was, const Program& is, PolicyChanges& changes);

}  // namespace rollcall::policy
