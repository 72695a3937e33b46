#include "daemon/control/by_hand.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>
#include <vector>

namespace rollcall::control {

Bans bans_of(const policy::Decider& decider) {
    constexpr std::size_t kMostBans = 100;
    const policy::World& world = decider.world();
    Bans out;
    std::size_t more = 0, more_approved = 0;
    const auto add = [&world](json::Value& list, std::size_t& unnamed, UserId user, RoomId room) {
        if (list.array()->size() < kMostBans)
            list.push(world.users.text(user) + " in " + world.rooms[room.index()].key);
        else
            ++unnamed;
    };
    for (std::size_t u = 0; u < world.users.size(); ++u)
        for (const policy::Membership& held : world.memberships.row(u)) {
            const int room = decider.managed(held.room);
            if (held.state != policy::MembershipState::ban || room < 0) continue;
            const policy::Verdict verdict = decider.verdict(UserId(u), static_cast<std::uint32_t>(room));
            if (verdict.presence == policy::Presence::in)
                ++out.belong, add(out.list, more, UserId(u), held.room);
            else if (verdict.basis == policy::Basis::approval)
                add(out.of_approved, more_approved, UserId(u), held.room);
        }
    if (more > 0) out.list.push(fmt::format("… and {} more", more));
    if (more_approved > 0) out.of_approved.push(fmt::format("… and {} more", more_approved));
    return out;
}

namespace {

using One = std::pair<policy::ActionKey, engine::PutBacks::PutBack>;

Duration left(const engine::Engine& engine, const engine::PutBacks::PutBack& one) {
    const Tick now = engine.decider()->world().tick;
    return one.open && one.not_before > now ? Duration(one.not_before - now) : Duration{};
}

json::Value row_of(const engine::Engine& engine, const One& what) {
    constexpr std::size_t kMostNamed = 3;
    const auto& [key, one] = what;
    json::Value row, by{json::Array{}};
    row.set("setting", to_text(key.kind));
    row.set("room", key.room);
    if (!key.user.empty()) row.set("user", key.user);
    std::vector<std::pair<std::size_t, std::string>> most;
    for (const auto& [user, times] : one.by) most.emplace_back(times, user);
    std::sort(most.rbegin(), most.rend());
    for (std::size_t i = 0; i < most.size() && i < kMostNamed; ++i) by.push(most[i].second);
    row.set("by", std::move(by));
    row.set("others", static_cast<std::int64_t>(most.size() - std::min(most.size(), kMostNamed)));
    row.set("changes", static_cast<std::int64_t>(one.changes));
    row.set("put_back", static_cast<std::int64_t>(one.times));
    row.set("since", to_rfc3339(one.since));
    row.set("at_once", policy::decides_who_reads(key.kind));
    if (const Duration wait = left(engine, one); wait > Duration{})
        row.set("next", to_rfc3339(engine.date() + wait));
    return row;
}

}  // namespace

json::Value changed_again(const engine::Engine& engine) {
    constexpr std::size_t kMostRows = 100;
    std::vector<One> all;
    for (const auto& [key, one] : engine.put_backs().all())
        if (one.again) all.emplace_back(key, one);
    std::stable_sort(all.begin(), all.end(),
                     [](const One& a, const One& b) { return a.second.changes > b.second.changes; });
    json::Value out, rows{json::Array{}};
    for (std::size_t i = 0; i < all.size() && i < kMostRows; ++i) rows.push(row_of(engine, all[i]));
    out.set("count", static_cast<std::int64_t>(all.size()));
    out.set("first", std::move(rows));
    return out;
}

std::string put_back_in(const engine::Engine& engine, const policy::ActionKey& key) {
    const auto& all = engine.put_backs().all();
    const auto at = all.find(key);
    const Duration wait = at == all.end() ? Duration{} : left(engine, at->second);
    if (wait == Duration{}) return "";
    return wait > std::chrono::minutes{1} ? duration_text(std::chrono::ceil<std::chrono::minutes>(wait))
                                          : duration_text(std::chrono::ceil<std::chrono::seconds>(wait));
}

}  // namespace rollcall::control
