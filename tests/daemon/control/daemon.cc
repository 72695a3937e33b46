#include "tests/daemon/control/daemon.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace rollcall::control {
namespace {

json::Value request_of(const std::string& command, json::Value args) {
    json::Value request;
    request.set("command", command);
    request.set("args", std::move(args));
    return request;
}

}  // namespace

schema::Config Daemon::settings() {
    schema::Config config;
    config.homeserver.server_name = sim::kServerName;
    config.directories.emplace_back().name = "corp";
    config.policy = "/nonexistent";
    config.auditors = "Auditors";
    return config;
}

Daemon::Daemon(const std::function<void(sim::Simulation&)>& prepare, Handler::OpenTrail open_trail,
               LoginOf login_of)
    : sim(sim::Options{.seed = 7}),
      config_(settings()),
      handler(config_, std::move(open_trail), std::move(login_of)) {
    sim.found_company();
    if (prepare) prepare(sim);
    sim.start();
    sim.apply();
    sim.run_for(std::chrono::minutes{10});
}

Daemon::~Daemon() {
    rest();
}

json::Value Daemon::ask(const std::string& request) {
    json::Value answer;
    auto parsed = json::parse(request);
    EXPECT_TRUE(parsed) << request;
    EXPECT_TRUE(mailbox.offer(make_command(handler, std::move(*parsed), own_caller(),
                                           [&answer](json::Value said) { answer = std::move(said); })));
    EXPECT_TRUE(sim.engine().turn(mailbox.take(), sim.agenda.moment()));
    return answer;
}

json::Value Daemon::ask(const std::string& command, json::Value args) {
    return ask(json::write(request_of(command, std::move(args))));
}

json::Value Daemon::ask_as(const schema::TrailCaller& caller, const std::string& command, json::Value args) {
    Answer answer;
    const json::Value request = request_of(command, std::move(args));
    static_cast<void>(sim.command(
        [&](engine::Engine& engine) { answer = handler.handle(engine, handler.prepare(request, caller)); }));
    return answer.value_or(json::Value{});
}

void Daemon::work() {
    working_ = true;
    thread_ = std::thread([this] {
        while (working_) {
            pollfd mail{mailbox.fd(), POLLIN, 0};
            if (::poll(&mail, 1, 20) <= 0) continue;
            EXPECT_TRUE(sim.engine().turn(mailbox.take(), sim.agenda.moment()));
        }
    });
}

void Daemon::rest() {
    working_ = false;
    if (thread_.joinable()) thread_.join();
}

}  // namespace rollcall::control
