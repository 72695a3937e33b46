// World: every fact in force: people, groups and who is in them, rooms and who is in them. No policy in here.
//
// Owned by the engine thread; no locking. What a fact changes is written down twice: in `touched` (what the
// store must keep) and in `dirty` (whom a decision must look at again). Layout follows the scale in
// docs/carrying-on.md: 500,000 people and 10 million memberships in under 500 MB, so ids are dense, edges
// live in pooled rows and nothing is closed transitively in storage: a person's groups are found by walking
// upwards, so cycles and deletions are no special case.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "policy/accounts_in_question.h"
#include "policy/base/dn.h"
#include "policy/base/guid.h"
#include "policy/base/guid_index.h"
#include "policy/base/id.h"
#include "policy/base/rows.h"
#include "policy/base/short_text.h"
#include "policy/directory.h"
#include "policy/doubt.h"
#include "policy/room_state.h"

namespace rollcall::policy {

using AttributeId = Id<struct AttributeTag>;
using ValueId = Id<struct ValueTag>;

enum class Tri : std::uint8_t { no, unknown, yes };

struct Person {
    Guid guid;
    Dn dn;
    ShortText login;
    std::optional<std::uint32_t> account_control;
    std::optional<Time> expires;
    std::optional<std::uint32_t> primary_group;
    bool deleted = false;         // a tombstone was seen: departed
    bool present = true;          // false: a verified complete read did not contain them
    bool depart_ordered = false;  // `rollcall depart`
    bool departed_seen = false;   // the departure has been noticed and acted on, so that it is noticed once
    bool looked_at = false;       // a decision was bound to their entry before; not kept
    UserId kept;                  // the Matrix ID, for life once an account of that name was seen in use
    std::uint64_t usn = 0;
};

struct Group {
    Guid guid;
    std::string dn;
    std::string name;
    std::string cn;
    std::uint32_t rid = 0;
    bool deleted = false;  // a tombstone, or missing from a verified complete read
    bool members_known = false;
    std::uint64_t usn = 0;
};

// What a deleted group was, while rules take people out by a group that it was in: its links ended with it,
// and nothing says that whoever was in it is to be let in. Until a policy is applied, or a complete read
// shows it.
struct DeletedGroup {
    std::vector<PersonId> people;  // by any path, sorted
    std::vector<GroupId> parents;
    bool operator==(const DeletedGroup&) const = default;
};

// An organisational unit or container: what `under` means. Pinned by GUID, found by where it is now.
struct Container {
    Guid guid;
    std::string dn;
    bool deleted = false;  // a tombstone was seen
    bool present = true;   // false: a complete read lacked it, which may be for want of rights
    std::uint64_t usn = 0;
};

// Stands as the value of an attribute that could not be read for one person. No text of a directory is held
// as this: policy/held_text.h.
inline constexpr std::string_view kUnreadable = "\x01unreadable";

struct AttributeValue {
    AttributeId attribute;
    ValueId value;
    auto operator<=>(const AttributeValue&) const = default;
};

// A member of a group: a person or another group.
struct MemberRef {
    std::uint32_t packed = 0;
    static MemberRef person(PersonId id) { return {id.value << 1U}; }
    static MemberRef group(GroupId id) { return {id.value << 1U | 1U}; }
    [[nodiscard]] bool is_group() const { return (packed & 1U) != 0; }
    [[nodiscard]] PersonId as_person() const { return PersonId(std::size_t{packed >> 1U}); }
    [[nodiscard]] GroupId as_group() const { return GroupId(std::size_t{packed >> 1U}); }
    auto operator<=>(const MemberRef&) const = default;
};

// Who brought a membership about: it decides whether the daemon may undo it (docs/admins.md, "By hand").
enum class Cause : std::uint8_t { daemon, self, other };

// One user in one room. 12 bytes: there are ten million of them.
struct Membership {
    RoomId room;
    std::uint32_t event =
        0;  // 32-bit digest of the event ID held, to tell a successor from a stale event; 0: unknown
    MembershipState state = MembershipState::none;
    Cause cause : 2 = Cause::daemon;
    bool needs_forget : 1 = false;  // a local user that was removed reads the past until a masqueraded forget
    bool approved_once : 1 = false;  // had an approval: losing it is guarded
    // Let in by hand against the verdict in force then, and never wanted since: no guard counts their
    // removal.
    bool unbidden : 1 = false;
    // Left by themselves, and is to be let in again: they are invited, and nobody joins for them.
    bool by_choice : 1 = false;
    std::int16_t power = 0;
    bool operator<(const Membership& other) const { return room < other.room; }
};
static_assert(sizeof(Membership) == 12);

// Kicked by hand, or left by themselves, although they belong: a removal that was right makes it the
// daemon's.
[[nodiscard]] inline bool out_by_hand(const Membership& held) {
    return held.cause != Cause::daemon &&
           (held.state == MembershipState::leave || held.state == MembershipState::ban);
}

[[nodiscard]] std::uint32_t event_digest(std::string_view event_id);

enum class RoomPhase : std::uint8_t {
    absent,   // not created yet
    filling,  // created, still hidden; members join without an invitation
    open,     // its lasting state applies
};

struct Room {
    std::string key;  // identity, from the policy
    std::string id;   // room ID, opaque; "" until created
    RoomPhase phase = RoomPhase::absent;
    bool bot_joined = true;
    bool released = false;  // left the policy: nothing is done there any more
    // Managed again, and not read since: whoever is found there came while nobody watched over it.
    bool just_managed = false;
    Time filling_since{};
    std::string claimed_alias;   // in the homeserver's directory of aliases, leading to this room
    std::string alias_conflict;  // wanted, but it leads to somebody else's room: reported, not tried again
    RoomState state;
    std::size_t joined = 0;  // users in it, the bot not counted
};

// What is still to be done about a departed person besides the managed rooms. Made when the departure is
// seen.
struct Departing {
    bool signed_out = false;
    bool listed = false;  // the rooms outside the policy were asked for
    struct Elsewhere {
        std::string room;  // room ID
        bool done = false;
    };
    std::vector<Elsewhere> rooms;
    bool late = false;  // the account has appeared since, or what was done was undone
    // Of whom nothing was ever seen: the homeserver has said whether there is such an account. In memory
    // only.
    bool asked = false;
};

enum class Account : std::uint8_t { unknown, present, absent };

// Of one room: the slots of its state (slot() in step_facts.h) whose held events changed; and of a space the
// rooms that it names. A space has as many of both as rooms, so one that is added must not cost all of them.
struct TouchedParts {
    bool all = false;
    std::set<std::string> slots;
    std::set<std::string> children;  // room IDs
};

// What changed since the engine last asked: the rows that the store must write.
struct Touched {
    Touched();
    ~Touched();
    Touched(const Touched&);
    Touched& operator=(const Touched&);
    Touched(Touched&&) noexcept;
    Touched& operator=(Touched&&) noexcept;
    std::unordered_set<PersonId> people;
    std::unordered_set<GroupId> groups;
    std::unordered_set<ContainerId> containers;
    std::unordered_set<RoomId> rooms;  // but for the parts of their state that events are held for
    std::map<RoomId, TouchedParts> room_parts;
    std::map<RoomId, std::string> renamed;          // of these the key that the store has
    std::unordered_set<UserId> users;               // account state, departing, put_back
    std::unordered_set<std::uint64_t> memberships;  // user << 32 | room
    bool doubt = false;
    [[nodiscard]] bool empty() const {
        return !doubt && people.empty() && groups.empty() && containers.empty() && rooms.empty() &&
               room_parts.empty() && users.empty() && memberships.empty();
    }
};

// What a decision must look at again.
struct Dirty {
    Dirty();
    ~Dirty();
    Dirty(const Dirty&);
    Dirty& operator=(const Dirty&);
    Dirty(Dirty&&) noexcept;
    Dirty& operator=(Dirty&&) noexcept;
    std::unordered_set<UserId> users;
    std::unordered_set<PersonId> people;
    std::unordered_set<PersonId> entries;  // whose own entry changed: step() binds them anew
    std::unordered_set<RoomId> rooms;
    bool everything = false;
    bool settled = false;     // nobody in `people` but those in `entries` waits for step()
    bool groups = false;      // which groups there are, how they nest, or what can be read
    bool containers = false;  // which there are, or where
    [[nodiscard]] bool empty() const {
        return users.empty() && people.empty() && entries.empty() && rooms.empty() && !everything &&
               !groups && !containers;
    }
};

class World {
  public:
    // --- directory ---
    std::vector<Person> people;
    std::vector<Group> groups;
    std::vector<Container> containers;
    DnPool dn_pool;               // of people's distinguished names
    Rows<GroupId> person_groups;  // direct, without the primary group
    Rows<GroupId> group_parents;
    Rows<MemberRef> group_members;
    Rows<AttributeValue> person_attributes;
    Interner<AttributeId> attribute_names;       // lower case
    Interner<ValueId> attribute_values;          // as the directory wrote them
    GuidIndex<PersonId, Person> people_by_guid;  // asked through person()
    std::unordered_map<Guid, GroupId, GuidHash> group_by_guid;
    std::unordered_map<Guid, ContainerId, GuidHash> container_by_guid;
    std::unordered_map<std::uint32_t, GroupId> group_by_rid;
    // Members whose entry has not been seen, both ways round, so that a group's list can be replaced. Each
    // may be a group that is hidden from us, with anybody in it.
    std::unordered_map<Guid, std::set<GroupId>, GuidHash> waiting_for;
    std::unordered_map<GroupId, std::vector<Guid>> unresolved;
    // The group of which they, or a group that they are in, were a member last and are none any more: since
    // the start only, and only for evidence.
    std::unordered_map<PersonId, GroupId> left_group;
    std::unordered_set<std::uint32_t> primary_rids;  // in use as somebody's primary group
    std::set<std::string, std::less<>>
        attributes_read;          // asked for in the last complete read; others are unknown
    bool directory_read = false;  // a complete, believed read has been in force at some time

    // --- rooms ---
    Interner<UserId> users;         // Matrix IDs
    std::vector<Account> accounts;  // by UserId
    std::vector<Room> rooms;
    RoomParts parts;  // of their states, that many have in common
    std::unordered_map<std::string, RoomId> room_by_key;
    std::unordered_map<std::string, RoomId> room_by_id;
    Rows<Membership> memberships;  // by UserId
    Rows<UserId> room_users;       // by RoomId: whoever has a membership other than none, or a power level
    // By RoomId: counts what has changed in it, so that whoever asked something knows whether the answer is
    // older than what is known.
    std::vector<std::uint64_t> room_changes;
    std::unordered_map<std::uint64_t, UserId> inviters;  // user << 32 | room → who invited
    std::unordered_map<std::uint64_t, Time> put_back;    // when a hand-made removal was last undone
    // user << 32 | room: of whom events were told after what came of them; the last of them is the one held.
    std::unordered_set<std::uint64_t> told_late;
    // user << 32 | room: what was held before answers of ours which no event and no read has borne out. A
    // read that shows its event shows that nothing has changed since: neither whose doing it was.
    std::unordered_map<std::uint64_t, Membership> before_answer;

    // user << 32 | room: the event by which somebody else put out whoever was out, so that they may read the
    // past again: only a forget that came after it takes it from them. In memory only.
    std::unordered_map<std::uint64_t, std::uint32_t> put_out_again;

    // Matrix IDs that were in use as somebody's until people.identities gave them another: no template makes
    // them anybody else's.
    std::unordered_map<UserId, Guid> former_ids;
    std::map<GroupId, DeletedGroup> deleted_groups;
    AccountsInQuestion in_question;
    std::unordered_map<UserId, Departing> departing;
    // Whom the mask registration leaves out, as the homeserver said. Not stored: a registration can change.
    std::set<UserId> uncovered;
    [[nodiscard]] bool covered(UserId user) const { return !uncovered.contains(user); }
    std::set<std::pair<Time, UserId>> revisit;  // users whom the passing of time alone makes worth a look
    std::set<std::pair<Time, PersonId>>
        expiries;  // accountExpires writes nothing to the directory when it comes true

    // Where the directory was read to: the controller, its database, and the highest USN taken in.
    struct Cursor {
        std::string directory, server, invocation_id;
        std::uint64_t usn = 0;
        Time time{};
        bool operator==(const Cursor&) const = default;
    };
    Cursor cursor;
    Doubt doubt;         // of the controller that answers
    std::string frozen;  // why removals are frozen (a complete read that cannot be believed); "" if not

    Time now{};       // the date is that at least: what has ended by then has ended
    Time latest{};    // … and at most that, where it is not certain; otherwise nothing after `now`
    Tick tick{};      // the same moment by the clock that does not jump: for whatever waits
    std::string bot;  // the daemon's own Matrix ID
    std::string server_name;

    Touched touched;
    Dirty dirty;

    // --- reading ---
    [[nodiscard]] const Membership* membership(UserId user, RoomId room) const;
    [[nodiscard]] MembershipState state_of(UserId user, RoomId room) const;
    [[nodiscard]] bool is_local(std::string_view matrix_id) const;
    [[nodiscard]] Account account(UserId user) const;
    // An account of that name was seen, or is in a room, or has been.
    [[nodiscard]] bool was_seen(UserId user) const;
    [[nodiscard]] std::uint64_t changes(RoomId room) const {
        return room.index() < room_changes.size() ? room_changes[room.index()] : 0;
    }
    [[nodiscard]] static std::uint64_t pair(UserId user, RoomId room) {
        return std::uint64_t{user.value} << 32U | room.value;
    }
    [[nodiscard]] PersonId person(const Guid& guid) const { return people_by_guid.find(people, guid); }
    // Folded login → person: none, one, or several (then ambiguous). Deleted and missing people are passed
    // over.
    [[nodiscard]] std::vector<PersonId> people_named(std::string_view login) const;
    [[nodiscard]] std::vector<GroupId> groups_named(std::string_view name) const;  // sAMAccountName, cn or DN
    [[nodiscard]] std::vector<ContainerId> containers_named(std::string_view name) const;  // DN

    // As they would be read again now.
    [[nodiscard]] PersonEntry entry_of(PersonId id) const;
    [[nodiscard]] GroupEntry entry_of(GroupId id) const;
    // Everybody in the group, seen or not, in order.
    [[nodiscard]] std::vector<Guid> members_of(GroupId id) const;

    // --- writing: each marks touched and dirty ---
    PersonId put_person(const PersonEntry& entry);
    GroupId put_group(const GroupEntry& entry, bool absence_counts);
    void person_missing(PersonId id);  // a verified complete read lacks them
    void group_missing(GroupId id);
    void group_hidden(GroupId id);  // a complete read lacks it, but a group that it has still names it
    // `alone`: it may have moved, and then what stands below it has too.
    void put_container(const ContainerEntry& entry, bool alone);
    void container_missing(ContainerId id);
    RoomId room(std::string_view key);  // finds or adds
    // A room that was never made and has this key takes the one that is free by that.
    void rename_room(RoomId room, const std::string& key);
    void set_room_id(RoomId room, std::string id);
    void set_membership(UserId user, Membership membership);
    void set_account(UserId user, Account account);
    UserId user(std::string_view matrix_id);  // finds or adds
    void mark_room(RoomId room);              // touched and dirty
    void count_change(RoomId room);           // in room_changes
    // Everybody who is in it, at any depth, or was by a group that was deleted; one may be named twice.
    [[nodiscard]] std::vector<PersonId> people_below(GroupId group) const;
    void touch_group_below(GroupId group);  // everybody who is in it, at any depth, becomes dirty
    void compact();                         // after much was added at once: gives back the room to grow

    World();
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    World(World&&) noexcept;
    World& operator=(World&&) noexcept;

  private:
    void set_attributes(PersonId id, const PersonEntry& entry);
    void change_members(GroupId group, const std::vector<MemberRef>& wanted, bool absence_counts);
    void member_changed(MemberRef member);
    void end_places(MemberRef member);
    void resolve_waiting(const Guid& guid, MemberRef member);
    void link(GroupId group, MemberRef member);
    void unlink(GroupId group, MemberRef member);
    void touch_primary(std::uint32_t rid);
    void entry_changed(PersonId id);
    void replace_unresolved(GroupId group, std::vector<Guid> guids);
};

}  // namespace rollcall::policy
