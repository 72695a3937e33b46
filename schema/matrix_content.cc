#include "schema/matrix_content.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "schema/matrix_id.h"

namespace rollcall::schema {
namespace {

using json::Value;
using namespace policy;

// Room versions below 10 allow levels that are texts or not whole (spec, "Room version 10"): as Python's
// int() reads them.
std::optional<std::int64_t> level_of_text(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
    std::int64_t level = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, level);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return level;
}

std::int64_t level(const Value& value, std::int64_t otherwise) {
    constexpr double kWhole = 9007199254740992.0;  // 2^53: beyond it a double is no exact integer
    if (const std::int64_t* integer = value.integer()) return *integer;
    if (const double* real = value.number(); real != nullptr && *real > -kWhole && *real < kWhole)
        return static_cast<std::int64_t>(*real);
    if (const std::string* text = value.string()) return level_of_text(*text).value_or(otherwise);
    return otherwise;
}

std::map<std::string, std::int64_t> level_map(const Value& value, std::int64_t otherwise) {
    std::map<std::string, std::int64_t> made;
    if (const json::Object* members = value.object())
        for (const auto& [name, given] : *members) made.emplace(name, level(given, otherwise));
    return made;
}

// What is no identifier is nothing that the homeserver could lead anybody to.
std::string id_or_none(const Value& value, char sigil) {
    std::string id = value.text();
    return is_opaque_id(id, sigil) ? id : std::string();
}

std::vector<std::string> sorted_texts(const Value& value) {
    std::vector<std::string> made;
    if (const json::Array* items = value.array())
        for (const Value& item : *items)
            if (item.string() != nullptr) made.push_back(*item.string());
    std::sort(made.begin(), made.end());
    made.erase(std::unique(made.begin(), made.end()), made.end());
    return made;
}

MembershipState membership(std::string_view text) {
    for (const auto state : {MembershipState::invite, MembershipState::join, MembershipState::leave,
                             MembershipState::ban, MembershipState::knock})
        if (text == to_text(state)) return state;
    return MembershipState::none;
}

// What stands around a content; every reader below takes the parts that it needs.
struct Around {
    std::string_view state_key;
    std::string_view sender;
};

RoomContent read_member(const Value& content, const Around& around) {
    return MemberContent{std::string(around.state_key), membership(content["membership"].text()),
                         content["reason"].text()};
}

RoomContent read_levels(const Value& content, const Around&) {
    PowerLevels levels;
    levels.users_default = level(content["users_default"], levels.users_default);
    levels.events_default = level(content["events_default"], levels.events_default);
    levels.state_default = level(content["state_default"], levels.state_default);
    levels.ban = level(content["ban"], levels.ban);
    levels.kick = level(content["kick"], levels.kick);
    levels.redact = level(content["redact"], levels.redact);
    levels.invite = level(content["invite"], levels.invite);
    levels.users = level_map(content["users"], levels.users_default);
    std::erase_if(levels.users, [](const auto& user) { return !is_opaque_id(user.first, '@'); });
    levels.events = level_map(content["events"], levels.state_default);
    return levels;
}

RoomContent read_join_rules(const Value& content, const Around&) {
    JoinRules rules{content["join_rule"].text("invite"), {}};
    if (const json::Array* allow = content["allow"].array())
        for (const Value& condition : *allow)
            if (condition["type"].text() == "m.room_membership" && condition["room_id"].string() != nullptr)
                rules.allow_rooms.push_back(condition["room_id"].text());
    std::sort(rules.allow_rooms.begin(), rules.allow_rooms.end());
    rules.allow_rooms.erase(std::unique(rules.allow_rooms.begin(), rules.allow_rooms.end()),
                            rules.allow_rooms.end());
    return rules;
}

RoomContent read_acl(const Value& content, const Around&) {
    return ServerAcl{sorted_texts(content["allow"]), sorted_texts(content["deny"]),
                     content["allow_ip_literals"].boolean_or(true)};
}

RoomContent read_name(const Value& content, const Around&) {
    return NameContent{content["name"].text()};
}
// Clients that know `m.topic` show what that says, whatever stands in `topic` (Matrix 1.15, m.room.topic):
// where it says something else, in any of its forms, that is the topic.
RoomContent read_topic(const Value& content, const Around&) {
    std::string topic = content["topic"].text();
    if (const json::Array* forms = content["m.topic"]["m.text"].array())
        for (const Value& form : *forms)
            if (form["body"].text() != topic) return TopicContent{form["body"].text()};
    return TopicContent{std::move(topic)};
}
RoomContent read_alias(const Value& content, const Around&) {
    return CanonicalAliasContent{id_or_none(content["alias"], '#')};
}
// What is none of the four means `shared` to homeservers.
RoomContent read_history(const Value& content, const Around&) {
    const std::string given = content["history_visibility"].text();
    for (const char* known : {"invited", "joined", "world_readable"})
        if (given == known) return HistoryVisibilityContent{given};
    return HistoryVisibilityContent{"shared"};
}
// … and here what is not the one value.
RoomContent read_guests(const Value& content, const Around&) {
    return GuestAccessContent{content["guest_access"].text() == "can_join" ? "can_join" : "forbidden"};
}
RoomContent read_tombstone(const Value& content, const Around&) {
    return TombstoneContent{id_or_none(content["replacement_room"], '!')};
}

RoomContent read_child(const Value& content, const Around& around) {
    if (!is_opaque_id(around.state_key, '!')) return OtherContent{"m.space.child"};
    return SpaceChildContent{std::string(around.state_key), !sorted_texts(content["via"]).empty()};
}

RoomContent read_create(const Value& content, const Around& around) {
    CreateContent made;
    made.version = content["room_version"].text("1");
    made.space = content["type"].text() == "m.space";
    made.intent = content[kIntentKey].text();
    made.creators = sorted_texts(content["additional_creators"]);
    std::erase(made.creators, around.sender);
    made.creators.insert(made.creators.begin(), std::string(around.sender));
    return made;
}

struct Reader {
    std::string_view type;
    RoomContent (*read)(const Value&, const Around&);
};
// In the order of RoomContent's alternatives: event_type() counts on it.
constexpr std::array<Reader, 12> kReaders{{{"m.room.member", read_member},
                                           {"m.room.power_levels", read_levels},
                                           {"m.room.join_rules", read_join_rules},
                                           {"m.room.server_acl", read_acl},
                                           {"m.room.name", read_name},
                                           {"m.room.topic", read_topic},
                                           {"m.room.canonical_alias", read_alias},
                                           {"m.room.history_visibility", read_history},
                                           {"m.room.guest_access", read_guests},
                                           {"m.space.child", read_child},
                                           {"m.room.create", read_create},
                                           {"m.room.tombstone", read_tombstone}}};
// … besides those that are no state: OtherContent, ReactionContent and RedactionContent.
static_assert(std::variant_size_v<policy::RoomContentVariant> == kReaders.size() + 3);

// A state event of the room as a whole has an empty state key; with another one it is not that event.
bool key_fits(std::string_view type, std::string_view state_key) {
    return type == "m.room.member" || type == "m.space.child" ? !state_key.empty() : state_key.empty();
}

Value texts(const std::vector<std::string>& list) {
    json::Array made;
    for (const std::string& text : list) made.emplace_back(text);
    return made;
}

Value levels(const std::map<std::string, std::int64_t>& map) {
    json::Object made;
    for (const auto& [name, given] : map) made.emplace_back(name, given);
    return made;
}

}  // namespace

RoomContent read_content(std::string_view type, std::string_view state_key, std::string_view sender,
                         const Value& content) {
    if (key_fits(type, state_key))
        for (const Reader& reader : kReaders)
            if (reader.type == type) return reader.read(content, {state_key, sender});
    return OtherContent{std::string(type)};
}

policy::ReactionContent read_reaction(const Value& content) {
    const Value& relation = content["m.relates_to"];
    policy::ReactionContent made{relation["event_id"].text(), relation["key"].text()};
    if (relation["rel_type"].text() != "m.annotation" || !is_opaque_id(made.event, '$') ||
        made.key.size() > kLongestReaction)
        return {};
    return made;
}

std::string_view event_type(const RoomContent& content) {
    if (const auto* other = std::get_if<OtherContent>(&content)) return other->type;
    if (std::holds_alternative<policy::ReactionContent>(content)) return kReaction;
    if (std::holds_alternative<policy::RedactionContent>(content)) return kRedaction;
    return kReaders[content.index()].type;
}

Value content_of(const MemberContent& member) {
    Value made;
    made.set("membership", to_text(member.membership));
    if (!member.reason.empty()) made.set("reason", member.reason);
    return made;
}

Value content_of(const PowerLevels& given) {
    return json::Object{{"users_default", given.users_default},
                        {"events_default", given.events_default},
                        {"state_default", given.state_default},
                        {"ban", given.ban},
                        {"kick", given.kick},
                        {"redact", given.redact},
                        {"invite", given.invite},
                        {"users", levels(given.users)},
                        {"events", levels(given.events)}};
}

Value content_of(const JoinRules& rules) {
    Value made;
    made.set("join_rule", rules.rule);
    if (rules.allow_rooms.empty()) return made;
    json::Array allow;
    for (const std::string& room : rules.allow_rooms)
        allow.push_back(json::Object{{"type", "m.room_membership"}, {"room_id", room}});
    return made.set("allow", std::move(allow));
}

Value content_of(const ServerAcl& acl) {
    return json::Object{
        {"allow", texts(acl.allow)}, {"deny", texts(acl.deny)}, {"allow_ip_literals", acl.allow_ip_literals}};
}

Value content_of(const NameContent& name) {
    return json::Object{{"name", name.name}};
}
Value content_of(const TopicContent& topic) {
    return json::Object{{"topic", topic.topic}};
}
Value content_of(const CanonicalAliasContent& alias) {
    return alias.alias.empty() ? json::Object{} : json::Object{{"alias", alias.alias}};
}
Value content_of(const HistoryVisibilityContent& history) {
    return json::Object{{"history_visibility", history.visibility}};
}
Value content_of(const GuestAccessContent& guests) {
    return json::Object{{"guest_access", guests.access}};
}
Value content_of(const SpaceChildContent& child, std::string_view via) {
    return child.present ? json::Object{{"via", json::Array{via}}} : json::Object{};
}

}  // namespace rollcall::schema
