// The control socket: commands in over a unix socket, one JSON object a line, answered with one a line.
//
// Who may use it is a matter of the file's owner, group and mode (0660); who did is read from the kernel: the
// peer's uid, and its login uid, which stays with somebody who has become root. A thread of its own accepts;
// each connection has a thread while it lasts; how many there may be is in callers.h. One without a whole
// request within ten seconds ends. What a command needs of disks and name services is read on its
// connection's thread (Handler::prepare); then it waits in the engine's mailbox, and is told "busy" where
// that is full.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/control/callers.h"
#include "daemon/control/handler.h"
#include "daemon/control/transport.h"

namespace rollcall::control {

// A command that runs the handler on the engine's thread and gives its answer to `reply` once the turn is on
// disk.
[[nodiscard]] engine::Command make_command(const Handler& handler, json::Value request,
                                           schema::TrailCaller caller,
                                           std::function<void(json::Value)> reply);

struct SocketLimits {
    Callers::Limits callers{};
    std::chrono::milliseconds idle{10'000};  // for a whole request, from the connection or the last answer on
};

class ControlSocket {
  public:
    // Errors: conflict where another daemon answers on it, io where the socket or its group cannot be made.
    [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> listen(const std::string& path,
                                                                       const std::string& group,
                                                                       const Handler& handler,
                                                                       engine::Mailbox& mailbox, Log& log,
                                                                       SocketLimits limits = {});
    ~ControlSocket();  // ends every connection
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

  private:
    class Server;
    explicit ControlSocket(std::unique_ptr<Server> server);
    std::unique_ptr<Server> server_;
};

// The caller of this very process, for commands without a daemon.
[[nodiscard]] schema::TrailCaller own_caller();

}  // namespace rollcall::control
