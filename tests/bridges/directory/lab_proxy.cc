#include "tests/bridges/directory/lab_proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "tests/bridges/directory/lab_admin.h"

namespace rollcall::directory {
namespace {

bool pass_on(int from, int to) {
    std::array<char, 65536> buffer;
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    if (got == 0) return false;
    for (ssize_t sent = 0; sent < got;) {
        const ssize_t part =
            ::send(to, buffer.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
        if (part > 0) {
            sent += part;
        } else if (errno == EAGAIN) {
            pollfd ready{to, POLLOUT, 0};
            ::poll(&ready, 1, 100);
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

LabProxy::LabProxy() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, Lab::get().address.c_str(), &address.sin_addr);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.fd(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.fd(), 16), 0);
    EXPECT_EQ(::getsockname(listener_.fd(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

LabProxy::~LabProxy() = default;

std::string LabProxy::url() const {
    return "ldaps://" + Lab::get().address + ":" + std::to_string(port_);
}

void LabProxy::refuse() {
    refusing_ = true;
    drop_ = true;
}

void LabProxy::accept_one() {
    Socket client(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client.fd() < 0 || refusing_) return;
    ++accepted_;
    auto server = dial(Lab::get().address, 636, std::chrono::seconds{2}, cutoff_);
    if (server) pairs_.push_back({std::move(client), std::move(*server)});
}

bool LabProxy::relay(const Pair& pair, bool client_ready, bool server_ready) const {
    return (!client_ready || pass_on(pair.client.fd(), pair.server.fd())) &&
           (!server_ready || pass_on(pair.server.fd(), pair.client.fd()));
}

void LabProxy::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (drop_.exchange(false)) pairs_.clear();
        holding_ = stalled_ && std::any_of(pairs_.begin(), pairs_.end(), [](const Pair& pair) {
                       pollfd said{pair.client.fd(), POLLIN, 0};
                       return ::poll(&said, 1, 0) > 0;
                   });
        std::vector<pollfd> ready{{listener_.fd(), POLLIN, 0}};
        if (!stalled_)
            for (const Pair& pair : pairs_) {
                ready.push_back({pair.client.fd(), POLLIN, 0});
                ready.push_back({pair.server.fd(), POLLIN, 0});
            }
        if (::poll(ready.data(), ready.size(), 5) <= 0) continue;
        std::vector<Pair> kept;
        for (std::size_t i = 0; i < pairs_.size(); ++i) {
            const bool polled = 2 * i + 2 < ready.size();
            if (!polled || relay(pairs_[i], ready[2 * i + 1].revents != 0, ready[2 * i + 2].revents != 0))
                kept.push_back(std::move(pairs_[i]));
        }
        pairs_ = std::move(kept);
        if (ready[0].revents != 0) accept_one();
    }
}

}  // namespace rollcall::directory
