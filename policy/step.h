// step: the one way in which the world changes.
//
//     fact ──► step(world, decider, fact) ──► world changed, touched and dirty marked ──► Effects
//
// Pure: no clock, no I/O; time comes as a fact. plan, why, test and simulate use the same step with other
// ends. What is to be done about it is not an effect but derived afterwards (backlog.h); effects are the
// one-shot things only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/decide.h"
#include "policy/fact.h"
#include "policy/plan.h"

namespace rollcall::policy {

// A line for the trail about something learned, not done.
struct Note {
    enum class Kind {
        departed,
        returned,
        membership,
        directory_read,
        directory_refused,
        directory_other,     // another controller answers, that may be behind
        directory_put_back,  // the controller was put back to an earlier state
        directory_settled,   // and neither is so any more
        identity_kept,
        identity_given,
        room_state,
        room_lost,
        room_regained
    };
    Kind kind = Kind::membership;
    std::string text;
    PersonId person;
    UserId user;
    std::string room;   // key
    std::string event;  // event ID
    std::optional<Evidence> evidence;
    UserId former{};  // of a Matrix ID that was given: the one before it
    // Of what happened in a room:
    std::optional<MembershipState> membership{};  // what it is now
    std::string history{};                        // the visibility that was set
    std::string sender{};                         // whose doing it was, as the homeserver says
    std::optional<Time> event_time{};             // and when
    std::string
        was{};  // told late: the membership, or the visibility, was that for a time, and is another now
    bool read = false;     // found by reading the room, not told as it happened
    bool earlier = false;  // … and it may have begun earlier than at that time
};

// Somebody is owed an explanation.
struct Notice {
    UserId to;
    std::string room;      // key
    std::string outsider;  // Matrix ID
};

// What somebody else than the bot has changed in a room: a setting, or a membership.
struct ByHand {
    RoomId room;  // which it is about: of a place in a space, the room that has it
    ActionKind setting = ActionKind::add;
    UserId user{};           // whose membership; not valid: a setting
    bool own_leave = false;  // … and they left, or declined, by themselves
    std::string by;          // Matrix ID
};

struct Effects {
    std::vector<Note> notes;
    std::vector<ByHand> by_hand;
    std::vector<Notice> notices;
    std::vector<std::pair<std::string, std::string>>
        read_members;  // (room ID, Matrix ID): stale or doubtful, read afresh
    std::vector<RoomId> read_rooms;
    std::vector<UserId> find_accounts;        // is there an account of that name?
    std::vector<GroupId> deleted_groups;      // of which World::deleted_groups says something else now
    bool groups_changed = false;              // which there are, how they nest, or what can be read
    std::vector<UserId> in_question;          // names of which World::in_question has other candidates now
    std::vector<Guid> departed_unknown;       // who departed without a known account, or is that no more
    std::vector<UnreadableEvent> unreadable;  // told of, or found when a room was read
    std::vector<RoomId> lost, regained;       // rooms that the bot is in no more, or again
    std::vector<RoomId> replaced;             // from which people were led on to another one
    bool sweep = false;                       // a complete directory read is needed
};

// `decider` is null until a policy is in force; then nothing is decided, only learned.
[[nodiscard]] Effects step(World& world, Decider* decider, const Fact& fact);

// Called after a policy was put in force: what the old one said of people in rooms is kept where losing it is
// guarded.
void keep_approvals(World& world, const Decider& old);

// Called after a policy was put in force: departures go on under the Matrix IDs that it gives. Who has none
// by it, and so waits from now on until it is known which account is theirs.
[[nodiscard]] std::vector<Guid> keep_departures(World& world, const Decider& old, const Decider& now);

// What was done about whoever departed is undone, for the homeserver was put back to a backup: it is done
// once more, and no guard asks again. False: nothing of it had been done.
bool departs_again(World& world, UserId user);

// Rooms that no policy names any more and that are not let go of yet: whoever departed is taken out of them
// as out of rooms outside the policy.
void leave_unnamed_rooms(World& world, const Decider& decider, UserId user);
void leave_unnamed_rooms(World& world, const Decider& decider);

// Somebody who belongs and is out of a room by hand is to be let in again: put back if they were kicked,
// invited if they left. False: they are not out by hand.
bool readmit(World& world, UserId user, RoomId room, bool by_approval);

// Whoever was let in by hand belongs by now: they are members like all others, and their removal is guarded.
void welcome(World& world, UserId user, RoomId room);
// What is wrong with the controller that answers, and of whom it says something else; "" while it is
// believed.
[[nodiscard]] std::string doubt_text(const World& world);

// The event held for a piece of a room's state; "" for none.
[[nodiscard]] std::string held_state_event(const World& world, RoomId room, const RoomContent& content,
                                           const std::string& state_key);

// The next moment at which time alone changes something; kNever for none.
[[nodiscard]] Time next_moment(const World& world, const Decider* decider);

}  // namespace rollcall::policy
