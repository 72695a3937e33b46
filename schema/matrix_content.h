// The content of room state events, typed, both ways. Pure; any thread.
//
// Reading never fails: what is missing, redacted or of the wrong type has the default that the specification
// gives, so that nobody can hide a state event by spoiling a part of it. Source: Matrix client-server API
// v1.19, "Room events", and room versions 1 to 12 for power levels and creators.
#pragma once

#include <string_view>

#include "policy/room_event.h"
#include "schema/json.h"

namespace rollcall::schema {

// Where createRoom's creation_content and our notices carry the id of the intent that announced them.
inline constexpr std::string_view kIntentKey = "io.rollcall.intent";
// In the content of a message that is an anchor of the evidence log: the signed head, as it was signed.
inline constexpr std::string_view kCheckpointKey = "io.rollcall.checkpoint";

// What a state event of that type says; OtherContent for types that decide nothing.
[[nodiscard]] policy::RoomContent read_content(std::string_view type, std::string_view state_key,
                                               std::string_view sender, const json::Value& content);

inline constexpr std::string_view kReaction = "m.reaction";
// What a reaction says; nothing where it is none, or its key is longer than any emoji (spec, "Event
// annotations and reactions").
inline constexpr std::size_t kLongestReaction = 64;
[[nodiscard]] policy::ReactionContent read_reaction(const json::Value& content);

inline constexpr std::string_view kRedaction = "m.room.redaction";

// "m.room.name"; the type of an OtherContent is its own.
[[nodiscard]] std::string_view event_type(const policy::RoomContent& content);

// The content to send. Creation, tombstones and other types are not sent as state.
[[nodiscard]] json::Value content_of(const policy::MemberContent& member);
[[nodiscard]] json::Value content_of(const policy::PowerLevels& levels);
[[nodiscard]] json::Value content_of(const policy::JoinRules& rules);
[[nodiscard]] json::Value content_of(const policy::ServerAcl& acl);
[[nodiscard]] json::Value content_of(const policy::NameContent& name);
[[nodiscard]] json::Value content_of(const policy::TopicContent& topic);
[[nodiscard]] json::Value content_of(const policy::CanonicalAliasContent& alias);
[[nodiscard]] json::Value content_of(const policy::HistoryVisibilityContent& history);
[[nodiscard]] json::Value content_of(const policy::GuestAccessContent& guests);
// `via` is a server that is in the child; without `present` the content is empty, which takes the child out.
[[nodiscard]] json::Value content_of(const policy::SpaceChildContent& child, std::string_view via);

}  // namespace rollcall::schema
