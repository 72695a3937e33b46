// Engine: groups and containers that the rules name and the directory has deleted, and groups that were part
// of such. That they are gone is an entry, a log line and a message, once each over restarts (mark "gone");
// whom a deleted group kept out is remembered until a policy is applied (mark "deleted_group").
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "policy/gone.h"

namespace rollcall::engine {
namespace {

constexpr const char* kGone = "gone";
constexpr const char* kDeletedGroup = "deleted_group";

json::Value texts_of(const std::vector<Guid>& guids) {
    json::Value out{json::Array{}};
    for (const Guid& guid : guids) out.push(guid.text());
    return out;
}

std::vector<Guid> guids_of(const json::Value& texts) {
    std::vector<Guid> out;
    if (const json::Array* list = texts.array())
        for (const json::Value& text : *list)
            if (const auto guid = Guid::from_text(text.text())) out.push_back(*guid);
    return out;
}

}  // namespace

void Engine::keep_deleted_group(GroupId group) {
    const std::string key = world_.groups[group.index()].guid.text();
    const auto kept = world_.deleted_groups.find(group);
    if (kept == world_.deleted_groups.end()) return mark(kDeletedGroup, key, std::nullopt);
    std::vector<Guid> people, parents;
    for (const PersonId person : kept->second.people) people.push_back(world_.people[person.index()].guid);
    for (const GroupId parent : kept->second.parents) parents.push_back(world_.groups[parent.index()].guid);
    json::Value value;
    value.set("people", texts_of(people));
    value.set("parents", texts_of(parents));
    mark(kDeletedGroup, key, json::write(value));
}

bool Engine::load_gone(const store::StoredMark& row) {
    if (row.kind == kGone) gone_[row.key] = *row.value;
    if (row.kind != kDeletedGroup) return row.kind == kGone;
    const auto guid = Guid::from_text(row.key);
    const auto group = guid ? world_.group_by_guid.find(*guid) : world_.group_by_guid.end();
    const Result<json::Value> value = json::parse(*row.value);
    if (group == world_.group_by_guid.end() || !value) return true;
    policy::DeletedGroup& kept = world_.deleted_groups[group->second];
    for (const Guid& one : guids_of((*value)["people"]))
        if (const PersonId person = world_.person(one); person.valid()) kept.people.push_back(person);
    for (const Guid& one : guids_of((*value)["parents"]))
        if (const auto at = world_.group_by_guid.find(one); at != world_.group_by_guid.end())
            kept.parents.push_back(at->second);
    std::sort(kept.people.begin(), kept.people.end());
    return true;
}

// After a change of what groups there are, or of the policy.
void Engine::look_at_gone() {
    std::map<std::string, std::string> now;
    for (const policy::Gone& one : policy::gone(*decider_)) {
        std::string& text = now[one.guid.text()];
        if (text.empty()) text = one.text;
    }
    for (const auto& [guid, text] : now) {
        if (const auto known = gone_.find(guid); known != gone_.end() && known->second == text) continue;
        mark(kGone, guid, text);
        log_.warn("RC-GONE", text);
        schema::TrailEntry entry;
        entry.kind = schema::TrailKind::failure;
        entry.result = text;
        record(std::move(entry));
        tell_trouble(fmt::format("{}/{}", kGone, guid), fmt::format("Look at the directory: {}.", text));
    }
    for (const auto& [guid, text] : gone_) {
        if (now.contains(guid)) continue;
        mark(kGone, guid, std::nullopt);
        schema::TrailEntry entry;
        entry.kind = schema::TrailKind::directory;
        entry.result = "not so any more: " + text;
        record(std::move(entry));
    }
    gone_ = std::move(now);
}

}  // namespace rollcall::engine
