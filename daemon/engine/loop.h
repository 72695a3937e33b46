// Loop: the engine thread's event loop (sd-event): the mailbox, the engine's next moment, signals, readiness
// and the watchdog. run() returns when a signal ends it.
#pragma once

#include <functional>

#include "daemon/engine/engine.h"

struct sd_event;
struct sd_event_source;
struct signalfd_siginfo;

namespace rollcall::engine {

class Loop {
  public:
    // `background`: a daemon: signals end it, the service manager is told.
    Loop(Engine& engine, Mailbox& mailbox, bool background);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // Turns until a signal. An error is the engine's: the process must end.
    [[nodiscard]] Status run();
    // Turns until `done` says so, asked after every turn.
    [[nodiscard]] Status run_until(std::function<bool()> done);

  private:
    void turn();
    void arm();
    static int on_mail(sd_event_source* source, int fd, std::uint32_t events, void* self);
    static int on_signal(sd_event_source* source, const signalfd_siginfo* info, void* self);
    static int on_timer(sd_event_source* source, std::uint64_t usec, void* self);

    Engine& engine_;
    Mailbox& mailbox_;
    sd_event* event_ = nullptr;
    sd_event_source* mail_ = nullptr;
    sd_event_source* timer_ = nullptr;
    std::function<bool()> done_;
    Status status_;
    bool ended_ = false;
    bool ready_told_ = false;
    const bool background_;
};

}  // namespace rollcall::engine
