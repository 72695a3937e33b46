#include "daemon/audit/leavers.h"

#include <algorithm>
#include <charconv>

namespace rollcall::audit {

using schema::TrailEntry;
using schema::TrailKind;

std::string_view to_text(Promise promise) {
    switch (promise) {
        case Promise::kept:
            return "kept";
        case Promise::missed:
            return "missed";
        case Promise::open:
            return "open";
        case Promise::taken_back:
            return "taken back";
        case Promise::not_proven:
            return "not proven";
        case Promise::not_asked:
            return "not asked";
    }
    return "";
}

std::string_view to_text(Part part) {
    switch (part) {
        case Part::sessions:
            return "sessions";
        case Part::rooms:
            return "rooms";
        case Part::elsewhere:
            return "elsewhere";
        case Part::past:
            return "past";
    }
    return "";
}

std::string_view to_text(Kept kept) {
    switch (kept) {
        case Kept::kept:
            return "kept";
        case Kept::late:
            return "late";
        case Kept::not_done:
            return "not done";
        case Kept::not_proven:
            return "not proven";
        case Kept::open:
            return "open";
        case Kept::not_asked:
            return "not asked";
    }
    return "";
}

namespace {

// Is this part over, and was all of it seen?
struct PartState {
    bool asked = true, over = false, seen = true;
};

PartState state_of(const Departure& d, Part part, const DepartureWanted& wanted) {
    switch (part) {
        case Part::sessions:
            return {wanted.sign_out, d.no_account || d.signed_out || d.out_accepted,
                    d.no_account || d.signed_out.has_value()};
        case Part::rooms:
            return {true, d.remains.empty() && d.owed.empty(), true};
        case Part::elsewhere:
            return {wanted.every_room,
                    d.no_account || (d.listed && d.elsewhere + d.elsewhere_accepted >= d.elsewhere_found),
                    d.elsewhere_accepted == 0};
        case Part::past:
            return {true, d.remains.empty() && d.unforgotten.empty(), d.past_readable.empty()};
    }
    return {};
}

}  // namespace

std::optional<Time> Departure::done_at(Part part) const {
    switch (part) {
        case Part::sessions:
            return signed_out;
        case Part::rooms:
            return remains.empty() ? last_left : std::nullopt;
        case Part::elsewhere:
            return last_elsewhere ? std::max(*last_elsewhere, listed.value_or(*last_elsewhere)) : listed;
        case Part::past:
            return unforgotten.empty() ? last_forgotten : std::nullopt;
    }
    return std::nullopt;
}

Kept Departure::kept(Part part, Duration within, Time now, const DepartureWanted& wanted) const {
    const PartState is = state_of(*this, part, wanted);
    if (!is.asked || !wanted.anything) return Kept::not_asked;
    const Time from = part == Part::past ? std::max(said, reopened.value_or(said)) : said;
    if (!is.over) return std::min(now, over.value_or(now)) - from > within ? Kept::not_done : Kept::open;
    if (!is.seen) return Kept::not_proven;
    if (const auto at = done_at(part); at && *at - from > within) return Kept::late;
    return dated ? Kept::kept : Kept::not_proven;
}

Promise Departure::whole(Duration within, Time now, const DepartureWanted& wanted) const {
    if (!wanted.anything) return Promise::not_asked;
    Promise whole = Promise::kept;
    for (const Part part : {Part::sessions, Part::rooms, Part::elsewhere, Part::past}) {
        const Kept is = kept(part, within, now, wanted);
        if (is == Kept::late || is == Kept::not_done) return Promise::missed;
        if (is == Kept::open) whole = over ? Promise::taken_back : Promise::open;
        if (is == Kept::not_proven && whole == Promise::kept) whole = Promise::not_proven;
    }
    return whole;
}

std::optional<Duration> Departure::took() const {
    if (!remains.empty()) return std::nullopt;
    return last_left ? std::max(Duration{}, *last_left - said) : Duration{};
}

Promise Departure::promise(Duration within, Time now) const {
    if (const auto time = took()) return *time <= within ? Promise::kept : Promise::missed;
    if (std::min(now, over.value_or(now)) - said > within) return Promise::missed;
    return over ? Promise::taken_back : Promise::open;
}

Departure* Leavers::open() {
    return departures_.empty() || departures_.back().over ? nullptr : &departures_.back();
}

void Leavers::take(std::uint64_t index, const TrailEntry& entry) {
    if (entry.user.empty()) return;
    if (entry.kind == TrailKind::directory && entry.action == "departed") return departed(index, entry);
    if (entry.kind == TrailKind::directory && entry.action == "returned") {
        if (Departure* last = open()) last->over = entry.time;
        return;
    }
    if (open() != nullptr && (entry.kind == TrailKind::result || entry.kind == TrailKind::failure))
        came_of(entry);
    if (entry.room_key.empty() || entry.membership.empty()) return;
    membership(entry);
    if (Departure* const last = open(); last != nullptr && entry.result == schema::kLeftAndForgotten) {
        last->unforgotten.erase(entry.room_key);
        last->forgotten.insert(entry.room_key);
        last->last_forgotten = entry.time;
    }
}

void Leavers::departed(std::uint64_t index, const TrailEntry& entry) {
    if (Departure* last = open()) {
        // They have not been back: it goes on. An account that has appeared since is a matter of its own, and
        // counts from now; where it was not even missed before, that is all there is.
        const bool begun = last->signed_out || last->last_left || last->listed || !last->remains.empty();
        if (!last->no_account && begun) return;
        if (!last->no_account) departures_.pop_back();
    }
    accepted_elsewhere_.clear();
    Departure& made = departures_.emplace_back();
    made.entry = index;
    made.user = entry.user;
    made.person = entry.person;
    made.text = entry.result;
    made.noticed = made.said = entry.time;
    // An order says nothing of an attribute: it counts from when it was given. So does, of an earlier
    // version, an account that ran out.
    const policy::Evidence why = entry.evidence.value_or(policy::Evidence{});
    if (why.written) {
        made.said = std::min(entry.time, *why.written);
    } else if (!why.attribute.empty() && why.attribute != "accountExpires") {
        made.dated = why.otherwise.has_value();
        made.said = std::min(entry.time, why.otherwise.value_or(why.time));
    }
    for (const auto& [room, users] : in_)
        (released_.contains(room) ? made.let_go : made.remains).insert(room);
}

void Leavers::managed(const std::string& room_key, bool managed) {
    if (managed)
        released_.erase(room_key);
    else
        released_.insert(room_key);
    Departure* const last = open();
    if (last == nullptr) return;
    auto &from = managed ? last->let_go : last->remains, &to = managed ? last->remains : last->let_go;
    if (from.erase(room_key) == 0) return;
    to.insert(room_key);
    if (managed)
        last->owed.erase(room_key);
    else
        last->owed.insert(room_key);
}

void Leavers::membership(const TrailEntry& entry) {
    const bool in = entry.membership == "join" || entry.membership == "invite";
    std::map<std::string, bool>& users = in_[entry.room_key];
    const auto now = users.find(entry.user);
    const bool was_in = now != users.end(), was_joined = was_in && now->second;
    if (in)
        users[entry.user] = entry.membership == "join" || was_joined;
    else
        users.erase(entry.user);
    const bool elsewise = !in && !users.empty();  // by another Matrix ID of theirs they are still in it
    if (users.empty()) in_.erase(entry.room_key);
    Departure* last = open();
    if (last == nullptr || elsewise) return;
    last->let_go.erase(entry.room_key);
    if (!in) last->owed.erase(entry.room_key);
    if (in) last->forgotten.erase(entry.room_key);
    if (in) (released_.contains(entry.room_key) ? last->let_go : last->remains).insert(entry.room_key);
    const bool by_others = entry.kind == TrailKind::membership && entry.source != "before" &&
                           !entry.sender.empty() && entry.sender != entry.user;
    if (!in && !was_in && by_others && !released_.contains(entry.room_key)) {
        // They were out, and may read the past again.
        last->forgotten.erase(entry.room_key);
        last->unforgotten.insert(entry.room_key);
        last->reopened = entry.time;
    }
    if (in || !was_in) return;
    last->remains.erase(entry.room_key);
    if (released_.contains(entry.room_key)) return;  // not by us, nor promised
    last->last_left = entry.time;
    ++last->rooms;
    // The leave may have been seen only after the past was seen to be gone.
    if (was_joined && !last->forgotten.contains(entry.room_key)) last->unforgotten.insert(entry.room_key);
}

void Leavers::came_of(const TrailEntry& entry) {
    Departure& last = *open();
    const bool done = entry.result.starts_with("done"), accepted = entry.result.starts_with("accepted");
    if (entry.action == "sign out" || entry.action == "list rooms") {
        last.no_account = entry.result == "no such account";
        last.not_covered = entry.kind == TrailKind::failure &&
                           entry.result.starts_with("the mask registration does not cover");
    }
    if (entry.action == "sign out") {
        if (entry.result.starts_with(schema::kUndone)) {
            last.signed_out.reset();
            last.out_accepted.reset();
            last.listed.reset();
        }
        if (done) last.signed_out = entry.time;
        if (accepted) last.out_accepted = entry.time;
    }
    const bool counted = entry.result.starts_with("in ");  // of somebody erased the number is gone
    if (entry.action == "list rooms" && entry.kind == TrailKind::result &&
        (counted || entry.result.empty())) {
        last.listed = entry.time;
        std::size_t found = 0;
        if (counted)
            std::from_chars(entry.result.data() + 3, entry.result.data() + entry.result.size(), found);
        last.elsewhere_found = last.elsewhere + last.elsewhere_accepted + found;
    }
    const bool outside = entry.room_key.empty() || released_.contains(entry.room_key);
    if (entry.action == "leave" && outside && (done || accepted)) left_elsewhere(last, entry, done);
    if (entry.action != "forget" || (!done && !accepted)) return;
    last.unforgotten.erase(entry.room_key);
    last.forgotten.insert(entry.room_key);
    last.last_forgotten = entry.time;
    if (done)
        last.past_readable.erase(entry.room_key);
    else
        last.past_readable.insert(entry.room_key);
}

// One that was only accepted may be done yet.
void Leavers::left_elsewhere(Departure& last, const TrailEntry& entry, bool done) {
    last.last_elsewhere = entry.time;
    if (done) {
        ++last.elsewhere;
        last.elsewhere_accepted -= accepted_elsewhere_.erase(entry.room);
    } else if (accepted_elsewhere_.insert(entry.room).second) {
        ++last.elsewhere_accepted;
    }
}

}  // namespace rollcall::audit
