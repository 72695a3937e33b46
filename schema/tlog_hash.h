// Hashes of an append-only Merkle tree over log entries: SHA-256, leaves and nodes told apart by a first
// byte.
//
//     leaf = H(0x00 ‖ entry)      node = H(0x01 ‖ left ‖ right)      empty tree = H("")
//
// A tree of n leaves splits at the largest power of two below n, so everything left of the right edge is
// perfect subtrees that never change. A node is named by (level, index): level 0 are the leaves, and (level,
// index) spans the leaves [index · 2^level, (index + 1) · 2^level).
//
// Values; any thread. Source: RFC 6962 section 2.1.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace rollcall::schema {

using TlogHash = std::array<unsigned char, 32>;

[[nodiscard]] TlogHash tlog_empty_root();
[[nodiscard]] TlogHash tlog_leaf_hash(std::string_view entry);
[[nodiscard]] TlogHash tlog_node_hash(const TlogHash& left, const TlogHash& right);

// Base64 (RFC 4648 section 4) as checkpoints and proofs write it; nullopt-like error for anything but 32
// bytes.
[[nodiscard]] std::string to_base64(const TlogHash& hash);
[[nodiscard]] Result<TlogHash> tlog_hash_from_base64(std::string_view text);

// The right edge of a growing tree: the roots of its perfect subtrees, largest first. All that is needed to
// append, and to know the root.
class TlogEdge {
  public:
    TlogEdge() = default;
    // Continues a tree of `size` leaves. invalid_input where the number of roots is not what that size has.
    [[nodiscard]] static Result<TlogEdge> continued(std::uint64_t size, std::vector<TlogHash> roots);

    // Calls `done(level, index, hash)` for the leaf and for each subtree that it completes, lowest first.
    using Done = std::function<void(unsigned level, std::uint64_t index, const TlogHash& hash)>;
    void append(const TlogHash& leaf, const Done& done = nullptr);
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] TlogHash root() const;
    [[nodiscard]] const std::vector<TlogHash>& roots() const { return roots_; }

  private:
    std::uint64_t size_ = 0;
    std::vector<TlogHash> roots_;
};

}  // namespace rollcall::schema
