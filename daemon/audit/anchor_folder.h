// AnchorFolder: a folder outside this machine's reach (WORM storage, a mount that another keeps) in which a
// copy of every signed head is left, one file each, never written twice. Whoever signs the log anew is seen
// there.
//
//     checkpoint-00000000000000004213      the note, as it was signed; read-only
//
// Owned by one thread. Errors: io; conflict where the name holds something else.
#pragma once

#include <string>
#include <vector>

#include "daemon/audit/verify.h"

namespace rollcall::audit {

class AnchorFolder {
  public:
    AnchorFolder(std::string name, std::string folder) : name_(std::move(name)), folder_(std::move(folder)) {}
    [[nodiscard]] const std::string& name() const { return name_; }

    // The folder itself is never made: a mount that is missing must not be taken for an empty one.
    [[nodiscard]] Status put(std::uint64_t size, const std::string& note) const;
    // The checkpoint of the most entries; nullopt: there is none.
    [[nodiscard]] Result<std::optional<Anchor>> newest() const;
    // Every checkpoint that is there, oldest first.
    [[nodiscard]] Result<std::vector<Anchor>> all() const;

  private:
    [[nodiscard]] Result<std::vector<std::string>> files() const;  // by number of entries

    std::string name_;  // in audit.anchors
    std::string folder_;
};

}  // namespace rollcall::audit
