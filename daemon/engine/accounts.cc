// Engine: is there an account of that name? Whom the homeserver is asked about, and what hangs on the answer.
#include <algorithm>
#include <set>
#include <sstream>

#include "daemon/engine/engine.h"
#include "daemon/engine/waits.h"
#include "policy/account_search.h"

namespace rollcall::engine {

// The candidates of a name, as the mark `renamed`; whoever departed without a known account is a mark too.
void Engine::keep_in_question(UserId user) {
    std::string guids;
    for (const Guid& guid : world_.in_question.candidates(user))
        guids += (guids.empty() ? "" : " ") + guid.text();
    mark("renamed", world_.users.text(user), guids.empty() ? std::nullopt : std::optional(std::move(guids)));
}

void Engine::keep_departed_unknown(const Guid& person) {
    const std::optional<Time> until = world_.in_question.departed(person);
    mark("departed_unknown", person.text(), until ? std::optional(to_rfc3339(*until)) : std::nullopt);
}

void Engine::load_in_question(const store::StoredMark& row) {
    std::istringstream parts(*row.value);
    for (std::string part; parts >> part;)
        if (const auto guid = Guid::from_text(part)) world_.in_question.add(world_.user(row.key), *guid);
}

bool Engine::in_question(UserId user) const {
    return world_.in_question.contains(user) && world_.account(user) != policy::Account::present;
}

bool Engine::awaited_for_departure(UserId user, const policy::Departing& left) const {
    return decider_ && !left.asked && !left.signed_out && !decider_->was_here(user);
}

// Something hangs on whether there is an account of that name: whose it is, or whether there is anything to
// be done about a departure.
bool Engine::awaited(UserId user) const {
    if (in_question(user)) return true;
    const auto leaving = world_.departing.find(user);
    return leaving != world_.departing.end() && awaited_for_departure(user, leaving->second);
}

// Each is asked for once, and an answer that says nothing is no reason to wait for the next one.
bool Engine::accounts_unasked() const {
    if (!settings_.one_shot || !decider_ || !may_act_as_users()) return false;
    if (world_.tick >= next_awaited_) return true;
    return std::any_of(accounts_to_find_.begin(), accounts_to_find_.end(),
                       [this](UserId user) { return awaited(user); });
}

std::vector<UserId> Engine::accounts_awaited() const {
    std::vector<UserId> out;
    for (const auto& [user, left] : world_.departing)
        if (may_act_as_users() && awaited_for_departure(user, left)) out.push_back(user);
    return out;
}

void Engine::look_for_accounts() {
    if (!decider_) return;
    if (world_.tick >= next_accounts_) {
        next_accounts_ = world_.tick + settings_.look_for_accounts_every;
        // Where nobody is acted as, nothing shows that the mask was taken away.
        if (mask_ == Mask::known) next_mask_ = world_.tick + Duration{1};
        for (std::size_t i = 0; i < world_.users.size(); ++i)
            if (world_.account(UserId(i)) == policy::Account::absent &&
                policy::worth_finding(*decider_, UserId(i)))
                accounts_to_find_.emplace_back(i);
    }
    if (world_.tick >= next_awaited_) look_for_awaited_accounts();
}

// Made while nobody looked. A start reads each room once, and asks for as many accounts: two requests a room
// at most. Whoever became known last goes first; the others are looked for with the next round.
void Engine::look_for_accounts_at_start() {
    if (!decider_ || settings_.one_shot) return;
    std::size_t places = rooms_to_read_.size();
    for (std::size_t i = world_.users.size(); i > 0 && places > 0; --i) {
        const UserId user(i - 1);
        if (world_.account(user) != policy::Account::absent || !policy::worth_finding(*decider_, user))
            continue;
        accounts_to_find_.push_back(user);
        --places;
    }
}

// Of names that nobody in the directory has: seldom, and some at a time, one after the other, so that whoever
// invites as many as they like makes none of that cost more.
void Engine::look_for_made_up_accounts() {
    if (!decider_ || settings_.one_shot) return;
    const std::size_t all = world_.users.size();
    for (std::size_t passed = 0, found = 0; passed < all && found < kMadeUpAtOnce; ++passed) {
        const UserId user(next_made_up_ < all ? next_made_up_ : 0);
        next_made_up_ = user.index() + 1;
        if (world_.account(user) != policy::Account::absent || !policy::made_up(*decider_, user)) continue;
        accounts_to_find_.push_back(user);
        ++found;
    }
}

// Over everybody, as after a start: an answer looks at its own account alone.
void Engine::look_for_awaited_accounts() {
    next_awaited_ = kNoTick;
    std::set<UserId> wanted;
    for (const auto& [user, candidates] : world_.in_question.all())
        if (in_question(user)) wanted.insert(user);
    for (const auto& [user, left] : world_.departing)
        if (awaited_for_departure(user, left)) wanted.insert(user);
    for (const UserId user : accounts_to_find_) wanted.erase(user);
    accounts_to_find_.insert(accounts_to_find_.end(), wanted.begin(), wanted.end());
}

void Engine::account_read(UserId user, const CallResult& result) {
    const bool hangs = awaited(user);
    if (result.outcome == CallOutcome::done)
        learn(policy::AccountSeen{user, policy::Account::present});
    else if (result.outcome == CallOutcome::absent && hangs)
        learn(policy::AccountSeen{user, policy::Account::absent});
    else if (result.outcome == CallOutcome::no_mask)
        mask_seen(false);
    else if (result.outcome == CallOutcome::not_covered && hangs)
        learn(policy::MaskCovers{user, false});
    else if (result.outcome != CallOutcome::absent && hangs)
        next_awaited_ = std::min(  // a homeserver that is away is asked as soon as it is back
            next_awaited_,
            world_.tick + (result.outcome == CallOutcome::unreachable ? kFirstRetry : kLookForAccount));
}

}  // namespace rollcall::engine
