// A daemon for tests of its commands: the real engine, on a company and a homeserver that are simulated, with
// a handler and a mailbox. Commands are run by hand, or by a thread in the engine's stead.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "daemon/control/handler.h"
#include "daemon/control/socket.h"
#include "tests/sim/simulation.h"

namespace rollcall::control {

class Daemon {
  public:
    // A policy is in force and everything that it wants is done. `prepare` changes the company before that.
    explicit Daemon(const std::function<void(sim::Simulation&)>& prepare = {},
                    Handler::OpenTrail open_trail = {}, LoginOf login_of = &unix_login);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    // The answer to one command, in a turn of its own. Not while the thread runs.
    [[nodiscard]] json::Value ask(const std::string& request);
    [[nodiscard]] json::Value ask(const std::string& command, json::Value args);
    // … asked by somebody else than whoever runs this.
    [[nodiscard]] json::Value ask_as(const schema::TrailCaller& caller, const std::string& command,
                                     json::Value args);
    // Takes what is in the mailbox, as the engine's thread does, from now on.
    void work();
    void rest();

    sim::Simulation sim;
    engine::Mailbox mailbox;
    Log log{LogLevel::error, LogFormat::text};

  private:
    [[nodiscard]] static schema::Config settings();
    const schema::Config config_;

  public:
    const Handler handler;

  private:
    std::atomic<bool> working_ = false;
    std::thread thread_;
};

}  // namespace rollcall::control
