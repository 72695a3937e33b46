// Publisher: committed entries → tiles → a signed checkpoint. Entries are in force when the store's commit
// holds them; what is written here follows from them alone, so it is the same however often it is repeated.
//
//     entries ──► bundles, tiles ──► fsync ──► sign ──► `signed`, fsync ──► `checkpoint` ──► anchors
//
// A crash anywhere leaves the files of an older head, perhaps with tiles beyond it, which are then found to
// be what would be written. A head is signed only over synced tiles, and on disk itself before it leaves;
// never one that is inconsistent with the last one signed.
//
// Owned by one thread. Source: C2SP tlog-checkpoint.
#pragma once

#include <functional>

#include "daemon/audit/log_folder.h"
#include "schema/checkpoint.h"

namespace rollcall::audit {

class Publisher {
  public:
    // Goes on from the folder's last signed head. `committed` is how many entries the store holds.
    // Errors: conflict where the files are ahead of the store or of another log: a fork, which must stop the
    // start.
    [[nodiscard]] static Result<Publisher> open(LogFolder folder, schema::SignerKey key, std::string origin,
                                                std::uint64_t committed);

    // Entries of the log after the first `published()`, in order; tiles and bundles are written. Nothing is
    // signed yet.
    [[nodiscard]] Status append(const std::vector<std::string>& entries);
    // Signs the head of what was appended, where it is not signed already, and publishes it. The note.
    [[nodiscard]] Result<std::string> sign();

    // Adds the signature lines of witnesses to `checkpoint`, where they are not there yet.
    [[nodiscard]] Status cosign(const std::string& lines);

    [[nodiscard]] std::uint64_t published() const { return edge_.size(); }
    // Everything appended is signed, and `checkpoint` says so.
    [[nodiscard]] bool done() const { return edge_.size() == head_.size && !unpublished_; }
    [[nodiscard]] const schema::Checkpoint& head() const { return head_; }
    [[nodiscard]] const std::string& note() const { return note_; }  // of that head; "" for a new log
    [[nodiscard]] const LogFolder& folder() const { return folder_; }

  private:
    [[nodiscard]] Status publish();
    Publisher(LogFolder folder, schema::SignerKey key, std::string origin)
        : folder_(std::move(folder)), key_(std::move(key)), origin_(std::move(origin)) {}
    [[nodiscard]] Status write_tiles(
        std::uint64_t before, const std::vector<std::string>& entries,
        const std::map<std::pair<unsigned, std::uint64_t>, schema::TlogHash>& nodes);

    LogFolder folder_;
    schema::SignerKey key_;
    std::string origin_;
    schema::TlogEdge edge_;
    schema::Checkpoint head_;
    std::string note_;
    bool unpublished_ = false;  // `checkpoint` is not `note_` yet
    std::string cosigned_;      // what `checkpoint` has below it, as far as this process knows
};

}  // namespace rollcall::audit
