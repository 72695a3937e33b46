// Engine: what date it is, as far as that is known (trusted_time.h): what is said when this machine's clock
// is set, or no second clock agrees with it; what is kept for the next process; and the guards' ledger, whose
// windows no clock may shorten.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"
#include "daemon/engine/waits.h"

namespace rollcall::engine {

using schema::TrailEntry;
using schema::TrailKind;

namespace {
constexpr Duration kWitnessComes = std::chrono::seconds{5};  // by itself, in what is read after a start
constexpr Duration kAskTheTime = std::chrono::minutes{1};
constexpr Duration kWaitIsNews = std::chrono::minutes{1};
}  // namespace

void Engine::load_alive(const std::string& value) {
    const Result<json::Value> kept = json::parse(value);
    if (!kept) return;
    alive_before_ = {from_ms((*kept)["earliest"].integer_or(0)), from_ms((*kept)["shown"].integer_or(0))};
}

void Engine::begin_clock(Moment now) {
    std::optional<Time> alive;
    if (alive_before_) alive = alive_before_->earliest;
    clock_.begin(now, alive);
    started_ = now.tick;
    began_ = now.wall;
    ask_the_time_at_ = now.tick + kWitnessComes;
    world_.now = clock_.earliest();
    world_.latest = clock_.known() ? Time{} : clock_.latest();
    world_.tick = now.tick;
}

void Engine::pass_time(Moment now) {
    clock_.pass(now);
    learn_date();
    say_clock();
}

void Engine::take(policy::ClockReading& message) {
    clock_.hear(std::move(message));
    learn_date();
    say_clock();
}

void Engine::learn_date() {
    if (!doubt_from_ && clock_.state() != TrustedTime::State::confirmed) doubt_from_ = world_.now;
    const Duration step = clock_.earliest() - world_.now - (clock_.now().tick - world_.tick);
    if (step > kSmallStep) keep_up_with(step);
    if (clock_.state() == TrustedTime::State::confirmed) doubt_from_.reset();
    learn(
        policy::TimePassed{clock_.earliest(), clock_.now().tick, clock_.known() ? Time{} : clock_.latest()});
}

// While the date was in doubt it was taken for the earliest that it could be. What was done meanwhile is as
// recent as it was: nobody gets more past a guard because the date became known.
void Engine::keep_up_with(Duration step) {
    if (!doubt_from_) return;
    const Time from = std::exchange(*doubt_from_, *doubt_from_ + step), to = world_.now;
    for (auto& [entry, time] : memory_.ledger)
        if (time >= from && time <= to) keep_ledger(entry, time += step);
    for (auto& [guard, time] : memory_.held_since)
        if (time >= from && time <= to) keep_held_since(guard, time += step);
}

void Engine::clock_entry(bool ok, const std::string& text) {
    TrailEntry entry;
    entry.kind = ok ? TrailKind::result : TrailKind::failure;
    entry.action = "clock";
    entry.result = text;
    record(std::move(entry));
}

void Engine::say_clock() {
    using State = TrustedTime::State;
    if (const auto& set = clock_.last_set(); set && set->at != clock_said_.set_at) {
        clock_said_.set_at = set->at;
        log_.warn("RC-CLOCK-SET", set->text());
        clock_entry(false, set->text());
    }
    // What every start says for a moment is no news.
    const bool waits = clock_.state() == State::unwitnessed;
    if (waits && world_.tick - started_ < kWaitIsNews) return;
    const std::string key = clock_.trouble();
    if (key == clock_said_.trouble) return;
    const bool right = key.empty();
    clock_said_.trouble = key;
    if (key == "set") return;  // has just been said
    if (right) {
        const std::string text = fmt::format("the clocks agree: it is {}", to_rfc3339(date()));
        log_.info("RC-CLOCK-RIGHT", text);
        return clock_entry(true, text);
    }
    log_.warn(waits ? "RC-CLOCK-WAITS" : "RC-CLOCK-DIFFERS", clock_.text());
    clock_entry(false, clock_.text());
}

// Overwritten, not an entry: with what is committed anyway, or for itself now and then.
void Engine::keep_alive() {
    if (settings_.reads_only || (alive_at_ && world_.tick - *alive_at_ < kAliveEvery)) return;
    alive_at_ = world_.tick;
    json::Value value;
    value.set("earliest", to_ms(clock_.earliest()));
    value.set("shown", to_ms(date()));
    mark("alive", "", json::write(value));
    look_at_store();
}

// Nothing tells of it: the file that is open can be written as before.
void Engine::look_at_store() {
    const std::string before = std::exchange(store_trouble_, store_.misplaced());
    if (store_trouble_ == before) return;
    schema::TrailEntry entry;
    entry.kind = store_trouble_.empty() ? TrailKind::result : TrailKind::failure;
    entry.result =
        store_trouble_.empty() ? "the database is the one that the daemon writes again" : store_trouble_;
    record(std::move(entry));
    if (store_trouble_.empty()) return;
    log_.error("RC-STORE-GONE", store_trouble_);
    tell_trouble("store", fmt::format("The database: {}.", store_trouble_));
}

// A homeserver that is not asked anything tells no date.
void Engine::ask_the_time() {
    if (clock_.state() == TrustedTime::State::confirmed || clock_.heard() || world_.tick < ask_the_time_at_)
        return;
    ask_the_time_at_ = world_.tick + kAskTheTime;
    clock_to_ask_ = true;
}

std::string Engine::gap_text() const {
    if (!alive_before_) return "";
    const Time now = clock_.wall();
    if (now < alive_before_->shown)
        return fmt::format("this machine's clock says {}, which is before {}, when Rollcall was running last",
                           to_rfc3339(now), to_rfc3339(alive_before_->shown));
    return fmt::format("was not running from {} to {}", to_rfc3339(alive_before_->shown), to_rfc3339(now));
}

}  // namespace rollcall::engine
