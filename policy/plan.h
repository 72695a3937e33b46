// The plan: the actions that take the world to the verdicts. Derived, never stored: the engine keeps the
// derivation of each user and room beside the world and derives it again when a fact touches them; commands
// derive one from scratch. Same facts, same plan: what people see is ordered by (room key, class, Matrix ID),
// never by an id of this process.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decide.h"

namespace rollcall::policy {

// In the order in which the lanes are served (docs/carrying-on.md).
enum class Lane : std::uint8_t { departure, outsider, removal, addition, cosmetic };
inline constexpr std::size_t kLanes = 5;

enum class ActionKind : std::uint8_t {
    // about a user
    sign_out,         // end all sessions of a departed person
    list_rooms,       // find out which other rooms a departed person is in
    leave_unmanaged,  // out of one of those
    remove,           // kick, or revoke an invitation
    forget,           // so that a removed local user stops reading the past
    add,              // invite, then join by masquerade where the room admits so
    set_power,
    // about a room
    create,
    publish,  // the first fill is over: lasting join rule, alias, place in the space
    set_name,
    set_topic,
    set_history,
    set_guest_access,
    set_join_rule,
    set_server_acl,
    set_power_levels,  // all but the users
    claim_alias,
    set_alias,
    set_space_child,
    release,  // the policy no longer names it
    // about nobody\'s membership
    notify,  // tell whoever invited an outsider why they are gone
};
[[nodiscard]] std::string_view to_text(ActionKind kind);
// For people: what of a room an action about it changes, "name" or "who may join"; "" for any other.
[[nodiscard]] std::string_view room_change_words(ActionKind kind);
// What writes that piece of a room's state; nullopt: nothing does.
[[nodiscard]] std::optional<ActionKind> setting_of(const RoomContent& content);
// Is it a setting that decides who reads a room, who comes into it or who may change it?
[[nodiscard]] bool decides_who_reads(ActionKind kind);

struct UserAction {
    std::uint32_t room = 0;  // index into Program::rooms; of leave_unmanaged, into the user's list
    ActionKind kind = ActionKind::remove;
    Lane lane = Lane::removal;
    Basis basis = Basis::member;
    std::int8_t power = 0;
    bool operator<(const UserAction& other) const {
        return room != other.room ? room < other.room : kind < other.kind;
    }
    bool operator==(const UserAction& other) const { return room == other.room && kind == other.kind; }
};
static_assert(sizeof(UserAction) == 8);

struct RoomAction {
    ActionKind kind = ActionKind::create;
    Lane lane = Lane::addition;
    bool operator==(const RoomAction&) const = default;
};

// What the daemon can do, besides what the policy wants.
struct Abilities {
    bool mask =
        true;  // the masquerade registration is there: join, leave, forget and sign out as any employee
};

inline constexpr std::uint32_t kNoRoom = 0xffffffff;
inline constexpr std::int8_t kOwnerPower = 50;
inline constexpr Duration kPutBackEvery =
    std::chrono::hours{1};  // a hand-made removal is undone at most this often
inline constexpr Duration kFillAtMost = std::chrono::seconds{60};
inline constexpr Duration kFillStalled = std::chrono::seconds{5};  // nobody more comes in

// Appends what is to be done about one user, in the order of UserAction. Clears nothing.
void derive_user(const Decider& decider, const Abilities& abilities, UserId user,
                 std::vector<UserAction>& out);
// Appends what is to be done about one managed room itself. `fill_pending`: members are still to join.
void derive_room(const Decider& decider, std::uint32_t room, std::vector<RoomAction>& out);

// What a room's state should be; shared by create and the repairs, so that a fresh room needs no repair.
[[nodiscard]] PowerLevels wanted_power_levels(const Decider& decider, std::uint32_t room);  // without owners
[[nodiscard]] JoinRules wanted_join_rules(const Decider& decider, std::uint32_t room);
[[nodiscard]] ServerAcl wanted_server_acl(const Decider& decider, std::uint32_t room);
[[nodiscard]] std::string_view wanted_history(const CompiledRoom& room);
[[nodiscard]] std::string wanted_alias(const Decider& decider, const CompiledRoom& room);  // "#key:server"
// Is that, by room ID, a room of the policy, which is to have another alias than this one?
[[nodiscard]] bool gives_alias_up(const Decider& decider, const std::string& room_id,
                                  const std::string& alias);
// From room version 12 on the creator has infinite power and must not be listed (MSC4289).
[[nodiscard]] bool creator_is_privileged(const RoomState& state);
// Nobody is added to a room that the bot is not in, or from which people are led on to another: such an
// action is wanted, and waits.
[[nodiscard]] bool waits_for_room(const World& world, RoomId room, ActionKind kind);
// Has this user so much power in the room that the bot cannot take them out?
[[nodiscard]] bool not_below_bot(const World& world, RoomId room, UserId user);
// "has power 100, and the bot 100"
[[nodiscard]] std::string power_words(const World& world, RoomId room, UserId user);

// One line of a plan as people see it.
struct PlanLine {
    std::string room;  // key, "" where the action concerns no one room
    ActionKind kind = ActionKind::create;
    Lane lane = Lane::addition;
    std::string user;  // Matrix ID, "" for an action about the room itself
    Basis basis = Basis::member;
    int power = 0;
    UserId user_id;
    std::uint32_t room_index = kNoRoom;
    bool operator==(const PlanLine& other) const {
        return room == other.room && kind == other.kind && user == other.user && power == other.power;
    }
};

// Everything, from scratch, ordered for people.
[[nodiscard]] std::vector<PlanLine> whole_plan(const Decider& decider, const Abilities& abilities);
// The same without keeping it: visit(user, action) for every user in no particular order.
void stream_plan(const Decider& decider, const Abilities& abilities,
                 const std::function<void(UserId, const UserAction&)>& visit);

}  // namespace rollcall::policy
