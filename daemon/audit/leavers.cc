#include "daemon/audit/leavers.h"

#include <algorithm>

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
    }
    return "";
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
    if (!entry.room_key.empty() && !entry.membership.empty()) return membership(entry);
    if (entry.kind == TrailKind::result && open() != nullptr) done(entry);
}

void Leavers::departed(std::uint64_t index, const TrailEntry& entry) {
    if (Departure* last = open()) last->over = entry.time;
    Departure& made = departures_.emplace_back();
    made.entry = index;
    made.user = entry.user;
    made.person = entry.person;
    made.text = entry.result;
    made.noticed = made.said = entry.time;
    // An account that runs out does so without any news from the directory, and so does an order.
    if (entry.evidence && !entry.evidence->attribute.empty() && entry.evidence->attribute != "accountExpires")
        made.said = std::min(entry.time, entry.evidence->time);
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
    if (from.erase(room_key) > 0) to.insert(room_key);
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
    if (in) (released_.contains(entry.room_key) ? last->let_go : last->remains).insert(entry.room_key);
    if (in || !was_in) return;
    last->remains.erase(entry.room_key);
    if (released_.contains(entry.room_key)) return;  // not by us, nor promised
    last->last_left = entry.time;
    ++last->rooms;
    if (was_joined) last->unforgotten.insert(entry.room_key);
}

void Leavers::done(const TrailEntry& entry) {
    Departure& last = *open();
    if (!entry.result.starts_with("done")) return;
    if (entry.action == "sign out") last.signed_out = entry.time;
    if (entry.action == "leave" && entry.room_key.empty()) ++last.elsewhere;
    if (entry.action != "forget") return;
    last.unforgotten.erase(entry.room_key);
    last.last_forgotten = entry.time;
}

}  // namespace rollcall::audit
