#include "bridges/matrix/outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schema/json.h"

namespace rollcall::matrix {
namespace {

using Kind = Outcome::Kind;

constexpr Duration kLongestWait = std::chrono::hours{1};
constexpr std::size_t kLongestText = 300;

bool changes_something(Action action) {
    return action != Action::read;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// An error text goes to logs, the trail and people: one line of bounded length, cut between characters.
std::string tidy(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; },
        ' ');
    if (text.size() <= kLongestText) return text;
    std::size_t cut = kLongestText;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
    return text.substr(0, cut) + "…";
}

// The four refusals that say a membership is as it was wanted.
bool membership_already_so(const Call& call, const Outcome& said) {
    switch (call.action) {
        case Action::invite:
            return contains(said.text, "is already in the room");
        case Action::kick:
            // M_BAD_STATE: the target is banned (Synapse), or was never there (Conduit). The last: Dendrite.
            return contains(said.text, "target user is not in the room") || said.errcode == "M_BAD_STATE" ||
                   contains(said.text, "banned or left users");
        case Action::leave:
            return !call.subject.empty() && contains(said.text, call.subject + " not in room ");
        default:
            return false;
    }
}

bool is_already_so(const Call& call, const Outcome& said) {
    if (call.action == Action::register_bot) return said.errcode == "M_USER_IN_USE";
    if (call.action == Action::delete_alias) return said.status == 404 && said.errcode == "M_NOT_FOUND";
    return membership_already_so(call, said);
}

Kind kind_of_failure(const Call& call, http::Failure failure) {
    switch (failure) {
        case http::Failure::none:
        case http::Failure::unreachable:
        case http::Failure::tls:
            return Kind::retry;
        case http::Failure::torn:
        case http::Failure::timeout:
            return changes_something(call.action) ? Kind::unknown_result : Kind::retry;
        case http::Failure::too_large:
            return changes_something(call.action) ? Kind::unknown_result : Kind::refused;
    }
    return Kind::retry;
}

std::optional<Duration> wait_of(const json::Value& body, const http::Response& response) {
    std::optional<Duration> wait = response.retry_after;
    if (const std::int64_t* ms = body["retry_after_ms"].integer(); ms != nullptr && *ms >= 0)
        wait = std::max(wait.value_or(Duration::zero()), Duration{std::min(*ms, kLongestWait.count())});
    if (wait) wait = std::clamp(*wait, Duration::zero(), kLongestWait);
    return wait;
}

// Nobody may act as that user: Synapse, and the servers that come from Conduit. Dendrite says the same of
// them as of who has no account.
bool says_not_covered(const Outcome& said) {
    return contains(said.text, "cannot masquerade as this user") ||
           (said.errcode == "M_EXCLUSIVE" && contains(said.text, "User is not in namespace"));
}

bool says_no_account(const Outcome& said) {
    return contains(said.text, "has not registered this user") ||
           (said.errcode == "M_FORBIDDEN" && contains(said.text, "User does not exist"));
}

Kind kind_of_error(const Call& call, const Outcome& said) {
    if (said.status == 429) return Kind::retry;
    // Of a ping such a status is the finding: it says what became of the way to us.
    if (call.action == Action::ping && !said.errcode.empty() && !said.unknown_token()) return Kind::refused;
    // A room that was made although the answer is an error must be found, not made again.
    if (said.status >= 500) return call.action == Action::create_room ? Kind::unknown_result : Kind::retry;
    if (said.errcode.empty()) return Kind::retry;
    // The homeserver does not know us: it says nothing about what was asked, and may know us again.
    if (said.status == 401) return Kind::retry;
    if (says_not_covered(said)) return Kind::not_covered;
    if (says_no_account(said)) return Kind::no_account;
    return is_already_so(call, said) ? Kind::already_so : Kind::refused;
}

// What the specification says that the body of a success holds, beside being an object.
std::string_view member_of_success(const Call& call) {
    switch (call.action) {
        case Action::invite:
        case Action::leave:
        case Action::put_state:
        case Action::send_message:
            return "event_id";
        case Action::join:  // of the bot by an alias: POST /join
            return call.method == "POST" ? "room_id" : "event_id";
        case Action::create_room:
            return "room_id";
        case Action::register_bot:
            return "user_id";
        default:  // {}
            return "";
    }
}

// "" where the body of this success is what the specification says.
std::string not_as_specified(const Call& call, const http::Response& response,
                             const Result<json::Value>& body) {
    if (response.status != 200) return fmt::format("status {}", response.status);
    if (response.body.empty()) return "it is empty";
    if (!body) return "it is no JSON";
    if (body->object() == nullptr) return "it is no object";
    if (!(*body)["errcode"].is_null()) return "it holds an error";
    const std::string_view wanted = member_of_success(call);
    if (!wanted.empty() && (*body)[wanted].text().empty()) return fmt::format("it has no {}", wanted);
    return {};
}

// What changed nothing that has to be looked for may simply be asked again.
bool may_have_changed_something(Action action) {
    return action != Action::register_bot && action != Action::set_displayname && action != Action::ping;
}

void take_success(const Call& call, const http::Response& response, Outcome& outcome) {
    const Result<json::Value> body = json::parse(response.body);
    if (const std::string wrong = not_as_specified(call, response, body); !wrong.empty()) {
        outcome.kind = may_have_changed_something(call.action) ? Kind::unknown_result : Kind::retry;
        outcome.text = fmt::format("the answer under {} is not as specified: {}", response.status, wrong);
        return;
    }
    outcome.event_id = (*body)["event_id"].text();
    outcome.room_id = (*body)["room_id"].text();
}

}  // namespace

Outcome interpret(const Call& call, const http::Response& response) {
    Outcome outcome;
    outcome.status = response.status;
    if (response.failure != http::Failure::none) {
        outcome.kind = kind_of_failure(call, response.failure);
        outcome.text = tidy(response.text);
        return outcome;
    }
    const bool success = response.status >= 200 && response.status < 300;
    if (success && call.action == Action::read) return outcome;  // its body has a reader of its own
    if (success) {
        take_success(call, response, outcome);
        return outcome;
    }
    const json::Value body = json::parse(response.body).value_or(json::Value());
    outcome.errcode = tidy(body["errcode"].text());
    outcome.text = tidy(body["error"].text());
    if (outcome.text.empty())
        outcome.text = fmt::format("status {}{}", response.status,
                                   outcome.errcode.empty() ? " without a Matrix error" : "");
    if (const std::int64_t* status = body["status"].integer();
        call.action == Action::ping && status != nullptr)
        outcome.text += fmt::format(" ({})", *status);
    if (outcome.unknown_token())  // and not of a 401 about one person: M_USER_LOCKED, say
        outcome.text = fmt::format(
            "{}{} The homeserver does not know the token in registrations/{}: add that "
            "file to app_service_config_files and restart the homeserver",
            outcome.text, outcome.text.ends_with('.') ? "" : ".",
            call.of_mask() ? "rollcall-mask.yaml" : "rollcall.yaml");
    outcome.after = wait_of(body, response);
    outcome.kind = kind_of_error(call, outcome);
    return outcome;
}

std::string words_of(const Outcome& outcome) {
    if (outcome.status == 0) return "the homeserver does not answer: " + outcome.text;
    return "the homeserver answers " + (outcome.errcode.empty() ? "" : outcome.errcode + ": ") + outcome.text;
}

Outcome refused(const Error& error) {
    Outcome outcome;
    outcome.kind = Kind::refused;
    outcome.text = error.text();
    return outcome;
}

std::string_view to_text(Kind kind) {
    switch (kind) {
        case Kind::done:
            return "done";
        case Kind::already_so:
            return "already so";
        case Kind::retry:
            return "retry";
        case Kind::refused:
            return "refused";
        case Kind::unknown_result:
            return "unknown result";
        case Kind::no_account:
            return "no account";
        case Kind::not_covered:
            return "not covered";
    }
    return "unknown result";
}

}  // namespace rollcall::matrix
