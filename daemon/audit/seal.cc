#include "daemon/audit/seal.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "schema/checkpoint.h"

namespace rollcall::audit {
namespace {

using schema::Checkpoint;
using schema::TlogEdge;

constexpr std::size_t kLeavesAtOnce = 1'024;
constexpr std::string_view kSecondLine = "store\n";

template <class... Parts>
tl::unexpected<Error> not_ours(fmt::format_string<Parts...> text, Parts&&... parts) {
    return fail(ErrorKind::conflict, fmt::format(text, std::forward<Parts>(parts)...),
                "somebody wrote into the database beside Rollcall: keep a copy of the state folder, then see "
                "docs/trail.md, \"Entries that Rollcall did not write\"");
}

Result<Checkpoint> open_seal(std::string_view seal, const SealTerms& terms) {
    std::vector<schema::VerifierKey> keys = terms.history.empty() ? terms.keys : terms.history.keys();
    const auto note = schema::open_note(seal, keys);
    if (!note) return pass(note);
    const std::string begins = terms.origin + "\n" + std::string(kSecondLine);
    if (!note->text.starts_with(begins)) return fail(ErrorKind::invalid_input, "it is no seal of this log");
    // What follows is as in a checkpoint.
    auto head = schema::read_checkpoint_text(terms.origin + "\n" + note->text.substr(begins.size()));
    if (!head || terms.history.empty()) return head;
    if (const auto then = schema::open_note(seal, {terms.history.at(head->size)}); !then) return pass(then);
    return head;
}

// Whether the log's entries say that its store is sealed.
Result<bool> says_that_it_is_sealed(store::TrailReader& reader, std::uint64_t log_size) {
    const auto start = reader.newest(schema::to_text(schema::TrailKind::start), log_size);
    if (!start) return pass(start);
    if (*start == 0) return false;
    const Result<std::string> leaf = reader.leaf(*start);
    if (!leaf) return pass(leaf);
    return leaf->find(R"("basis":{)") != std::string::npos;
}

// nullopt: there is none, and none is needed.
Result<std::optional<Checkpoint>> read_seal(store::TrailReader& reader, const SealTerms& terms) {
    const auto seal = reader.seal();
    if (!seal) return pass(seal);
    if (!*seal) {
        const auto sealed = terms.required ? Result<bool>(true) : says_that_it_is_sealed(reader, terms.log_size);
        if (!sealed) return pass(sealed);
        if (*sealed) return not_ours("the seal over the entries in the database is gone");
        return std::optional<Checkpoint>{};
    }
    Result<Checkpoint> head = open_seal(**seal, terms);
    if (!head) return not_ours("the seal over the entries in the database does not hold: {}", head.error().message);
    return std::optional(std::move(*head));
}

// Over so many entries of the store, of which the log has the first.
Result<TlogEdge> edge_of(store::TrailReader& reader, std::uint64_t size, const SealTerms& terms) {
    Result<TlogEdge> edge = terms.log_edge(std::min(size, terms.log_size));
    while (edge && edge->size() < size) {
        const auto leaves = reader.leaves(edge->size(), kLeavesAtOnce);
        if (!leaves) return pass(leaves);
        if (leaves->empty()) break;
        for (const std::string& leaf : *leaves)
            if (edge->size() < size) edge->append(schema::tlog_leaf_hash(leaf));
    }
    return edge;
}

}  // namespace

void Sealer::append(const store::TrailRow& row) {
    edge_.append(schema::tlog_leaf_hash(row.leaf.text));
}

std::string Sealer::seal() const {
    return key_.sign(fmt::format("{}\n{}{}\n{}\n", key_.verifier().name, kSecondLine, edge_.size(),
                                 schema::to_base64(edge_.root())));
}

Result<SealCheck> look_at_seal(store::TrailReader& reader, const SealTerms& terms) {
    SealCheck out;
    const auto rows = reader.trail_size();
    if (!rows) return pass(rows);
    out.rows = *rows;
    const auto seal = read_seal(reader, terms);
    if (!seal) return pass(seal);
    out.sealed = seal->has_value();
    const std::uint64_t size = out.sealed ? (*seal)->size : out.rows;
    if (size > out.rows)
        return not_ours("the database lacks entries that Rollcall wrote, {} to {}", out.rows + 1, size);
    Result<TlogEdge> edge = edge_of(reader, size, terms);
    if (!edge) return pass(edge);
    out.edge = std::move(*edge);
    if (out.sealed && (out.edge.size() != size || out.edge.root() != (*seal)->root))
        return not_ours("among the entries {} to {} in the database is one that Rollcall wrote otherwise",
                        std::min(size, terms.log_size) + 1, size);
    return out;
}

Result<SealCheck> check_seal(store::TrailReader& reader, const SealTerms& terms) {
    auto out = look_at_seal(reader, terms);
    if (!out) return out;
    const std::uint64_t first = out->edge.size() + 1;
    if (out->edge.size() < terms.log_size)
        return not_ours("the log has {} entries, and {} in the database are sealed", terms.log_size,
                        out->edge.size());
    if (out->rows == first) return not_ours("entry {} in the database was not written by Rollcall", first);
    if (out->rows > first)
        return not_ours("entries {} to {} in the database were not written by Rollcall", first, out->rows);
    return out;
}

}  // namespace rollcall::audit
