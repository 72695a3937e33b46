// Doubt: what a controller said that may know less than we do, beside what is known.
//
// A name can lead to another controller that is behind, and a controller can be put back to an earlier state.
// What such a one says of an object may be older than what is known of it, and nothing in an entry tells
// which is the newer. So its first whole read is kept as what it is measured by (the base), for each object
// of which it says something else than is known; what is known stays. From then on only what *changes* on it,
// from the base on, is news, property by property and member by member. That somebody is disabled, expired or
// deleted counts at once, whoever says it. An object of which both say the same is doubted no more. Values
// only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/guid.h"
#include "policy/base/time.h"
#include "policy/directory.h"

namespace rollcall::policy {

struct Doubt {
    std::string why;            // what is wrong with the controller that answers; "": it is believed
    std::string invocation_id;  // of the database that is doubted
    // What a controller must have seen to be believed as it is: invocationId → USN. kNeverSeen for a database
    // that was put back: it counts the same USNs for other changes now.
    std::map<std::string, std::uint64_t> must_know;
    // The bases, of those objects alone that differ; nullopt: it lacked the object.
    std::map<Guid, std::optional<PersonEntry>> people;
    std::map<Guid, std::optional<GroupEntry>> groups;

    [[nodiscard]] bool any() const { return !why.empty(); }
    [[nodiscard]] std::size_t objects() const { return people.size() + groups.size(); }
};
inline constexpr std::uint64_t kNeverSeen = (1ULL << 53U) - 1;  // the largest in JSON

// Disabled, expired or deleted, as far as the entry tells.
[[nodiscard]] bool says_departed(const PersonEntry& entry, Time now);

// What is to be believed of an object: `known`, and whatever differs between `base` and `entry`. Attributes
// count where they are in `known_attributes` and `asked`; others are as the entry has them.
[[nodiscard]] PersonEntry weigh(const PersonEntry& known, const PersonEntry& base, const PersonEntry& entry,
                                const std::vector<std::string>& asked,
                                const std::vector<std::string>& known_attributes, Time now);
[[nodiscard]] GroupEntry weigh(const GroupEntry& known, const GroupEntry& base, const GroupEntry& entry);

// Do they say the same, but for the USN?
[[nodiscard]] bool same(const PersonEntry& a, const PersonEntry& b, const std::vector<std::string>& asked);
[[nodiscard]] bool same(const GroupEntry& a, const GroupEntry& b);

}  // namespace rollcall::policy
