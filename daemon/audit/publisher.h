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

#include "daemon/audit/key_files.h"
#include "daemon/audit/log_folder.h"
#include "schema/checkpoint.h"

namespace rollcall::audit {

class Publisher {
  public:
    // Goes on from the folder's last signed head, which `key` or one of the log's `other` keys has signed.
    // `committed` is how many entries the store holds. Errors: conflict where the files are ahead of the
    // store or of another log: a fork, which must stop the start.
    [[nodiscard]] static Result<Publisher> open(LogFolder folder, schema::SignerKey key, std::string origin,
                                                std::uint64_t committed,
                                                const std::vector<schema::VerifierKey>& other = {});

    // Entries of the log after the first `published()`, in order; tiles and bundles are written. Nothing is
    // signed yet.
    [[nodiscard]] Status append(const std::vector<std::string>& entries);
    // Entry `number` hands the log on to `next`: a head that covers it is signed by that key, and once such a
    // head is out, `files` puts it in place of the one before, which signs along until then.
    void hand_on(schema::SignerKey next, std::uint64_t number, KeyFiles files);
    [[nodiscard]] bool handing_on() const { return next_.has_value(); }
    [[nodiscard]] const schema::VerifierKey& verifier() const { return key_.verifier(); }
    // Signs the head of what was appended, where it is not signed already, and publishes it. The note.
    [[nodiscard]] Result<std::string> sign();

    // Adds the signature lines of witnesses to `checkpoint`, where they are not there yet.
    [[nodiscard]] Status cosign(const std::string& lines);

    [[nodiscard]] std::uint64_t published() const { return edge_.size(); }
    // Everything appended is signed, `checkpoint` says so, and the key is where it belongs.
    [[nodiscard]] bool done() const { return edge_.size() == head_.size && !unpublished_ && !next_signed(); }
    [[nodiscard]] const schema::Checkpoint& head() const { return head_; }
    [[nodiscard]] const std::string& note() const { return note_; }  // of that head; "" for a new log
    [[nodiscard]] const LogFolder& folder() const { return folder_; }

  private:
    [[nodiscard]] Status publish();
    [[nodiscard]] Status adopt();
    [[nodiscard]] bool next_signed() const { return next_ && head_.size >= next_->from; }
    Publisher(LogFolder folder, schema::SignerKey key, std::string origin)
        : folder_(std::move(folder)), key_(std::move(key)), origin_(std::move(origin)) {}
    [[nodiscard]] Status write_tiles(
        std::uint64_t before, const std::vector<std::string>& entries,
        const std::map<std::pair<unsigned, std::uint64_t>, schema::TlogHash>& nodes);

    LogFolder folder_;
    struct Next {
        schema::SignerKey key;
        std::uint64_t from = 0;  // number of the entry that says so
        KeyFiles files;
    };
    schema::SignerKey key_;
    std::optional<Next> next_;
    std::string origin_;
    schema::TlogEdge edge_;
    schema::Checkpoint head_;
    std::string note_;
    bool unpublished_ = false;  // `checkpoint` is not `note_` yet
    std::string cosigned_;      // what `checkpoint` has below it, as far as this process knows
};

}  // namespace rollcall::audit
