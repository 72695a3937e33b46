// A checkpoint: the head of the log's tree at one size, as the text of a signed note.
//
//     corp.example.com/rollcall      origin: which log
//     20852163                       entries
//     CsUYapGGPo4dkMgIAUqom/Xaj…     root hash
//
// Values; any thread. Source: C2SP tlog-checkpoint. Extension lines, which nobody can audit, are refused.
#pragma once

#include "schema/signed_note.h"
#include "schema/tlog_hash.h"

namespace rollcall::schema {

struct Checkpoint {
    std::string origin;
    std::uint64_t size = 0;
    TlogHash root{};
    bool operator==(const Checkpoint&) const = default;
    [[nodiscard]] std::string text() const;
};
[[nodiscard]] Result<Checkpoint> read_checkpoint_text(std::string_view text);

// A signed one, opened with the keys that are trusted. `conflict` where it is of another log than `origin`.
[[nodiscard]] Result<Checkpoint> open_checkpoint(std::string_view note, const std::string& origin,
                                                 const std::vector<VerifierKey>& trusted);

}  // namespace rollcall::schema
