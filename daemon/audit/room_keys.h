// RoomKeys: which room is meant by a key that stands in the trail.
//
// Entries name a room by the key that it had then. A policy can give it another one ("rename room"), and the
// key that is free by that to a room that is made later. Here a room is called what it is called now,
// whatever stands in its entries; nothing in them is changed. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/trail_entry.h"

namespace rollcall::audit {

class RoomKeys {
  public:
    // Entries in their order; others than renames and recoveries say nothing. A recovery from the log alone
    // takes back what was renamed in the entries that it gained: the database that knew of it was lost.
    void take(std::uint64_t index, const schema::TrailEntry& entry);
    [[nodiscard]] bool none() const { return renames_.empty(); }

    // What the room that this entry names so is called now.
    [[nodiscard]] const std::string& now(const std::string& key, std::uint64_t index) const;

    // Entries with numbers above `after`, up to `upto` (0: all), in which the room had this key.
    struct Span {
        std::string key;
        std::uint64_t after = 0, upto = 0;
        bool operator==(const Span&) const = default;
    };
    // Of the room that is called so now; in order.
    [[nodiscard]] std::vector<Span> spans(const std::string& key) const;

  private:
    struct Rename {
        std::uint64_t index = 0;
        std::string from, to;
    };
    std::vector<Rename> renames_;
};

}  // namespace rollcall::audit
