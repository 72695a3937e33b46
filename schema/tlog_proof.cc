#include "schema/tlog_proof.h"

#include <fmt/format.h>
#include <bit>
#include <utility>

#include "schema/base64.h"
#include "schema/decimal.h"

namespace rollcall::schema {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::size_t kLongestProof = std::size_t{256} << 10U;
constexpr std::size_t kLongestPath = 64;  // a tree has at most 2^64 leaves

// The largest power of two below n; n > 1.
std::uint64_t split(std::uint64_t n) {
    return std::bit_floor(n - 1);
}

bool perfect(std::uint64_t begin, std::uint64_t end) {
    return std::has_single_bit(end - begin) && begin % (end - begin) == 0;
}

// The path to leaf `index` of [begin, end), leaf's sibling first.
Status inclusion(const TlogReader& read, std::uint64_t index, std::uint64_t begin, std::uint64_t end,
                 TlogPath& out) {
    if (end - begin == 1) return {};
    const std::uint64_t middle = begin + split(end - begin);
    const bool left = index < middle;
    const Status deeper =
        left ? inclusion(read, index, begin, middle, out) : inclusion(read, index, middle, end, out);
    if (!deeper) return deeper;
    const Result<TlogHash> sibling =
        left ? tlog_range_root(read, middle, end) : tlog_range_root(read, begin, middle);
    if (!sibling) return pass(sibling);
    out.push_back(*sibling);
    return {};
}

// SUBPROOF of the RFC: `whole` while the old tree is all of what was split so far, whose root is known.
Status consistency(const TlogReader& read, std::uint64_t old_end, std::uint64_t begin, std::uint64_t end,
                   bool whole, TlogPath& out) {
    if (old_end == end) {
        if (whole) return {};
        const Result<TlogHash> root = tlog_range_root(read, begin, end);
        if (!root) return pass(root);
        out.push_back(*root);
        return {};
    }
    const std::uint64_t middle = begin + split(end - begin);
    const bool left = old_end <= middle;
    const Status deeper = left ? consistency(read, old_end, begin, middle, whole, out)
                               : consistency(read, old_end, middle, end, false, out);
    if (!deeper) return deeper;
    const Result<TlogHash> other =
        left ? tlog_range_root(read, middle, end) : tlog_range_root(read, begin, middle);
    if (!other) return pass(other);
    out.push_back(*other);
    return {};
}

tl::unexpected<Error> wrong(std::string_view what) {
    return fail(ErrorKind::conflict, fmt::format("the proof does not hold: {}", what));
}

}  // namespace

Result<TlogHash> tlog_range_root(const TlogReader& read, std::uint64_t begin, std::uint64_t end) {
    if (perfect(begin, end)) {
        const auto level = static_cast<unsigned>(std::countr_zero(end - begin));
        return read(level, begin >> level);
    }
    const std::uint64_t middle = begin + split(end - begin);
    const Result<TlogHash> left = tlog_range_root(read, begin, middle);
    if (!left) return pass(left);
    const Result<TlogHash> right = tlog_range_root(read, middle, end);
    if (!right) return pass(right);
    return tlog_node_hash(*left, *right);
}

Result<TlogHash> tlog_root(const TlogReader& read, std::uint64_t size) {
    return size == 0 ? Result<TlogHash>(tlog_empty_root()) : tlog_range_root(read, 0, size);
}

Result<TlogPath> tlog_inclusion(const TlogReader& read, std::uint64_t index, std::uint64_t size) {
    if (index >= size)
        return fail(ErrorKind::invalid_input, fmt::format("a tree of {} has no entry {}", size, index));
    TlogPath out;
    if (const Status done = inclusion(read, index, 0, size, out); !done) return pass(done);
    return out;
}

Result<TlogPath> tlog_consistency(const TlogReader& read, std::uint64_t old_size, std::uint64_t new_size) {
    if (old_size > new_size)
        return fail(ErrorKind::invalid_input,
                    fmt::format("a tree of {} entries is older than one of {}", new_size, old_size));
    TlogPath out;
    if (old_size == 0 || old_size == new_size) return out;
    if (const Status done = consistency(read, old_size, 0, new_size, true, out); !done) return pass(done);
    return out;
}

// Walks from the leaf to the root: at each level the node is a left child, a right one, or the last and
// alone.
Status check_inclusion(const TlogPath& path, std::uint64_t index, const TlogHash& leaf, std::uint64_t size,
                       const TlogHash& root) {
    if (index >= size) return wrong("the index is outside of the tree");
    TlogHash hash = leaf;
    std::uint64_t node = index, last = size - 1;
    for (const TlogHash& sibling : path) {
        if (last == 0) return wrong("it is too long");
        if (node % 2 == 1 || node == last) {
            hash = tlog_node_hash(sibling, hash);
            while (node % 2 == 0 && node != 0) node /= 2, last /= 2;
        } else {
            hash = tlog_node_hash(hash, sibling);
        }
        node /= 2, last /= 2;
    }
    if (last != 0) return wrong("it is too short");
    return hash == root ? Status{} : wrong("it leads to another root");
}

// Both roots are made from the same hashes: the old one from those left of the old edge, the new one from
// all.
Status check_consistency(const TlogPath& path, std::uint64_t old_size, const TlogHash& old_root,
                         std::uint64_t new_size, const TlogHash& new_root) {
    if (old_size > new_size) return wrong("the tree has become smaller");
    if (old_size == new_size) {
        if (!path.empty()) return wrong("it is too long");
        return old_root == new_root ? Status{} : wrong("two roots of one size");
    }
    if (old_size == 0) {
        if (!path.empty()) return wrong("it is too long");
        return old_root == tlog_empty_root() ? Status{} : wrong("the root of nothing is another");
    }
    std::uint64_t node = old_size - 1, last = new_size - 1;
    while (node % 2 == 1) node /= 2, last /= 2;
    std::size_t next = 0;
    TlogHash old_hash = old_root;
    if (node != 0) {
        if (path.empty()) return wrong("it is too short");
        old_hash = path[next++];
    }
    TlogHash new_hash = old_hash;
    for (; next < path.size(); ++next) {
        const TlogHash& hash = path[next];
        if (last == 0) return wrong("it is too long");
        if (node % 2 == 1 || node == last) {
            old_hash = tlog_node_hash(hash, old_hash);
            new_hash = tlog_node_hash(hash, new_hash);
            while (node % 2 == 0 && node != 0) node /= 2, last /= 2;
        } else {
            new_hash = tlog_node_hash(new_hash, hash);
        }
        node /= 2, last /= 2;
    }
    if (last != 0) return wrong("it is too short");
    if (old_hash != old_root) return wrong("it leads to another old root");
    return new_hash == new_root ? Status{} : wrong("it leads to another new root");
}

// ---------------------------------------------------------------- the text form

std::string write_tlog_proof(const TlogProof& proof) {
    std::string out = fmt::format("{}\n", kFirstLine);
    if (proof.extra) out += fmt::format("extra {}\n", to_base64(*proof.extra));
    out += fmt::format("index {}\n", proof.index);
    for (const TlogHash& hash : proof.path) out += to_base64(hash) + "\n";
    return out + "\n" + proof.checkpoint;
}

Result<TlogProof> read_tlog_proof(std::string_view text) {
    if (text.size() > kLongestProof)
        return fail(ErrorKind::limit,
                    fmt::format("a proof of {} bytes: at most {} are read", text.size(), kLongestProof));
    std::size_t number = 0;
    const auto bad = [&number](std::string_view what) {
        return fail(ErrorKind::invalid_input, fmt::format("line {} of the proof: {}", number, what),
                    "a proof file is made by `rollcall audit prove`");
    };
    const auto line = [&]() -> std::optional<std::string_view> {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view out = text.substr(0, end);
        text.remove_prefix(end + 1);
        ++number;
        return out;
    };
    TlogProof out;
    std::optional<std::string_view> at = line();
    if (!at || *at != kFirstLine) return bad(fmt::format("it does not begin with {}", kFirstLine));
    at = line();
    if (at && at->starts_with("extra ")) {
        Result<std::string> extra = from_base64(at->substr(6));
        if (!extra) return bad(extra.error().message);
        out.extra = std::move(*extra);
        at = line();
    }
    const std::optional<std::uint64_t> index =
        at && at->starts_with("index ") ? read_decimal(at->substr(6)) : std::nullopt;
    if (!index) return bad("not `index` and a number");
    out.index = *index;
    for (at = line(); at && !at->empty(); at = line()) {
        const Result<TlogHash> hash = tlog_hash_from_base64(*at);
        if (!hash) return bad(hash.error().message);
        if (out.path.size() == kLongestPath) return bad("the path is longer than any tree is high");
        out.path.push_back(*hash);
    }
    if (!at || text.empty()) return bad("the checkpoint is missing");
    out.checkpoint = text;
    return out;
}

}  // namespace rollcall::schema
