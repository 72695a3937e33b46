// Anchoring: brings the newest signed head to every anchor, each on a thread of its own, so that a mount that
// hangs or a server that does not answer holds up neither the log nor the other anchors.
//
//     offer(head) ─► newest one wanted ─► compare what is there with the log ─► put ─► state, news()
//                                          └ another log: a fork, nothing is put
//
// Before anything is left in a place, what it holds already is compared with the log: once in the life of a
// process, and again after a failure. Of heads that wait only the newest matters. What fails is tried again,
// soon at first, then every minute.
//
// offer(), settle(), states() from any thread. `news` is called on the anchors' threads and must not call
// back. A thread that hangs in the kernel when this ends is left behind, with all that it uses.
#pragma once

#include <functional>
#include <memory>

#include "daemon/audit/anchor_port.h"
#include "daemon/audit/log_state.h"

namespace rollcall::audit {

struct SignedHead {
    std::uint64_t size = 0;
    std::string note;                       // "" before anything was signed
    std::vector<schema::VerifierKey> keys;  // of the log, until then
};

// What anchors compare with.
struct AnchoredLog {
    std::string folder;
    std::string origin;
};

using Anchors = std::vector<std::unique_ptr<AnchorPort>>;

class Anchoring {
  public:
    Anchoring(Anchors anchors, AnchoredLog log, std::function<void()> news);
    ~Anchoring();
    Anchoring(const Anchoring&) = delete;
    Anchoring& operator=(const Anchoring&) = delete;

    void offer(const SignedHead& head);
    // Waits until every anchor has had the newest head or failed at it, `at_most` so long. conflict where one
    // of them holds a checkpoint of this key that is of another log; what a place merely says is no reason.
    [[nodiscard]] Status settle(Duration at_most) const;
    [[nodiscard]] std::vector<AnchorState> states() const;
    // Signature lines by witnesses under the head of that size.
    [[nodiscard]] std::string cosignatures(std::uint64_t size) const;

  private:
    class Lane;
    std::vector<std::shared_ptr<Lane>> lanes_;
};

// conflict where the newest checkpoint of that anchor is not of the log of that head; the anchor's own
// error where it cannot be read. Otherwise the checkpoint, where there is one of this log's.
[[nodiscard]] Result<std::optional<schema::Checkpoint>> compare_newest(AnchorPort& anchor,
                                                                       const AnchoredLog& log,
                                                                       const SignedHead& head);

}  // namespace rollcall::audit
