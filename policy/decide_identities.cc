// Decider: which Matrix ID is whose. One that two claim is nobody's, but for whoever has kept it.
#include <fmt/format.h>
#include <algorithm>

#include "policy/base/text.h"
#include "policy/decide.h"

namespace rollcall::policy {

bool valid_matrix_id(std::string_view id) {
    const std::size_t colon = id.find(':');
    if (id.size() > 255 || id.size() < 4 || id[0] != '@' || colon == std::string_view::npos || colon < 2 ||
        colon + 1 == id.size())
        return false;
    return std::all_of(id.begin() + 1, id.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("._=-/+").find(c) != std::string_view::npos;
    });
}

std::string template_id(const World& world, PersonId id, const std::vector<TemplatePart>& parts) {
    const Person& person = world.people[id.index()];
    std::string out;
    for (const TemplatePart& part : parts) {
        if (part.attribute.empty()) {
            out += part.literal;
            continue;
        }
        std::string value;
        if (part.attribute == "samaccountname") {
            value = person.login.text();
        } else {
            const AttributeId attribute = world.attribute_names.find(part.attribute);
            for (const AttributeValue& held : world.person_attributes.row(id.index()))
                if (attribute.valid() && held.attribute == attribute && value.empty() &&
                    world.attribute_values.text(held.value) != kUnreadable)
                    value = world.attribute_values.text(held.value);
        }
        if (value.empty()) return {};
        if (part.filter == TemplatePart::Filter::lower) value = fold(value);
        if (part.filter == TemplatePart::Filter::slug) value = slug(value);
        out += value;
    }
    return out;
}

void Decider::claim(PersonId id) {
    if (id.index() >= claimed_.size()) claimed_.resize(id.index() + 1);
    const Person& person = world_.people[id.index()];
    std::string wanted = person.kept.valid() ? world_.users.text(person.kept) : "";
    if (wanted.empty()) {
        const auto identity = program_->identities.find(person.guid);
        if (identity != program_->identities.end())
            wanted = identity->second;
        else if (person.present && !person.deleted)
            wanted = template_id(world_, id, program_->matrix_id);
    }
    unusable_.erase(id);
    if (!wanted.empty() && !valid_matrix_id(wanted)) {
        unusable_[id] = wanted;
        wanted.clear();
    }
    const UserId before = claimed_[id.index()];
    const UserId after = wanted.empty() ? UserId{} : world_.user(wanted);
    if (before == after) {
        // A claim may have become a kept one.
        if (after.valid()) settle_claims(after);
        return;
    }
    claimed_[id.index()] = after;
    if (before.valid()) {
        if (const auto at = rivals_.find(before); at != rivals_.end())
            std::erase(at->second, id);
        else
            person_of_user_[before.index()] = PersonId{};
        settle_claims(before);
        world_.dirty.users.insert(before);
    }
    if (!after.valid()) return;
    if (after.index() >= person_of_user_.size())
        person_of_user_.resize(std::max(after.index() + 1, world_.users.size()));
    PersonId& holder = person_of_user_[after.index()];
    if (const auto at = rivals_.find(after); at != rivals_.end()) {
        at->second.push_back(id);
    } else if (holder.valid() && holder != id) {
        rivals_[after] = {holder, id};
    } else {
        holder = id;
        return;
    }
    settle_claims(after);
}

void Decider::settle_claims(UserId user) {
    const auto at = rivals_.find(user);
    if (at == rivals_.end()) return;
    std::sort(at->second.begin(), at->second.end());
    std::vector<PersonId> kept;
    for (const PersonId rival : at->second)
        if (world_.people[rival.index()].kept.valid()) kept.push_back(rival);
    PersonId winner;
    if (at->second.size() == 1) winner = at->second.front();
    if (kept.size() == 1) winner = kept.front();
    person_of_user_[user.index()] = winner;
    world_.dirty.users.insert(user);
    if (at->second.size() < 2) rivals_.erase(at);
}

std::vector<IdentityConflict> Decider::conflicts() const {
    std::vector<IdentityConflict> out;
    for (const auto& [user, rivals] : rivals_)
        for (const PersonId rival : rivals)
            if (person_of_user_[user.index()] != rival)
                out.push_back(
                    {rival, world_.users.text(user),
                     fmt::format("{} would be {} too, which belongs to another account; give one "
                                 "of them an entry under people.identities",
                                 world_.people[rival.index()].login.view(), world_.users.text(user))});
    for (const auto& [person, id] : unusable_)
        out.push_back(
            {person, id,
             fmt::format("{} has no usable Matrix ID: '{}' is not one; give an entry under people.identities",
                         world_.people[person.index()].login.view(), id)});
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.text < b.text; });
    return out;
}

UserId Decider::user_of(PersonId person) const {
    if (person.index() >= claimed_.size()) return {};
    const UserId user = claimed_[person.index()];
    return user.valid() && person_of(user) == person ? user : UserId{};
}

PersonId Decider::person_of(UserId user) const {
    return user.index() < person_of_user_.size() ? person_of_user_[user.index()] : PersonId{};
}

}  // namespace rollcall::policy
