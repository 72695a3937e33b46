// AnchorSyslog: a collector of syslog messages, which gets every signed head as one message (RFC 5424, the
// message ID is "checkpoint"), on a connection of its own:
//
//     {"checkpoint":"corp.example.com/rollcall\n4213\n…","entries":4213,"kind":"checkpoint","time":"…"}
//
// It cannot be read back: whoever looks for a head there gives it to `audit verify --from`. A head counts as
// left there when the other machine's kernel has acknowledged it; nobody says more in syslog. Errors: those
// of syslog::Sender.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "bridges/syslog/sender.h"
#include "daemon/audit/anchor_port.h"

namespace rollcall::anchors {

class AnchorSyslog : public audit::AnchorPort {
  public:
    // `host`: whose log it is.
    AnchorSyslog(std::string name, syslog::Target to, std::string host)
        : AnchorPort(std::move(name)), to_(std::move(to)), host_(std::move(host)) {}

    [[nodiscard]] Status put(std::uint64_t size, const std::string& note) override;
    [[nodiscard]] bool can_be_read() const override { return false; }
    [[nodiscard]] Result<std::optional<audit::Anchor>> newest() override {
        return std::optional<audit::Anchor>{};
    }
    [[nodiscard]] Result<audit::HeldOutside> all() override { return audit::HeldOutside{}; }
    void cancel() override { cancelled_ = true; }

  private:
    const syslog::Target to_;
    const std::string host_;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace rollcall::anchors
