// The form in which an entry of the trail stands in the log, and how what is personal in it is kept apart.
//
//     entry (schema/trail_entry.h) ──split──► leaf: public, for ever, in the log's tree
//                                             personal parts: beside it, erasable, each bound by a MAC in the
//                                             leaf
//     leaf + personal parts ──join──► entry
//
// The leaf is canonical JSON: an OCSF event whose member `unmapped` holds what is ours (docs/log-format.md
// has the grammar):
//
//     {…,"unmapped":{"action":"leave","caller":{…},"kind":"intent","number":7,
//                    "subject":{"id":"<pseudonym>","mac":"<base64>"},…,"v":2}}
//
// Which members are personal is decided here and nowhere else: every member that is not named public is. They
// go to the part of the person that the entry is about; where there is none, to that of the caller; where
// there is neither, nobody's person is in it and they are public. Values; any thread.
#pragma once

#include <optional>
#include <vector>

#include "schema/person_key.h"
#include "schema/trail_entry.h"

namespace rollcall::schema {

enum class Party : std::uint8_t { subject, caller };
[[nodiscard]] std::string_view to_text(Party party);

struct PersonalPart {
    Party party = Party::subject;
    std::string text;  // canonical JSON: its members of the entry
    bool operator==(const PersonalPart&) const = default;
};

struct TrailLeaf {
    std::string text;
    std::vector<PersonalPart> personal;  // at most one a party, in their order
};

// Whether the entry is about somebody: a person of the directory, a Matrix user, or, where it is about
// neither, whoever did it.
[[nodiscard]] bool has_subject(const TrailEntry& entry);

// `number`: the entry's, 1, 2, 3 … A party has a key exactly when the entry has that party. limit where the
// leaf is longer than an entry of the log may be.
[[nodiscard]] Result<TrailLeaf> split_trail_entry(const TrailEntry& entry, std::uint64_t number,
                                                  const PersonKey* subject, const PersonKey* caller);

// As to_json() gives it. Of a party whose part is not there, its pseudonym stands in the entry, and
// the outcome's one word as the result.
[[nodiscard]] Result<json::Value> join_trail_entry(std::string_view leaf,
                                                   const std::vector<PersonalPart>& personal);

// What the leaf says of a party; nullopt: the entry has none.
struct PartyMark {
    std::string id, mac;
};
[[nodiscard]] std::optional<PartyMark> party_mark(const json::Value& leaf, Party party);

}  // namespace rollcall::schema
