#include "schema/address.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>

#include "schema/matrix_id.h"

namespace rollcall::schema {
namespace {

std::optional<std::uint16_t> read_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    return port;
}

bool is_scheme(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

bool is_path(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c > 0x20 && c < 0x7f && c != '?' && c != '#'; });
}

// Where the port's colon stands, past the brackets of an IPv6 address; npos where there is none.
std::size_t port_colon(std::string_view text) {
    const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
    return bracket == std::string_view::npos ? bracket : text.find(':', bracket);
}

}  // namespace

std::string HostPort::text() const {
    return fmt::format("{}:{}", host, port);
}

std::string Url::text() const {
    return fmt::format("{}://{}{}{}", scheme, host, port == 0 ? std::string() : fmt::format(":{}", port),
                       path);
}

std::optional<HostPort> read_host_port(std::string_view text) {
    const std::size_t colon = port_colon(text);
    if (colon == std::string_view::npos || !is_server_name(text)) return std::nullopt;
    const auto port = read_port(text.substr(colon + 1));
    if (!port) return std::nullopt;
    return HostPort{std::string(text.substr(0, colon)), *port};
}

std::optional<Url> read_url(std::string_view text) {
    const std::size_t mark = text.find("://");
    if (mark == std::string_view::npos || !is_scheme(text.substr(0, mark))) return std::nullopt;
    const std::string_view rest = text.substr(mark + 3);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view authority = rest.substr(0, slash);
    std::string_view path = rest.substr(slash);
    if (!is_server_name(authority) || !is_path(path)) return std::nullopt;
    while (path.ends_with('/')) path.remove_suffix(1);
    Url url{std::string(text.substr(0, mark)), std::string(authority), 0, std::string(path)};
    if (const std::size_t colon = port_colon(authority); colon != std::string_view::npos) {
        const auto port = read_port(authority.substr(colon + 1));
        if (!port || *port == 0) return std::nullopt;
        url.host = authority.substr(0, colon);
        url.port = *port;
    }
    return url;
}

std::optional<Url> read_syslog_url(std::string_view text) {
    auto url = read_url(text);
    if (!url || !url->path.empty()) return std::nullopt;
    if (url->scheme == "tls" && url->port == 0) url->port = kSyslogTlsPort;
    if ((url->scheme != "tls" && url->scheme != "tcp") || url->port == 0) return std::nullopt;
    return url;
}

bool is_loopback(std::string_view host) {
    const bool address =
        std::all_of(host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
    return host == "localhost" || host == "[::1]" || (address && host.starts_with("127."));
}

}  // namespace rollcall::schema
