// Proofs about a Merkle tree: that an entry stands at an index of it, and that a larger tree has a smaller
// one as its beginning. Making them needs hashes of perfect subtrees; checking them needs nothing but the
// roots.
//
// Values; any thread. Source: RFC 6962 sections 2.1.1 and 2.1.2 (the same proofs as RFC 9162); the text form
// is C2SP tlog-proof v1.
#pragma once

#include <optional>

#include "schema/tlog_hash.h"

namespace rollcall::schema {

// The hash of the perfect subtree (level, index), from wherever it is kept.
using TlogReader = std::function<Result<TlogHash>(unsigned level, std::uint64_t index)>;

// The root over the leaves [begin, end); begin < end.
[[nodiscard]] Result<TlogHash> tlog_range_root(const TlogReader& read, std::uint64_t begin,
                                               std::uint64_t end);
[[nodiscard]] Result<TlogHash> tlog_root(const TlogReader& read, std::uint64_t size);

using TlogPath = std::vector<TlogHash>;
// invalid_input unless index < size.
[[nodiscard]] Result<TlogPath> tlog_inclusion(const TlogReader& read, std::uint64_t index,
                                              std::uint64_t size);
// Empty where old_size is 0 or new_size; invalid_input unless old_size <= new_size.
[[nodiscard]] Result<TlogPath> tlog_consistency(const TlogReader& read, std::uint64_t old_size,
                                                std::uint64_t new_size);

// conflict where the proof does not hold.
[[nodiscard]] Status check_inclusion(const TlogPath& path, std::uint64_t index, const TlogHash& leaf,
                                     std::uint64_t size, const TlogHash& root);
[[nodiscard]] Status check_consistency(const TlogPath& path, std::uint64_t old_size, const TlogHash& old_root,
                                       std::uint64_t new_size, const TlogHash& new_root);

// A self-contained proof of one entry. `extra` is not covered by any signature: it carries what helps to read
// it.
struct TlogProof {
    std::uint64_t index = 0;
    TlogPath path;
    std::string checkpoint;  // a signed note, verbatim
    std::optional<std::string> extra;
    bool operator==(const TlogProof&) const = default;
};
[[nodiscard]] std::string write_tlog_proof(const TlogProof& proof);
// At most 256 KiB. invalid_input names the line.
[[nodiscard]] Result<TlogProof> read_tlog_proof(std::string_view text);

}  // namespace rollcall::schema
