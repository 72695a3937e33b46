#include "bridges/matrix/answer_reader.h"

#include <algorithm>
#include <utility>

#include "schema/json.h"
#include "schema/json_salvage.h"
#include "schema/matrix_content.h"
#include "schema/matrix_event.h"

namespace rollcall::matrix {
namespace {

using Kind = Outcome::Kind;

// Without an answer, or with one that says so, the homeserver as a whole is away, and likewise where it does
// not know us. Any other answer that says nothing about what was asked (429, or no Matrix error: something in
// between) is about this request alone.
ErrorKind error_kind(const http::Response& response, const Outcome& outcome) {
    if (response.failure == http::Failure::too_large) return ErrorKind::limit;
    if (outcome.kind == Kind::retry)
        return outcome.status == 0 || outcome.status == 401 || outcome.status >= 500 ? ErrorKind::unavailable
                                                                                     : ErrorKind::conflict;
    if (outcome.status == 404) return ErrorKind::not_found;
    if (outcome.status == 403) return ErrorKind::denied;
    return ErrorKind::conflict;
}

Error error_of(const http::Response& response) {
    const Outcome outcome = interpret(Call{}, response);
    return Error{error_kind(response, outcome), words_of(outcome), {}};
}

Error malformed(const std::string& what) {
    return Error{ErrorKind::conflict, "the homeserver's answer is not as specified: " + what, {}};
}

// What was read of a successful answer; the homeserver's or our own error otherwise.
template <class T>
Result<T> as_specified(Result<T> read) {
    if (!read) return tl::unexpected<Error>(malformed(read.error().message));
    return read;
}

Status success(const http::Response& response) {
    if (interpret(Call{}, response).kind != Kind::done) return tl::unexpected<Error>(error_of(response));
    return {};
}

Result<json::Value> success_body(const http::Response& response) {
    if (const Status good = success(response); !good) return pass(good);
    return as_specified(json::parse(response.body));
}

Result<std::vector<std::string>> strings_of(const json::Value& list, const std::string& name) {
    if (list.array() == nullptr) return tl::unexpected<Error>(malformed(name + " is no list"));
    std::vector<std::string> texts;
    for (const json::Value& item : *list.array()) {
        if (item.string() == nullptr)
            return tl::unexpected<Error>(malformed(name + " holds something else than text"));
        texts.push_back(*item.string());
    }
    return texts;
}

std::string_view member(const std::vector<json::Slice>& members, std::string_view key) {
    const auto found =
        std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.key == key; });
    return found == members.end() ? std::string_view() : found->text;
}

// nullopt: the state says nothing of it.
std::optional<policy::MembershipState> membership_of(const policy::RoomRead& read, std::string_view user) {
    for (const policy::RoomEvent& event : read.state)
        if (const auto* member = std::get_if<policy::MemberContent>(&event.content);
            member != nullptr && member->user == user)
            return member->membership;
    return std::nullopt;
}

bool says(const http::Response& response, int status, std::string_view errcode) {
    return response.failure == http::Failure::none && response.status == status &&
           interpret(Call{}, response).errcode == errcode;
}

// The two answers by which a homeserver says that the bot is in no such room. M_FORBIDDEN is also what it
// says where the bot itself is unknown, or none of ours: that is about the registration.
bool says_not_in_room(const http::Response& response) {
    if (says(response, 404, "M_NOT_FOUND")) return true;
    if (!says(response, 403, "M_FORBIDDEN")) return false;
    const Outcome outcome = interpret(Call{}, response);
    return outcome.kind != Kind::no_account && outcome.text.find("cannot masquerade") == std::string::npos;
}

}  // namespace

Result<std::vector<std::string>> read_joined_rooms(const http::Response& response) {
    const auto body = success_body(response);
    if (!body) return pass(body);
    auto rooms = strings_of((*body)["joined_rooms"], "joined_rooms");
    if (rooms) std::sort(rooms->begin(), rooms->end());
    return rooms;
}

// What strangers wrote into an invitation's state is cut out unread: it could stop the parser, and the
// invitation must be found all the same.
Result<std::vector<std::string>> read_invitations(const http::Response& response) {
    if (const Status good = success(response); !good) return pass(good);
    const auto body = as_specified(json::members(response.body));
    if (!body) return pass(body);
    if (member(*body, "next_batch").empty()) return tl::unexpected<Error>(malformed("no next_batch"));
    std::vector<std::string> rooms;
    const std::string_view kinds = member(*body, "rooms");
    if (kinds.empty()) return rooms;
    const auto by_kind = as_specified(json::members(kinds));
    if (!by_kind) return pass(by_kind);
    for (const char* kind : {"invite", "knock"}) {  // a knock may be answered later
        const std::string_view of_kind = member(*by_kind, kind);
        if (of_kind.empty()) continue;
        const auto listed = as_specified(json::members(of_kind));
        if (!listed) return pass(listed);
        for (const json::Slice& room : *listed) rooms.push_back(room.key);
    }
    std::sort(rooms.begin(), rooms.end());
    return rooms;
}

Result<policy::RoomRead> read_room(std::string_view room, std::string_view user,
                                   const http::Response& response) {
    policy::RoomRead outside{std::string(room), false, {}};
    if (says_not_in_room(response)) return outside;
    if (const Status good = success(response); !good) return pass(good);
    auto read = as_specified(schema::read_room_state(room, response.body));
    if (!read) return pass(read);
    const auto own = membership_of(*read, user);
    if (!own)
        return tl::unexpected<Error>(
            malformed("a room's state without a membership of " + std::string(user)));
    if (*own != policy::MembershipState::join) return outside;
    return read;
}

Result<std::optional<policy::RoomEvent>> read_member(const http::Response& response) {
    if (says(response, 404, "M_NOT_FOUND")) return std::nullopt;
    if (const Status good = success(response); !good) return pass(good);
    auto event = as_specified(schema::read_state_event(response.body));
    if (!event) return pass(event);
    return std::move(*event);
}

Result<std::optional<std::string>> read_alias(const http::Response& response) {
    if (says(response, 404, "M_NOT_FOUND")) return std::nullopt;
    const auto body = success_body(response);
    if (!body) return pass(body);
    const std::string* room = (*body)["room_id"].string();
    if (room == nullptr) return tl::unexpected<Error>(malformed("no room_id"));
    return *room;
}

Result<bool> read_account(const http::Response& response) {
    const Outcome outcome = interpret(Call{}, response);
    if (outcome.kind == Kind::done) return true;
    if (outcome.kind == Kind::no_account) return false;
    // A profile that is not there: M_NOT_FOUND by the specification, M_UNKNOWN by Synapse.
    if (outcome.kind == Kind::refused && outcome.status == 404 && outcome.errcode != "M_UNRECOGNIZED")
        return false;
    return tl::unexpected<Error>(error_of(response));
}

// Other people's messages stand beside ours, so each is read alone and what cannot be read is passed over.
Result<std::optional<std::string>> read_marked_message(std::string_view marker,
                                                       const http::Response& response) {
    if (const Status good = success(response); !good) return pass(good);
    const auto body = as_specified(json::members(response.body));
    if (!body) return pass(body);
    const auto messages = as_specified(json::elements(member(*body, "chunk")));
    if (!messages) return pass(messages);
    for (const json::Slice& slice : *messages) {
        const auto message = json::salvage(slice.text);
        if (!message || (*message)["content"][schema::kIntentKey].text() != marker) continue;
        return std::optional<std::string>((*message)["event_id"].text());
    }
    return std::optional<std::string>();
}

// What is no message of that sender is passed over: a homeserver may not know the filter.
Result<MessagePage> read_messages_of(std::string_view sender, const http::Response& response) {
    if (const Status good = success(response); !good) return pass(good);
    const auto body = as_specified(json::members(response.body));
    if (!body) return pass(body);
    const auto messages = as_specified(json::elements(member(*body, "chunk")));
    if (!messages) return pass(messages);
    MessagePage page;
    for (const json::Slice& slice : *messages) {
        const auto message = json::salvage(slice.text);
        if (!message || (*message)["type"].text() != "m.room.message" ||
            (*message)["sender"].text() != sender)
            continue;
        const json::Value &content = (*message)["content"],
                          &redaction = (*message)["unsigned"]["redacted_because"];
        if (redaction.is_object() || (content.is_object() && content.object()->empty()))
            page.redacted.push_back({(*message)["event_id"].text(), redaction["sender"].text()});
        else
            page.contents.push_back(content);
    }
    if (const auto next = json::parse(member(*body, "end")); next) page.next = next->text();
    return page;
}

Result<std::string> read_whoami(const http::Response& response) {
    const auto body = success_body(response);
    if (!body) return pass(body);
    const std::string* user = (*body)["user_id"].string();
    if (user == nullptr) return tl::unexpected<Error>(malformed("no user_id"));
    return *user;
}

Result<bool> read_known(const http::Response& response) {
    const Outcome outcome = interpret(Call{}, response);
    if (outcome.unknown_token()) return false;
    if (outcome.status == 403 && !outcome.errcode.empty()) return true;
    const auto user = read_whoami(response);
    if (!user) return pass(user);
    return true;
}

bool says_unknown_token(const Error& error) {
    return error.kind == ErrorKind::unavailable && error.message.find("M_UNKNOWN_TOKEN") != std::string::npos;
}

Result<std::vector<std::string>> read_versions(const http::Response& response) {
    const auto body = success_body(response);
    if (!body) return pass(body);
    return strings_of((*body)["versions"], "versions");
}

}  // namespace rollcall::matrix
