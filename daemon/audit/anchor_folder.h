// AnchorFolder: a folder outside this machine's reach (WORM storage, a mount that another keeps) in which a
// copy of every signed head is left, one file each, never written twice.
//
//     checkpoint-00000000000000004213      the note, as it was signed; read-only
//
// Errors: io; conflict where the name holds something else. Nothing can hurry a mount that hangs.
#pragma once

#include <string>
#include <vector>

#include "daemon/audit/anchor_port.h"

namespace rollcall::audit {

class AnchorFolder : public AnchorPort {
  public:
    AnchorFolder(std::string name, std::string folder)
        : AnchorPort(std::move(name)), folder_(std::move(folder)) {}

    // The folder itself is never made: a mount that is missing must not be taken for an empty one.
    [[nodiscard]] Status put(std::uint64_t size, const std::string& note) override;
    [[nodiscard]] Result<std::optional<Anchor>> newest() override;
    [[nodiscard]] Result<HeldOutside> all() override;

  private:
    [[nodiscard]] Result<std::vector<std::string>> files() const;  // by number of entries

    const std::string folder_;
};

}  // namespace rollcall::audit
