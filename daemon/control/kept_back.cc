#include "daemon/control/kept_back.h"

#include <fmt/format.h>
#include <algorithm>

#include "policy/base/text.h"

namespace rollcall::control {
namespace {

// Which hold has this action; "" for none.
std::string hold_of(const engine::Engine& engine, const policy::ActionKey& key) {
    for (const policy::Hold& hold : engine.guards().holds())
        if (std::binary_search(hold.actions.begin(), hold.actions.end(), key)) return hold.id;
    return {};
}

// What stops one action of a departure; "" where nothing does.
std::string stopped_by(const engine::Engine& engine, UserId user, const policy::UserAction& action) {
    const policy::Decider& decider = *engine.decider();
    const policy::ActionKey key = policy::key_of(decider, user, action);
    const auto rejected = engine.memory().rejected.find(key);
    if (rejected != engine.memory().rejected.end() &&
        policy::answers(engine.memory().rejected, key, action.basis))
        return fmt::format("rejected by {}: `rollcall holds` says how to approve it after all",
                           tame_line(rejected->second.by));
    if (engine.guards().allows(decider, engine.memory(), user, action)) return {};
    const std::string hold = hold_of(engine, key);  // none while the guards count
    return hold.empty() ? hold : fmt::format("held as {}: `rollcall holds` says what and why", hold);
}

}  // namespace

std::vector<std::string> protected_departed(const policy::Decider& decider) {
    std::vector<std::string> out;
    for (const std::string& id : decider.program().protected_ids) {
        const UserId user = decider.world().users.find(id);
        const PersonId person = user.valid() ? decider.person_of(user) : PersonId{};
        if (person.valid() && decider.departed(person) == policy::Tri::yes) out.push_back(id);
    }
    return out;
}

std::map<std::string, std::string> kept_back(const engine::Engine& engine) {
    std::map<std::string, std::string> out;
    const policy::Decider* decider = engine.decider();
    if (decider == nullptr) return out;
    const policy::World& world = decider->world();
    const std::string paused = pause_stops(engine, true);
    const policy::IdSet& users = engine.backlog().users_in(policy::Lane::departure);
    for (std::size_t at = users.next(0); at != policy::IdSet::npos; at = users.next(at + 1)) {
        const UserId user(at);
        for (const policy::UserAction& action : engine.backlog().actions(user)) {
            if (action.lane != policy::Lane::departure) continue;
            std::string why = stopped_by(engine, user, action);
            if (why.empty()) why = paused;
            if (!why.empty()) out.emplace(world.users.text(user), std::move(why));
        }
    }
    for (const std::string& id : protected_departed(*decider))
        out[id] = "protected by the policy, which takes them out of nothing";
    return out;
}

std::optional<Seen> departures_seen(const engine::Engine& engine) {
    constexpr std::size_t kMostNamed = 3;
    const std::map<std::string, std::string> kept = kept_back(engine);
    if (kept.empty()) return std::nullopt;
    std::string text = kept.size() == 1
                           ? "1 person who has departed is kept back"
                           : fmt::format("{} people who have departed are kept back", kept.size());
    std::size_t named = 0;
    for (const auto& [user, why] : kept)
        if (++named <= kMostNamed)
            text += fmt::format("{} {} ({})", named == 1 ? ":" : ",", tame_line(user), why);
    if (kept.size() > kMostNamed) text += fmt::format(" and {} more", kept.size() - kMostNamed);
    return Seen{"departures", false, std::move(text)};
}

}  // namespace rollcall::control
