// Metrics for Prometheus (text format 0.0.4) on GET /metrics, computed on the engine's thread from what it
// holds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bridges/http/server.h"
#include "daemon/engine/message.h"

namespace rollcall {

[[nodiscard]] Result<std::unique_ptr<http::Server>> serve_metrics(const std::string& host, std::uint16_t port,
                                                                  engine::Mailbox& mailbox);
[[nodiscard]] std::string metrics_text(engine::Engine& engine);

}  // namespace rollcall
