// Engine: what guards stop, what people answer, and the ledger of what was done unasked. All of it is kept in
// marks of the turn's commit, so that a restart finds the same holds, answers and windows.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "policy/held.h"

namespace rollcall::engine {

using policy::ActionKey;
using schema::TrailEntry;
using schema::TrailKind;

namespace {

constexpr std::size_t kMostEntries = 1'000;  // lines of the trail about one hold; its id stands for all of it
constexpr Duration kTrimLedgerEvery = std::chrono::minutes{1};
// Holds that are not current, of one guard: what somebody has on their screen can be answered. So many of
// them at most, and so many actions in them; the last ones stay.
constexpr std::size_t kFormerHolds = 100;
constexpr std::size_t kFormerActions = 200'000;

std::string text_of(const policy::LedgerEntry& entry) {
    json::Value value;
    value.set("guard", static_cast<int>(entry.guard));
    value.set("user", entry.user);
    value.set("room", entry.room);
    return json::write(value);
}

std::string text_of(const std::pair<policy::Guard, std::string>& guard) {
    json::Value value;
    value.set("guard", static_cast<int>(guard.first));
    value.set("room", guard.second);
    return json::write(value);
}

std::string text_of(const policy::HeldBy& by) {
    return text_of(std::pair{by.guard, by.room});
}

std::string text_of(const policy::Hold& hold, std::uint64_t order) {
    json::Value value, actions{json::Array{}};
    for (const ActionKey& key : hold.actions) actions.push(key.text());
    value.set("order", static_cast<std::int64_t>(order));
    value.set("guard", static_cast<int>(hold.guard));
    value.set("room", hold.room);
    value.set("cause", hold.cause);
    value.set("actions", std::move(actions));
    return json::write(value);
}

std::string text_of(const policy::Answer& answer) {
    json::Value value;
    value.set("basis", static_cast<int>(answer.basis));
    value.set("hold", answer.hold);
    value.set("by", answer.by);
    value.set("reason", answer.reason);
    value.set("at", to_ms(answer.at));
    return json::write(value);
}

std::string held_as(const policy::Hold& hold) {
    return fmt::format("hold/{}/{}", policy::to_text(hold.guard), hold.room);
}

bool same_guard(const policy::Hold& a, const policy::Hold& b) {
    return a.guard == b.guard && a.room == b.room;
}

bool holds_action(const policy::Hold& hold, const ActionKey& key) {
    return std::binary_search(hold.actions.begin(), hold.actions.end(), key);
}

// One line an action, so that the trail of a person says what was stopped or answered about them.
void record_actions(Engine& engine, TrailKind kind, const std::vector<ActionKey>& actions,
                    const std::string& result, const schema::TrailCaller* caller) {
    for (std::size_t i = 0; i < std::min(actions.size(), kMostEntries); ++i) {
        TrailEntry entry;
        entry.kind = kind;
        entry.action = to_text(actions[i].kind);
        entry.room_key = actions[i].room;
        entry.user = actions[i].user;
        entry.result = result;
        if (caller != nullptr) entry.caller = *caller;
        engine.record(std::move(entry));
    }
}

}  // namespace

// ---------------------------------------------------------------- what was done unasked

void Engine::ledger(policy::Guard guard, std::string user, std::string room) {
    const policy::LedgerEntry entry{guard, std::move(user), std::move(room)};
    keep_ledger(entry, world_.now);
    memory_.ledger[entry] = world_.now;
}

void Engine::keep_ledger(const policy::LedgerEntry& entry, Time time) {
    mark("ledger", text_of(entry), std::to_string(to_ms(time)));
}

void Engine::keep_held_since(const std::pair<policy::Guard, std::string>& guard, Time time) {
    mark("held_since", text_of(guard), std::to_string(to_ms(time)));
}

void Engine::set_canary_given_up(bool given_up) {
    if (std::exchange(memory_.canary_given_up, given_up) == given_up) return;
    mark("canary_given_up", "", given_up ? std::optional<std::string>("1") : std::nullopt);
}

void Engine::trim_ledger() {
    const Time needed = policy::ledger_needed_from(program_->guards, memory_.held_since, world_.now);
    if (needed < ledger_trimmed_ + kTrimLedgerEvery) return;
    ledger_trimmed_ = needed;
    std::erase_if(memory_.ledger, [&](const auto& row) {
        if (row.second >= needed) return false;
        mark("ledger", text_of(row.first), std::nullopt);
        return true;
    });
}

// ---------------------------------------------------------------- what guards stop

void Engine::keep_holds() {
    policy::HeldSince since = guards_.held_since(memory_.held_since, world_.now);
    for (const auto& [guard, time] : memory_.held_since)
        if (!since.contains(guard)) mark("held_since", text_of(guard), std::nullopt);
    for (const auto& [guard, time] : since)
        if (!memory_.held_since.contains(guard)) keep_held_since(guard, time);
    memory_.held_since = std::move(since);
    keep_held();
    for (const policy::Hold& hold : guards_.holds()) {
        const auto known = holds_.find(hold.id);
        if (known == holds_.end())
            new_hold(hold);
        else if (known->second.order < last_hold_ && !is_newest(known->second))
            known->second.order = ++last_hold_, mark("hold", hold.id, text_of(hold, last_hold_));
    }
    drop_former_holds();
}

// What guards have stopped, action by action.
void Engine::keep_held() {
    for (const auto& [key, by] : memory_.held)
        if (!guards_.held().contains(key)) mark("held", key.text(), std::nullopt);
    for (const auto& [key, by] : guards_.held()) {
        const auto before = memory_.held.find(key);
        if (before == memory_.held.end() || before->second != by) mark("held", key.text(), text_of(by));
    }
    if (memory_.held != guards_.held()) memory_.held = guards_.held();
}

bool Engine::is_newest(const KeptHold& kept) const {
    return std::none_of(holds_.begin(), holds_.end(), [&](const auto& other) {
        return same_guard(other.second.hold, kept.hold) && other.second.order > kept.order;
    });
}

// A grown hold is a new one. The trail gets what is new in it; admins are told again when it has doubled.
void Engine::new_hold(const policy::Hold& hold) {
    std::vector<ActionKey> fresh = hold.actions;
    bool told = false;
    for (const auto& [id, kept] : holds_) {
        const policy::Hold& former = kept.hold;
        if (!same_guard(former, hold)) continue;
        std::erase_if(fresh, [&former](const ActionKey& key) { return holds_action(former, key); });
        told |= hold.actions.size() < 2 * former.actions.size();
    }
    mark("hold", hold.id, text_of(hold, ++last_hold_));
    holds_[hold.id] = {hold, last_hold_};
    log_.warn("RC-HOLD", hold.cause, {{"hold", hold.id}, {"actions", std::to_string(hold.actions.size())}});
    take_back_from_admins("over/" + held_as(hold));
    if (!told)
        tell_admins("hold/" + hold.id,
                    fmt::format("Held back as {}: {}. `rollcall holds` shows it; {}.", hold.id, hold.cause,
                                hold.guard == policy::Guard::canaries
                                    ? "it ends with a complete read that can be believed"
                                    : "`rollcall approve` or `rollcall reject` answers it"));
    TrailEntry entry;
    entry.kind = TrailKind::hold;
    entry.action = fmt::format("hold {}", hold.id);
    entry.room_key = hold.room;
    entry.reason = fmt::format("guards.{}", policy::to_text(hold.guard));
    entry.result = fmt::format("{} ({} actions)", hold.cause, hold.actions.size());
    record(std::move(entry));
    record_actions(*this, TrailKind::hold, fresh, "held as " + hold.id, nullptr);
}

// A hold that is not current is kept while something of it is held: it may be answered by its id. Of one
// guard only the last ones.
void Engine::drop_former_holds() {
    std::set<std::string> current;
    for (const policy::Hold& hold : guards_.holds()) current.insert(hold.id);
    std::vector<const KeptHold*> former;
    for (const auto& [id, kept] : holds_)
        if (!current.contains(id)) former.push_back(&kept);
    std::sort(former.begin(), former.end(),
              [](const KeptHold* a, const KeptHold* b) { return a->order > b->order; });
    std::map<policy::HeldBy, std::pair<std::size_t, std::size_t>> room;  // holds and actions of each guard
    std::vector<std::string> over;
    for (const KeptHold* kept : former) {
        const policy::Hold& hold = kept->hold;
        auto& [holds, actions] = room[{hold.guard, hold.room}];
        const bool waits = std::any_of(hold.actions.begin(), hold.actions.end(),
                                       [this](const ActionKey& key) { return memory_.held.contains(key); });
        ++holds, actions += hold.actions.size();
        if (!waits || holds > kFormerHolds || (holds > 1 && actions > kFormerActions))
            over.push_back(hold.id);
    }
    for (const std::string& id : over) {
        const policy::Hold ended = std::move(holds_.at(id).hold);
        mark("hold", id, std::nullopt);
        holds_.erase(id);
        hold_is_over(ended, "what was held back is not wanted any more, or can be believed now");
    }
}

// The admins were told of it, perhaps as a smaller one.
void Engine::hold_is_over(const policy::Hold& hold, const std::string& how) {
    if (std::any_of(holds_.begin(), holds_.end(),
                    [&](const auto& other) { return same_guard(other.second.hold, hold); }))
        return;
    tell_admins("over/" + held_as(hold), fmt::format("{} waits for no answer any more: {}.", hold.id, how));
}

// ---------------------------------------------------------------- what people answer

std::optional<policy::Basis> Engine::wanted_basis(const ActionKey& key) const {
    return policy::wanted_basis(*decider_, backlog_, key);
}

// Is this still what the guard of that hold stops? Whoever departs meanwhile is another guard's question, and
// an answer to this one says nothing about it.
bool Engine::still_held(policy::Guard held_by, const ActionKey& key) const {
    if (key.user.empty()) return true;
    const auto rooms_own = [](policy::Guard guard) {
        return guard == policy::Guard::room_loses ? policy::Guard::removals : guard;
    };
    const auto held = memory_.held.find(key);
    const UserId user = world_.users.find(key.user);
    for (const policy::UserAction& action : backlog_.actions(user)) {
        if (action.kind != key.kind || policy::key_of(*decider_, user, action) != key) continue;
        if (held != memory_.held.end() && rooms_own(held->second.guard) == rooms_own(held_by))
            return policy::stops(held->second, action);
        return policy::guard_of(*decider_, user, action) == rooms_own(held_by);
    }
    return false;
}

// Fewer characters might begin the id of a hold that came after the one that was shown.
Result<std::string> Engine::hold_of(const std::string& beginning) const {
    constexpr std::size_t kFewest = 4;
    std::set<std::string> found;
    for (const auto& [id, held] : holds_)
        if (id.starts_with(beginning)) found.insert(id);
    for (const auto& [key, answer] : memory_.rejected)
        if (answer.hold.starts_with(beginning)) found.insert(answer.hold);
    if (found.contains(beginning)) return beginning;
    if (found.empty() || beginning.size() < kFewest)
        return fail(ErrorKind::not_found, fmt::format("no hold '{}'", beginning),
                    "`rollcall holds` lists them; the first four characters of an id are enough where no "
                    "other begins so");
    if (found.size() > 1)
        return fail(ErrorKind::invalid_input,
                    fmt::format("'{}' begins the ids of {} holds, {} and {} among them", beginning,
                                found.size(), *found.begin(), *std::next(found.begin())),
                    "write more of the id");
    return *found.begin();
}

// The actions under this id that may be answered: of a hold, or of one that was rejected before.
std::vector<ActionKey> Engine::actions_of(const std::string& id) const {
    if (const auto hold = holds_.find(id); hold != holds_.end()) return hold->second.hold.actions;
    std::vector<ActionKey> out;
    for (const auto& [key, answer] : memory_.rejected)
        if (answer.hold == id) out.push_back(key);
    return out;
}

Result<Engine::Answered> Engine::answer(bool yes, const std::string& beginning,
                                        const schema::TrailCaller& caller, const std::string& reason) {
    const Result<std::string> named = hold_of(beginning);
    if (!named) return pass(named);
    const std::string& id = *named;
    const auto hold = holds_.find(id);
    if (hold != holds_.end() && hold->second.hold.guard == policy::Guard::canaries)
        return fail(
            ErrorKind::refused,
            "removals are frozen because the directory could not be believed: that can be neither "
            "approved nor rejected",
            "let the bind account read again what it does not show, or repair the directory: a complete "
            "read that can be believed ends the hold");
    const std::vector<ActionKey> actions = actions_of(id);
    Answered out;
    out.id = id;
    for (const ActionKey& key : actions) {
        std::optional<policy::Basis> basis = wanted_basis(key);
        if (basis && hold != holds_.end() && !still_held(hold->second.hold.guard, key)) basis.reset();
        (basis ? out.wanted : out.unwanted).push_back(key);
        if (!basis) continue;
        // The last answer counts: what was approved before does not come alive again when a rejection ends.
        set_answer(memory_.rejected, "rejected", key, std::nullopt);
        set_answer(memory_.approved, "approved", key, std::nullopt);
        set_answer(yes ? memory_.approved : memory_.rejected, yes ? "approved" : "rejected", key,
                   policy::Answer{*basis, id, caller.text, reason, date()});
    }
    TrailEntry entry;
    entry.kind = yes ? TrailKind::approve : TrailKind::reject;
    entry.action = fmt::format("{} {}", yes ? "approve" : "reject", id);
    entry.caller = caller;
    entry.reason = reason;
    const std::string cause = hold == holds_.end() ? "rejected before" : hold->second.hold.cause;
    entry.result = fmt::format("{} actions {}, {} no longer wanted: {}", out.wanted.size(),
                               yes ? "approved" : "suppressed until their evidence or the policy changes",
                               out.unwanted.size(), cause);
    record(std::move(entry));
    record_actions(*this, yes ? TrailKind::approve : TrailKind::reject, out.wanted,
                   (yes ? "approved as " : "rejected as ") + id, &caller);
    mark("hold", id, std::nullopt);
    if (hold != holds_.end()) {
        const policy::Hold ended = std::move(hold->second.hold);
        holds_.erase(hold);
        hold_is_over(ended, fmt::format("{} by {}", yes ? "approved" : "rejected", caller.text));
    }
    more_ = true;
    return out;
}

void Engine::set_answer(policy::Answers& answers, const char* kind, const ActionKey& key,
                        std::optional<policy::Answer> answer) {
    answers_changed_ = true;
    if (!answer) {
        if (answers.erase(key) > 0) mark(kind, key.text(), std::nullopt);
        return;
    }
    mark(kind, key.text(), text_of(*answer));
    answers[key] = std::move(*answer);
}

// An approval is used once; a rejection stands while the same is wanted for the same reason.
void Engine::drop_answers() {
    const auto prune = [this](policy::Answers& answers, const char* kind) {
        std::vector<ActionKey> over;
        for (const auto& [key, answer] : answers)
            if (!busy_.contains(key) && wanted_basis(key) != answer.basis) over.push_back(key);
        for (const ActionKey& key : over) set_answer(answers, kind, key, std::nullopt);
    };
    prune(memory_.approved, "approved");
    prune(memory_.rejected, "rejected");
}

void Engine::drop_rejections() {
    for (const auto& [key, answer] : memory_.rejected) mark("rejected", key.text(), std::nullopt);
    memory_.rejected.clear();
    answers_changed_ = true;
}

// ---------------------------------------------------------------- rooms that are renamed

// What guards remember of a room under this key, and the store has: it goes from there, or is written there.
void Engine::mark_held(const std::string& room, bool goes) {
    const auto put = [&](const char* kind, std::string key, const auto& value) {
        mark(kind, std::move(key), goes ? std::nullopt : std::optional<std::string>(value()));
    };
    const auto time = [](Time at) { return [at] { return std::to_string(to_ms(at)); }; };
    for (const auto& [key, answer] : memory_.approved)
        if (key.room == room) put("approved", key.text(), [&, &given = answer] { return text_of(given); });
    for (const auto& [key, answer] : memory_.rejected)
        if (key.room == room) put("rejected", key.text(), [&, &given = answer] { return text_of(given); });
    for (const auto& [key, by] : memory_.held)
        if (key.room == room || by.room == room)
            put("held", key.text(), [&, &guard = by] { return text_of(guard); });
    for (const auto& [entry, at] : memory_.ledger)
        if (entry.room == room) put("ledger", text_of(entry), time(at));
    for (const auto& [guard, since] : memory_.held_since)
        if (guard.second == room) put("held_since", text_of(guard), time(since));
}

// A hold keeps its id, by which somebody may have been told of it.
void Engine::rename_held(const std::string& from, const std::string& to) {
    for (const std::string& room : {from, to}) mark_held(room, true);
    policy::rename_room(memory_, from, to);
    mark_held(to, false);
    for (auto& [id, kept] : holds_) {
        policy::Hold& hold = kept.hold;
        if (hold.room == from) hold.room = to;
        for (ActionKey& key : hold.actions) key = policy::renamed(std::move(key), from, to);
        std::sort(hold.actions.begin(), hold.actions.end());
        mark("hold", id, text_of(hold, kept.order));
    }
    answers_changed_ = true;
}

// ---------------------------------------------------------------- what the store has kept

bool Engine::load_guard_mark(const store::StoredMark& row) {
    if (row.kind == "approved" || row.kind == "rejected") {
        const auto key = ActionKey::from_text(row.key);
        const Result<json::Value> stored = json::parse(*row.value);
        if (key && stored)
            (row.kind == "approved" ? memory_.approved : memory_.rejected)[*key] = {
                static_cast<policy::Basis>((*stored)["basis"].integer_or(0)), (*stored)["hold"].text(),
                (*stored)["by"].text(), (*stored)["reason"].text(), from_ms((*stored)["at"].integer_or(0))};
        return true;
    }
    if (row.kind == "canary_given_up") {
        memory_.canary_given_up = true;
        return true;
    }
    if (row.kind != "hold" && row.kind != "held" && row.kind != "ledger" && row.kind != "held_since")
        return false;
    const bool in_value = row.kind == "hold" || row.kind == "held";
    const Result<json::Value> stored = json::parse(in_value ? *row.value : row.key);
    if (!stored) return true;
    const auto guard = static_cast<policy::Guard>((*stored)["guard"].integer_or(0));
    const std::string room = (*stored)["room"].text();
    if (row.kind == "held") {
        if (const auto key = ActionKey::from_text(row.key)) memory_.held[*key] = {guard, room};
        return true;
    }
    if (row.kind == "hold") {
        policy::Hold hold{row.key, guard, room, (*stored)["cause"].text(), {}};
        if (const json::Array* actions = (*stored)["actions"].array())
            for (const json::Value& action : *actions)
                if (const auto key = ActionKey::from_text(action.text())) hold.actions.push_back(*key);
        const auto order = static_cast<std::uint64_t>((*stored)["order"].integer_or(0));
        last_hold_ = std::max(last_hold_, order);
        holds_[row.key] = {std::move(hold), order};
        return true;
    }
    const Time time = from_ms(std::stoll(*row.value));
    if (row.kind == "ledger")
        memory_.ledger[{guard, (*stored)["user"].text(), room}] = time;
    else
        memory_.held_since[{guard, room}] = time;
    return true;
}

}  // namespace rollcall::engine
