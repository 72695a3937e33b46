#include "daemon/anchors/anchor_syslog.h"

#include <chrono>

#include "daemon/audit/export_format.h"
#include "policy/base/time.h"
#include "schema/json.h"

namespace rollcall::anchors {

Status AnchorSyslog::put(std::uint64_t size, const std::string& note) {
    json::Value head;
    head.set("time", to_rfc3339(std::chrono::floor<Duration>(std::chrono::system_clock::now())));
    head.set("kind", "checkpoint");
    head.set("entries", static_cast<std::int64_t>(size));
    head.set("checkpoint", note);
    std::string line = audit::export_line(audit::ExportFormat::syslog, head, host_);
    line.pop_back();  // the line break: a frame says its length
    const auto sender = syslog::Sender::connect(to_, [this] { return cancelled_.load(); });
    if (!sender) return pass(sender);
    if (Status sent = (*sender)->send(syslog::frame(line)); !sent) return sent;
    return (*sender)->flush();
}

}  // namespace rollcall::anchors
