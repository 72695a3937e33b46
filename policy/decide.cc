// Decider: verdicts, one person at a time.
#include "policy/decide.h"

#include <algorithm>
#include <utility>

#include "policy/base/text.h"

namespace rollcall::policy {

Decider::Decider(World& world, std::shared_ptr<const Program> program, bool draft)
    : world_(world), program_(std::move(program)), draft_(draft) {
    for (const CompiledService& service : program_->services) services_[world_.user(service.who)] = &service;
    for (const std::string& id : program_->protected_ids) protected_.insert(world_.user(id));
    if (!world_.bot.empty()) protected_.insert(bot_ = world_.user(world_.bot));
    for (const CompiledApproval& approval : program_->approvals)
        sponsors_.emplace(approval.sponsor_guid, Tri::unknown);
    for (const Node& node : program_->nodes) nodes_.push_back({node.op, node.first, node.count});
    excepting_.assign(program_->conditions.size(), false);
    mark_excepting(program_->employees, false);
    for (const CompiledRoom& room : program_->rooms) {
        plain_rooms_.push_back({room.members, room.owners, room.except});
        mark_excepting(room.members, false);
        mark_excepting(room.owners, false);
        mark_excepting(room.except, true);
    }
    build_conditions();
    build_index();
    rooms_changed();
    place_containers();
    readability_changed();
    give_identities();
    for (std::size_t i = 0; i < world_.people.size(); ++i) person_changed(PersonId(i));
    Dirty all;
    all.everything = true;
    static_cast<void>(changed_sponsors(all));
}

void Decider::mark_excepting(NodeId id, bool excepting) {
    if (!id.valid()) return;
    PlainNode& node = nodes_[id.index()];
    switch (node.op) {
        case Node::Op::no:
        case Node::Op::employees:
            return;
        case Node::Op::condition:
            node.excepting |= excepting;
            if (excepting) excepting_[node.first] = true;
            return;
        case Node::Op::any:
        case Node::Op::all:
            for (std::uint32_t i = 0; i < node.count; ++i)
                mark_excepting(program_->children[node.first + i], excepting);
            return;
        case Node::Op::except:
            mark_excepting(NodeId(std::size_t{node.first}), excepting);
            mark_excepting(NodeId(std::size_t{node.count}), !excepting);
            return;
    }
}

void Decider::person_changed(PersonId person) {
    claim(person);
    derive_conditions(person);
}

Tri Decider::departed(PersonId id) const {
    return world_.people[id.index()].depart_ordered ? Tri::yes : departed_in_directory(id);
}

// Who has departed comes back by what the directory says, not by what it hides.
Tri Decider::departed_in_directory(PersonId id) const {
    const Person& person = world_.people[id.index()];
    const Tri shown = shown_departed(id);
    const bool hidden = !person.account_control || !person.expires;
    return shown == Tri::unknown && hidden && person.departed_seen && !person.depart_ordered ? Tri::yes
                                                                                             : shown;
}

Tri Decider::shown_departed(PersonId id) const {
    const Person& person = world_.people[id.index()];
    if (person.deleted) return Tri::yes;
    if (person.account_control && (*person.account_control & kAccountDisabled) != 0) return Tri::yes;
    if (person.expires && *person.expires <= world_.now) return Tri::yes;
    if (!person.present)
        return Tri::no;  // not found is not departed: they lose their groups, under the removals guard
    if (!person.account_control || !person.expires) return Tri::unknown;
    return *person.expires <= world_.latest ? Tri::unknown : Tri::no;  // it may have come by now
}

void Decider::stamp(PersonId id) const {
    ++epoch_;
    if (epoch_ == 0) {  // wrapped after four billion walks: forget all old stamps
        std::fill(group_stamp_.begin(), group_stamp_.end(), 0);
        std::fill(condition_stamp_.begin(), condition_stamp_.end(), 0);
        std::fill(unknown_stamp_.begin(), unknown_stamp_.end(), 0);
        std::fill(deleted_stamp_.begin(), deleted_stamp_.end(), 0);
        std::fill(room_stamp_.begin(), room_stamp_.end(), 0);
        epoch_ = 1;
    }
    group_stamp_.resize(world_.groups.size(), 0);
    condition_stamp_.resize(program_->conditions.size(), 0);
    unknown_stamp_.resize(program_->conditions.size(), 0);
    deleted_stamp_.resize(program_->conditions.size(), 0);
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
        if (!draft_ && !world_.deleted_groups.empty()) stamp_deleted(id);
    }
}

// The conditions that whoever is in one of these groups fulfils by it.
template <class Visit>
void Decider::conditions_above(const std::vector<GroupId>& groups, Visit visit) const {
    std::vector<GroupId> queue = groups;
    std::unordered_set<GroupId> seen(groups.begin(), groups.end());
    while (!queue.empty()) {
        const GroupId group = queue.back();
        queue.pop_back();
        if (group.index() < group_condition_.size())
            if (const ConditionId above = group_condition_[group.index()]; above.valid()) visit(above);
        for (const GroupId parent : world_.group_parents.row(group.index()))
            if (seen.insert(parent).second) queue.push_back(parent);
    }
}

bool Decider::takes_out(GroupId group) const {
    bool found = false;
    conditions_above({group}, [&](ConditionId above) { found = found || takes_out(above); });
    return found;
}

bool Decider::leads_to(const std::vector<GroupId>& groups, ConditionId wanted) const {
    bool found = false;
    conditions_above(groups, [&](ConditionId above) { found = found || above == wanted; });
    return found;
}

// Which conditions this person fulfilled by groups that were deleted since.
void Decider::stamp_deleted(PersonId id) const {
    std::vector<GroupId> parents;
    for (const auto& [group, was] : world_.deleted_groups)
        if (std::binary_search(was.people.begin(), was.people.end(), id))
            parents.insert(parents.end(), was.parents.begin(), was.parents.end());
    if (!parents.empty())
        conditions_above(parents, [this](ConditionId above) { deleted_stamp_[above.index()] = epoch_; });
}

// That nobody is in a group because it was deleted takes people out of rooms, under the guards; it lets
// nobody in: who was kept out by it waits until somebody says whether they are to come in.
Tri Decider::condition(ConditionId id, bool excepting) const {
    if (condition_stamp_[id.index()] == epoch_) return Tri::yes;
    const bool unknown = condition_unknown_[id.index()] || unknown_stamp_[id.index()] == epoch_ ||
                         (primary_unknown_ && condition_group_[id.index()].valid());
    const bool gone = excepting && (condition_gone_[id.index()] || deleted_stamp_[id.index()] == epoch_);
    return unknown || gone ? Tri::unknown : Tri::no;
}

Tri Decider::eval(NodeId id) const {
    if (!id.valid()) return Tri::no;
    const PlainNode& node = nodes_[id.index()];
    switch (node.op) {
        case Node::Op::no:
            return Tri::no;
        case Node::Op::employees:
            return employee_;
        case Node::Op::condition:
            return condition(ConditionId(std::size_t{node.first}), node.excepting);
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
    employee_ = employee(person);
    const Tri value = eval(node);
    employee_ = Tri::yes;
    return value;
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
        if (all_departed(user)) subject.departed = Tri::yes;
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
    return sponsor.valid() && world_.people[sponsor.index()].present && departed(sponsor) != Tri::yes &&
           sponsors_.at(approval.sponsor_guid) != Tri::no;
}

bool Decider::answered_for(const CompiledApproval& approval) const {
    return in_force(approval) && departed(world_.person(approval.sponsor_guid)) == Tri::no &&
           sponsors_.at(approval.sponsor_guid) == Tri::yes;
}

PersonId Decider::lapsed_sponsor(UserId user, std::uint32_t room) const {
    if (program_->rooms[room].outsiders != Outsiders::approved) return {};
    const std::string& id = world_.users.text(user);
    for (const CompiledApproval& approval : program_->approvals) {
        if (world_.now >= approval.until || sponsors_.at(approval.sponsor_guid) != Tri::no ||
            !std::binary_search(approval.rooms.begin(), approval.rooms.end(), room) ||
            !glob_match(approval.who, id))
            continue;
        const PersonId sponsor = world_.person(approval.sponsor_guid);
        if (sponsor.valid() && world_.people[sponsor.index()].present && departed(sponsor) == Tri::no)
            return sponsor;
    }
    return {};
}

// Kept, because an approval is asked for while somebody else's groups are walked.
std::vector<Guid> Decider::changed_sponsors(const Dirty& among) {
    std::vector<Guid> changed;
    for (auto& [guid, employed] : sponsors_) {
        const PersonId sponsor = world_.person(guid);
        if (!among.everything && !among.people.contains(sponsor)) continue;
        const Tri now = sponsor.valid() ? employee(sponsor) : Tri::unknown;
        if (std::exchange(employed, now) != now) changed.push_back(guid);
    }
    return changed;
}

}  // namespace rollcall::policy
