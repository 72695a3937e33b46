#include "daemon/control/trail_person.h"

#include <fmt/format.h>
#include <algorithm>

#include "daemon/control/answer.h"
#include "policy/base/text.h"

namespace rollcall::control {
namespace {

using store::StoredPersonKey;

constexpr std::size_t kPseudonymLength = 32;

bool looks_like_a_pseudonym(const std::string& name) {
    return name.size() == kPseudonymLength && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string TrailPerson::identity() const {
    return guid.empty() ? user() : "guid:" + guid.text();
}

std::string TrailPerson::user() const {
    const auto at =
        std::find_if(names.begin(), names.end(), [](const auto& n) { return n.starts_with('@'); });
    return at == names.end() ? "" : *at;
}

TrailPeople::TrailPeople(std::vector<StoredPersonKey> keys) : keys_(std::move(keys)) {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        if (!keys_[i].guid.empty()) by_guid_[keys_[i].guid].push_back(i);
        if (!keys_[i].name.empty()) by_name_[keys_[i].name].push_back(i);
    }
}

Result<TrailPeople> TrailPeople::read(const Context& context) {
    Result<std::vector<StoredPersonKey>> keys = context.engine.store().person_keys();
    if (!keys) return pass(keys);
    return TrailPeople(std::move(*keys));
}

std::vector<std::string> TrailPeople::unix_names() const {
    std::vector<std::string> out;
    for (const StoredPersonKey& key : keys_)
        if (key.guid.empty() && key.name.starts_with("unix:")) out.push_back(key.name);
    return out;
}

// Where the search begins: a GUID or a name.
Result<TrailPerson> TrailPeople::begin_with(const Context& context, const std::string& name) const {
    TrailPerson out;
    if (name.starts_with("guid:")) {
        out.guid = Guid::from_text(name.substr(5)).value_or(Guid{});
        if (!out.guid.empty()) return out;
        return fail(ErrorKind::invalid_input, fmt::format("'{}' is no objectGUID", name),
                    "write guid: and 32 hex digits with their dashes");
    }
    if (looks_like_a_pseudonym(name)) {
        const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const StoredPersonKey& one) {
            return schema::pseudonym(one.key) == name;
        });
        if (key == keys_.end())
            return fail(ErrorKind::not_found, fmt::format("nobody has the pseudonym {} (any more)", name),
                        "whoever was erased has none that leads to them");
        out.guid = key->guid;
        if (!key->name.empty()) out.names.insert(key->name);
        return out;
    }
    const Result<PersonId> person = find_person(context.engine, name);
    if (person) {
        out.guid = context.engine.world().people[person->index()].guid;
        return out;
    }
    if (!name.starts_with('@')) return pass(person);
    out.names.insert(name);
    if (const auto at = by_name_.find(name); at != by_name_.end()) out.guid = keys_[at->second.front()].guid;
    return out;
}

void TrailPeople::complete(const Context& context, TrailPerson& out) const {
    const policy::World& world = context.engine.world();
    if (!out.guid.empty()) out.person = world.person(out.guid);
    if (out.person.valid()) {
        const policy::Decider* decider = context.engine.decider();
        const UserId user = decider == nullptr ? UserId{} : decider->user_of(out.person);
        if (user.valid()) out.names.insert(world.users.text(user));
        const auto [first, last] =
            unix_names_.equal_range(fold(world.people[out.person.index()].login.text()));
        for (auto at = first; at != last; ++at) out.names.insert(at->second);
    }
    std::set<std::size_t> theirs;
    if (const auto at = by_guid_.find(out.guid); at != by_guid_.end())
        for (const std::size_t key : at->second) {
            theirs.insert(key);
            if (!keys_[key].name.empty()) out.names.insert(keys_[key].name);
        }
    // A name that belongs to another person of the directory stays theirs.
    for (const std::string& name : out.names)
        if (const auto at = by_name_.find(name); at != by_name_.end())
            for (const std::size_t key : at->second)
                if (keys_[key].guid.empty()) theirs.insert(key);
    for (const std::size_t key : theirs) out.keys.push_back(keys_[key]);
}

Result<TrailPerson> TrailPeople::find(const Context& context, const std::string& name) const {
    Result<TrailPerson> out = begin_with(context, name);
    if (!out) return out;
    complete(context, *out);
    if (!out->keys.empty() || out->person.valid()) return out;
    return fail(ErrorKind::not_found, fmt::format("neither the trail nor the directory knows '{}'", name),
                "give a login, a Matrix ID, guid:… or a pseudonym; whoever was erased is not found any more");
}

TrailPerson TrailPeople::owner(const Context& context, const StoredPersonKey& key) const {
    TrailPerson out;
    out.guid = key.guid;
    if (!key.name.empty()) out.names.insert(key.name);
    complete(context, out);
    return out;
}

}  // namespace rollcall::control
