#include "daemon/engine/departed_again.h"

#include <fmt/format.h>

#include "daemon/engine/engine.h"
#include "policy/step.h"

namespace rollcall::engine {
namespace {

using schema::TrailEntry;
using schema::TrailKind;

constexpr std::size_t kLooksAtOnce = 2;
constexpr Duration kSaidNothingAgain = std::chrono::seconds{5};

bool said_nothing(CallOutcome outcome) {
    return outcome == CallOutcome::retry || outcome == CallOutcome::unreachable ||
           outcome == CallOutcome::torn || outcome == CallOutcome::no_mask;
}

}  // namespace

void DepartedAgain::look_at(std::vector<UserId> users) {
    to_ask_.assign(users.begin(), users.end());
}

std::optional<UserId> DepartedAgain::next(std::uint64_t id, Tick now) {
    if (to_ask_.empty() || asked_.size() >= kLooksAtOnce || now < not_before_) return std::nullopt;
    const UserId user = to_ask_.front();
    to_ask_.pop_front();
    asked_.emplace(id, user);
    return user;
}

std::optional<UserId> DepartedAgain::answered(std::uint64_t id, const CallResult& result, Tick now) {
    const auto at = asked_.find(id);
    if (at == asked_.end()) return std::nullopt;
    const UserId user = at->second;
    asked_.erase(at);
    if (said_nothing(result.outcome)) {
        to_ask_.push_back(user);
        not_before_ = now + kSaidNothingAgain;
    }
    return user;
}

std::optional<Tick> DepartedAgain::again() const {
    return to_ask_.empty() ? std::nullopt : std::optional(not_before_);
}

// What was done since the copy that the homeserver was put back to is undone, and of who is in no managed
// room no event tells.
void Engine::look_for_the_departed() {
    if (!settings_.abilities.mask) return;
    std::vector<UserId> users;
    for (const auto& [user, left] : world_.departing)
        if (left.signed_out && world_.covered(user) && world_.account(user) != policy::Account::absent)
            users.push_back(user);
    departed_again_.look_at(std::move(users));
}

void Engine::look_at_the_departed() {
    while (may_act_as_users() && slot_free(policy::Lane::cosmetic)) {
        const std::optional<UserId> user = departed_again_.next(next_read_, world_.tick);
        if (!user) return;
        Call call;
        call.kind = CallKind::sessions;
        call.as_user = world_.users.text(*user);
        calls_.emplace_back(next_read_++, std::move(call));
    }
}

bool Engine::take_departed(const CallDone& message) {
    const std::optional<UserId> user = departed_again_.answered(message.id, message.result, world_.tick);
    if (!user) return false;
    more_ = true;
    if (message.result.outcome != CallOutcome::not_so || !policy::departs_again(world_, *user)) return true;
    const std::string& name = world_.users.text(*user);
    log_.warn("RC-SIGNED-IN-AGAIN", "whoever had departed is signed in again, and is signed out once more",
              {{"user", name}});
    TrailEntry entry;
    entry.kind = TrailKind::failure;
    entry.action = "sign out";
    entry.user = name;
    entry.result = fmt::format("{}: {}", schema::kUndone, message.result.text);
    record(std::move(entry));
    return true;
}

}  // namespace rollcall::engine
