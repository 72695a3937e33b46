#include "daemon/metrics.h"

#include <fmt/format.h>
#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "daemon/engine/engine.h"

namespace rollcall {
namespace {

class Page {
  public:
    void add(std::string_view name, std::string_view type, std::string_view help, double value,
             std::string_view labels = {}) {
        if (name != last_)
            fmt::format_to(std::back_inserter(text_), "# HELP rollcall_{0} {1}\n# TYPE rollcall_{0} {2}\n",
                           name, help, type);
        last_ = name;
        fmt::format_to(std::back_inserter(text_), "rollcall_{}{} {}\n", name, labels, value);
    }
    [[nodiscard]] std::string text() && { return std::move(text_); }

  private:
    std::string text_;
    std::string last_;
};

double number(std::size_t value) {
    return static_cast<double>(value);
}

// A label's value as the text format wants it: names are the configuration's, and may hold anything.
std::string label(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out;
}

}  // namespace

std::string metrics_text(engine::Engine& engine) {
    const engine::Counters& counters = engine.counters();
    const policy::World& world = engine.world();
    const std::vector<engine::Failure> failures = engine.failures();
    Page page;
    page.add("directory_up", "gauge", "1 while the directory answers",
             engine.directory_status().health == policy::DirectoryHealth::up ? 1 : 0);
    page.add("directory_usn", "gauge", "highest USN taken in", number(world.cursor.usn));
    page.add("directory_frozen", "gauge", "1 while a complete read could not be believed",
             world.frozen.empty() ? 0 : 1);
    page.add("directory_doubted", "gauge",
             "objects of which a controller that may be behind says something else",
             number(world.doubt.objects()));
    page.add("homeserver_up", "gauge", "1 while the homeserver answers", engine.reach().away() ? 0 : 1);
    page.add("events_arrive", "gauge", "1 while events of the homeserver were seen to arrive",
             engine.way_back().state() == engine::WayBack::State::arrives ? 1 : 0);
    if (engine.mask() != engine::Engine::Mask::none)
        page.add("mask_known", "gauge", "1 while the homeserver knows the mask registration",
                 engine.mask() == engine::Engine::Mask::known ? 1 : 0);
    page.add("clock_trusted", "gauge", "1 while this machine's clock is confirmed by another one",
             engine.clock().state() == engine::TrustedTime::State::confirmed ? 1 : 0);
    for (const engine::TrustedTime::Other& other : engine.clock().others())
        page.add("clock_ahead_seconds", "gauge", "how far this machine's clock is ahead of another one",
                 static_cast<double>((engine.clock().wall() - other.says).count()) / 1000,
                 fmt::format("{{of=\"{}\"}}", label(other.whose)));
    page.add("people", "gauge", "accounts known from the directory", number(world.people.size()));
    page.add("rooms", "gauge", "managed rooms", number(world.rooms.size()));
    page.add("backlog_actions", "gauge", "actions still to be done, held ones included",
             number(engine.backlog().user_actions() + engine.backlog().room_actions()));
    page.add("in_flight", "gauge", "requests to the homeserver in flight", number(engine.in_flight()));
    page.add("holds", "gauge", "holds waiting for an answer", number(engine.guards().holds().size()));
    page.add("failures", "gauge", "actions that could not be done and are tried again",
             number(static_cast<std::size_t>(
                 std::count_if(failures.begin(), failures.end(),
                               [](const engine::Failure& failure) { return !failure.invited; }))));
    if (const audit::CollectorState& collector = engine.collector_state(); !collector.to.empty()) {
        const std::uint64_t entries = engine.trail_size();
        page.add("collector_up", "gauge", "1 while the collector takes entries of the trail",
                 collector.trouble.empty() ? 1 : 0);
        page.add("collector_waiting", "gauge", "entries of the trail that are still to be sent to it",
                 number(entries - std::min(entries, collector.sent)));
    }
    page.add("rooms_lost", "gauge", "managed rooms that the bot is not in",
             number(static_cast<std::size_t>(
                 std::count_if(world.rooms.begin(), world.rooms.end(), [](const policy::Room& room) {
                     return !room.released && !room.id.empty() && !room.bot_joined;
                 }))));
    page.add("changed_again", "gauge",
             "settings of rooms, and memberships, that people change by hand again and again",
             number(engine.put_backs().again()));
    page.add("unread", "gauge", "rooms and members whose state the homeserver does not say",
             number(engine.unread().all().size()));
    page.add("paused", "gauge", "0 running, 1 all but departures paused, 2 all paused",
             static_cast<double>(engine.paused()));
    page.add("rooms_unremembered", "gauge",
             "rooms that this state folder made and does not remember; nothing is done there",
             number(engine.unremembered_rooms().size()));
    page.add("disk_full", "gauge", "1 while turns cannot be stored", engine.blocked() ? 1 : 0);
    for (const audit::AnchorState& at : engine.log_state().anchors)
        page.add("anchor_up", "gauge", "1 while the anchor of the audit log takes checkpoints",
                 at.trouble.empty() ? 1 : 0, fmt::format("{{anchor=\"{}\"}}", label(at.name)));
    page.add("mismatches_total", "counter", "decisions found out of date when made again in an idle moment",
             number(counters.mismatches));
    page.add("requests_total", "counter", "requests sent to the homeserver", number(counters.requests));
    page.add("requests_failed_total", "counter", "requests that found no homeserver",
             number(counters.requests_failed));
    page.add("transactions_total", "counter", "transactions taken in", number(counters.transactions));
    page.add("events_total", "counter", "events taken in", number(counters.events));
    page.add("events_unreadable_total", "counter", "events of transactions that cannot be used",
             number(counters.events_unreadable));
    page.add("turns_total", "counter", "turns of the engine", number(counters.turns));
    page.add("commits_total", "counter", "commits of the store", number(counters.commits));
    for (int kind = 0; kind <= static_cast<int>(policy::ActionKind::notify); ++kind)
        if (counters.actions[static_cast<std::size_t>(kind)] > 0)
            page.add("actions_total", "counter", "actions done, by kind",
                     number(counters.actions[static_cast<std::size_t>(kind)]),
                     fmt::format("{{kind=\"{}\"}}", policy::to_text(static_cast<policy::ActionKind>(kind))));
    return std::move(page).text();
}

namespace {

// Whoever asks while the page is being made waits for the same one: however many ask, the engine makes one at
// a time. Shared by the server's thread and the engine's.
class PageForAll : public std::enable_shared_from_this<PageForAll> {
  public:
    explicit PageForAll(engine::Mailbox& mailbox) : mailbox_(mailbox) {}

    void answer(http::Responder responder) {
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(std::move(responder));
            if (std::exchange(asked_, true)) return;
        }
        const auto make = [self = shared_from_this()](engine::Engine& engine) -> std::function<void()> {
            return [self, text = metrics_text(engine)] {
                self->give({200, text, "text/plain; version=0.0.4", {}});
            };
        };
        if (!mailbox_.offer({make, true})) give({503, "busy\n", "text/plain", {}});
    }

  private:
    void give(const http::Reply& reply) {
        std::vector<http::Responder> all;
        {
            const std::lock_guard lock(mutex_);
            all = std::exchange(waiting_, {});
            asked_ = false;
        }
        for (http::Responder& one : all) one.answer(reply);
    }

    engine::Mailbox& mailbox_;
    std::mutex mutex_;
    std::vector<http::Responder> waiting_;  // protected by mutex_
    bool asked_ = false;                    // protected by mutex_
};

}  // namespace

Result<std::unique_ptr<http::Server>> serve_metrics(const std::string& host, std::uint16_t port,
                                                    engine::Mailbox& mailbox) {
    http::ServerOptions options;
    options.host = host;
    options.port = port;
    options.body_cap = 1024;
    options.strangers = 64;
    return http::Server::start(
        std::move(options), [page = std::make_shared<PageForAll>(mailbox)](
                                const http::IncomingRequest& request, http::Responder responder) {
            if (request.path != "/metrics")
                return responder.answer({404, "only /metrics is here\n", "text/plain", {}});
            if (request.method != "GET") return responder.answer({405, "only GET\n", "text/plain", {}});
            page->answer(std::move(responder));
        });
}

}  // namespace rollcall
