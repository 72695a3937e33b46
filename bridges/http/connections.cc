#include "bridges/http/connections.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace rollcall::http {

namespace {
// Whoever is on this machine may have any address of 127.0.0.0/8 (RFC 1122, 3.2.1.3).
std::string of_ipv4(std::string_view address) {
    constexpr char kLoopback = 127;
    return std::string(address.front() == kLoopback ? address.substr(0, 1) : address);
}
}  // namespace

std::string peer_of(const sockaddr* from) {
    constexpr std::size_t kNetwork = 8;  // of IPv6: what is behind it is one customer's, as a rule
    if (from == nullptr) return {};
    if (from->sa_family == AF_INET) {
        sockaddr_in address{};
        std::memcpy(&address, from, sizeof address);
        return of_ipv4({reinterpret_cast<const char*>(&address.sin_addr), sizeof address.sin_addr});
    }
    if (from->sa_family != AF_INET6) return {};
    sockaddr_in6 address{};
    std::memcpy(&address, from, sizeof address);
    const char* const bytes = reinterpret_cast<const char*>(&address.sin6_addr);
    if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr) != 0)
        return of_ipv4({bytes + sizeof address.sin6_addr - sizeof(in_addr), sizeof(in_addr)});
    return {bytes, kNetwork};
}

Connections::Connections(Limits limits) : limits_(std::move(limits)), watcher_([this] { watch(); }) {}

Connections::~Connections() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    changed_.notify_all();
    watcher_.join();
}

Connections::Connection* Connections::opened(int fd, const sockaddr* from) {
    const std::lock_guard lock(mutex_);
    Connection& connection = all_.emplace_back();
    connection.fd = fd;
    connection.peer = peer_of(from);
    connection.since = limits_.now();
    ++peers_[connection.peer];
    ++strangers_;
    make_way();
    changed_.notify_all();
    return &connection;
}

void Connections::closed(Connection* connection) {
    const std::lock_guard lock(mutex_);
    forget_stranger(*connection);
    all_.remove_if([connection](const Connection& one) { return &one == connection; });
}

void Connections::busy(Connection* connection, bool admitted) {
    const std::lock_guard lock(mutex_);
    connection->busy = connection->asked = true;
    if (admitted) forget_stranger(*connection);
}

void Connections::idle(Connection* connection) {
    const std::lock_guard lock(mutex_);
    connection->busy = false;
    connection->since = limits_.now();
    changed_.notify_all();
}

void Connections::make_way() {
    while (strangers_ > limits_.strangers) {
        const auto most = std::max_element(peers_.begin(), peers_.end(), [](const auto& a, const auto& b) {
                              return a.second < b.second;
                          })->second;
        // Of peers that have as many, the oldest of all: not the one that has just come.
        const auto oldest = std::find_if(all_.begin(), all_.end(), [&](const Connection& connection) {
            return connection.stranger && peers_.at(connection.peer) == most;
        });
        put_out(*oldest);
    }
}

// The server sees the end of the stream, and closes.
void Connections::put_out(Connection& connection) {
    shutdown(connection.fd, SHUT_RDWR);
    forget_stranger(connection);
}

void Connections::forget_stranger(Connection& connection) {
    if (!std::exchange(connection.stranger, false)) return;
    --strangers_;
    if (const auto peer = peers_.find(connection.peer); --peer->second == 0) peers_.erase(peer);
}

// When the next one is late.
Connections::Clock::time_point Connections::put_out_late(Clock::time_point now) {
    Clock::time_point next = Clock::time_point::max();
    for (Connection& connection : all_) {
        if (!connection.stranger || connection.busy) continue;
        const auto until =
            connection.since + (connection.asked ? limits_.idle_timeout : limits_.head_timeout);
        if (until <= now)
            put_out(connection);
        else
            next = std::min(next, until);
    }
    return next;
}

void Connections::look() {
    const std::lock_guard lock(mutex_);
    static_cast<void>(put_out_late(limits_.now()));
}

void Connections::watch() {
    std::unique_lock lock(mutex_);
    while (!over_) {
        const Clock::time_point now = limits_.now(), next = put_out_late(now);
        if (next == Clock::time_point::max())
            changed_.wait(lock);
        else
            changed_.wait_for(lock, next - now);
    }
}

}  // namespace rollcall::http
