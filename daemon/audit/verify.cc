#include "daemon/audit/verify.h"

#include <fmt/format.h>
#include <algorithm>
#include <bit>
#include <set>

namespace rollcall::audit {

using schema::Checkpoint;
using schema::kTileHeight;
using schema::kTileWidth;
using schema::Tile;
using schema::TlogEdge;
using schema::TlogHash;
using schema::VerifierKey;

namespace {

using Hashes = std::vector<TlogHash>;

class Verifier {
  public:
    Verifier(const LogFolder& folder, const VerifyOptions& options) : folder_(folder), options_(options) {}

    Verification run() {
        if (!read_head() || out_.head->size == 0) {
            look_for_strangers();
            check_keys();
            check_signatures();
            return std::move(out_);
        }
        size_ = out_.head->size;
        const bool root = read_edges();
        if (root) {
            for (auto at = edges_.rbegin(); at != edges_.rend(); ++at)  // the highest is the leftmost
                check_below(at->first, at->second);
        } else {
            blame_an_edge();
        }
        look_for_strangers();
        check_keys();
        check_signatures();
        check_anchors(root);
        return std::move(out_);
    }

  private:
    void fault(std::string place, std::string text) {
        if (out_.faults.size() < kMostFaults) out_.faults.push_back({std::move(place), std::move(text)});
    }

    bool read_head() {
        const auto note = folder_.read_note(kCheckpointFile);
        if (!note || !*note) {
            fault(kCheckpointFile, note ? "it is missing" : note.error().message);
            return false;
        }
        Result<Checkpoint> head = schema::open_checkpoint(**note, options_.origin, options_.keys);
        if (!head) {
            fault(kCheckpointFile, head.error().message);
            return false;
        }
        out_.head = std::move(*head);
        note_ = **note;
        check_signed(*out_.head);
        return true;
    }

    // What was signed last may be one step ahead of what was published, never behind it.
    void check_signed(const Checkpoint& head) {
        const auto note = folder_.read_note(kSignedFile);
        if (!note || !*note) return fault(kSignedFile, note ? "it is missing" : note.error().message);
        const Result<Checkpoint> last = schema::open_checkpoint(**note, options_.origin, options_.keys);
        if (!last) return fault(kSignedFile, last.error().message);
        signed_ = **note;
        signed_size_ = last->size;
        if (last->size < head.size || (last->size == head.size && last->root != head.root))
            fault(kSignedFile,
                  fmt::format("it is the head of {} entries, and {} were published", last->size, head.size));
    }

    [[nodiscard]] std::uint64_t nodes(unsigned level) const {
        const unsigned shift = level * kTileHeight;
        return shift >= 64 ? 0 : size_ >> shift;
    }

    std::optional<Hashes> read_hashes(const Tile& tile) {
        const Result<std::string> bytes = folder_.read(tile);
        if (!bytes) {
            fault(tile.path(), bytes.error().message);
            return std::nullopt;
        }
        if (bytes->size() != tile.width * sizeof(TlogHash)) {
            fault(tile.path(),
                  fmt::format("it has {} bytes, not {}", bytes->size(), tile.width * sizeof(TlogHash)));
            return std::nullopt;
        }
        Hashes out(tile.width);
        for (std::size_t i = 0; i < out.size(); ++i)
            std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(i * sizeof(TlogHash)), sizeof(TlogHash),
                        out[i].begin());
        return out;
    }

    static TlogHash root_of(const Hashes& hashes) {
        TlogEdge edge;
        for (const TlogHash& hash : hashes) edge.append(hash);
        return edge.root();
    }

    struct Edge {
        Tile tile;
        std::optional<Hashes> hashes;
    };

    // The last, partial tile of each level. Together they are the root: those of higher levels are its left
    // part.
    bool read_edges() {
        bool whole = true;
        for (unsigned level = 0; nodes(level) > 0; ++level) {
            const std::uint64_t width = nodes(level) % kTileWidth;
            if (width == 0) continue;
            Edge edge{{false, level, nodes(level) / kTileWidth, width}, {}};
            edge.hashes = read_hashes(edge.tile);
            whole &= edge.hashes.has_value();
            edges_.emplace(level, std::move(edge));
        }
        if (!whole) return false;
        std::optional<TlogHash> root;
        for (const auto& [level, edge] : edges_) {  // from the right
            TlogEdge part;
            for (const TlogHash& hash : *edge.hashes) part.append(hash);
            for (std::size_t i = part.roots().size(); i-- > 0;)
                root = root ? schema::tlog_node_hash(part.roots()[i], *root) : part.roots()[i];
        }
        return root == out_.head->root;
    }

    // Everything below a tile whose hashes are as they were signed.
    void check_below(unsigned level, const Edge& edge) {
        for (std::uint64_t i = 0; i < edge.hashes->size() && level > 0; ++i)
            check_full(level - 1, edge.tile.index * kTileWidth + i, (*edge.hashes)[i]);
        if (level == 0) check_bundle({true, 0, edge.tile.index, edge.tile.width}, *edge.hashes);
    }

    void check_full(unsigned level, std::uint64_t index, const TlogHash& wanted) {
        const Tile tile{false, level, index, kTileWidth};
        const std::optional<Hashes> hashes = read_hashes(tile);
        const bool good = hashes && root_of(*hashes) == wanted;
        if (hashes && !good) fault(tile.path(), "it is not the tile that was signed");
        if (!good) {  // entries can still be compared with nothing; they are only counted as unchecked
            return;
        }
        if (level == 0) return check_bundle({true, 0, index, kTileWidth}, *hashes);
        for (std::uint64_t i = 0; i < kTileWidth; ++i)
            check_full(level - 1, index * kTileWidth + i, (*hashes)[i]);
    }

    void check_bundle(const Tile& bundle, const Hashes& hashes) {
        const Result<std::vector<std::string>> entries = folder_.entries(bundle);
        if (!entries) return fault(bundle.path(), entries.error().message);
        for (std::size_t i = 0; i < entries->size(); ++i) {
            const std::uint64_t index = bundle.index * kTileWidth + i;
            if (schema::tlog_leaf_hash((*entries)[i]) != hashes[i])
                fault(bundle.path(), fmt::format("entry {} is not the one that was signed", index));
            else
                check_entry(bundle.path(), index, (*entries)[i]);
            ++out_.entries;
        }
        if (options_.progress) options_.progress(out_.entries, size_);
    }

    void check_entry(const std::string& place, std::uint64_t index, const std::string& entry) {
        if (const std::optional<std::string> note = schema::key_rotation_in(entry))
            if (const Status added = out_.keys.add(index + 1, *note); !added)
                fault(place, fmt::format("entry {}, which hands the log on to another key: {}", index,
                                         added.error().message));
        if (!options_.check_entry) return;
        if (auto wrong = options_.check_entry(index, entry))
            fault(place, fmt::format("entry {}: {}", index, *wrong));
    }

    // The key in force at the end must have signed the head, and the one that somebody was given must lead
    // there.
    void check_keys() {
        if (!out_.head) return;
        std::vector<VerifierKey> known = out_.keys.empty() ? options_.keys : out_.keys.keys();
        for (const VerifierKey& key : options_.handed_out)
            if (std::find(known.begin(), known.end(), key) == known.end())
                fault(key.text(), "this log never had that key, nor was handed on from it");
        if (out_.keys.empty()) return;
        if (std::none_of(options_.keys.begin(), options_.keys.end(),
                         [this](const VerifierKey& key) { return out_.keys.contains(key); }))
            fault(kCheckpointFile, "it is signed by a key to which no entry hands the log on");
        if (const auto head =
                schema::open_checkpoint(note_, options_.origin, {out_.keys.at(out_.head->size)});
            !head)
            fault(kCheckpointFile, fmt::format("the key that is in force since entry {} has not signed it",
                                               out_.keys.links().back().number));
    }

    // A note may have signatures by keys that nobody knows. Below what this log wrote itself there are none
    // but its own, and witnesses' where they are asked: so no line of it can be changed into a stranger's.
    [[nodiscard]] std::optional<std::string> stranger(const std::string& note, bool witnesses) const {
        const auto opened = schema::open_note(note, out_.keys.empty() ? options_.keys : out_.keys.keys());
        if (!opened) return opened.error().message;
        for (const std::string& name : opened->unknown)
            if (!witnesses || name == options_.origin)
                return fmt::format("a signature below it, by {}, is of no key of this log", name);
        return std::nullopt;
    }

    // Only where all the keys of this log were read in it.
    void check_signatures() {
        all_keys_known_ = out_.faults.empty();
        if (!all_keys_known_) return;
        const auto head = stranger(note_, true);
        if (head) fault(kCheckpointFile, *head);
        // One step ahead, it may be signed by a key to which an entry hands the log on that is ahead too.
        if (signed_size_ != out_.head->size) return;
        const auto last = stranger(signed_, false);
        if (last) fault(kSignedFile, *last);
        if (!last && !head && !note_.starts_with(signed_))
            fault(kCheckpointFile, "the signatures below it are not those that were made");
    }

    // A checkpoint from elsewhere, by the key that was in force when it was signed.
    [[nodiscard]] Result<Checkpoint> open_anchor(const Anchor& anchor) const {
        if (out_.keys.empty()) return schema::open_checkpoint(anchor.note, options_.origin, options_.keys);
        const auto head = schema::open_checkpoint(anchor.note, options_.origin, out_.keys.keys());
        if (!head) return head;
        return schema::open_checkpoint(anchor.note, options_.origin, {out_.keys.at(head->size)});
    }

    // The root is not met, so one of the last tiles is another: the one that differs from what lies below it.
    // Where none does, all of it was made anew, and the signed head is of another log.
    void blame_an_edge() {
        const std::size_t before = out_.faults.size();
        for (const auto& [level, edge] : edges_) {
            if (!edge.hashes) continue;
            if (const std::optional<Hashes> below = hashes_below(edge.tile); below && *below != *edge.hashes)
                fault(edge.tile.path(), "it is not the tile that was signed");
        }
        if (out_.faults.size() == before && std::all_of(edges_.begin(), edges_.end(), [](const auto& edge) {
                return edge.second.hashes.has_value();
            }))
            fault(kCheckpointFile, "it was signed over another log than the one in these files");
    }

    std::optional<Hashes> hashes_below(const Tile& tile) {
        Hashes out;
        if (tile.level == 0) {
            const auto entries = folder_.entries({true, 0, tile.index, tile.width});
            if (!entries) {
                fault(Tile{true, 0, tile.index, tile.width}.path(), entries.error().message);
                return std::nullopt;
            }
            for (const std::string& entry : *entries) out.push_back(schema::tlog_leaf_hash(entry));
            return out;
        }
        for (std::uint64_t i = 0; i < tile.width; ++i) {
            const auto hashes = read_hashes({false, tile.level - 1, tile.index * kTileWidth + i, kTileWidth});
            if (!hashes) return std::nullopt;
            out.push_back(root_of(*hashes));
        }
        return out;
    }

    // Files that no log has, and tiles beyond the head that are not what a crash may leave: forerunners and
    // followers of the tree's own.
    void look_for_strangers() {
        const Result<std::vector<std::string>> files = folder_.files();
        if (!files) return fault(".", files.error().message);
        for (const std::string& file : *files) {
            if (file == kCheckpointFile || file == kSignedFile) continue;
            const std::optional<Tile> tile = schema::tile_from_path(file);
            if (!tile) {
                if (!file.ends_with(".new")) fault(file, "no log has such a file");
                continue;
            }
            if (out_.head) check_copy(*tile);
        }
    }

    // A partial tile must be the beginning of the one that the head needs.
    void check_copy(const Tile& tile) {
        const std::uint64_t there = tile.entries ? nodes(0) : nodes(tile.level);
        const std::uint64_t first = tile.index * kTileWidth;
        if (there <= first) return;  // beyond the head: not signed yet
        const Tile needed{tile.entries, tile.level, tile.index, std::min(kTileWidth, there - first)};
        if (needed == tile) return;
        const bool blamed =
            std::any_of(out_.faults.begin(), out_.faults.end(),
                        [&needed](const Fault& fault) { return fault.place == needed.path(); });
        if (blamed) return;  // by which of the two it would be judged
        const Result<std::string> mine = folder_.read(tile), whole = folder_.read(needed);
        if (!mine || !whole) return;  // reported where it was needed
        const bool full =
            tile.entries ? folder_.entries(tile).has_value() : mine->size() == tile.width * sizeof(TlogHash);
        if (!full) return fault(tile.path(), "it is cut");
        const std::string &shorter = tile.width < needed.width ? *mine : *whole,
                          &longer = tile.width < needed.width ? *whole : *mine;
        if (!longer.starts_with(shorter))
            fault(tile.path(), fmt::format("it differs from {}", needed.path()));
    }

    // Hashes that were changed would make a fork of every checkpoint that is compared with them.
    [[nodiscard]] bool tiles_hold() const {
        return std::none_of(out_.faults.begin(), out_.faults.end(), [](const Fault& fault) {
            return fault.place.starts_with("tile/") && !fault.place.starts_with("tile/entries/");
        });
    }

    void check_anchors(bool root) {
        const bool comparable = root && tiles_hold();
        for (const Anchor& anchor : options_.anchors) {
            const Result<Checkpoint> head = open_anchor(anchor);
            if (!head) {
                fault(anchor.name, head.error().message);
                continue;
            }
            if (head->size > size_) {
                fault(anchor.name,
                      fmt::format("it has seen {} entries, and this log has {}: it was rolled back",
                                  head->size, size_));
                continue;
            }
            if (!comparable) continue;
            if (const auto text = stranger(anchor.note, !anchor.as_signed); text && all_keys_known_) {
                fault(anchor.name, *text);
                continue;
            }
            const Result<TlogHash> then = schema::tlog_root(folder_.reader(size_), head->size);
            if (!then)
                fault(anchor.name, then.error().message);
            else if (*then != head->root)
                fault(anchor.name,
                      fmt::format("its first {} entries were others: this log is a fork", head->size));
            else
                ++out_.anchors;
        }
    }

    const LogFolder& folder_;
    const VerifyOptions& options_;
    Verification out_;
    std::string note_, signed_;  // of the head, and of what was signed last
    std::uint64_t signed_size_ = 0;
    bool all_keys_known_ = false;
    std::uint64_t size_ = 0;
    std::map<unsigned, Edge> edges_;
};

}  // namespace

Verification verify_log(const LogFolder& folder, const VerifyOptions& options) {
    return Verifier(folder, options).run();
}

}  // namespace rollcall::audit
