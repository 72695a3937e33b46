// A proof that one entry of the trail is in the log, to be handed to somebody outside: a tlog-proof whose
// `extra` carries the entry, so that nothing else is needed but the log's public key.
//
//     extra: {"entry":"<the
//     leaf>","personal":[{"key":"<base64>","party":"subject","text":"…"}],"rotations":["<note>"…]}
//
// A personal part is shown only where it is meant to be, with the key of that entry alone: it says nothing
// about the person's other entries. Values; any thread.
#pragma once

#include "schema/checkpoint.h"
#include "schema/tlog_proof.h"
#include "schema/trail_leaf.h"

namespace rollcall::schema {

struct ShownPart {
    PersonalPart part;
    PersonKey entry_key{};
};

struct EntryProof {
    std::string leaf;
    std::vector<ShownPart> shown;
    std::vector<std::string> rotations;  // of the log's key, all of them in their order
};

[[nodiscard]] std::string write_entry_proof(const EntryProof& entry, TlogProof proof);

// What a proof that holds says.
struct ProvenEntry {
    std::uint64_t number = 0;
    Checkpoint head;
    json::Value entry;  // joined with the parts that are shown
    std::size_t shown = 0;
};
// `key`: any that the log ever had; the rotations lead from it to the one that must have signed. Errors:
// invalid_input for what is no such proof; denied and conflict where it does not hold.
[[nodiscard]] Result<ProvenEntry> check_entry_proof(std::string_view text, const VerifierKey& key);

}  // namespace rollcall::schema
