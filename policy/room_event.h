// Matrix room state as facts: the parts of events that decide or repair something, typed. Values only;
// schema/matrix_event reads them from JSON (Matrix client-server API v1.19, "Room events").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/base/time.h"

namespace rollcall::policy {

enum class MembershipState : std::uint8_t { none, invite, join, leave, ban, knock };

[[nodiscard]] std::string_view to_text(MembershipState state);
// In the room, or about to be.
[[nodiscard]] inline bool is_present(MembershipState state) {
    return state == MembershipState::join || state == MembershipState::invite ||
           state == MembershipState::knock;
}

struct MemberContent {
    std::string user;  // the state key
    MembershipState membership = MembershipState::none;
    std::string reason;
};

// m.room.power_levels. The defaults are those that the spec gives for a missing key in an event that exists.
struct PowerLevels {
    std::int64_t users_default = 0;
    std::int64_t events_default = 0;
    std::int64_t state_default = 50;
    std::int64_t ban = 50;
    std::int64_t kick = 50;
    std::int64_t redact = 50;
    std::int64_t invite = 0;
    std::map<std::string, std::int64_t> users;
    std::map<std::string, std::int64_t> events;
    bool operator==(const PowerLevels&) const = default;
};

struct JoinRules {
    std::string rule;                      // public, invite, knock, restricted, knock_restricted
    std::vector<std::string> allow_rooms;  // room IDs of m.room_membership conditions, sorted
    bool operator==(const JoinRules&) const = default;
};

struct ServerAcl {
    std::vector<std::string> allow;  // sorted
    std::vector<std::string> deny;   // sorted
    bool allow_ip_literals = true;
    bool operator==(const ServerAcl&) const = default;
};

struct NameContent {
    std::string name;
};
struct TopicContent {
    std::string topic;
};
struct CanonicalAliasContent {
    std::string alias;
};  // "" for none
struct HistoryVisibilityContent {
    std::string visibility;
};  // invited, joined, shared, world_readable
struct GuestAccessContent {
    std::string access;
};  // can_join, forbidden
struct SpaceChildContent {
    std::string child;
    bool present = false;
};  // state key; content has `via`
struct CreateContent {
    std::string version;  // "1" where absent
    bool space = false;   // type m.space
    std::vector<std::string>
        creators;        // sender and additional_creators: infinite power from room version 12 on
    std::string intent;  // our marker in creation_content, "" where absent
    bool operator==(const CreateContent&) const = default;
};
struct TombstoneContent {
    std::string replacement;
};
struct OtherContent {
    std::string type;
};  // any other event: decides nothing
// m.reaction: no state of a room. Both are "" where it annotates nothing (redacted, say).
struct ReactionContent {
    std::string event;  // to which message
    std::string key;    // the emoji, as it was sent
};

// m.room.redaction: no state of a room either, but the state event that it names says less from then on,
// under the ID that it had (spec, "Redactions"). "" where it names none.
struct RedactionContent {
    std::string event;
};

// One of these. A type of its own, so that what copies and destroys all of them is compiled once.
using RoomContentVariant =
    std::variant<MemberContent, PowerLevels, JoinRules, ServerAcl, NameContent, TopicContent,
                 CanonicalAliasContent, HistoryVisibilityContent, GuestAccessContent, SpaceChildContent,
                 CreateContent, TombstoneContent, OtherContent, ReactionContent, RedactionContent>;
struct RoomContent : RoomContentVariant {
    using RoomContentVariant::operator=;
    using RoomContentVariant::variant;
    RoomContent();
    ~RoomContent();
    RoomContent(const RoomContent&);
    RoomContent& operator=(const RoomContent&);
    RoomContent(RoomContent&&) noexcept;
    RoomContent& operator=(RoomContent&&) noexcept;
};

struct RoomEvent {
    std::string room;   // room ID
    std::string event;  // event ID
    std::string sender;
    Time time{};           // origin_server_ts
    std::string replaces;  // unsigned.replaces_state: the state event it came after; "" for none
    bool state = false;    // has a state key
    RoomContent content;
    // unsigned.prev_content: the membership that it replaces, where the homeserver says so.
    std::optional<MembershipState> before{};
};

// An event of which a part that decides cannot be used. It is lost alone, and said: what it was about is
// looked at, and never taken for absent.
struct UnreadableEvent {
    std::string room, event;  // "" where that is what cannot be used
    std::string type;         // likewise
    std::string user;         // of a membership: whose; "" where that cannot be used
    std::string why;          // "no usable membership"
    [[nodiscard]] bool may_be_member() const { return type.empty() || type == "m.room.member"; }
    bool operator==(const UnreadableEvent&) const = default;
};

// The whole current state of one room, read at once (GET /rooms/{roomId}/state): complete but for what is
// named, or not made at all.
struct RoomRead {
    std::string room;
    bool joined = true;  // false: the bot is not in it, state is empty
    std::vector<RoomEvent> state;
    std::vector<UnreadableEvent> unreadable{};
    // Matrix ID: the bot is not in it, and the homeserver was asked in the name of that member, to whom
    // `joined` refers; "": the bot asked.
    std::string seen_by{};
};

}  // namespace rollcall::policy
