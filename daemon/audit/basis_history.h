// BasisHistory: what the trail says of what it rests on (schema/trail_basis.h), from its entries in their
// order. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "schema/trail_basis.h"

namespace rollcall::audit {

class BasisHistory {
  public:
    // `ours`: an entry's member `unmapped`.
    void take(std::uint64_t number, const json::Value& ours);

    struct Said {
        std::uint64_t number = 0;  // entry
        schema::TrailBasis basis;
    };
    // The newest; nullopt where the log is of a version that did not say. An anchor has the most heads that
    // any entry says: a database from an older backup knows of fewer.
    [[nodiscard]] const std::optional<Said>& last() const { return last_; }

    // An anchor that is not used any more at that place, since that entry.
    struct Former {
        std::uint64_t since = 0;
        schema::TrailAnchor anchor;
    };
    [[nodiscard]] const std::vector<Former>& former() const { return former_; }

  private:
    std::optional<Said> last_;
    std::vector<Former> former_;
};

}  // namespace rollcall::audit
