// Connections: who is connected to a server, and who must go so that others get in.
//
//     stranger  nobody knows who it is: no request of theirs was admitted. Only so many at once; when there
//     are
//               more, the oldest goes of the peers that have the most (by address; in IPv6 by its first 64
//               bits; all of this machine's own loopback addresses are one)
//     known     a request of theirs was admitted: never put out for the sake of others
//
// A stranger's first request must have its whole head in time, however steadily it trickles; afterwards it
// may be idle between requests for as long as anybody. So whoever opens connections uses up nobody's but
// their own.
//
// Connections come, go and become known on the server's thread; one of its own puts out those who are late.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "policy/base/time.h"

struct sockaddr;

namespace rollcall::http {

class Connections {
  public:
    using Clock = std::chrono::steady_clock;
    using Now = std::function<Clock::time_point()>;
    struct Limits {
        std::size_t strangers = 0;
        Duration head_timeout{}, idle_timeout{};
        Now now = &Clock::now;
    };
    struct Connection;

    explicit Connections(Limits limits);
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    // The server closes `fd` only after closed().
    [[nodiscard]] Connection* opened(int fd, const sockaddr* from);
    void closed(Connection* connection);
    // A whole head is there: its request is worked at until idle().
    void busy(Connection* connection, bool admitted);
    void idle(Connection* connection);
    // Puts out who is late by now. It is looked at by itself too, as long as `now` goes on by itself.
    void look();

  private:
    void put_out(Connection& connection);  // with mutex_ held, like what follows
    void make_way();
    void forget_stranger(Connection& connection);
    [[nodiscard]] Clock::time_point put_out_late(Clock::time_point now);
    void watch();

    const Limits limits_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::list<Connection> all_;                 // oldest first
    std::map<std::string, std::size_t> peers_;  // strangers, by peer
    std::size_t strangers_ = 0;
    bool over_ = false;
    std::thread watcher_;
};

struct Connections::Connection {
    int fd = -1;
    std::string peer;
    Clock::time_point since;  // opened, or idle since
    bool stranger = true;
    bool asked = false;  // had a whole head before
    bool busy = false;
};

// By which connections are counted; "" for an address of another kind.
[[nodiscard]] std::string peer_of(const sockaddr* from);

}  // namespace rollcall::http
