#include "policy/accounts_in_question.h"

#include <algorithm>

namespace rollcall::policy {

AccountsInQuestion::AccountsInQuestion() = default;
AccountsInQuestion::~AccountsInQuestion() = default;
AccountsInQuestion::AccountsInQuestion(AccountsInQuestion&&) noexcept = default;
AccountsInQuestion& AccountsInQuestion::operator=(AccountsInQuestion&&) noexcept = default;

const std::vector<Guid>& AccountsInQuestion::candidates(UserId name) const {
    static const std::vector<Guid> none;
    const auto at = candidates_.find(name);
    return at == candidates_.end() ? none : at->second;
}

const std::vector<UserId>& AccountsInQuestion::names(const Guid& person) const {
    static const std::vector<UserId> none;
    const auto at = names_.find(person);
    return at == names_.end() ? none : at->second;
}

UserId AccountsInQuestion::waits_for(const Guid& person, UserId other_than) const {
    const auto at = can_ask_ ? names_.find(person) : names_.end();
    if (at == names_.end()) return {};
    const auto name = std::find_if(at->second.begin(), at->second.end(),
                                   [other_than](UserId one) { return one != other_than; });
    return name == at->second.end() ? UserId{} : *name;
}

bool AccountsInQuestion::add(UserId name, const Guid& person) {
    std::vector<Guid>& had = candidates_[name];
    if (std::find(had.begin(), had.end(), person) != had.end()) return false;
    had.push_back(person);
    names_[person].push_back(name);
    return true;
}

void AccountsInQuestion::remove(UserId name) {
    const auto had = candidates_.extract(name);
    if (had.empty()) return;
    for (const Guid& person : had.mapped()) {
        const auto names = names_.find(person);
        std::erase(names->second, name);
        if (names->second.empty()) names_.erase(names);
    }
}

std::vector<UserId> AccountsInQuestion::remove(const Guid& person) {
    const auto names = names_.extract(person);
    if (names.empty()) return {};
    for (const UserId name : names.mapped()) {
        const auto had = candidates_.find(name);
        std::erase(had->second, person);
        if (had->second.empty()) candidates_.erase(had);
    }
    return std::move(names.mapped());
}

std::optional<Time> AccountsInQuestion::departed(const Guid& person) const {
    const auto at = departed_.find(person);
    return at == departed_.end() ? std::nullopt : std::optional(at->second);
}

std::optional<Time> AccountsInQuestion::remove_departed(const Guid& person) {
    const std::optional<Time> until = departed(person);
    departed_.erase(person);
    return until;
}

}  // namespace rollcall::policy
