#include "policy/object_names.h"

#include <fmt/format.h>
#include <algorithm>
#include <functional>
#include <initializer_list>

#include "policy/base/text.h"
#include "policy/decide.h"
#include "policy/matrix_id.h"

namespace rollcall::policy {
namespace {

std::string dn_of(const Person& person) {
    return person.dn.text();
}
template <class Object>  // a group or a container
const std::string& dn_of(const Object& object) {
    return object.dn;
}

std::size_t hashed(const std::string& text) {
    return std::hash<std::string>{}(text);
}

template <class IdType, class Fits>
std::vector<IdType> looked_up(std::vector<std::pair<std::size_t, IdType>>& index,
                              std::initializer_list<std::size_t> hashes, Fits fits) {
    std::vector<IdType> found;
    for (const std::size_t hash : hashes)
        for (auto at = std::lower_bound(index.begin(), index.end(), std::pair(hash, IdType(std::size_t{0})));
             at != index.end() && at->first == hash; ++at)
            if (fits(at->second)) found.push_back(at->second);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

template <class Find>
Guid cached(std::unordered_map<std::string, Guid>& cache, const std::string& name, Find find) {
    if (const auto held = cache.find(name); held != cache.end()) return held->second;
    return cache[name] = find();
}

template <class Objects, class Field>
std::vector<std::string> names_of(const Objects& objects, Field field) {
    std::vector<std::string> names;
    for (const auto& object : objects)
        if (!object.deleted && names.size() < 20'000) names.emplace_back(object.*field);
    return names;
}

// The nearest of these, compared as the directory does and written as it writes it.
std::string nearest_of(const std::string& wanted, const std::vector<std::string>& names) {
    std::vector<std::string> folded;
    for (const std::string& name : names) folded.push_back(fold(name));
    const std::string near = nearest(wanted, folded);
    const auto at = std::find(folded.begin(), folded.end(), near);
    return near.empty() || at == folded.end() ? "" : names[static_cast<std::size_t>(at - folded.begin())];
}

// Each is compared with the whole directory: where more are wrong, they are wrong in the same way.
constexpr std::size_t kMostGuessed = 20;
constexpr std::size_t kMostErrors = 1'000;

}  // namespace

void ObjectNames::complain(const Position& at, std::string message, std::string suggestion,
                           Severity severity) {
    if (severity == Severity::error && ++errors_ > kMostErrors) return;
    if (severity == Severity::error && errors_ == kMostErrors)
        message += fmt::format(" (these are the first {} names that are wrong; there are more)", kMostErrors);
    diagnostics_.push_back({at, std::move(message), std::move(suggestion), severity});
}

template <class IdType, class Objects, class Names>
Guid ObjectNames::resolve(const Kind& kind, const std::string& name, const Position& at,
                          const std::vector<IdType>& found, const Objects& objects, Names names) {
    const auto [key, what] = kind;
    const std::string pin = fmt::format("{}:{}", key, fold(name));
    if (const auto held = old_pins_.find(pin); held != old_pins_.end()) {
        pins_[pin] = held->second;
        if (found.size() == 1 && objects[found.front().index()].guid != held->second)
            complain(
                at,
                fmt::format("the {} '{}' is another object than when this policy was applied; the "
                            "first one stays meant",
                            what, name),
                fmt::format("write guid:{} to mean the new one", objects[found.front().index()].guid.text()),
                Severity::warning);
        return held->second;
    }
    if (found.size() == 1) return pins_[pin] = objects[found.front().index()].guid;
    if (found.empty()) {
        const bool guess = ++guessed_ <= kMostGuessed;
        const std::string near = guess ? nearest_of(fold(name), names()) : "";
        if (fold(near) == fold(name)) {
            complain(at, fmt::format("the directory does not show the {} '{}' any more", what, name),
                     "let the bind account read where it is, or take the name out if it is gone");
            return {};
        }
        complain(at, fmt::format("no {} '{}' in the directory", what, name),
                 !near.empty()           ? fmt::format("did you mean '{}'?", near)
                 : name.starts_with('@') ? "write the login name; a Matrix ID is found once what "
                                           "people.matrix_id reads is known"
                                         : "check the spelling, or write guid:… or the distinguished name");
        return {};
    }
    std::string list;
    for (const IdType id : found) list += (list.empty() ? "" : ", ") + dn_of(objects[id.index()]);
    complain(at, fmt::format("the {} '{}' is ambiguous: {}", what, name, list),
             "write the distinguished name or guid:…");
    return {};
}

Guid ObjectNames::group(const std::string& name, const Position& at) {
    return cached(groups_, name, [&] {
        return resolve(Kind{"group", "group"}, name, at, groups_named(name), world_.groups,
                       [&] { return names_of(world_.groups, &Group::name); });
    });
}

Guid ObjectNames::container(const std::string& name, const Position& at) {
    return cached(containers_, name, [&] {
        const bool pinned = old_pins_.contains(fmt::format("under:{}", fold(name)));
        if (unfound_ == Unfound::unknown && !pinned && world_.containers_named(name).empty()) {
            complain(at, fmt::format("'{}' is not known yet: nobody is added or removed by it", name),
                     "apply the policy again once the directory was read", Severity::warning);
            return Guid{};
        }
        return resolve(Kind{"under", "organisational unit or container"}, name, at,
                       world_.containers_named(name), world_.containers,
                       [&] { return names_of(world_.containers, &Container::dn); });
    });
}

Guid ObjectNames::person(const std::string& login, const Position& at) {
    return cached(people_, login, [&] {
        return resolve(Kind{"user", "user"}, login, at, people_named(login), world_.people,
                       [&] { return names_of(world_.people, &Person::login); });
    });
}

// The same answers as World's look-ups, from the indices.
std::vector<GroupId> ObjectNames::groups_named(const std::string& name) {
    if (name.starts_with("guid:")) return world_.groups_named(name);
    if (group_index_.empty()) index_groups();
    const std::string wanted = fold(name), wanted_dn = fold_dn(name);
    return looked_up(group_index_, {hashed(wanted), hashed(wanted_dn)}, [&](GroupId id) {
        const Group& group = world_.groups[id.index()];
        return fold(group.name) == wanted || fold(group.cn) == wanted || fold_dn(group.dn) == wanted_dn;
    });
}

std::vector<PersonId> ObjectNames::people_named(const std::string& name) {
    if (name.starts_with("guid:")) return world_.people_named(name);
    if (name.starts_with('@')) {
        if (matrix_index_.empty()) index_matrix_ids();
        return looked_up(matrix_index_, {hashed(name)}, [&](PersonId id) { return matrix_id(id) == name; });
    }
    if (person_index_.empty()) index_people();
    const std::string wanted = fold(name);
    return looked_up(person_index_, {hashed(wanted)}, [&](PersonId id) {
        const Person& person = world_.people[id.index()];
        return person.present && !person.deleted && fold(person.login) == wanted;
    });
}

// As the Decider will claim it: given, kept, or made by the template.
std::string ObjectNames::matrix_id(PersonId id) const {
    const Person& person = world_.people[id.index()];
    const auto given = program_.identities.find(person.guid);
    if (given != program_.identities.end()) return given->second;
    if (person.kept.valid()) return world_.users.text(person.kept);
    return person.present && !person.deleted ? template_id(world_, id, program_.matrix_id) : "";
}

void ObjectNames::index_matrix_ids() {
    for (std::size_t i = 0; i < world_.people.size(); ++i)
        if (const std::string id = matrix_id(PersonId(i)); !id.empty())
            matrix_index_.emplace_back(hashed(id), PersonId(i));
    std::sort(matrix_index_.begin(), matrix_index_.end());
}

void ObjectNames::index_groups() {
    for (std::size_t i = 0; i < world_.groups.size(); ++i) {
        const Group& group = world_.groups[i];
        if (group.deleted) continue;
        for (const std::string& text : {fold(group.name), fold(group.cn), fold_dn(group.dn)})
            group_index_.emplace_back(hashed(text), GroupId(i));
    }
    std::sort(group_index_.begin(), group_index_.end());
}

void ObjectNames::index_people() {
    for (std::size_t i = 0; i < world_.people.size(); ++i) {
        const Person& person = world_.people[i];
        if (person.present && !person.deleted)
            person_index_.emplace_back(hashed(fold(person.login)), PersonId(i));
    }
    std::sort(person_index_.begin(), person_index_.end());
}

}  // namespace rollcall::policy
