#include "daemon/engine/loop.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "daemon/clock.h"

namespace rollcall::engine {
namespace {

void must(int result, const char* what) {
    if (result >= 0) return;
    std::fprintf(stderr, "rollcall: %s failed: %s\n", what, std::strerror(-result));
    std::abort();
}

}  // namespace

Loop::Loop(Engine& engine, Mailbox& mailbox, bool background)
    : engine_(engine), mailbox_(mailbox), background_(background) {
    must(sd_event_new(&event_), "sd_event_new");
    must(sd_event_add_io(event_, &mail_, mailbox_.fd(), EPOLLIN, &Loop::on_mail, this), "sd_event_add_io");
    must(sd_event_add_time(event_, &timer_, CLOCK_MONOTONIC, 0, 1000, &Loop::on_timer, this),
         "sd_event_add_time");
    if (background_) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        pthread_sigmask(SIG_BLOCK, &set, nullptr);
        must(sd_event_add_signal(event_, nullptr, SIGTERM, &Loop::on_signal, this), "sd_event_add_signal");
        must(sd_event_add_signal(event_, nullptr, SIGINT, &Loop::on_signal, this), "sd_event_add_signal");
        must(sd_event_set_watchdog(event_, 1), "sd_event_set_watchdog");
    }
}

Loop::~Loop() {
    sd_event_source_unref(timer_);
    sd_event_source_unref(mail_);
    sd_event_unref(event_);
}

int Loop::on_mail(sd_event_source*, int, std::uint32_t, void* self) {
    static_cast<Loop*>(self)->turn();
    return 0;
}

int Loop::on_signal(sd_event_source*, const signalfd_siginfo*, void* self) {
    static_cast<Loop*>(self)->ended_ = true;
    return 0;
}

int Loop::on_timer(sd_event_source*, std::uint64_t, void* self) {
    static_cast<Loop*>(self)->turn();
    return 0;
}

void Loop::turn() {
    status_ = engine_.turn(mailbox_.take(), clock_now());
    engine_.log().flush();
    if (!status_ || (done_ && done_())) {
        ended_ = true;
        return;
    }
    if (background_ && !ready_told_) {
        ready_told_ = true;
        sd_notify(0, "READY=1");
    }
    arm();
}

void Loop::arm() {
    const Tick next = engine_.wake();
    if (next == kNoTick) {
        must(sd_event_source_set_enabled(timer_, SD_EVENT_OFF), "sd_event_source_set_enabled");
        return;
    }
    const std::int64_t usec =
        next == Tick::min() ? 0 : std::max<std::int64_t>(0, next.time_since_epoch().count() * 1000);
    must(sd_event_source_set_time(timer_, static_cast<std::uint64_t>(usec)), "sd_event_source_set_time");
    must(sd_event_source_set_enabled(timer_, SD_EVENT_ONESHOT), "sd_event_source_set_enabled");
}

Status Loop::run() {
    return run_until(nullptr);
}

Status Loop::run_until(std::function<bool()> done) {
    done_ = std::move(done);
    ended_ = false;  // not sd_event_exit(): a loop that has exited never runs again, and one command may need
                     // two runs
    arm();
    while (!ended_) must(sd_event_run(event_, UINT64_MAX), "sd_event_run");
    if (background_) sd_notify(0, "STOPPING=1");
    return status_;
}

}  // namespace rollcall::engine
