#include "policy/policy_change.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "policy/choices.h"
#include "policy/expression_words.h"
#include "policy/policy_change_list.h"

namespace rollcall::policy {
namespace {

std::string template_words(const Program& program) {
    std::string out;
    for (const TemplatePart& part : program.matrix_id) {
        out += part.literal;
        if (part.attribute.empty()) continue;
        out += "{" + part.attribute;
        if (part.filter == TemplatePart::Filter::lower) out += "|lower";
        if (part.filter == TemplatePart::Filter::slug) out += "|slug";
        out += "}";
    }
    return out;
}

// A program names by GUID whom an entry means; the pins know the name that was written.
std::string name_of(const Program& program, const Guid& guid) {
    for (const auto& [name, pinned] : program.pins)
        if (pinned == guid) return name.substr(name.find(':') + 1);
    return "guid:" + guid.text();
}

using MatrixIds = std::pair<std::string, std::string>;  // before, after; "" for none

void change_identity(const Program& was, const Program& is, const Guid& person, const MatrixIds& ids,
                     PolicyChanges& changes) {
    const std::string name = name_of(ids.second.empty() ? was : is, person);
    const auto words = [&](const std::string& id) { return id.empty() ? "" : name + ": " + id; };
    changes.setting("people.identities", words(ids.first), words(ids.second), {},
                    ids.second.empty() ? "" : "whoever uses that account gets this person's rooms");
}

// These have no default with which those of a first policy could be compared.
void change_who_is_meant(const Program& was, const Program& is, PolicyChanges& changes) {
    changes.setting("people.matrix_id", template_words(was), template_words(is), {},
                    "people who have no account yet get other Matrix IDs");
    changes.compiled(same_expression(was, was.employees, is, is.employees), "people.employees",
                     expression_words(was, was.employees), expression_words(is, is.employees),
                     is.employees_at, "who is an employee decides who may be in any room");
}

void change_people(const Program& was, const Program& is, PolicyChanges& changes) {
    changes.setting("people.on_departure.leave", std::string(word_of(kLeaveScope, was.leave)),
                    std::string(word_of(kLeaveScope, is.leave)), {},
                    is.leave == LeaveScope::managed_rooms
                        ? "who departs stays in rooms that the policy does not name"
                        : "");
    changes.setting("people.on_departure.sign_out", was.sign_out ? "true" : "false",
                    is.sign_out ? "true" : "false", {}, is.sign_out ? "" : "who departs stays signed in");
    std::map<Guid, MatrixIds> identities;
    for (const auto& [person, id] : was.identities) identities[person].first = id;
    for (const auto& [person, id] : is.identities) identities[person].second = id;
    for (const auto& [person, ids] : identities) change_identity(was, is, person, ids, changes);
}

void change_protected(const Program& was, const Program& is, PolicyChanges& changes) {
    const std::set<std::string> before(was.protected_ids.begin(), was.protected_ids.end());
    const std::set<std::string> after(is.protected_ids.begin(), is.protected_ids.end());
    for (const std::string& id : after)
        if (!before.contains(id)) changes.added("protected", id, {}, "never removed from any room");
    for (const std::string& id : before)
        if (!after.contains(id)) changes.removed("protected", id, "can be removed from rooms from now on");
}

void change_services(const Program& was, const Program& is, PolicyChanges& changes) {
    const auto by_key = [](const Program& program) {
        std::map<std::string, const CompiledService*> out;
        for (const CompiledService& one : program.services) out.emplace(one.key, &one);
        return out;
    };
    const auto words = [](const CompiledService& one, const std::string& rooms) {
        return fmt::format("{} in {}", one.who, rooms);
    };
    const std::string danger = "stays without being in the directory";
    const auto before = by_key(was), after = by_key(is);
    for (const auto& [key, one] : after) {
        const auto old = before.find(key);
        if (old == before.end()) {
            changes.added("services." + key, words(*one, room_words(is, one->rooms)), one->at, danger);
            continue;
        }
        const RoomLists rooms = room_lists(was, old->second->rooms, is, one->rooms, changes.renames);
        changes.setting("services." + key, words(*old->second, rooms.before), words(*one, rooms.after),
                        one->at, danger);
    }
    for (const auto& [key, one] : before)
        if (!after.contains(key))
            changes.removed("services." + key, words(*one, room_words(was, one->rooms)), "");
}

std::string words(const Rate& rate) {
    return fmt::format("{} within {}", rate.at_most, duration_text(rate.within));
}

std::string words(const Share& share) {
    return fmt::format("{} %, of at least {}", share.percent, share.at_least);
}

// More in the same time, or as many in less.
bool wider(const Rate& was, const Rate& is) {
    return is.at_most > was.at_most || is.within < was.within;
}

bool wider(const Share& was, const Share& is) {
    return is.percent > was.percent || is.at_least > was.at_least;
}

void change_guards(const Program& was, const Program& is, PolicyChanges& changes) {
    const std::string more = "more than before happens unasked";
    const auto limit = [&](std::string_view name, const auto& from, const auto& to) {
        changes.setting(fmt::format("guards.{}", name), words(from), words(to), {},
                        wider(from, to) ? more : "");
    };
    limit("removals", was.guards.removals, is.guards.removals);
    limit("departures", was.guards.departures, is.guards.departures);
    limit("room_loses", was.guards.room_loses, is.guards.room_loses);
    limit("room_gains", was.guards.room_gains, is.guards.room_gains);
    limit("rooms.created", Rate{was.guards.rooms_created, was.guards.rooms_within},
          Rate{is.guards.rooms_created, is.guards.rooms_within});
    limit("rooms.released", Rate{was.guards.rooms_released, was.guards.rooms_within},
          Rate{is.guards.rooms_released, is.guards.rooms_within});
    const auto grace = [](const Program& program) {
        return program.guards.grace == Duration{} ? std::string("0s") : duration_text(program.guards.grace);
    };
    changes.setting("guards.grace", grace(was), grace(is), {},
                    is.guards.grace < was.guards.grace ? "a mover loses rooms sooner" : "");
    const std::set<Canary> before(was.canaries.begin(), was.canaries.end());
    const std::set<Canary> after(is.canaries.begin(), is.canaries.end());
    for (const Canary& one : after)
        if (!before.contains(one)) changes.added("guards.canaries", one.name, {}, "");
    for (const Canary& one : before)
        if (!after.contains(one))
            changes.removed("guards.canaries", one.name,
                            "a read of the directory from which part is hidden is believed sooner");
}

// The same name leads to another object.
void change_names(const Program& was, const Program& is, PolicyChanges& changes) {
    for (const auto& [name, guid] : is.pins)
        if (const auto old = was.pins.find(name); old != was.pins.end() && old->second != guid)
            changes.setting("names." + name, "guid:" + old->second.text(), "guid:" + guid.text(), {},
                            "the name means another object of the directory than before");
}

}  // namespace

std::vector<PolicyChange> policy_changes(const Program* before, const Program& after,
                                         const std::vector<RoomRename>& renames) {
    const Program none;
    const Program& was = before == nullptr ? none : *before;
    PolicyChanges changes;
    changes.renames = renames;
    if (before != nullptr) change_who_is_meant(was, after, changes);
    change_people(was, after, changes);
    change_protected(was, after, changes);
    change_services(was, after, changes);
    change_rooms(was, after, changes);
    if (before == nullptr)
        std::erase_if(changes.list,
                      [](const PolicyChange& one) { return !one.room.empty() && one.danger.empty(); });
    change_approvals(was, after, changes);
    change_guards(was, after, changes);
    change_names(was, after, changes);
    return std::move(changes.list);
}

}  // namespace rollcall::policy
