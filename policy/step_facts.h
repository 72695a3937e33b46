// Step: one fact on its way into the world. Behind step(): its parts share what a fact brings with it.
//
//     step.cc              time, and what follows from any fact: people bound anew
//     step_identities.cc   who keeps which Matrix ID
//     step_in_question.cc  whose login was changed, and whose account that of the login before is
//     step_departures.cc   who departed, and who is back
//     step_approvals.cc    what follows from the end of an approval
//     step_directory.cc    what the directory says, and whether to believe it
//     step_deleted.cc      groups that end, while rules take people out by them
//     step_doubt.cc        what a controller says that may be behind
//     step_members.cc      who is in a room, by whose doing
//     step_rooms.cc        what a room's state says
//     step_room_reads.cc   a room read afresh
//     step_results.cc      what our own requests have done
//
// Pure; lives for one call.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "policy/step.h"

namespace rollcall::policy {

class Step {
  public:
    Step(World& world, Decider* decider) : world_(world), decider_(decider) {}
    Effects run(const Fact& fact);

  private:
    // step.cc
    void take(const TimePassed& fact);
    void doubt_until(Time latest);
    void settle(const std::unordered_set<PersonId>& dirty, bool first_look);
    void mark_person(PersonId person);
    void touch_user(UserId user);
    void note(Note note);

    // step_identities.cc
    void correct_identity(PersonId id);
    void keep_what_is_given(PersonId id);
    void keep_what_is_in_use(PersonId id);
    void keep_identity(UserId user);
    void keep(PersonId id, UserId user);
    void nobodys_any_more(UserId user);

    // step_in_question.cc
    void login_changed(PersonId id);
    void look_for_account_in_question(UserId user);
    void keep_account_in_question(UserId user);
    void keep_accounts_in_question(PersonId id);
    void no_longer_in_question(UserId user);
    void known_by_one(PersonId id);
    void in_question_changed(UserId user);
    void depart_or_stay(UserId user);
    void leave_whosever_it_is(UserId user);
    [[nodiscard]] PersonId last_departed(const std::vector<PersonId>& people) const;

    // step_departures.cc
    void take(const DepartOrdered& fact);
    void notice_departure(PersonId id, bool first_look);
    void bots_account(PersonId id);
    void came_back(PersonId id);
    std::optional<Time> known_at_last(const Guid& person);
    [[nodiscard]] bool seen_here(const Person& person, UserId user) const;
    [[nodiscard]] std::string departure_text(const Person& person) const;
    [[nodiscard]] Evidence evidence_of(const Person& person) const;
    [[nodiscard]] std::optional<Time> departed_since(const Person& person) const;

    // step_approvals.cc
    void approval_ended(const CompiledApproval& approval);
    void sponsor_changed(const Guid& guid);

    // step_directory.cc
    void take(const DirectoryRefused& fact);
    void take(const DirectorySnapshot& fact);
    void take_whole(const DirectorySnapshot& fact);
    void group_unseen(GroupId group, const std::unordered_set<Guid, GuidHash>& seen);
    void take_containers(const DirectorySnapshot& fact);
    void forget_usns();
    void read_attributes(const std::vector<std::string>& asked, bool of_everybody);
    [[nodiscard]] std::string disbelief(const DirectorySnapshot& fact) const;
    [[nodiscard]] bool is_canary(const Guid& guid) const;
    [[nodiscard]] std::string lacks_a_canary(const DirectorySnapshot& fact) const;
    [[nodiscard]] std::string lacks_the_named(const DirectorySnapshot& fact) const;
    bool newer_known(const PersonEntry& entry) const;
    bool newer_known(const ContainerEntry& entry) const;
    bool newer_known(const GroupEntry& entry) const;
    void narrow_attributes(const std::vector<std::string>& asked);
    bool take_unclassed(const PersonEntry& entry);
    void take(const DirectoryChanges& fact);

    // step_deleted.cc
    void keep_deleted(GroupId group, const std::vector<GroupId>& parents);
    void keep_deleted(GroupId group);
    void keep_deleted(const DirectoryChanges& fact);
    void keep_deleted(const DirectorySnapshot& fact);
    void keep_taken_out(GroupId parent, const GroupEntry& entry,
                        const std::unordered_set<Guid, GuidHash>& alive);
    void end_deleted(const DirectorySnapshot& fact);

    // step_doubt.cc
    [[nodiscard]] bool went_back(const DirectorySnapshot& fact) const;
    [[nodiscard]] std::map<std::string, std::uint64_t> must_know() const;
    [[nodiscard]] bool has_seen_all(const DirectorySnapshot& fact) const;
    [[nodiscard]] std::string why_doubted(const DirectorySnapshot& fact, bool back) const;
    void take_doubtful(const DirectorySnapshot& fact, bool back);
    void keep_unseen(const DirectorySnapshot& fact, const std::unordered_set<Guid, GuidHash>& seen,
                     bool afresh);
    void put_doubted(const PersonEntry& entry, const std::vector<std::string>& asked, bool afresh);
    void put_doubted(const GroupEntry& entry, bool verified, bool afresh);
    void know_by(const std::string& invocation_id, std::uint64_t usn);
    void end_doubt(const Evidence& evidence);

    // step_members.cc
    void member_event(RoomId room, const RoomEventSeen& fact, const MemberContent& content);
    // How an event was learned of: told as it happened, of our own doing or not, or read afterwards.
    enum class Told { ours, event, read };
    void set_member(RoomId room, UserId user, const RoomEvent& event, const MemberContent& content,
                    Told told);
    [[nodiscard]] bool is_put_out_again(RoomId room, const RoomEvent& event, const MemberContent& content,
                                        MembershipState before) const;
    void note_member(RoomId room, UserId user, const RoomEvent& event, MembershipState now, Told told,
                     bool earlier);
    void unknown_member(RoomId room, UserId user);
    void back_in(UserId user);
    void apply_membership(UserId user, Membership next, MembershipState before);
    void tell_inviter(RoomId room, UserId user, const RoomEvent& event, MembershipState state);
    bool late_member(RoomId room, UserId user, const RoomEvent& event, const MemberContent& content);
    void late_invitation(RoomId room, UserId user, const RoomEvent& event, MembershipState state);
    bool says_so(UserId user, RoomId room, const RoomEvent& event, const MemberContent& content);
    bool as_before_answer(UserId user, const Membership& shown);
    void borne_out(UserId user, RoomId room, std::uint32_t event, MembershipState state);

    // step_rooms.cc
    void take(const RoomEventSeen& fact);
    void redacted(RoomId room, const RoomEvent& redaction, std::string_view event);
    void late_history(RoomId room, const RoomEvent& event);
    static std::string state_key_of(const RoomEvent& event);
    void state_event(RoomId room, const RoomEvent& event);
    void hold_event(RoomId room, const std::string& slot, const std::string& event);
    void set_state(RoomId id, const RoomEvent& event, Told told);
    void setting_by_hand(RoomId id, const RoomContent& content, const std::string& by);
    void note_state(RoomId id, const RoomEvent& event, Told told, const std::string& history_before);
    void set_power(RoomId id, const PowerLevels& levels);

    // step_room_reads.cc
    void drop_unknown_state(RoomId id, const std::set<std::string, std::less<>>& places);
    void take(const RoomRead& fact);
    void nothing_said_of(RoomId room, const RoomRead& fact, const std::unordered_set<UserId>& seen);
    void take(const MemberRead& fact);
    void take(const EventUnreadable& fact);
    void bot_is_in(RoomId room, bool joined, std::string_view by);

    // step_results.cc
    void take(const MembershipSet& fact);
    void take(const Forgotten& fact);
    void take(const StateSet& fact);
    void take(const RoomCreated& fact);
    void dirty_children(RoomId space);
    void take(const Published& fact);
    void take(const Released& fact);
    void take(const AliasClaimed& fact);
    void take(const AccountSeen& fact);
    void account_appeared(UserId user);
    void asked_for(UserId user);
    void take(const MaskCovers& fact);
    void take(const SignedOut& fact);
    void take(const RoomsListed& fact);
    void take(const LeftUnmanaged& fact);
    void take(const PutBack& fact);

    World& world_;
    Decider* decider_;
    Effects effects_;
    const Evidence* evidence_ = nullptr;
    std::unordered_map<Guid, Written, GuidHash> written_;  // of the entries of this fact
    // In question, or disputed, or until now, where something of whoever may have it changed.
    std::set<UserId> questions_;
    Time known_until_{};  // until when the directory was known before it
    bool first_read_ = false;
    bool took_ = false;  // a doubted controller said something that is known now
};

// Under which the event is held that last said this piece of a room's state.
[[nodiscard]] std::string slot(const RoomContent& content, const std::string& state_key);
[[nodiscard]] RoomContent nothing_at(std::string_view slot);

}  // namespace rollcall::policy
