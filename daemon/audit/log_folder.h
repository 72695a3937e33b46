// LogFolder: the evidence log as files, in the form that other programs read (schema/tlog_tile.h).
//
//     checkpoint                     the newest published tree head, a signed note
//     tile/…, tile/entries/…         hashes and entries
//     signed                         the last head that was ever signed; on disk before any copy of it leaves
//
// A file is written under another name, synced, and renamed: it is there whole or not at all, and what a name
// once held it holds for ever (but `checkpoint` and `signed`). A full tile's partial forerunners are removed
// once it is there.
//
// Errors are io, with the path; writing other bytes to a tile that is there is `conflict`: the log would
// fork. Not shared between threads; a second process may read while one writes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/tlog_proof.h"
#include "schema/tlog_tile.h"

namespace rollcall::audit {

class LogFolder {
  public:
    // Makes the folder (0700) where it is not there.
    [[nodiscard]] static Result<LogFolder> open(std::string folder);
    [[nodiscard]] const std::string& path() const { return folder_; }

    // not_found where it is not there. A partial tile is also read from the full one.
    [[nodiscard]] Result<std::string> read(const schema::Tile& tile) const;
    [[nodiscard]] Result<std::vector<std::string>> entries(const schema::Tile& bundle) const;
    // As many entries of bundle `index` as are there; not_found where there are none.
    [[nodiscard]] Result<std::vector<std::string>> longest_bundle(std::uint64_t index) const;
    // nullopt: there is none yet.
    [[nodiscard]] Result<std::optional<std::string>> read_note(const std::string& name) const;
    // Nodes of a tree of `size` entries, as the files have them. The folder must outlive it; tiles that were
    // read last stay in memory.
    [[nodiscard]] schema::TlogReader reader(std::uint64_t size) const;
    // The right edge of that tree, to go on from.
    [[nodiscard]] Result<schema::TlogEdge> edge(std::uint64_t size) const;
    // Every file below the folder, by its path in it, sorted.
    [[nodiscard]] Result<std::vector<std::string>> files() const;

    [[nodiscard]] Status write(const schema::Tile& tile, const std::string& bytes);
    [[nodiscard]] Status write_note(const std::string& name, const std::string& note);
    // Makes the names of what was written last, too. Before this returns nothing of it may be signed.
    [[nodiscard]] Status sync();

  private:
    explicit LogFolder(std::string folder) : folder_(std::move(folder)) {}
    [[nodiscard]] Status put(const std::string& path, const std::string& bytes);
    void drop_partials(const schema::Tile& full);

    std::string folder_;
    std::map<std::string, bool> unsynced_;  // folders in which a name was made
};

inline constexpr const char* kCheckpointFile = "checkpoint";
inline constexpr const char* kSignedFile = "signed";

}  // namespace rollcall::audit
