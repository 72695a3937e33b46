// The store's seal: which entries the store holds after its last commit, signed in that commit with the log's key:
//
//     corp.example.com/rollcall       origin
//     store                           no checkpoint has this as its second line
//     4213                            entries
//     <base64>                        root over all of them, as a checkpoint of so many would have it
//
// A row that somebody else puts into the store has no seal: nothing signs it into the log, and the next start
// is refused. So what was in the store while no process ran, and what waits for its checkpoint, is as safe as
// the key is. Whoever has that can make a seal.
//
// A Sealer is owned by one thread; the rest is called on the thread that owns the reader.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/store/store.h"
#include "daemon/store/trail_reader.h"
#include "schema/key_rotation.h"
#include "schema/tlog_hash.h"

namespace rollcall::audit {

class Sealer {
  public:
    // `edge`: of all entries that the store holds. The key's name is the log's origin.
    Sealer(schema::SignerKey key, schema::TlogEdge edge) : key_(std::move(key)), edge_(std::move(edge)) {}
    void append(const store::TrailRow& row);
    // The log is handed on by the entry that is appended next.
    void hand_on(const schema::SignerKey& next) { key_ = next; }
    [[nodiscard]] std::string seal() const;

  private:
    schema::SignerKey key_;
    schema::TlogEdge edge_;
};

// What a seal is held against.
struct SealTerms {
    std::string origin;
    std::vector<schema::VerifierKey> keys;  // of a log that has had no other
    schema::KeyChain history;
    std::uint64_t log_size = 0;  // entries that are in the log's files for sure
    // The edge over so many of them, log_size at most.
    std::function<Result<schema::TlogEdge>(std::uint64_t)> log_edge;
    bool required = false;  // the store must have a seal, whatever the log says
};

struct SealCheck {
    // false: the store has no seal, and need not have one, because it is of a version before: no entry of the
    // log says what the trail rests on.
    bool sealed = false;
    schema::TlogEdge edge;   // of all the store's entries, or of those that are sealed
    std::uint64_t rows = 0;  // entries in the store: more than that were not written by Rollcall
};
// Does the seal hold, and over how many of the store's entries? Within a snapshot of the reader, where the
// store may be written meanwhile. Errors: conflict, with what is wrong; the store's own.
[[nodiscard]] Result<SealCheck> look_at_seal(store::TrailReader& reader, const SealTerms& terms);
// The same, and conflict where it does not hold over all of them.
[[nodiscard]] Result<SealCheck> check_seal(store::TrailReader& reader, const SealTerms& terms);

}  // namespace rollcall::audit
