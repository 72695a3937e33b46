// Decider: conditions. Which a person fulfils by what stands in their entry, which cannot be known, and into
// which rooms each can lead.
#include <algorithm>
#include <utility>

#include "policy/base/text.h"
#include "policy/decide.h"
#include "policy/room_rename.h"

namespace rollcall::policy {

void Decider::build_conditions() {
    condition_group_.assign(program_->conditions.size(), GroupId{});
    for (std::size_t i = 0; i < program_->conditions.size(); ++i) {
        const CompiledCondition& condition = program_->conditions[i];
        const ConditionId id(i);
        switch (condition.kind) {
            case Condition::Kind::user:
                by_user_[condition.guid] = id;
                break;
            case Condition::Kind::under:
                any_under_ = true;
                break;
            case Condition::Kind::attribute:
                by_attribute_[condition.attribute].push_back(id);
                if (condition.test == Condition::Test::matches) {
                    patterns_.add(condition.attribute, id, condition.pattern);
                    break;
                }
                for (const std::string& value : condition.values)
                    by_value_[condition.attribute + '\x01' + value].push_back(id);
                break;
            default:
                break;
        }
    }
}

void Decider::readability_changed() {
    const std::size_t count = program_->conditions.size();
    const std::vector<bool> before = std::exchange(condition_unknown_, std::vector<bool>(count, false));
    const std::vector<bool> gone_before = std::exchange(condition_gone_, std::vector<bool>(count, false));
    group_condition_.assign(world_.groups.size(), ConditionId{});
    for (std::size_t i = 0; i < count; ++i) {
        const CompiledCondition& condition = program_->conditions[i];
        if (condition.kind == Condition::Kind::group) {
            if (!condition_group_[i].valid())
                if (const auto at = world_.group_by_guid.find(condition.guid);
                    at != world_.group_by_guid.end())
                    condition_group_[i] = at->second;
            if (condition_group_[i].valid()) {
                group_condition_[condition_group_[i].index()] = ConditionId(i);
                condition_gone_[i] = world_.groups[condition_group_[i].index()].deleted;
            } else {
                condition_unknown_[i] = true;
            }
        } else if (condition.kind == Condition::Kind::under) {
            const auto at = world_.container_by_guid.find(condition.guid);
            condition_unknown_[i] =
                at == world_.container_by_guid.end() || !world_.containers[at->second.index()].present;
            condition_gone_[i] =
                at != world_.container_by_guid.end() && world_.containers[at->second.index()].deleted;
        } else if (condition.kind == Condition::Kind::attribute) {
            // The login is always read; what was not asked for in the last complete read is not known to be
            // empty.
            condition_unknown_[i] = condition.attribute != "samaccountname" &&
                                    !world_.attributes_read.contains(condition.attribute);
        }
    }
    // A group whose members could not be read makes every group above it unknown for whoever is not found in
    // it by another way; and so does one that names somebody who cannot be seen, for that may be a group.
    std::vector<GroupId> queue;
    std::vector<bool> seen(world_.groups.size(), false);
    listed_groups_.assign(world_.groups.size(), false);
    for (std::size_t i = 0; i < world_.groups.size(); ++i) {
        if (world_.groups[i].deleted) continue;
        listed_groups_[i] = world_.groups[i].members_known;
        if (!listed_groups_[i] || world_.unresolved.contains(GroupId(i)))
            queue.emplace_back(i), seen[i] = true;
    }
    while (!queue.empty()) {
        const GroupId group = queue.back();
        queue.pop_back();
        if (group_condition_[group.index()].valid())
            condition_unknown_[group_condition_[group.index()].index()] = true;
        for (const GroupId parent : world_.group_parents.row(group.index()))
            if (!seen[parent.index()] && !world_.groups[parent.index()].deleted)
                seen[parent.index()] = true, queue.push_back(parent);
    }
    if (!before.empty() && (before != condition_unknown_ || gone_before != condition_gone_))
        world_.dirty.everything = true;
}

void Decider::place_containers() {
    under_.clear();
    places_.clear();
    if (!any_under_) return;
    for (const Container& container : world_.containers)
        if (container.present && !container.deleted) places_.insert(fold_dn(container.dn));
    for (std::size_t i = 0; i < program_->conditions.size(); ++i) {
        const CompiledCondition& condition = program_->conditions[i];
        if (condition.kind != Condition::Kind::under) continue;
        const auto at = world_.container_by_guid.find(condition.guid);
        if (at == world_.container_by_guid.end()) continue;
        const Container& container = world_.containers[at->second.index()];
        if (container.present && !container.deleted)
            under_.emplace_back(fold_dn(container.dn), ConditionId(i));
    }
}

void Decider::containers_changed() {
    if (!any_under_) return;
    place_containers();
    readability_changed();
    for (std::size_t i = 0; i < world_.people.size(); ++i) derive_conditions(PersonId(i));
    world_.dirty.everything = true;
}

void Decider::derive_conditions(PersonId id) {
    const Person& person = world_.people[id.index()];
    std::vector<ConditionId> holds, unknown;
    if (const auto at = by_user_.find(person.guid); at != by_user_.end()) holds.push_back(at->second);
    if (!under_.empty()) {
        // A name whose container is not known is older or newer than that container's: it decides nothing.
        const std::string dn = fold_dn(person.dn.text());
        const bool placed = places_.contains(std::string(dn_parent(dn)));
        for (const auto& [base, condition] : under_)
            if (dn_under(dn, base))
                holds.push_back(condition);
            else if (!placed)
                unknown.push_back(condition);
    }
    const auto test_value = [&](const std::string& name, const std::string& value) {
        if (const auto at = by_value_.find(name + '\x01' + fold(value)); at != by_value_.end())
            holds.insert(holds.end(), at->second.begin(), at->second.end());
        patterns_.find(name, value, holds);
    };
    if (!by_value_.empty() || !patterns_.empty()) {
        test_value("samaccountname", person.login.text());
        for (const AttributeValue& held : world_.person_attributes.row(id.index())) {
            const std::string& name = world_.attribute_names.text(held.attribute);
            const std::string& value = world_.attribute_values.text(held.value);
            if (value != kUnreadable)
                test_value(name, value);
            else if (const auto at = by_attribute_.find(name); at != by_attribute_.end())
                unknown.insert(unknown.end(), at->second.begin(), at->second.end());
        }
    }
    std::sort(unknown.begin(), unknown.end());
    if (!unknown.empty() || !person_unknown_.row(id.index()).empty())
        person_unknown_.assign(id.index(), unknown);
    std::sort(holds.begin(), holds.end());
    holds.erase(std::unique(holds.begin(), holds.end()), holds.end());
    person_conditions_.assign(id.index(), holds);
}

// ---------------------------------------------------------------- which rooms a condition can lead into

// Conditions such that the node cannot hold unless one of them does; `everyone` where there is no such set
// but employees.
void Decider::positives(NodeId id, std::vector<ConditionId>& out, bool& everyone) const {
    if (!id.valid()) return;
    const Node& node = program_->nodes[id.index()];
    switch (node.op) {
        case Node::Op::no:
            return;
        case Node::Op::employees:
            everyone = true;
            return;
        case Node::Op::condition:
            out.emplace_back(node.first);
            return;
        case Node::Op::except:
            positives(NodeId(node.first), out, everyone);
            return;
        case Node::Op::any:
            for (std::uint32_t i = 0; i < node.count; ++i)
                positives(program_->children[node.first + i], out, everyone);
            return;
        case Node::Op::all: {  // any one child will do: the one with the fewest conditions
            bool have = false, have_everyone = false;
            std::vector<ConditionId> best;
            for (std::uint32_t i = 0; i < node.count; ++i) {
                std::vector<ConditionId> some;
                bool all = false;
                positives(program_->children[node.first + i], some, all);
                if (all) {
                    have_everyone = true;
                } else if (!have || some.size() < best.size()) {
                    have = true;
                    best = std::move(some);
                }
            }
            if (have)
                out.insert(out.end(), best.begin(), best.end());
            else
                everyone |= have_everyone;
            return;
        }
    }
}

void Decider::build_index() {
    for (std::uint32_t r = 0; r < program_->rooms.size(); ++r) {
        std::vector<ConditionId> conditions;
        bool everyone = false;
        positives(program_->rooms[r].members, conditions, everyone);
        positives(program_->rooms[r].owners, conditions, everyone);
        if (everyone)
            index_everyone_.push_back(r);
        else
            for (const ConditionId condition : conditions) index_.put(condition.index(), r);
    }
}

void Decider::rooms_changed() {
    program_room_.assign(world_.rooms.size(), -1);
    world_room_.assign(program_->rooms.size(), RoomId{});
    for (std::size_t i = 0; i < world_.rooms.size(); ++i) {
        const int index = program_->room_index(world_.rooms[i].key);
        program_room_[i] = index;
        if (index >= 0) world_room_[static_cast<std::size_t>(index)] = RoomId(i);
    }
    for (const RoomRename& one : room_renames(world_, *program_)) {
        RoomId& room = world_room_[one.index];
        if (room.valid()) program_room_[room.index()] = -1;  // never made
        room = one.room;
        program_room_[one.room.index()] = static_cast<int>(one.index);
    }
}

}  // namespace rollcall::policy
