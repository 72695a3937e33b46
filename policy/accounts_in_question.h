// AccountsInQuestion: accounts of the homeserver of which nobody knows for a while whose they are, and who
// departed while no account was known to be theirs.
//
// A Matrix ID is made from the login, and an account does not follow the login. Where the login of somebody
// changes who was never seen in use, the account of the name before is in question: there may be none, it may
// be that person's, or, once somebody else has that login, that one's. It is so until the homeserver has said
// that there is none, or whose it is is known.
//
//     name before ──► its candidates: whose login made it until it changed
//     candidate   ──► the names before that are in question because of them
//
// Both directions say the same. A name that has no candidate is not in question. Where the homeserver can be
// asked, a candidate waits for its answer: they are given no other Matrix ID. What their login makes
// meanwhile may be theirs as well (an account is made at the first sign-in), so that they have several names
// where it changes again before the answer: which of two accounts that are there is theirs, nobody knows.
//
// Who is a candidate may have become known otherwise since (people.identities): Decider::candidates() leaves
// these out. Part of the World, and changed by step() alone (step_in_question.cc, step_departures.cc), by
// keep_departures(), and at a start by the engine, which keeps it in the store as the marks `renamed` and
// `departed_unknown`. Owned by the engine thread; no locking.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "policy/base/guid.h"
#include "policy/base/id.h"
#include "policy/base/time.h"

namespace rollcall::policy {

class AccountsInQuestion {
  public:
    AccountsInQuestion();
    ~AccountsInQuestion();
    AccountsInQuestion(const AccountsInQuestion&) = delete;
    AccountsInQuestion& operator=(const AccountsInQuestion&) = delete;
    AccountsInQuestion(AccountsInQuestion&&) noexcept;
    AccountsInQuestion& operator=(AccountsInQuestion&&) noexcept;

    // Can the homeserver be asked whether there is an account? With a mask registration it can.
    void set_can_ask(bool can) { can_ask_ = can; }

    [[nodiscard]] bool contains(UserId name) const { return candidates_.contains(name); }
    // Whose account it may be, in the order of their changes; none: it is not in question.
    [[nodiscard]] const std::vector<Guid>& candidates(UserId name) const;
    [[nodiscard]] const std::unordered_map<UserId, std::vector<Guid>>& all() const { return candidates_; }
    // Of which names they are a candidate, in the order of their changes.
    [[nodiscard]] const std::vector<UserId>& names(const Guid& person) const;
    // The name of which the homeserver is to say first whether there is an account, before this person is
    // given another one than that; invalid: they wait for nothing.
    [[nodiscard]] UserId waits_for(const Guid& person, UserId other_than = {}) const;

    // False: they are a candidate already.
    bool add(UserId name, const Guid& person);
    // There is no such account, or whose it is is known.
    void remove(UserId name);
    // They are known by a Matrix ID, so that none of these is theirs. The names of which they were a
    // candidate.
    std::vector<UserId> remove(const Guid& person);

    // Who departed while they had no Matrix ID that is theirs alone: what is to be done about it waits until
    // it is known which account is theirs. `until`: when they were last known not to have departed, Time{}
    // where nobody knows; what is given is the first that was said. nullopt: they are none of these.
    [[nodiscard]] std::optional<Time> departed(const Guid& person) const;
    bool add_departed(const Guid& person, Time until) { return departed_.emplace(person, until).second; }
    std::optional<Time> remove_departed(const Guid& person);

  private:
    bool can_ask_ = false;
    std::unordered_map<UserId, std::vector<Guid>> candidates_;
    std::unordered_map<Guid, std::vector<UserId>, GuidHash> names_;  // … and back, in the same order
    std::unordered_map<Guid, Time, GuidHash> departed_;
};

}  // namespace rollcall::policy
