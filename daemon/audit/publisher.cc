#include "daemon/audit/publisher.h"

#include <fmt/format.h>
#include <algorithm>

#include "daemon/failpoint.h"

namespace rollcall::audit {

using schema::Checkpoint;
using schema::Tile;
using schema::TlogHash;

namespace {

using Nodes = std::map<std::pair<unsigned, std::uint64_t>, TlogHash>;

void append_hash(std::string& bytes, const TlogHash& hash) {
    bytes.append(hash.begin(), hash.end());
}

// The last head that was signed; nothing for a new log.
Result<std::optional<std::pair<std::string, Checkpoint>>> last_signed(
    const LogFolder& folder, const std::vector<schema::VerifierKey>& keys, const std::string& origin) {
    using Head = std::optional<std::pair<std::string, Checkpoint>>;
    const auto note = folder.read_note(kSignedFile);
    if (!note) return pass(note);
    const auto outside = folder.read_note(kCheckpointFile);
    if (!outside) return pass(outside);
    if (!*note) {
        if (!*outside) return Head{};
        return fail(
            ErrorKind::conflict,
            fmt::format("{} has a checkpoint, but not the record of what was signed last", folder.path()),
            "the folder is not whole: restore all of it, or start a new log in an empty folder");
    }
    Result<Checkpoint> head = schema::open_checkpoint(**note, origin, keys);
    if (!head)
        return fail(head.error().kind,
                    fmt::format("{}/{}: {}", folder.path(), kSignedFile, head.error().message),
                    "audit.origin and audit.key_file must be those with which this log was begun");
    return Head(std::pair(**note, std::move(*head)));
}

}  // namespace

Result<Publisher> Publisher::open(LogFolder folder, schema::SignerKey key, std::string origin,
                                  std::uint64_t committed, const std::vector<schema::VerifierKey>& other) {
    Publisher out(std::move(folder), std::move(key), std::move(origin));
    out.head_ = {out.origin_, 0, schema::tlog_empty_root()};
    std::vector<schema::VerifierKey> keys = other;
    keys.push_back(out.key_.verifier());
    const auto last = last_signed(out.folder_, keys, out.origin_);
    if (!last) return pass(last);
    if (!*last) return out;
    out.note_ = (*last)->first;
    out.head_ = (*last)->second;
    if (out.head_.size > committed)
        return fail(
            ErrorKind::conflict,
            fmt::format("the log in {} has {} signed entries, and the store only {}: going on would fork it",
                        out.folder_.path(), out.head_.size, committed),
            "the store was restored from an older backup: `rollcall audit recover` takes the rest from the "
            "log; "
            "see docs/trail.md, \"After a restore\"");
    Result<schema::TlogEdge> edge = out.folder_.edge(out.head_.size);
    if (!edge) return pass(edge);
    if (edge->root() != out.head_.root)
        return fail(
            ErrorKind::conflict,
            fmt::format("the tiles in {} are not those of its last signed checkpoint", out.folder_.path()),
            "`rollcall audit verify` names the file; restore the folder from a backup or an anchor");
    out.edge_ = std::move(*edge);
    // A crash between the two: what was signed may leave now. A full disk must not stop the start.
    const auto told = out.folder_.read_note(kCheckpointFile);
    if (!told) return pass(told);
    out.unpublished_ = !*told || !(*told)->starts_with(out.note_);  // witnesses sign below it
    static_cast<void>(out.publish());
    return out;
}

Status Publisher::append(const std::vector<std::string>& entries) {
    if (entries.empty()) return {};
    const std::uint64_t before = edge_.size();
    schema::TlogEdge edge = edge_;
    Nodes nodes;
    for (const std::string& entry : entries) {
        if (entry.size() > schema::kLongestEntry)
            return fail(ErrorKind::limit, fmt::format("entry {} has {} bytes: at most {} fit into the log",
                                                      edge.size(), entry.size(), schema::kLongestEntry));
        edge.append(schema::tlog_leaf_hash(entry),
                    [&](unsigned level, std::uint64_t index, const TlogHash& hash) {
                        if (level % schema::kTileHeight == 0) nodes[{level, index}] = hash;
                    });
    }
    if (Status written = write_tiles(before, entries, nodes); !written) return written;
    failpoint("tiles_written");
    if (Status synced = folder_.sync(); !synced) return synced;
    failpoint("tiles_synced");
    edge_ = std::move(edge);
    return {};
}

// A tile that was begun before is written again, longer: what it held is in its partial forerunner.
Status Publisher::write_tiles(std::uint64_t before, const std::vector<std::string>& entries,
                              const Nodes& nodes) {
    const std::uint64_t after = before + entries.size();
    for (const Tile& tile : schema::tiles_between(before, after)) {
        const std::uint64_t old_nodes = before >> (tile.level * schema::kTileHeight);
        const std::uint64_t first = tile.index * schema::kTileWidth;
        const std::uint64_t held = old_nodes > first ? std::min(old_nodes - first, tile.width) : 0;
        std::string bytes;
        if (held > 0) {
            Result<std::string> forerunner = folder_.read({tile.entries, tile.level, tile.index, held});
            if (!forerunner) return pass(forerunner);
            bytes = std::move(*forerunner);
        }
        for (std::uint64_t i = first + held; i < first + tile.width; ++i) {
            if (tile.entries)
                bytes += schema::write_bundle(std::span(&entries[i - before], 1));
            else
                append_hash(bytes, nodes.at({tile.level * schema::kTileHeight, i}));
        }
        if (Status written = folder_.write(tile, bytes); !written) return written;
    }
    return {};
}

void Publisher::hand_on(schema::SignerKey next, std::uint64_t number, KeyFiles files) {
    next_ = Next{std::move(next), number, std::move(files)};
}

Result<std::string> Publisher::sign() {
    if (!note_.empty() && head_.size == edge_.size()) {
        if (Status told = publish(); !told) return pass(told);
        if (Status adopted = adopt(); !adopted) return pass(adopted);
        return note_;
    }
    const Checkpoint head{origin_, edge_.size(), edge_.root()};
    std::string note = key_.sign(head.text());
    if (next_ && head.size >= next_->from) note += next_->key.signature_line(head.text());
    if (Status kept = folder_.write_note(kSignedFile, note); !kept) return pass(kept);
    note_ = note;
    head_ = head;
    unpublished_ = true;
    failpoint("head_signed");
    if (Status told = publish(); !told) return pass(told);
    failpoint("head_published");
    if (Status adopted = adopt(); !adopted) return pass(adopted);
    return note_;
}

// The old key goes last: until then whatever a crash leaves can be signed on.
Status Publisher::adopt() {
    if (!next_signed()) return {};
    if (Status put = next_->files.adopt_next(); !put) return put;
    key_ = std::move(next_->key);
    next_.reset();
    failpoint("key_adopted");
    return {};
}

Status Publisher::publish() {
    if (!unpublished_) return {};
    Status told = folder_.write_note(kCheckpointFile, note_);
    unpublished_ = !told;
    if (told) cosigned_.clear();
    return told;
}

Status Publisher::cosign(const std::string& lines) {
    if (unpublished_ || lines.empty() || lines == cosigned_) return {};
    Status told = folder_.write_note(kCheckpointFile, note_ + lines);
    if (told) cosigned_ = lines;
    return told;
}

}  // namespace rollcall::audit
