#include "bridges/syslog/sender.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "bridges/http/curl.h"
#include "schema/address.h"

namespace rollcall::syslog {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kGlance = std::chrono::milliseconds{100};  // between two looks at `stopping`
constexpr int kFarewell = 1'000;                          // ms: for the rest of an end in order

struct Place {
    std::string curl_url;  // libcurl makes the connection; no HTTP is ever spoken
    std::string name;      // host and port, for people
};

Result<Place> place_of(const std::string& text) {
    const auto url = schema::read_syslog_url(text);
    if (!url)
        return fail(ErrorKind::invalid_input, "this is no address of a syslog collector",
                    "write tls://siem.corp.example.com:6514");
    if (url->scheme == "tcp" && !schema::is_loopback(url->host))
        return fail(ErrorKind::invalid_input, url->host + " would be sent everything in clear",
                    "write tls://; tcp:// is for this machine alone");
    const std::string name = fmt::format("{}:{}", url->host, url->port);
    return Place{fmt::format("{}://{}/", url->scheme == "tls" ? "https" : "http", name), name};
}

tl::unexpected<Error> connect_error(CURLcode code, long os_error, const std::string& name,
                                    const std::string& text) {
    switch (code) {
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_ISSUER_ERROR:
            return fail(ErrorKind::denied,
                        fmt::format("the certificate of {} is not trusted: {}", name, text),
                        "ca_file must hold the authority that signed it, and the certificate the name in the "
                        "address");
        case CURLE_SSL_CACERT_BADFILE:
            return fail(ErrorKind::denied, "ca_file cannot be read: " + text,
                        "it must hold certificates in PEM, readable for the daemon's user");
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CIPHER:
            return fail(ErrorKind::unavailable, fmt::format("no TLS with {}: {}", name, text),
                        "the collector must speak TLS 1.2 or newer on that port, and ask for no certificate");
        case CURLE_OPERATION_TIMEDOUT:
            return fail(ErrorKind::limit, fmt::format("{} does not answer: {}", name, text),
                        "check the address, and what lies between");
        case CURLE_ABORTED_BY_CALLBACK:
            return fail(ErrorKind::unavailable, "ending");
        default:
            return fail(ErrorKind::unavailable,
                        fmt::format("{} cannot be reached: {}", name,
                                    os_error != 0 ? std::strerror(static_cast<int>(os_error)) : text),
                        "check that the collector runs, and the address");
    }
}

}  // namespace

std::string frame(std::string_view message) {
    return fmt::format("{} {}", message.size(), message);
}

// What libcurl holds, and what is known of it.
class Sender::Wire {
  public:
    Wire(const Target& target, std::string name, Stopping stopping)
        : name_(std::move(name)), write_timeout_(target.write_timeout), stopping_(std::move(stopping)) {}

    Status connect(const Target& target, const std::string& url) {
        handle_.reset(curl_easy_init());
        if (!handle_) return fail(ErrorKind::limit, "out of memory");
        set(target, url);
        const CURLcode code = curl_easy_perform(handle_.get());
        long os_error = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &os_error);
        if (code != CURLE_OK)
            return connect_error(code, os_error, name_,
                                 error_[0] != '\0' ? error_.data() : curl_easy_strerror(code));
        curl_socket_t socket = CURL_SOCKET_BAD;
        curl_easy_getinfo(handle_.get(), CURLINFO_ACTIVESOCKET, &socket);
        if (socket == CURL_SOCKET_BAD) return lost("closed the connection");
        fd_ = socket;
        // A machine that went away without a word is noticed by what it does not acknowledge.
        const auto patience = static_cast<unsigned>(write_timeout_.count());
        static_cast<void>(setsockopt(fd_, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience));
        return {};
    }

    Status send(std::string_view bytes) {
        const Clock::time_point due = Clock::now() + write_timeout_;
        while (!bytes.empty()) {
            std::size_t sent = 0;
            const CURLcode code = curl_easy_send(handle_.get(), bytes.data(), bytes.size(), &sent);
            if (code == CURLE_OK) {
                bytes.remove_prefix(sent);
            } else if (code != CURLE_AGAIN) {
                state_ = Peer::broken;
                return lost("closed the connection");
            }
            if (bytes.empty() || sent > 0) continue;
            if (Status ready = wait(due, POLLOUT); !ready) return ready;
        }
        return {};
    }

    Status flush() {
        const Clock::time_point due = Clock::now() + write_timeout_;
        while (unacknowledged() > 0) {
            if (peer() == Peer::broken) return lost("closed the connection");
            if (Status ready = wait(due, 0); !ready) return ready;
        }
        return peer() == Peer::broken ? lost("closed the connection") : Status{};
    }

    [[nodiscard]] std::size_t unacknowledged() const {
        int bytes = 0;  // tcp(7): SIOCOUTQ, which is TIOCOUTQ
        return ioctl(fd_, TIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
    }

    // A collector says nothing; what it says all the same is thrown away.
    Peer peer() {
        if (state_ != Peer::open) return state_;
        std::array<char, 1024> said;
        for (int reads = 0; reads < 16; ++reads) {
            std::size_t got = 0;
            const CURLcode code = curl_easy_recv(handle_.get(), said.data(), said.size(), &got);
            // TLS has records of its own (tickets), each of which reads as nothing: the end may be behind
            // one.
            if (code == CURLE_AGAIN && !readable()) break;
            if (code == CURLE_AGAIN || (code == CURLE_OK && got > 0)) continue;
            return state_ = code == CURLE_OK && ended_well() ? Peer::closed_in_order : Peer::broken;
        }
        return state_;
    }

  private:
    void set(const Target& target, const std::string& url) {
        CURL* const curl = handle_.get();
        curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
        curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
        curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, 30L);
        curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, 10L);
        const long connect = std::max<long>(1, static_cast<long>(target.connect_timeout.count()));
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, connect);
        curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // a name that is still looked up holds up nobody
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L);  // it is no HTTP
        if (!target.ca_file.empty()) {
            curl_easy_setopt(curl, CURLOPT_CAINFO, target.ca_file.c_str());
            curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);  // instead of the system's, not besides
        }
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_.data());
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Wire::on_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, static_cast<void*>(this));
    }

    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        const auto& wire = *static_cast<Wire*>(self);
        return wire.stopping_ && wire.stopping_() ? 1 : 0;
    }

    [[nodiscard]] bool readable() const {
        pollfd socket{fd_, POLLIN, 0};
        return poll(&socket, 1, 0) > 0;
    }

    // After the end of what the other end says: whether its socket is closed too, without a reset.
    [[nodiscard]] bool ended_well() const {
        pollfd socket{fd_, POLLIN, 0};
        if (poll(&socket, 1, kFarewell) <= 0 || (socket.revents & (POLLERR | POLLHUP)) != 0) return false;
        char byte = 0;
        if (recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0) return false;
        socket.events = 0;  // only what goes wrong
        return poll(&socket, 1, kFarewell) == 0 && unacknowledged() == 0;
    }

    // Until `events`, or for a glance.
    Status wait(Clock::time_point due, short events) {
        if (stopping_ && stopping_()) return fail(ErrorKind::unavailable, "ending");
        if (Clock::now() >= due)
            return fail(ErrorKind::limit,
                        fmt::format("{} has taken nothing more for {} s", name_,
                                    std::chrono::duration_cast<std::chrono::seconds>(write_timeout_).count()),
                        "see what keeps the collector from reading");
        pollfd wanted{fd_, events, 0};
        static_cast<void>(poll(&wanted, 1, static_cast<int>(events == 0 ? 10 : kGlance.count())));
        return {};
    }

    [[nodiscard]] tl::unexpected<Error> lost(std::string_view what) const {
        return fail(ErrorKind::unavailable, fmt::format("{} {}", name_, what),
                    "see in the collector's log why");
    }

    const std::string name_;
    const Duration write_timeout_;
    const Stopping stopping_;
    std::array<char, CURL_ERROR_SIZE> error_{};
    http::EasyHandle handle_;
    int fd_ = -1;  // the handle's
    Peer state_ = Peer::open;
};

Sender::Sender(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}
Sender::~Sender() = default;

Result<std::unique_ptr<Sender>> Sender::connect(const Target& target, Stopping stopping) {
    const Result<Place> place = place_of(target.url);
    if (!place) return pass(place);
    auto wire = std::make_unique<Wire>(target, place->name, std::move(stopping));
    if (Status connected = wire->connect(target, place->curl_url); !connected) return pass(connected);
    return std::unique_ptr<Sender>(new Sender(std::move(wire)));
}

Status Sender::send(std::string_view frames) {
    return wire_->send(frames);
}

Status Sender::flush() {
    return wire_->flush();
}

std::size_t Sender::unacknowledged() const {
    return wire_->unacknowledged();
}

Sender::Peer Sender::peer() {
    return wire_->peer();
}

}  // namespace rollcall::syslog
