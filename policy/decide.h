// Decider: one Program bound to the World; answers who may be in which room, one person at a time.
//
//     person ──► direct groups ──► walk up, stamping ──► conditions that hold ──► index ──► candidate rooms
//     ──► verdicts
//                attributes, DN ─► conditions that hold ─┘                        (+ the rooms they are in
//                now)
//
// Three values everywhere: what could not be read is unknown, and an unknown verdict leaves (room, user) as
// it is. Nothing is stored for a (person, room): a verdict costs a walk, and is derived whenever wanted.
// Owned by the engine thread, or by a command for a policy that is not in force; scratch space inside, so not
// shareable.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "policy/base/rows.h"
#include "policy/pattern_index.h"
#include "policy/program.h"
#include "policy/world.h"

namespace rollcall::policy {

enum class Presence : std::uint8_t { out, unknown, in };

// Why a verdict is what it is; explain.h turns it into sentences.
enum class Basis : std::uint8_t {
    member,        // members holds
    owner,         // owners holds
    service,       // listed, with this room
    approval,      // an outsider with an approval in force
    protected_id,  // never removed
    departed,
    excepted,      // members.except holds
    not_listed,    // an employee, but neither members nor owners holds
    not_employee,  // a person whom people.employees does not match
    stranger,      // a user of the own server who is no known person
    outsider,      // a user of another server
    service_elsewhere,
    undecided,  // something needed could not be read
};

struct Verdict {
    Presence presence = Presence::unknown;
    Tri owner = Tri::no;
    Basis basis = Basis::undecided;
};

struct IdentityConflict {
    PersonId person;
    std::string matrix_id;
    std::string text;
};

class Decider {
  public:
    // Visits everybody once. `world` gains the Matrix IDs that the program computes, and nothing else.
    // A draft is what would be once somebody applied that program: whom a deleted group kept out is let in
    // then.
    Decider(World& world, std::shared_ptr<const Program> program, bool draft = false);

    [[nodiscard]] const Program& program() const { return *program_; }
    [[nodiscard]] const World& world() const { return world_; }
    [[nodiscard]] UserId bot() const { return bot_; }

    // After a fact: what was derived from this person, or from which groups can be read, is derived again. If
    // that makes a condition unknown, or known again, everybody is dirty.
    void person_changed(PersonId person);
    void readability_changed();
    void containers_changed();
    void rooms_changed();  // the world gained or lost managed rooms

    // What they would have, whoever else would too, and whether it is given to them or not; and back.
    [[nodiscard]] UserId claimed(PersonId person) const;
    [[nodiscard]] std::vector<PersonId> claimants(UserId user) const;
    // What their entry makes of them now, whoever else has it; invalid: nothing that anybody has had.
    [[nodiscard]] UserId made_by_login(PersonId person) const;
    [[nodiscard]] UserId user_of(PersonId person) const;
    [[nodiscard]] PersonId person_of(UserId user) const;
    [[nodiscard]] std::vector<IdentityConflict> conflicts() const;

    [[nodiscard]] Tri departed(PersonId person) const;
    // The same, whatever an admin has ordered.
    [[nodiscard]] Tri departed_in_directory(PersonId person) const;
    // The same, by what it shows of them now alone.
    [[nodiscard]] Tri shown_departed(PersonId person) const;
    [[nodiscard]] Tri employee(PersonId person) const;
    [[nodiscard]] Verdict verdict(UserId user, std::uint32_t room) const;
    // The approval that lets this user stay in this room now, or null.
    [[nodiscard]] const CompiledApproval* approval(UserId user, std::uint32_t room) const;
    // Does it hold at all now: before its end, and its sponsor an employee who is there, as far as can be
    // known?
    [[nodiscard]] bool in_force(const CompiledApproval& approval) const;
    // … and does somebody known to be an employee answer for it? Who is there may stay while that is not
    // known.
    [[nodiscard]] bool answered_for(const CompiledApproval& approval) const;
    // Whoever answers for this user there by an approval that lasts, and is no employee any more without
    // having departed; or none.
    [[nodiscard]] PersonId lapsed_sponsor(UserId user, std::uint32_t room) const;
    [[nodiscard]] bool is_sponsor(const Guid& guid) const { return sponsors_.contains(guid); }
    // Sponsors among these people who have become employees or are none any more, since this was asked last.
    [[nodiscard]] std::vector<Guid> changed_sponsors(const Dirty& among);
    // Claimed by more than one account, or by one after it was another's, or by none since a login changed:
    // nobody's until somebody decides.
    [[nodiscard]] bool disputed(UserId user) const;
    // An account of that name was seen, or whoever has it was known by it: it is somebody's whom a departure
    // concerns. Of others the homeserver is asked first whether there is one.
    [[nodiscard]] bool was_here(UserId user) const;
    // Whose account this may be, of one in question: the candidates who are known by no other.
    [[nodiscard]] std::vector<PersonId> candidates(UserId user) const;
    // In question, and whose it is would not be known if it were there: it has two candidates, or somebody
    // else's login makes it by now, or its candidate has another one in question that may be there.
    [[nodiscard]] bool contended(UserId user) const;
    // Contended, or of two people whose login makes it, and nobody's, and whoever may have it has departed:
    // whosever it is, it is a leaver's.
    [[nodiscard]] bool all_departed(UserId user) const;
    // The account that this person's departure concerns: theirs, or one that all_departed() names.
    [[nodiscard]] UserId departs_as(PersonId person) const;
    // The Matrix ID that people.identities gives this person, unless it cannot be theirs.
    [[nodiscard]] UserId given(PersonId person) const;
    // Whose account it is known to be: who keeps it, or whom people.identities gives it; invalid where it is
    // at most somebody's by their login.
    [[nodiscard]] PersonId known_owner(UserId user) const;
    // Whose this Matrix ID was until people.identities gave them another; invalid: nobody's, or it still is.
    [[nodiscard]] PersonId former_holder(UserId user) const;
    [[nodiscard]] bool is_protected(UserId user) const;
    // Names a rule this group itself, not only one that it is in or that is in it?
    [[nodiscard]] bool is_named(GroupId group) const {
        return group.index() < group_condition_.size() && group_condition_[group.index()].valid();
    }
    // Does a rule take out whoever fulfils this; whoever is in this group, or in one that it is in?
    [[nodiscard]] bool takes_out(ConditionId condition) const { return excepting_[condition.index()]; }
    [[nodiscard]] bool takes_out(GroupId group) const;
    // … this place of a condition?
    [[nodiscard]] bool is_excepting(NodeId node) const { return nodes_[node.index()].excepting; }
    // Is whoever is in one of these groups in the one that this condition is about?
    [[nodiscard]] bool leads_to(const std::vector<GroupId>& groups, ConditionId condition) const;
    [[nodiscard]] bool is_draft() const { return draft_; }
    [[nodiscard]] const CompiledService* service(UserId user) const;

    // Calls visit(room, verdict) for every room in which the user is, or could be wanted. Each room once.
    template <class Visit>
    void each_room(UserId user, Visit visit) const {
        Subject subject = prepare(user);
        for (const std::uint32_t room : candidates(subject)) visit(room, judge(subject, room));
    }

    // Index into Program::rooms of a world's room, or -1 where this program does not manage it; and back.
    [[nodiscard]] int managed(RoomId room) const {
        return room.index() < program_room_.size() ? program_room_[room.index()] : -1;
    }
    [[nodiscard]] RoomId world_room(std::uint32_t room) const { return world_room_[room]; }

    // For explain: one node for one person, three-valued.
    [[nodiscard]] Tri evaluate(PersonId person, NodeId node) const;
    // Which conditions this person fulfils by their own entry: all but those over groups.
    [[nodiscard]] auto fulfils(PersonId person) const { return person_conditions_.row(person.index()); }

  private:
    struct Subject {
        UserId user;
        PersonId person;
        Tri departed = Tri::no;
        Tri employee = Tri::no;
        const CompiledService* service = nullptr;
        bool is_protected = false;
    };

    void build_conditions();
    void build_index();
    void positives(NodeId node, std::vector<ConditionId>& out, bool& everyone) const;
    void place_containers();
    void derive_conditions(PersonId person);
    void give_identities();
    [[nodiscard]] PersonId formerly_of(UserId user) const;
    [[nodiscard]] PersonId before_them(UserId user, PersonId person) const;
    [[nodiscard]] const std::vector<PersonId>& barred_from(UserId user) const;
    void bar(PersonId person, UserId from);
    void unbar(PersonId person);
    [[nodiscard]] PersonId in_the_way(PersonId person,
                                      const std::unordered_map<UserId, PersonId>& keepers) const;
    void rival_conflicts(std::vector<IdentityConflict>& out) const;
    void barred_conflict(PersonId person, UserId user, std::vector<IdentityConflict>& out) const;
    void candidate_conflicts(std::vector<IdentityConflict>& out) const;
    void kept_from_conflicts(std::vector<IdentityConflict>& out) const;
    void bot_conflict(std::vector<IdentityConflict>& out) const;
    [[nodiscard]] UserId wanted_id(PersonId person);
    void claim(PersonId person);
    void settle_claims(UserId user);
    void stamp(PersonId person) const;
    void mark_excepting(NodeId node, bool excepting);
    void stamp_deleted(PersonId person) const;
    template <class Visit>
    void conditions_above(const std::vector<GroupId>& groups, Visit visit) const;
    [[nodiscard]] Tri condition(ConditionId id, bool excepting) const;
    [[nodiscard]] Tri eval(NodeId node) const;
    [[nodiscard]] Subject prepare(UserId user) const;
    [[nodiscard]] const std::vector<std::uint32_t>& candidates(const Subject& subject) const;
    [[nodiscard]] Verdict judge(const Subject& subject, std::uint32_t room) const;
    [[nodiscard]] Verdict judge_unprotected(const Subject& subject, std::uint32_t room) const;
    [[nodiscard]] Verdict judge_employee(std::uint32_t room) const;

    World& world_;
    std::shared_ptr<const Program> program_;
    bool draft_;
    UserId bot_;

    // Conditions: which of them each person fulfils besides groups, and how to find those that an entry
    // concerns.
    std::unordered_map<std::string, std::vector<ConditionId>> by_value_;  // "attribute\x01folded value"
    std::vector<std::pair<std::string, ConditionId>> under_;  // folded DN of a container, where it is now
    std::unordered_set<std::string> places_;                  // folded DNs of all, if there is any `under`
    bool any_under_ = false;
    std::unordered_map<Guid, ConditionId, GuidHash> by_user_;
    PatternIndex patterns_;
    std::vector<ConditionId> group_condition_;  // by GroupId
    std::vector<GroupId> condition_group_;      // by ConditionId
    std::vector<bool> listed_groups_;           // by GroupId: its list of members is to be believed
    std::vector<bool>
        condition_unknown_;             // by ConditionId: unknown for whoever does not fulfil it for certain
    std::vector<bool> condition_gone_;  // by ConditionId: its group or container was deleted
    std::vector<bool> excepting_;       // by ConditionId: it takes somebody out somewhere
    Rows<ConditionId> person_conditions_;  // by PersonId: that hold
    Rows<ConditionId> person_unknown_;     // by PersonId: over attributes that could not be read for them
    std::unordered_map<std::string, std::vector<ConditionId>> by_attribute_;

    // The program without its texts: what deciding reads ten million times must lie close together.
    struct PlainNode {
        Node::Op op;
        std::uint32_t first, count;
        bool excepting = false;  // whoever fulfils it is taken out
    };
    struct PlainRoom {
        NodeId members, owners, except;
    };
    std::vector<PlainNode> nodes_;
    std::vector<PlainRoom> plain_rooms_;

    Rows<std::uint32_t> index_;                  // ConditionId → rooms that it can put somebody into
    std::vector<std::uint32_t> index_everyone_;  // rooms open to any employee
    std::vector<int> program_room_;              // by RoomId
    std::vector<RoomId> world_room_;             // by program room

    // Matrix IDs: who claims which. What people.identities gives goes before what was kept, and that before
    // the template. One claim, a given or a kept one is a match; more is a conflict.
    std::vector<UserId> claimed_;                               // by PersonId
    std::vector<PersonId> person_of_user_;                      // by UserId
    std::unordered_map<UserId, std::vector<PersonId>> rivals_;  // only where there is more than one claim
    std::unordered_map<PersonId, std::string> unusable_;        // computed Matrix IDs that are none
    std::unordered_map<PersonId, UserId> given_;                // by people.identities
    std::unordered_map<PersonId, PersonId> kept_from_;          // who is not given theirs, because of whom
    std::unordered_map<UserId, PersonId> given_up_;             // kept, until people.identities gave another
    // Whose login makes an ID that is not given them, for it was or may be another's, or for whether the
    // account of their login before is theirs is to be known first; and back.
    std::unordered_map<PersonId, UserId> barred_;
    std::unordered_map<UserId, std::vector<PersonId>> barred_from_;

    std::unordered_map<UserId, const CompiledService*> services_;
    std::unordered_set<UserId> protected_;
    std::unordered_map<Guid, Tri, GuidHash> sponsors_;  // whether they are employees

    // Scratch: a stamp equal to epoch_ means "in this walk".
    mutable std::uint32_t epoch_ = 0;
    mutable Tri employee_ = Tri::yes;  // what `employees` is in an expression: rooms are asked of these alone
    mutable bool primary_unknown_ = false;  // of whom the last walk was about
    mutable std::vector<std::uint32_t> group_stamp_, condition_stamp_, unknown_stamp_, room_stamp_;
    mutable std::vector<std::uint32_t> deleted_stamp_;  // conditions that were fulfilled by a deleted group
    mutable std::vector<GroupId> walk_;
    mutable std::vector<ConditionId> holding_;
    mutable std::vector<std::uint32_t> found_;
};

}  // namespace rollcall::policy
