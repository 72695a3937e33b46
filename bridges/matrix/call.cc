#include "bridges/matrix/call.h"

#include <fmt/format.h>
#include <sodium.h>

#include <utility>

#include "bridges/http/message.h"

namespace rollcall::matrix {
namespace {

using http::encode_part;
using json::Value;

constexpr std::string_view kClient = "/_matrix/client/v3";
constexpr std::size_t kWholeRoomBytes = 512U << 20U;
constexpr std::size_t kInvitationsBytes = 128U << 20U;

Call about(Call call, std::string_view room, std::string_view subject = {}) {
    call.room = room;
    call.subject = subject;
    return call;
}

std::string alias_path(std::string_view alias) {
    return fmt::format("{}/directory/room/{}", kClient, encode_part(alias));
}

std::string room_path(std::string_view room, std::string_view rest) {
    return fmt::format("{}/rooms/{}/{}", kClient, encode_part(room), rest);
}

Call write_call(Action action, Actor actor, std::string method, std::string target, const Value& body) {
    Call call;
    call.action = action;
    call.actor = actor;
    call.method = std::move(method);
    call.target = std::move(target);
    call.body = json::write(body);
    return call;
}

Call read_call(std::string target) {
    Call call;
    call.target = std::move(target);
    return call;
}

Call acting_as(Call call, std::string_view user) {
    if (user.empty()) return call;
    call.actor = Actor::user;
    call.as_user = user;
    return call;
}

Value empty_object() {
    return json::Object{};
}

Action action_of(policy::MembershipState membership, bool by_bot) {
    switch (membership) {
        case policy::MembershipState::invite:
            return Action::invite;
        case policy::MembershipState::join:
            return Action::join;
        case policy::MembershipState::leave:
            return by_bot ? Action::kick : Action::leave;
        default:
            return Action::put_state;
    }
}

Value with_reason(Value content, std::string_view reason) {
    if (!reason.empty()) content.set("reason", Value(reason));
    return content;
}

// Everything out of an initial sync but invitations. What is joined is left out by having nothing to show; an
// empty list of rooms in the filter would leave out the invitations too (Synapse). The limit of what is not
// wanted anyway makes each filter another one: Synapse answers the same first sync from memory for two
// minutes.
Value only_invitations() {
    Value none = json::Object{};
    none.set("types", json::Array{});
    Value timeline = none;
    timeline.set("limit", 0);
    Value rooms = json::Object{};
    for (const char* part : {"state", "ephemeral", "account_data"}) rooms.set(part, none);
    rooms.set("timeline", timeline);
    Value filter = json::Object{};
    Value presence = none;
    presence.set("limit", static_cast<std::int64_t>(1 + randombytes_uniform(1'000'000'000)));
    filter.set("room", rooms).set("presence", presence);
    filter.set("account_data", none);
    return filter;
}

}  // namespace

Call put_member(std::string_view room, std::string_view user, policy::MembershipState membership,
                std::string_view reason, std::string_view as_user) {
    Value content = json::Object{};
    content.set("membership", Value(policy::to_text(membership)));
    Call call = write_call(action_of(membership, as_user.empty()), Actor::bot, "PUT",
                           room_path(room, "state/m.room.member/" + encode_part(user)),
                           with_reason(std::move(content), reason));
    return acting_as(about(std::move(call), room, user), as_user);
}

Call kick(std::string_view room, std::string_view user, std::string_view reason) {
    Value body = json::Object{};
    body.set("user_id", Value(user));
    return about(write_call(Action::kick, Actor::bot, "POST", room_path(room, "kick"),
                            with_reason(std::move(body), reason)),
                 room, user);
}

Call forget(std::string_view room, std::string_view as_user) {
    Call call = write_call(Action::forget, Actor::bot, "POST", room_path(room, "forget"), empty_object());
    return acting_as(about(std::move(call), room, as_user), as_user);
}

Call logout_all(std::string_view as_user) {
    return acting_as(write_call(Action::logout_all, Actor::bot, "POST", fmt::format("{}/logout/all", kClient),
                                empty_object()),
                     as_user);
}

Call put_state(std::string_view room, std::string_view type, std::string_view key, const Value& content) {
    const std::string rest = fmt::format("state/{}/{}", encode_part(type), encode_part(key));
    return about(write_call(Action::put_state, Actor::bot, "PUT", room_path(room, rest), content), room);
}

Call create_room(const Value& body) {
    return write_call(Action::create_room, Actor::bot, "POST", fmt::format("{}/createRoom", kClient), body);
}

Call send_message(std::string_view room, std::string_view transaction, const Value& content) {
    const std::string rest = "send/m.room.message/" + encode_part(transaction);
    return about(write_call(Action::send_message, Actor::bot, "PUT", room_path(room, rest), content), room);
}

Call put_alias(std::string_view alias, std::string_view room) {
    Value body = json::Object{};
    body.set("room_id", Value(room));
    return about(write_call(Action::put_alias, Actor::alias_keeper, "PUT", alias_path(alias), body), room,
                 alias);
}

Call delete_alias(std::string_view alias) {
    Call call = about(read_call(alias_path(alias)), {}, alias);
    call.action = Action::delete_alias;
    call.actor = Actor::alias_keeper;
    call.method = "DELETE";
    return call;
}

Call resolve_alias(std::string_view alias) {
    return about(read_call(alias_path(alias)), {}, alias);
}

Call recent_messages(std::string_view room) {
    return read_call(room_path(room, "messages?dir=b&limit=50"));
}

Call messages_of(std::string_view room, std::string_view sender, std::string_view from) {
    Value filter = json::Object{};
    filter.set("types", json::Array{"m.room.message"}).set("senders", json::Array{Value(sender)});
    std::string rest = "messages?dir=b&limit=100&filter=" + encode_part(json::write(filter));
    if (!from.empty()) rest += "&from=" + encode_part(from);
    return read_call(room_path(room, rest));
}

Call join_alias(std::string_view alias) {
    return write_call(Action::join, Actor::bot, "POST",
                      fmt::format("{}/join/{}", kClient, encode_part(alias)), empty_object());
}

Call joined_rooms(std::string_view as_user) {
    return acting_as(read_call(fmt::format("{}/joined_rooms", kClient)), as_user);
}

Call invitations(std::string_view as_user) {
    // set_presence: whoever is masqueraded must not seem to be online.
    Call call = acting_as(read_call(fmt::format("{}/sync?timeout=0&set_presence=offline&filter={}", kClient,
                                                encode_part(json::write(only_invitations())))),
                          as_user);
    call.max_response_bytes = kInvitationsBytes;  // an invitation brings the room's name and picture
    call.deadline = std::chrono::minutes{2};
    return call;
}

Call room_state(std::string_view room, std::string_view as_user) {
    Call call = about(read_call(room_path(room, "state")), room);
    call.max_response_bytes = kWholeRoomBytes;
    call.deadline = std::chrono::minutes{2};
    return acting_as(std::move(call), as_user);
}

Call member_event(std::string_view room, std::string_view user, std::string_view as_user) {
    const std::string rest = fmt::format("state/m.room.member/{}?format=event", encode_part(user));
    return acting_as(about(read_call(room_path(room, rest)), room, user), as_user);
}

Call state_event(std::string_view room, std::string_view type, std::string_view key) {
    const std::string rest = fmt::format("state/{}/{}?format=event", encode_part(type), encode_part(key));
    return about(read_call(room_path(room, rest)), room);
}

Call own_membership(std::string_view room, std::string_view as_user) {
    const std::string rest = "state/m.room.member/" + encode_part(as_user);
    return acting_as(about(read_call(room_path(room, rest)), room, as_user), as_user);
}

Call devices(std::string_view as_user) {
    return acting_as(read_call(fmt::format("{}/devices", kClient)), as_user);
}

Call profile(std::string_view user) {
    return read_call(fmt::format("{}/profile/{}", kClient, encode_part(user)));
}

Call whoami(std::string_view as_user) {
    Call call = acting_as(read_call(fmt::format("{}/account/whoami", kClient)), as_user);
    call.deadline = std::chrono::seconds{10};  // by this it is seen whether anybody is there
    return call;
}

Call auth_metadata() {
    return read_call("/_matrix/client/v1/auth_metadata");
}

Call whoami_of_mask() {
    Call call = read_call(fmt::format("{}/account/whoami", kClient));
    call.actor = Actor::mask;
    return call;
}

Call register_bot(std::string_view localpart) {
    Value body = json::Object{};
    body.set("type", "m.login.application_service").set("username", Value(localpart));
    body.set("inhibit_login", true);
    return write_call(Action::register_bot, Actor::sender, "POST", fmt::format("{}/register", kClient), body);
}

Call set_displayname(std::string_view user, std::string_view name) {
    Value body = json::Object{};
    body.set("displayname", Value(name));
    return write_call(Action::set_displayname, Actor::bot, "PUT",
                      fmt::format("{}/profile/{}/displayname", kClient, encode_part(user)), body);
}

Call ping(std::string_view appservice_id, std::string_view transaction) {
    Value body = json::Object{};
    body.set("transaction_id", Value(transaction));
    return write_call(Action::ping, Actor::sender, "POST",
                      fmt::format("/_matrix/client/v1/appservice/{}/ping", encode_part(appservice_id)), body);
}

Call versions() {
    Call call = read_call("/_matrix/client/versions");
    call.actor = Actor::sender;
    return call;
}

}  // namespace rollcall::matrix
