#include "schema/tlog_hash.h"

#include <fmt/format.h>
#include <sodium.h>
#include <bit>
#include <utility>

#include "schema/base64.h"

namespace rollcall::schema {
namespace {

TlogHash hash_of(unsigned char first, std::string_view a, std::string_view b = {}) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &first, 1);
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(a.data()), a.size());
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(b.data()), b.size());
    TlogHash out;
    crypto_hash_sha256_final(&state, out.data());
    return out;
}

std::string_view bytes(const TlogHash& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

TlogHash tlog_empty_root() {
    TlogHash out;
    crypto_hash_sha256(out.data(), nullptr, 0);
    return out;
}

TlogHash tlog_leaf_hash(std::string_view entry) {
    return hash_of(0x00, entry);
}

TlogHash tlog_node_hash(const TlogHash& left, const TlogHash& right) {
    return hash_of(0x01, bytes(left), bytes(right));
}

std::string to_base64(const TlogHash& hash) {
    return to_base64(bytes(hash));
}

Result<TlogHash> tlog_hash_from_base64(std::string_view text) {
    const Result<std::string> decoded = from_base64(text);
    if (!decoded) return pass(decoded);
    TlogHash out;
    if (decoded->size() != out.size())
        return fail(ErrorKind::invalid_input, fmt::format("a hash of {} bytes, not 32", decoded->size()));
    std::copy(decoded->begin(), decoded->end(), out.begin());
    return out;
}

Result<TlogEdge> TlogEdge::continued(std::uint64_t size, std::vector<TlogHash> roots) {
    if (std::cmp_not_equal(std::popcount(size), roots.size()))
        return fail(ErrorKind::invalid_input,
                    fmt::format("{} subtrees for a tree of {} entries", roots.size(), size));
    TlogEdge out;
    out.size_ = size;
    out.roots_ = std::move(roots);
    return out;
}

void TlogEdge::append(const TlogHash& leaf, const Done& done) {
    TlogHash hash = leaf;
    unsigned level = 0;
    std::uint64_t index = size_++;
    if (done) done(level, index, hash);
    // Each 1 at the end of the old size is a subtree as large as the one at hand: the two become one.
    for (; index % 2 == 1; index /= 2) {
        hash = tlog_node_hash(roots_.back(), hash);
        roots_.pop_back();
        if (done) done(++level, index / 2, hash);
    }
    roots_.push_back(hash);
}

TlogHash TlogEdge::root() const {
    if (roots_.empty()) return tlog_empty_root();
    TlogHash hash = roots_.back();
    for (std::size_t i = roots_.size() - 1; i-- > 0;) hash = tlog_node_hash(roots_[i], hash);
    return hash;
}

}  // namespace rollcall::schema
