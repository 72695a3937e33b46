// Callers: whose connections the control socket has, and which of them must go.
//
//     of one uid  at most so many; the next one puts out that uid's oldest idle connection
//     of all      at most so many, root's and the daemon's own user's apart, who have room of their own: then
//     the
//                 oldest idle one goes of the uid that has the most
//
// A connection that waits for an answer is never put out. So whoever may use the socket and leaves
// connections open, or asks much at once, is in nobody's way but their own. Not safe for threads: the socket
// has a lock.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <functional>
#include <list>
#include <utility>

namespace rollcall::control {

class Callers {
  public:
    struct Limits {
        std::size_t of_one = 8;
        std::size_t of_all = 48;
    };
    struct Caller {
        uid_t uid = 0;
        int fd = -1;
        bool busy = false;     // a request of theirs is worked at
        bool leaving = false;  // put out
        bool large = false;    // sends, or has sent, a large request: one of each uid at a time
    };
    enum class Entry { let_in, enough_of_one, enough_of_all };

    // `put_out` ends a connection, so that its thread leaves.
    Callers(uid_t own, Limits limits, std::function<void(int fd)> put_out)
        : own_(own), limits_(limits), put_out_(std::move(put_out)) {}

    // Is there room for one more, now or by putting out?
    [[nodiscard]] Entry make_room(uid_t uid);
    [[nodiscard]] Caller* enter(uid_t uid, int fd);
    void leave(Caller* caller);
    // May this one send a large request?
    [[nodiscard]] bool may_be_large(Caller& caller) const;

  private:
    [[nodiscard]] bool privileged(uid_t uid) const { return uid == 0 || uid == own_; }
    [[nodiscard]] std::size_t count(uid_t uid) const;
    [[nodiscard]] bool put_out_idle(uid_t uid);

    const uid_t own_;
    const Limits limits_;
    const std::function<void(int fd)> put_out_;
    std::list<Caller> callers_;  // oldest first
};

}  // namespace rollcall::control
