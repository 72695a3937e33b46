// AnchorWitness: a witness of transparency logs, which signs a head only where it continues the last one that
// it signed, and never a smaller one.
//
//     POST <url>/add-checkpoint     old 4100 · consistency proof · empty line · the note
//     200  signature lines          checked, and added to the published `checkpoint`
//     409  4096                     what it has seen last: again from there, or we were rolled back
//
// It cannot be read, so there is nothing to compare but what it says; its word is not signed and stops no
// start, but stands in status. Errors: conflict where it has seen another log, or more of this one; denied
// where it does not know this log or its key, or its own signature does not hold; unavailable otherwise.
//
// Source: C2SP tlog-witness, tlog-cosignature.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "bridges/http/client.h"
#include "daemon/anchors/patience.h"
#include "daemon/audit/anchor_port.h"
#include "schema/signed_note.h"

namespace rollcall::anchors {

class AnchorWitness : public audit::AnchorPort {
  public:
    // `url`: the submission prefix, without a slash at its end. `folder`: of the log.
    AnchorWitness(std::string name, std::string url, schema::VerifierKey key, std::string folder);

    [[nodiscard]] Status put(std::uint64_t size, const std::string& note) override;
    [[nodiscard]] bool can_be_read() const override { return false; }
    [[nodiscard]] Result<std::optional<audit::Anchor>> newest() override {
        return std::optional<audit::Anchor>{};
    }
    [[nodiscard]] Result<audit::HeldOutside> all() override { return audit::HeldOutside{}; }
    [[nodiscard]] std::string cosignature() const override { return cosignature_; }
    [[nodiscard]] std::optional<schema::VerifierKey> witness() const override { return key_; }
    void cancel() override { patience_.cancel(); }

  private:
    using Clock = std::chrono::steady_clock;
    [[nodiscard]] Result<http::Response> offer(std::uint64_t old, std::uint64_t size,
                                               const std::string& note);
    [[nodiscard]] Status take(const std::string& note, const std::string& lines);
    // Where to go on from, of a 409 for a proof from `old`.
    [[nodiscard]] Result<std::uint64_t> seen(const http::Response& answer, std::uint64_t old,
                                             std::uint64_t size) const;
    [[nodiscard]] tl::unexpected<Error> refusal(const http::Response& answer);

    const std::string url_;
    const schema::VerifierKey key_;
    const std::string folder_;
    Patience patience_;
    http::Client http_;
    std::optional<std::uint64_t> seen_;  // size of the head that it signed last
    std::string cosignature_;
    Clock::time_point not_before_;
};

}  // namespace rollcall::anchors
