#include "policy/decide.h"

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "policy/base/text.h"

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

Decider::Decider(World& world, std::shared_ptr<const Program> program)
    : world_(world), program_(std::move(program)) {
    for (const CompiledService& service : program_->services) services_[world_.user(service.who)] = &service;
    for (const std::string& id : program_->protected_ids) protected_.insert(world_.user(id));
    if (!world_.bot.empty()) protected_.insert(bot_ = world_.user(world_.bot));
    for (const CompiledApproval& approval : program_->approvals) sponsors_.insert(approval.sponsor_guid);
    for (const Node& node : program_->nodes) nodes_.push_back({node.op, node.first, node.count});
    for (const CompiledRoom& room : program_->rooms)
        plain_rooms_.push_back({room.members, room.owners, room.except});
    build_conditions();
    build_index();
    rooms_changed();
    place_containers();
    readability_changed();
    for (std::size_t i = 0; i < world_.people.size(); ++i) person_changed(PersonId(i));
}

// ---------------------------------------------------------------- conditions

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
                    patterns_.push_back(id);
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
    group_condition_.assign(world_.groups.size(), ConditionId{});
    for (std::size_t i = 0; i < count; ++i) {
        const CompiledCondition& condition = program_->conditions[i];
        if (condition.kind == Condition::Kind::group) {
            if (!condition_group_[i].valid())
                if (const auto at = world_.group_by_guid.find(condition.guid);
                    at != world_.group_by_guid.end())
                    condition_group_[i] = at->second;
            if (condition_group_[i].valid())
                group_condition_[condition_group_[i].index()] = ConditionId(i);
            else
                condition_unknown_[i] = true;
        } else if (condition.kind == Condition::Kind::under) {
            const auto at = world_.container_by_guid.find(condition.guid);
            condition_unknown_[i] =
                at == world_.container_by_guid.end() || !world_.containers[at->second.index()].present;
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
    if (!before.empty() && before != condition_unknown_) world_.dirty.everything = true;
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
    const auto test_value = [&](const std::string& name, std::string_view value) {
        if (const auto at = by_value_.find(name + '\x01' + fold(value)); at != by_value_.end())
            holds.insert(holds.end(), at->second.begin(), at->second.end());
        for (const ConditionId pattern : patterns_) {
            const CompiledCondition& condition = program_->conditions[pattern.index()];
            if (condition.attribute == name && RE2::FullMatch(value, *condition.pattern))
                holds.push_back(pattern);
        }
    };
    if (!by_value_.empty() || !patterns_.empty()) {
        test_value("samaccountname", person.login);
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
}

// ---------------------------------------------------------------- Matrix IDs

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

void Decider::person_changed(PersonId person) {
    claim(person);
    derive_conditions(person);
}

// ---------------------------------------------------------------- verdicts

Tri Decider::departed(PersonId id) const {
    return world_.people[id.index()].depart_ordered ? Tri::yes : departed_in_directory(id);
}

Tri Decider::departed_in_directory(PersonId id) const {
    const Person& person = world_.people[id.index()];
    if (person.deleted) return Tri::yes;
    if (person.account_control && (*person.account_control & kAccountDisabled) != 0) return Tri::yes;
    if (person.expires && *person.expires <= world_.now) return Tri::yes;
    if (!person.present)
        return Tri::no;  // not found is not departed: they lose their groups, under the removals guard
    return person.account_control && person.expires ? Tri::no : Tri::unknown;
}

void Decider::stamp(PersonId id) const {
    ++epoch_;
    if (epoch_ == 0) {  // wrapped after four billion walks: forget all old stamps
        std::fill(group_stamp_.begin(), group_stamp_.end(), 0);
        std::fill(condition_stamp_.begin(), condition_stamp_.end(), 0);
        std::fill(unknown_stamp_.begin(), unknown_stamp_.end(), 0);
        std::fill(room_stamp_.begin(), room_stamp_.end(), 0);
        epoch_ = 1;
    }
    group_stamp_.resize(world_.groups.size(), 0);
    condition_stamp_.resize(program_->conditions.size(), 0);
    unknown_stamp_.resize(program_->conditions.size(), 0);
    room_stamp_.resize(program_->rooms.size(), 0);
    holding_.clear();
    walk_.clear();
    const auto reach = [this](GroupId group, bool listed) {
        // What a list that cannot be read said once is not certain now; a primary group is the person's own
        // word.
        if (group.index() >= listed_groups_.size() || (listed && !listed_groups_[group.index()])) return;
        if (group_stamp_[group.index()] == epoch_) return;
        group_stamp_[group.index()] = epoch_;
        walk_.push_back(group);
        const ConditionId condition = group_condition_[group.index()];
        if (!condition.valid()) return;
        condition_stamp_[condition.index()] = epoch_;
        holding_.push_back(condition);
    };
    const Person& person = world_.people[id.index()];
    const bool here = person.present && !person.deleted;
    primary_unknown_ = here && !person.primary_group;
    if (here) {
        for (const GroupId group : world_.person_groups.row(id.index())) reach(group, true);
        if (person.primary_group)
            if (const auto at = world_.group_by_rid.find(*person.primary_group);
                at != world_.group_by_rid.end() && !world_.groups[at->second.index()].deleted)
                reach(at->second, false);
        while (!walk_.empty()) {
            const GroupId group = walk_.back();
            walk_.pop_back();
            for (const GroupId parent : world_.group_parents.row(group.index())) reach(parent, true);
        }
        for (const ConditionId condition : person_unknown_.row(id.index()))
            unknown_stamp_[condition.index()] = epoch_;
        for (const ConditionId condition : person_conditions_.row(id.index())) {
            condition_stamp_[condition.index()] = epoch_;
            holding_.push_back(condition);
        }
    }
}

Tri Decider::condition(ConditionId id) const {
    if (condition_stamp_[id.index()] == epoch_) return Tri::yes;
    const bool unknown = condition_unknown_[id.index()] || unknown_stamp_[id.index()] == epoch_ ||
                         (primary_unknown_ && condition_group_[id.index()].valid());
    return unknown ? Tri::unknown : Tri::no;
}

Tri Decider::eval(NodeId id) const {
    if (!id.valid()) return Tri::no;
    const PlainNode& node = nodes_[id.index()];
    switch (node.op) {
        case Node::Op::no:
            return Tri::no;
        case Node::Op::employees:
            return Tri::yes;  // only employees are ever asked
        case Node::Op::condition:
            return condition(ConditionId(std::size_t{node.first}));
        case Node::Op::any: {
            Tri best = Tri::no;
            for (std::uint32_t i = 0; i < node.count && best != Tri::yes; ++i)
                best = std::max(best, eval(program_->children[node.first + i]));
            return best;
        }
        case Node::Op::all: {
            Tri worst = Tri::yes;
            for (std::uint32_t i = 0; i < node.count && worst != Tri::no; ++i)
                worst = std::min(worst, eval(program_->children[node.first + i]));
            return worst;
        }
        case Node::Op::except: {
            const Tri taken_out = eval(NodeId(std::size_t{node.count}));
            const Tri kept = taken_out == Tri::yes ? Tri::no : taken_out == Tri::no ? Tri::yes : Tri::unknown;
            return std::min(eval(NodeId(std::size_t{node.first})), kept);
        }
    }
    return Tri::unknown;
}

Tri Decider::employee(PersonId person) const {
    stamp(person);
    return eval(program_->employees);
}

Tri Decider::evaluate(PersonId person, NodeId node) const {
    stamp(person);
    return eval(node);
}

bool Decider::is_protected(UserId user) const {
    return protected_.contains(user);
}

const CompiledService* Decider::service(UserId user) const {
    const auto at = services_.find(user);
    return at == services_.end() ? nullptr : at->second;
}

Decider::Subject Decider::prepare(UserId user) const {
    Subject subject;
    subject.user = user;
    subject.is_protected = is_protected(user);
    subject.service = service(user);
    subject.person = person_of(user);
    if (subject.person.valid()) {
        subject.departed = departed(subject.person);
        stamp(subject.person);
        subject.employee = eval(program_->employees);
    } else {
        ++epoch_;
        room_stamp_.resize(program_->rooms.size(), 0);
    }
    return subject;
}

const std::vector<std::uint32_t>& Decider::candidates(const Subject& subject) const {
    found_.clear();
    const auto add = [this](std::uint32_t room) {
        if (room_stamp_[room] == epoch_) return;
        room_stamp_[room] = epoch_;
        found_.push_back(room);
    };
    for (const Membership& held : world_.memberships.row(subject.user.index())) {
        const int room = managed(held.room);
        if (room >= 0) add(static_cast<std::uint32_t>(room));
    }
    if (subject.service != nullptr)
        for (const std::uint32_t room : subject.service->rooms) add(room);
    if (subject.person.valid() && subject.departed == Tri::no && subject.employee == Tri::yes) {
        for (const std::uint32_t room : index_everyone_) add(room);
        for (const ConditionId condition : holding_)
            for (const std::uint32_t room : index_.row(condition.index())) add(room);
    }
    std::sort(found_.begin(), found_.end());
    return found_;
}

Verdict Decider::judge(const Subject& subject, std::uint32_t room) const {
    const Verdict verdict = judge_unprotected(subject, room);
    if (!subject.is_protected) return verdict;
    // Never removed, nor made less than they are; otherwise as anybody.
    if (verdict.presence != Presence::in) return {Presence::unknown, Tri::unknown, Basis::protected_id};
    return {Presence::in, verdict.owner == Tri::yes ? Tri::yes : Tri::unknown, verdict.basis};
}

Verdict Decider::judge_unprotected(const Subject& subject, std::uint32_t room) const {
    if (subject.departed == Tri::yes) return {Presence::out, Tri::no, Basis::departed};
    if (subject.service != nullptr) {
        const bool listed =
            std::binary_search(subject.service->rooms.begin(), subject.service->rooms.end(), room);
        return listed ? Verdict{Presence::in, Tri::no, Basis::service}
                      : Verdict{Presence::out, Tri::no, Basis::service_elsewhere};
    }
    if (!world_.directory_read) return {};  // anybody may turn out to be an employee
    if (subject.person.valid()) {
        if (subject.departed == Tri::unknown || subject.employee == Tri::unknown) return {};
        if (subject.employee == Tri::yes) return judge_employee(room);
    }
    if (disputed(subject.user)) return {};
    if (approval(subject.user, room) != nullptr) return {Presence::unknown, Tri::no, Basis::approval};
    if (subject.person.valid()) return {Presence::out, Tri::no, Basis::not_employee};
    const bool local = world_.is_local(world_.users.text(subject.user));
    return {Presence::out, Tri::no, local ? Basis::stranger : Basis::outsider};
}

Verdict Decider::judge_employee(std::uint32_t index) const {
    const PlainRoom& room = plain_rooms_[index];
    const Tri excepted = eval(room.except);
    if (excepted == Tri::yes) return {Presence::out, Tri::no, Basis::excepted};
    const Tri owner = eval(room.owners);
    const Tri listed = std::max(eval(room.members), owner);
    if (listed == Tri::no) return {Presence::out, Tri::no, Basis::not_listed};
    if (listed == Tri::unknown || excepted == Tri::unknown)
        return {Presence::unknown, Tri::unknown, Basis::undecided};
    return {Presence::in, owner, owner == Tri::yes ? Basis::owner : Basis::member};
}

Verdict Decider::verdict(UserId user, std::uint32_t room) const {
    return judge(prepare(user), room);
}

const CompiledApproval* Decider::approval(UserId user, std::uint32_t room) const {
    if (program_->rooms[room].outsiders != Outsiders::approved) return nullptr;
    const std::string& id = world_.users.text(user);
    for (const CompiledApproval& approval : program_->approvals)
        if (std::binary_search(approval.rooms.begin(), approval.rooms.end(), room) &&
            glob_match(approval.who, id) && in_force(approval))
            return &approval;
    return nullptr;
}

bool Decider::in_force(const CompiledApproval& approval) const {
    if (world_.now >= approval.until) return false;
    const PersonId sponsor = world_.person(approval.sponsor_guid);
    return sponsor.valid() && world_.people[sponsor.index()].present && departed(sponsor) != Tri::yes;
}

}  // namespace rollcall::policy
