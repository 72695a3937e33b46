// Which keys the log has had, as the store's entries say, and with which of them its publisher goes on.
//
// Pure but for reading; on the thread that owns the reader.
#pragma once

#include "daemon/audit/publisher.h"
#include "daemon/store/trail_reader.h"
#include "schema/key_rotation.h"

namespace rollcall::audit {

// Every rotation that was committed, published or not; empty where the log has its first key.
[[nodiscard]] Result<schema::KeyChain> key_history(store::TrailReader& reader);

// Hands the publisher's log on where its last rotation is not done yet: from the publisher's key to the one
// in `files`. Errors: conflict where the publisher's key is not the log's (any more), or the next one is
// missing.
[[nodiscard]] Status go_on_with(const schema::KeyChain& keys, const KeyFiles& files, Publisher& publisher);

}  // namespace rollcall::audit
