// Engine: start, the turn and its commit, and what commands ask of it. The rest is in take, dispatch, results
// and settle.
#include "daemon/engine/engine.h"

#include <fmt/format.h>
#include <algorithm>
#include <random>
#include <utility>

#include "daemon/engine/waits.h"
#include "daemon/failpoint.h"
#include "policy/compile.h"
#include "policy/explain.h"
#include "schema/trail_leaf.h"

namespace rollcall::engine {

using schema::TrailEntry;
using schema::TrailKind;

namespace {
constexpr std::size_t kSlice = 2'000;  // people decided in one turn: a few milliseconds
constexpr Duration kDiskRetry = std::chrono::seconds{1};
constexpr Duration kLookAtDates = std::chrono::minutes{1};
constexpr Duration kSameMoment = std::chrono::seconds{1};
constexpr Duration kAskedAgain = std::chrono::seconds{1};  // a command that waits for something
}  // namespace

Engine::Engine(store::Store& store, Homeserver& homeserver, DirectoryPort& directory, Log& log,
               Settings settings)
    : store_(store),
      homeserver_(homeserver),
      directory_(directory),
      log_(log),
      settings_(std::move(settings)),
      trail_(store, settings_.random ? settings_.random : audit::system_random()) {
    world_.bot = settings_.bot;
    world_.server_name = settings_.server_name;
    if (settings_.abilities.mask) mask_ = Mask::not_seen;
    hears_ = !settings_.one_shot;
}

Status Engine::start(Moment now, const std::function<Result<std::shared_ptr<const policy::Program>>(
                                     const store::StoredPolicy&, policy::World&)>& compile) {
    if (Status loaded = store_.load(world_); !loaded) return loaded;
    const auto marks = store_.marks();
    const auto intents = store_.intents();
    const auto last = store_.last_intent();
    auto stored = store_.policy();
    if (!marks) return pass(marks);
    if (!intents) return pass(intents);
    if (!last) return pass(last);
    if (!stored) return pass(stored);
    for (const store::StoredMark& row : *marks)
        if (row.kind == "alive") load_alive(*row.value);
    begin_clock(now);
    load_marks(*marks);
    world_.in_question.set_can_ask(settings_.abilities.mask);
    if (settings_.abilities.mask) set_had_mask(true);
    if (folder_.empty()) {
        folder_ = fmt::format("{:08x}", std::random_device{}());
        mark("folder", "id", folder_);
    }
    run_ = fmt::format("{:08x}", std::random_device{}());
    next_intent_ = *last + 1;
    if (Status begun = trail_.start(); !begun) return begun;
    if (!baseline_made_) baseline_.begin(world_, trail_.size());
    for (const store::StoredIntent& row : *intents)
        if (std::optional<Intent> intent = Intent::from_text(row.id, row.text))
            recall_before(*intent), to_settle_.push_back(std::move(*intent));
    policy_ = std::move(*stored);
    if (policy_) {
        auto program = compile(*policy_, world_);
        if (!program) return pass(program);
        bind(std::move(*program));
    }
    for (std::size_t i = 0; i < world_.rooms.size(); ++i)
        if (world_.rooms[i].phase == policy::RoomPhase::filling)
            filling_.emplace(i, Filling{now.tick, now.tick}),
                closing_.emplace(i);  // before anybody else joins
    TrailEntry entry;
    entry.kind = TrailKind::start;
    entry.result = gap_text();
    if (!to_settle_.empty())
        entry.result += fmt::format("{}{} requests were in flight and are being settled",
                                    entry.result.empty() ? "" : "; ", to_settle_.size());
    begin_basis(std::move(entry));
    next_accounts_ = now.tick + settings_.look_for_accounts_every;
    if (Status recalled = recall_activity(); !recalled) return recalled;
    verify_rooms();
    look_for_accounts_at_start();
    look_for_made_up_accounts();
    more_ = true;
    return {};
}

Status Engine::stop(std::string_view why, Moment now) {
    if (settings_.reads_only) return {};
    clock_.pass(now);
    TrailEntry entry;
    entry.kind = TrailKind::stop;
    entry.result = in_flight_.empty() ? std::string(why)
                                      : fmt::format("{}; {} requests are in flight", why, in_flight_.size());
    record(std::move(entry));
    alive_at_.reset();
    keep_alive();
    calls_.clear();
    return commit();
}

void Engine::bind(std::shared_ptr<const policy::Program> program) {
    program_ = std::move(program);
    rename_rooms(*program_, policy::room_renames(world_, *program_));
    for (const policy::CompiledRoom& room : program_->rooms) {
        forget_former_key(room.key);
        const RoomId id = world_.room(room.key);
        if (!std::exchange(world_.rooms[id.index()].released, false)) continue;
        world_.rooms[id.index()].just_managed = true;
        TrailEntry entry;
        entry.kind = TrailKind::result;
        entry.action = "manage again";
        entry.room_key = world_.rooms[id.index()].key;
        entry.room = world_.rooms[id.index()].id;
        entry.result = "the policy names this room again";
        record(std::move(entry));
        world_.mark_room(id);
        if (world_.rooms[id.index()].id.empty()) continue;
        read_room(id);  // nobody has looked there since
        tell_of_again(id);
    }
    auto decider = std::make_unique<policy::Decider>(world_, program_);
    if (decider_)
        for (const Guid& guid : policy::keep_departures(world_, *decider_, *decider))
            keep_departed_unknown(guid);
    decider_ = std::move(decider);
    policy::leave_unnamed_rooms(world_, *decider_);
    next_awaited_ = Tick{};
    world_.dirty = {};
    backlog_.reset(*decider_, settings_.abilities);
    // Whoever departed while nobody looked is noticed now.
    for (std::size_t i = 0; i < world_.people.size(); ++i) world_.dirty.people.emplace(i);
    whole_pass_ = true;
    forget_released_reviews();
    try_admin_room_again();
    directory_.want(program_->attributes, program_->canaries);
    learn_date();
}

// ---------------------------------------------------------------- the turn

// While the disk is full. False: it waits.
bool Engine::answer_blocked(Command& command) {
    if (!command.reads_only) {
        if (command.disk_full) command.disk_full();
        return command.disk_full != nullptr;
    }
    if (auto reply = command.run(*this)) reply();
    return true;
}

Status Engine::turn(std::vector<Message> messages, Moment now) {
    ++counters_.turns;
    if (blocked_) {  // the turn before is not on disk yet: nothing new until it is
        for (Message& message : messages)
            if (auto* command = std::get_if<Command>(&message);
                command == nullptr || !answer_blocked(*command))
                waiting_.push_back(std::move(message));
        // Whatever waits for something to be read would wait for room on the disk.
        for (Command& command : std::exchange(deferred_, {}))
            if (command.disk_full)
                command.disk_full();
            else
                deferred_.push_back(std::move(command));
        if (now.tick < try_again_) return {};
        try_again_ = now.tick + kDiskRetry;
        if (Status kept = commit(); !kept || blocked_) return kept;
        release();
        messages = std::exchange(waiting_, {});
    }
    const bool only_on = std::exchange(look_on_, false) && !more_ && messages.empty() && deferred_.empty();
    more_ = false;
    pass_time(now);
    if (!only_on) look_anew();
    for (Message& message : messages)
        std::visit(
            [this](auto& m) {
                if constexpr (!std::is_same_v<std::decay_t<decltype(m)>, std::monostate>) take(m);
            },
            message);
    for (Command& command : std::exchange(deferred_, {})) take(command);
    decide();
    keep_baseline();
    keep_retention();
    look_at_reactions();
    ask_the_time();
    look_at_put_backs();
    say_what_is_over();
    say_what_waits();
    dispatch();
    look_at_overdue();
    keep_basis();
    keep_alive();
    try_again_ = now.tick + kDiskRetry;
    if (Status kept = commit(); !kept || blocked_) {
        answer_reads();
        return kept;
    }
    release();
    return {};
}

void Engine::decide() {
    if (!decider_) return;
    if (!world_.dirty.empty() || !backlog_.complete()) look_anew();
    if (world_.dirty.everything) whole_pass_ = true;
    backlog_.take(*decider_, settings_.abilities, world_.dirty);
    const bool complete = backlog_.refresh(*decider_, settings_.abilities, kSlice);
    approve_ordered();
    for (const auto& [user, room] : backlog_.take_welcome()) policy::welcome(world_, user, room);
    if (!complete || !world_.dirty.empty()) more_ = true;
    if (complete) whole_pass_ = false;
    if (whole_pass_) return count_departures();
    departures_counted_ = false;
    if (complete) go_on_with_first_fills();
    if (backlog_.grown() || backlog_.shrunk()) grace_.update(*decider_, backlog_, world_.tick);
    if (count()) keep_holds();
    // What the first read after that brought is held by now.
    if (complete && world_.frozen.empty() && !world_.doubt.any()) set_canary_given_up(false);
    trim_ledger();
    if (complete) drop_unwanted();
    if (complete && in_flight_.empty()) recheck();
}

// While everybody is decided anew the guards have not seen the plan, but departures were derived at once, all
// of them: their own guard can count, and whoever has left does not wait for a pass over those who stay.
void Engine::count_departures() {
    if (departures_counted_ && !backlog_.departures_grown()) return;
    departures_counted_ = true;
    memory_.under_way = busy_;
    departures_guard_.evaluate(*decider_, backlog_, memory_);
    backlog_.departures_counted();
}

// What is only worked off cannot become more than was counted, and counting costs a second where ten million
// actions wait. Who comes and goes by themselves changes what a part of a room is.
bool Engine::count() {
    const bool held = !guards_.held().empty();
    const bool shares = held || backlog_.users_in(policy::Lane::removal).size() > 0;
    const bool again = backlog_.grown() || (backlog_.shrunk() && held) ||
                       std::exchange(answers_changed_, false) || world_.frozen != counted_frozen_ ||
                       (memberships_changed_ && shares);
    memberships_changed_ = false;
    if (!again) return false;
    memory_.under_way = busy_;
    guards_.evaluate(*decider_, backlog_, memory_);
    backlog_.counted();
    counted_frozen_ = world_.frozen;
    return true;
}

// In idle moments after a complete directory read everybody is decided again. A difference means that a fact
// did not mark somebody whom it concerned: a fault of this program, so nobody is removed from those rooms
// until somebody has looked.
void Engine::recheck() {
    const std::size_t end = std::min(world_.users.size(), recheck_ + kSlice / 4);
    for (; recheck_ < end; ++recheck_) {
        const UserId user(recheck_);
        if (!backlog_.differs(*decider_, settings_.abilities, user)) continue;
        ++counters_.mismatches;
        for (const policy::Membership& held : world_.memberships.row(recheck_))
            suspect_rooms_.insert(world_.rooms[held.room.index()].key);
        log_.error(
            "RC-MISMATCH",
            "a decision was out of date; removals in this person's rooms wait for a restart or an apply",
            {{"user", world_.users.text(user)}});
        backlog_.derive(*decider_, settings_.abilities, user);
    }
    if (recheck_ < world_.users.size()) more_ = true;
}

void Engine::look_at_overdue() {
    std::vector<std::uint64_t> requests;
    for (const auto& [id, intent] : in_flight_) requests.push_back(id);
    for (const auto& [id, reading] : reading_) requests.push_back(id);
    for (const auto& [id, kind] : asked_) requests.push_back(id);
    overdue_.look(world_.tick, requests, backlog_.users_in(policy::Lane::departure));
}

Tick Engine::wake() const {
    if (blocked_) return try_again_;
    if (more_ || look_on_) return Tick::min();
    Tick next = kNoTick;
    // A moment that has passed was looked at since: what it let happen is under way, or waits for something
    // else.
    const auto consider = [&](Tick tick) {
        if (tick > looked_from_) next = std::min(next, tick);
    };
    // What waits for a date: the clock that shows it may be set meanwhile, so it is looked at again soon.
    const auto consider_date = [&](Time date) {
        if (date > world_.now) consider(world_.tick + std::min(date - world_.now, kLookAtDates));
    };
    if (!deferred_.empty()) consider(world_.tick + kAskedAgain);
    consider(next_verify_);
    if (!settings_.one_shot) consider(grace_.next(looked_from_));
    consider(next_accounts_);
    consider(next_awaited_);
    consider_date(policy::next_moment(world_, decider_.get()));
    for (const auto& [key, retry] : retries_) consider(retry.not_before);
    consider(put_backs_.next(looked_from_));
    for (const Intent& intent : to_settle_) consider(intent.look_at);
    for (const auto& [id, accepted] : accepted_)
        if (!accepted.by_room) consider(accepted.look_at);
    consider(reach_.next());
    consider(reach_.slow_until());
    if (hears_) consider(way_back_.next());
    consider(next_mask_);
    consider(next_sign_in_);
    if (settings_.retention) consider_date(retain_at_);
    if (alive_at_) consider(*alive_at_ + kAliveEvery);
    if (clock_.state() != TrustedTime::State::confirmed && !clock_.heard()) consider(ask_the_time_at_);
    if (!reacted_.empty()) consider(look_at_reactions_);
    for (const auto& [room, filling] : filling_) {
        consider(filling.since + policy::kFillAtMost);
        consider(filling.last_join + policy::kFillStalled);
    }
    for (const auto& [room, stray] : strays_) consider(stray.not_before);
    if (const auto again = read_again_.next()) consider(*again);
    if (const auto look = after_closing_.next()) consider(*look);
    if (const auto again = departed_again_.again()) consider(*again);
    for (const auto& [room, lost] : lost_) consider(lost.look);
    return next;
}

bool Engine::quiet() const {
    return !more_ && !look_on_ && in_flight_.empty() && reading_.empty() && rooms_to_read_.empty() &&
           members_to_read_.empty() && to_settle_.empty() && accepted_.empty() && backlog_.complete();
}

Status Engine::collect() {
    turn_.world = &world_;
    for (const PersonId id : world_.touched.people) turn_.touched.people.insert(id);
    for (const GroupId id : world_.touched.groups) turn_.touched.groups.insert(id);
    for (const ContainerId id : world_.touched.containers) turn_.touched.containers.insert(id);
    for (const RoomId id : world_.touched.rooms) turn_.touched.rooms.insert(id);
    turn_.touched.renamed.merge(world_.touched.renamed);  // what is there already is what the store has
    for (auto& [id, parts] : world_.touched.room_parts) {
        policy::TouchedParts& into = turn_.touched.room_parts[id];
        into.all |= parts.all;
        into.slots.merge(parts.slots);
        into.children.merge(parts.children);
    }
    for (const UserId id : world_.touched.users) turn_.touched.users.insert(id);
    turn_.touched.doubt |= world_.touched.doubt;
    for (const std::uint64_t pair : world_.touched.memberships) turn_.touched.memberships.insert(pair);
    world_.touched = {};
    if (Status taken = trail_.take_into(turn_); !taken) return taken;
    if (!turn_.trail.empty()) {  // not worth a commit of its own
        turn_.trail_covered = log_state_.signed_size;
        keep_heads();
    }
    return {};
}

Status Engine::commit() {
    if (Status collected = collect(); !collected) {
        log_.error("RC-STORE-FATAL", collected.error().text());
        return collected;
    }
    const bool announces = !turn_.intents.empty();
    if (announces) failpoint("before_commit");
    const Status kept = settings_.reads_only ? Status{} : store_.commit(turn_);
    if (kept) {
        if (announces) failpoint("after_commit");
        if (blocked_) log_.info("RC-DISK-BACK", "the store can be written again");
        blocked_ = false;
        ++counters_.commits;
        trail_.committed();
        const bool entries = !turn_.trail.empty();
        turn_ = {};
        if (entries && settings_.entries_committed) settings_.entries_committed();
        return {};
    }
    if (store_.fatal()) {
        log_.error("RC-STORE-FATAL", kept.error().text());
        return kept;
    }
    if (!blocked_) log_.error("RC-DISK-FULL", kept.error().text());
    blocked_ = true;
    return {};
}

void Engine::answer_reads() {
    for (auto& reply : std::exchange(read_replies_, {})) reply();
}

void Engine::release() {
    answer_reads();
    for (auto& answer : std::exchange(answers_, {})) answer(true);
    for (auto& reply : std::exchange(replies_, {})) reply();
    // What only asks whether the ways are there does nothing.
    dispatched_ = std::any_of(calls_.begin(), calls_.end(),
                              [this](const auto& call) { return !asked_.contains(call.first); });
    for (auto& [id, call] : std::exchange(calls_, {})) {
        ++counters_.requests;
        homeserver_.send(id, std::move(call));
    }
    if (std::any_of(in_flight_.begin(), in_flight_.end(),
                    [](const auto& entry) { return !entry.second.settling; }))
        failpoint("after_release");
}

void Engine::learn(const policy::Fact& fact) {
    const bool time_only = std::holds_alternative<policy::TimePassed>(fact);
    effects(policy::step(world_, decider_.get(), fact));
    if (!time_only)
        turn_.cursor_changed |= std::holds_alternative<policy::DirectorySnapshot>(fact) ||
                                std::holds_alternative<policy::DirectoryChanges>(fact) ||
                                std::holds_alternative<policy::DirectoryRefused>(fact);
    memberships_changed_ |= !world_.touched.memberships.empty();
}

namespace {

// Whom a text about a failed canary names, between quotes that tell names apart that begin alike. A canary is
// a person: what leads to them lies under their key.
Guid named_canary(const policy::Program& program, const std::string& text) {
    for (const policy::Canary& canary : program.canaries)
        if (text.find(fmt::format("canary '{}'", canary.name)) != std::string::npos) return canary.guid;
    return {};
}

}  // namespace

void Engine::record(TrailEntry entry) {
    if (settings_.reads_only) return;
    if (program_ && !entry.caller && !schema::has_subject(entry))
        entry.person = named_canary(*program_, entry.result);
    come_before(entry);
    if (entry.time == Time{}) entry.time = date();
    if (std::chrono::abs(entry.time - clock_.wall()) > kSameMoment) entry.written = clock_.wall();
    if (entry.policy.empty() && program_) entry.policy = program_->version;
    trail_.add(entry);
}

}  // namespace rollcall::engine
