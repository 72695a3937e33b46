#include "daemon/audit/trail.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace rollcall::audit {

void Trail::add(const schema::TrailEntry& entry) {
    Result<std::string> text = schema::write_trail_entry(entry);
    if (!text) {  // its fields are ours and far below the limit; an action without its entry must not go on
        std::fprintf(stderr, "cannot write an entry of the trail: %s\n", text.error().text().c_str());
        std::abort();
    }
    store::StoredTrailEntry row;
    row.index = next_++;
    row.time = entry.time;
    row.kind = schema::to_text(entry.kind);
    row.user = entry.user;
    row.room = entry.room_key;
    row.text = std::move(*text);
    rows_.push_back(std::move(row));
}

}  // namespace rollcall::audit
