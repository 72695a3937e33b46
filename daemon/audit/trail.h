// Trail: the entries of one turn on their way into its commit. Until the evidence trail has its lasting form
// it is an append-only table in the same commit as what it is about: an intent before its request, a result
// after it. Owned by the engine, engine thread. Indices are given here, without a gap, and fixed by the
// commit.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/store/store.h"
#include "schema/trail_entry.h"

namespace rollcall::audit {

class Trail {
  public:
    void start_after(std::uint64_t index) { next_ = index + 1; }
    void add(const schema::TrailEntry& entry);
    [[nodiscard]] std::vector<store::StoredTrailEntry> take() { return std::exchange(rows_, {}); }

  private:
    std::uint64_t next_ = 1;
    std::vector<store::StoredTrailEntry> rows_;
};

}  // namespace rollcall::audit
