#include "daemon/engine/baseline.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"
#include "policy/explain.h"

namespace rollcall::engine {

using policy::Membership;
using policy::MembershipState;
using policy::World;
using schema::TrailEntry;
using schema::TrailKind;

namespace {

// A slice: some ten milliseconds of a turn.
constexpr std::size_t kReadAtOnce = 500;
constexpr std::size_t kSaidAtOnce = 200;

TrailEntry entry_of(const World& world, std::size_t room) {
    TrailEntry entry;
    entry.kind = TrailKind::membership;
    entry.room_key = world.rooms[room].key;
    entry.room = world.rooms[room].id;
    entry.source = "before";
    return entry;
}

}  // namespace

void Baseline::begin(const World& world, std::uint64_t entries) {
    *this = {};
    entries_ = entries;
    rooms_.resize(world.rooms.size());
    for (std::size_t i = 0; i < rooms_.size(); ++i) {
        const policy::Room& room = world.rooms[i];
        if (room.id.empty()) continue;
        rooms_[i].history = !room.state.history.text().empty();
        rooms_[i].released = room.released;
        for (const UserId user : world.room_users.row(i)) {
            const Membership* held = world.membership(user, RoomId(i));
            if (held == nullptr) continue;
            const std::uint32_t standing = held->state == MembershipState::join     ? joined
                                           : held->state == MembershipState::invite ? invited
                                           : held->needs_forget                     ? left
                                                                                    : told;
            if (standing != told)
                rooms_[i].members.push_back({user.value & ((1U << 30U) - 1), standing & 3U});
        }
        rooms_[i].members.shrink_to_fit();
    }
    while (!over() && rooms_[next_].empty()) ++next_;
}

Status Baseline::go_on(store::TrailSource& trail, const World& world, const Say& say) {
    if (over()) return {};
    if (!known_.whole) {
        if (Status read = read_some(trail, world); !read || !known_.whole) return read;
    }
    say_some(world, say);
    if (known_.next < rooms_[next_].members.size()) return {};
    rooms_[next_] = {};
    known_ = {};
    while (!over() && rooms_[next_].empty()) ++next_;
    return {};
}

Status Baseline::read_some(store::TrailSource& trail, const World& world) {
    known_.whole = true;
    if (entries_ == 0) return {};
    store::TrailFilter filter;
    filter.room = world.rooms[next_].key;
    filter.after = known_.read_to;
    std::size_t rows = 0;
    bool enough = false;
    Status read = trail.each_trail(filter, [&](const store::StoredTrailEntry& row) -> Status {
        enough = row.index > entries_ || rows == kReadAtOnce;
        if (row.index <= entries_ && enough) known_.whole = false;
        if (enough) return fail(ErrorKind::limit, "enough");
        ++rows;
        known_.read_to = row.index;
        note(row, world, known_);
        return {};
    });
    return enough ? Status{} : read;
}

void Baseline::note(const store::StoredTrailEntry& row, const World& world, KnownRoom& into) {
    const auto says = [&row](std::string_view what) { return row.text.find(what) != std::string::npos; };
    if (!says("\"membership\":") && !says("\"history\":") && !says("\"action\":\"release\"") &&
        !says("\"action\":\"manage again\""))
        return;
    const Result<json::Value> entry = json::parse(row.text);
    if (!entry) return;
    if (!(*entry)["history"].is_null()) into.history = true;
    if (row.kind == schema::to_text(TrailKind::result)) {
        const std::string action = (*entry)["action"].text();
        if (action == "release" || action == "manage again") into.released = action == "release";
    }
    const std::string membership = (*entry)["membership"].text();
    const UserId user = world.users.find(row.user);
    if (membership.empty() || !user.valid()) return;
    Known& known = into.members[user.value];
    known.joined = membership == to_text(MembershipState::join);
    known.in = known.joined || membership == to_text(MembershipState::invite);
    known.was_joined = known.was_joined || known.joined;
}

bool Baseline::lacks(const Known& known, std::uint32_t standing) {
    switch (standing) {
        case invited:
            return !known.in;
        case joined:
            return !known.joined;
        case left:
            return !known.was_joined;
        default:
            return false;
    }
}

void Baseline::say_some(const World& world, const Say& say) {
    RoomPart& room = rooms_[next_];
    if (known_.next == 0) say_room(world, say);
    for (std::size_t some = 0; some < kSaidAtOnce && known_.next < room.members.size(); ++known_.next) {
        Member& member = room.members[known_.next];
        const auto at = known_.members.find(member.user);
        if (!lacks(at == known_.members.end() ? Known{} : at->second, member.standing)) continue;
        say_member(world, next_, member, say);
        ++some;
    }
}

void Baseline::say_member(const World& world, std::size_t room, Member& member, const Say& say) {
    const std::uint32_t standing = member.standing;
    member.standing = told;
    TrailEntry entry = entry_of(world, room);
    entry.user = world.users.text(UserId(std::size_t{member.user}));
    entry.membership = to_text(standing == joined    ? MembershipState::join
                               : standing == invited ? MembershipState::invite
                                                     : MembershipState::leave);
    entry.result = standing == joined    ? "in the room since before the trail says so"
                   : standing == invited ? "invited since before the trail says so"
                                         : "was in the room before the trail says so, and reads what was "
                                           "said then until a forget";
    ++said_;
    say(std::move(entry));
}

void Baseline::say_room(const World& world, const Say& say) {
    RoomPart& part = rooms_[next_];
    const policy::Room& room = world.rooms[next_];
    const std::string history = room.state.history.text();
    if (std::exchange(part.history, false) && !known_.history && !history.empty()) {
        TrailEntry entry = entry_of(world, next_);
        entry.history = history;
        entry.result = fmt::format("history visibility is {}, since before the trail says so", history);
        ++said_;
        say(std::move(entry));
    }
    if (std::exchange(part.released, false) && !known_.released && room.released) {
        TrailEntry entry = entry_of(world, next_);
        entry.kind = TrailKind::result;
        entry.action = "release";
        entry.result = "no policy names this room since before the trail says so";
        ++said_;
        say(std::move(entry));
    }
}

Status Baseline::come_before(const TrailEntry& next, store::TrailSource& trail, const World& world,
                             const Say& say) {
    if (over() || next.membership.empty() || next.user.empty()) return {};
    const auto room = world.room_by_key.find(next.room_key);
    const UserId user = world.users.find(next.user);
    if (room == world.room_by_key.end() || !user.valid() || room->second.index() >= rooms_.size()) return {};
    const std::size_t at = room->second.index();
    std::vector<Member>& members = rooms_[at].members;
    const auto member =
        std::lower_bound(members.begin(), members.end(), user.value,
                         [](const Member& m, std::uint32_t wanted) { return m.user < wanted; });
    if (member == members.end() || member->user != user.value || member->standing == told) return {};
    KnownRoom known;
    if (entries_ > 0) {
        store::TrailFilter filter;
        filter.user = next.user;
        filter.person = next.person;
        filter.room = next.room_key;
        Status read = trail.each_trail(filter, [&](const store::StoredTrailEntry& row) {
            if (row.index <= entries_) note(row, world, known);
            return Status{};
        });
        if (!read) return read;
    }
    if (lacks(known.members[user.value], member->standing))
        say_member(world, at, *member, say);
    else
        member->standing = told;
    return {};
}

// ---------------------------------------------------------------- of the engine

// Adds who it is, and on whose authority they are there as things stand.
void Engine::record_before(TrailEntry entry) {
    const UserId user = world_.users.find(entry.user);
    const auto room = world_.room_by_key.find(entry.room_key);
    if (decider_ && user.valid() && room != world_.room_by_key.end()) {
        if (const PersonId person = decider_->person_of(user); person.valid())
            entry.person = world_.people[person.index()].guid;
        const int managed = decider_->managed(room->second);
        const auto spec = static_cast<std::uint32_t>(managed);
        if (managed >= 0 && entry.membership != to_text(MembershipState::leave) &&
            decider_->verdict(user, spec).presence == policy::Presence::in) {
            const policy::Explanation whole = policy::explain_verdict(*decider_, user, spec);
            entry.reason = whole.short_text;
            if (!whole.reasons.empty()) {
                entry.rule = whole.reasons.front().at.file_line();
                entry.rule_path = whole.reasons.front().path;
            }
        }
    }
    record(std::move(entry));
}

// A command without a daemon leaves it to the next one.
void Engine::keep_baseline() {
    if (baseline_made_ || settings_.one_shot) return;
    const Status done =
        baseline_.go_on(store_, world_, [this](TrailEntry entry) { record_before(std::move(entry)); });
    if (!done) return give_up_baseline(done.error());
    if (!baseline_.over()) {
        more_ = true;
        return;
    }
    baseline_made_ = true;
    mark("baseline", "made", std::to_string(to_ms(date())));
    if (baseline_.said() > 0)
        log_.info("RC-BASELINE", "the trail says now who was in the rooms before it began",
                  {{"entries", std::to_string(baseline_.said())}});
    baseline_.give_up();
}

void Engine::give_up_baseline(const Error& error) {
    log_.error("RC-BASELINE-FAILED", error.text());
    baseline_made_ = true;  // until the next start
    baseline_.give_up();
}

void Engine::come_before(const TrailEntry& entry) {
    if (baseline_made_ || entry.membership.empty()) return;
    const Status said = baseline_.come_before(
        entry, store_, world_, [this](TrailEntry before) { record_before(std::move(before)); });
    if (!said) give_up_baseline(said.error());
}

}  // namespace rollcall::engine
