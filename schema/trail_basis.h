// What the trail rests on, as the entry of each start says: the program that writes it, its configuration,
// and the places outside in which its heads are left. So an anchor that is taken out, or a place that is
// another, is known from the log itself.
//
//     {"anchors":[{"heads":41,"kind":"folder","name":"worm","newest":4213,"place":"/mnt/worm/rollcall"}],
//      "configuration":"<64 hex digits>","program":"0.1.0 (3f2c…)"}
//
// Nothing in it leads to a person, and nothing is secret. Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/base/result.h"
#include "schema/config_file.h"
#include "schema/json.h"

namespace rollcall::schema {

// One of audit.anchors.
struct TrailAnchor {
    std::string name;
    std::string kind;          // "folder", "room", "syslog", "witness"
    std::string place;         // its path, the room's key in the policy, its address
    std::string key;           // of a witness: its public key
    std::string room;          // of a room: its ID, once it is made
    std::uint64_t heads = 0;   // signed heads that are known to have been left there
    std::uint64_t newest = 0;  // entries that the largest of them covers
    bool operator==(const TrailAnchor&) const = default;

    // Of the same kind, in the same place. A room that is not made yet is the one that is made.
    [[nodiscard]] bool is_at(const TrailAnchor& other) const;
    [[nodiscard]] std::string where() const;  // "folder /mnt/worm/rollcall"
};
[[nodiscard]] json::Value to_json(const TrailAnchor& anchor);
// invalid_input for whatever to_json() would not have written.
[[nodiscard]] Result<TrailAnchor> read_trail_anchor(const json::Value& value);

struct TrailBasis {
    std::string program;        // its version, and what tells one build from another
    std::string configuration;  // SHA-256 of rollcall.yaml
    std::vector<TrailAnchor> anchors;
    bool operator==(const TrailBasis&) const = default;

    [[nodiscard]] const TrailAnchor* anchor(std::string_view name) const;
};
[[nodiscard]] json::Value to_json(const TrailBasis& basis);
[[nodiscard]] Result<TrailBasis> read_trail_basis(const json::Value& value);

// As a configuration has it: without what only the store knows, the rooms' IDs and the heads. A place of more
// than 500 bytes is named by its hash.
[[nodiscard]] std::vector<TrailAnchor> anchors_of(const AuditConfig& config);

// One thing that is another than before: what it is ("program", "configuration", "audit.anchors.worm"), as it
// was and as it is ("" for nothing), and what may come of it.
struct BasisChange {
    std::string path, before, after, danger;
    bool operator==(const BasisChange&) const = default;
};
[[nodiscard]] std::vector<BasisChange> basis_changes(const TrailBasis& before, const TrailBasis& after);

}  // namespace rollcall::schema
