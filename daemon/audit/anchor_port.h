// AnchorPort: one place outside of this machine's reach in which signed heads of the log are left: a folder,
// a room, a witness, a collector. Whoever signs the log anew, or rolls it back, is seen there.
//
// Every call may take as long as that place does, so an anchor has a thread of its own (anchoring.h), and all
// calls but cancel() and name() are made on one thread. Errors: unavailable or io where it may be done later;
// conflict where the place holds or says something that does not go with this log.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/audit/verify.h"
#include "policy/base/time.h"

namespace rollcall::audit {

// What a place holds.
struct HeldOutside {
    std::vector<Anchor> heads;  // every checkpoint that is there, oldest first
    // What was there and was taken away, as far as the place itself still tells: a sentence each.
    std::vector<std::string> taken_away;
    bool whole = true;  // that is all; otherwise there is more, which is older
};

constexpr Duration kAnchorEnding = std::chrono::seconds{2};  // for a thread that was told to give up

class AnchorPort {
  public:
    explicit AnchorPort(std::string name) : name_(std::move(name)) {}
    virtual ~AnchorPort() = default;
    AnchorPort(const AnchorPort&) = delete;
    AnchorPort& operator=(const AnchorPort&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }  // in audit.anchors

    // Leaves the head of that many entries there; again with the same note changes nothing.
    [[nodiscard]] virtual Status put(std::uint64_t size, const std::string& note) = 0;
    // Whether what was left there can be read back by this program. Where not, newest() and all() are empty.
    [[nodiscard]] virtual bool can_be_read() const { return true; }
    // The checkpoint of the most entries; nullopt: there is none.
    [[nodiscard]] virtual Result<std::optional<Anchor>> newest() = 0;
    [[nodiscard]] virtual Result<HeldOutside> all() = 0;
    // Signature lines that the place gave for the head that was put last; they are added to `checkpoint`.
    [[nodiscard]] virtual std::string cosignature() const { return {}; }
    // Whose signature that is: of an anchor that keeps no heads, and signs them.
    [[nodiscard]] virtual std::optional<schema::VerifierKey> witness() const { return std::nullopt; }
    // From any thread: what is waiting for that place gives up soon, and so does whatever is begun later.
    virtual void cancel() {}
    // From any thread: when all() got on last, so that what takes long is told from what hangs.
    using Clock = std::chrono::steady_clock;
    [[nodiscard]] Clock::time_point got_on() const { return got_on_; }

  protected:
    void gets_on() { got_on_ = Clock::now(); }

  private:
    const std::string name_;
    std::atomic<Clock::time_point> got_on_ = Clock::time_point{};
};

}  // namespace rollcall::audit
