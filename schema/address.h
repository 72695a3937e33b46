// Addresses as people write them into configuration: host and port, and the URLs of servers. Pure; any
// thread. Source: RFC 3986, of which only scheme, host, port and path are allowed here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::schema {

struct HostPort {
    std::string host;  // a name, an IPv4 or a bracketed IPv6 address
    std::uint16_t port = 0;
    bool operator==(const HostPort&) const = default;
    [[nodiscard]] std::string text() const;
};

// "127.0.0.1:9009", "[::1]:9009", "localhost:0".
[[nodiscard]] std::optional<HostPort> read_host_port(std::string_view text);

struct Url {
    std::string scheme;
    std::string host;
    std::uint16_t port = 0;  // 0 where none is written
    std::string path;        // without a slash at its end
    [[nodiscard]] std::string text() const;
};

// nullopt for anything with a user, a query or a fragment: secrets do not belong into URLs.
[[nodiscard]] std::optional<Url> read_url(std::string_view text);

inline constexpr std::uint16_t kSyslogTlsPort = 6514;  // RFC 5425, 4.1

// tls://host:port, the port 6514 unless given; tcp://host:port. nullopt for anything else, a path too. What
// goes to tcp:// goes in clear: see is_loopback().
[[nodiscard]] std::optional<Url> read_syslog_url(std::string_view text);

// 127.0.0.0/8, ::1 and localhost: what goes there does not leave the machine.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace rollcall::schema
