// The log's signing key on disk, and the next one beside it while the log is handed on:
//
//     write_next ──► entry committed ──► a head signed by both ──► adopt_next: `audit-key.next` becomes
//     `audit-key`
//
// The committed entry decides which of the two is in force, so a crash anywhere leaves a key that can go on.
// A next key of which no entry says anything is left over and may be written over.
//
// Errors are io or limit, with the path. Values; any thread, but one at a time writes.
#pragma once

#include <optional>
#include <string>

#include "schema/signed_note.h"

namespace rollcall::audit {

class KeyFiles {
  public:
    KeyFiles() = default;  // nowhere: keys cannot be changed
    explicit KeyFiles(std::string key_file) : path_(std::move(key_file)) {}
    [[nodiscard]] std::string next_path() const { return path_ + ".next"; }
    // nullopt: there is none.
    [[nodiscard]] Result<std::optional<schema::SignerKey>> next() const;
    // On disk, readable by the daemon's user alone, when it returns.
    [[nodiscard]] Status write_next(const schema::SignerKey& key) const;
    // In place of the key; well where that was done before.
    [[nodiscard]] Status adopt_next() const;

  private:
    std::string path_;
};

}  // namespace rollcall::audit
