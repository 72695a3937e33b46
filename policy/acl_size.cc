#include "policy/acl_size.h"

#include <fmt/format.h>

namespace rollcall::policy {
namespace {
// An event has at most 65,535 bytes (Matrix client-server API, "Size limits"), with what else is in it.
constexpr std::size_t kMostContent = 60'000;
}  // namespace

bool fits_one_event(const std::vector<std::string>& servers) {
    std::size_t bytes = 0;
    for (const std::string& server : servers) bytes += server.size() + 3;  // quotes and a comma
    return bytes <= kMostContent;
}

std::optional<Diagnostic> acl_too_large(const Position& at, const std::string& room,
                                        const std::vector<std::string>& servers) {
    if (fits_one_event(servers)) return std::nullopt;
    return Diagnostic{at,
                      fmt::format("{} lets in {} servers: its server ACL is too large for one event, and the "
                                  "homeserver will refuse it",
                                  room, servers.size()),
                      "approve people of fewer servers there, or divide them among several rooms",
                      Severity::warning};
}

}  // namespace rollcall::policy
