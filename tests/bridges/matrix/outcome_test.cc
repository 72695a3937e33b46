#include "bridges/matrix/outcome.h"

#include <gtest/gtest.h>

#include "tests/bridges/matrix/error_body.h"

namespace rollcall::matrix {
namespace {

using policy::MembershipState;
using Kind = Outcome::Kind;

const std::string kRoomId = "!r:hs";
TEST(Outcome, WhoDoesNotAnswerIsNotSaidToAnswer) {
    http::Response nothing;
    nothing.failure = http::Failure::unreachable;
    nothing.text = "Failed to connect";
    EXPECT_EQ(words_of(interpret(Call{}, nothing)), "the homeserver does not answer: Failed to connect");
    EXPECT_EQ(words_of(interpret(Call{}, answer(403, R"({"errcode":"M_FORBIDDEN","error":"no"})"))),
              "the homeserver answers M_FORBIDDEN: no");
}

const Call kInvite = put_member(kRoomId, "@a:hs", MembershipState::invite, "", "");
const Call kJoin = put_member(kRoomId, "@a:hs", MembershipState::join, "", "@a:hs");
const Call kLeave = put_member(kRoomId, "@a:hs", MembershipState::leave, "", "@a:hs");
const Call kKick = kick(kRoomId, "@a:hs", "");
const Call kForget = forget(kRoomId, "@a:hs");
const Call kCreate = create_room(json::Object{});
const Call kState = put_state(kRoomId, "m.room.topic", "", json::Object{});
const Call kSend = send_message(kRoomId, "t", json::Object{});

struct AnswerCase {
    std::string what;
    Call call;
    int status;
    std::string body;
    Kind kind;
};

// The bodies are what Synapse 1.163 answers, unless another is named.
TEST(Interpret, reads_what_homeservers_say) {
    const std::vector<AnswerCase> cases{
        {"done", kInvite, 200, R"({"event_id":"$e"})", Kind::done},
        {"joined already", kInvite, 403, error_body("M_FORBIDDEN", "@a:hs is already in the room."),
         Kind::already_so},
        {"banned", kInvite, 403, error_body("M_BAD_STATE", "Cannot invite user who was banned"),
         Kind::refused},
        {"unknown room", kInvite, 403, error_body("M_FORBIDDEN", "Unknown room"), Kind::refused},
        {"other server down", kInvite, 502, error_body("M_UNKNOWN", "Can't connect to server far"),
         Kind::retry},
        {"bad ID", kInvite, 400, error_body("M_INVALID_PARAM", "Expected UserID string to start with '@'"),
         Kind::refused},

        {"not invited", kJoin, 403, error_body("M_FORBIDDEN", "You are not invited to this room."),
         Kind::refused},
        {"no account", kJoin, 403,
         error_body("M_FORBIDDEN", "Application service has not registered this user (@a:hs)"),
         Kind::no_account},
        {"outside the mask", kJoin, 403,
         error_body("M_FORBIDDEN", "Application service cannot masquerade as this user (@a:hs)."),
         Kind::not_covered},
        {"outside the mask, Conduit", kJoin, 400, error_body("M_EXCLUSIVE", "User is not in namespace."),
         Kind::not_covered},
        {"no account, Conduit", kJoin, 403, error_body("M_FORBIDDEN", "User does not exist."),
         Kind::no_account},
        {"suspended", kJoin, 403,
         error_body("M_USER_SUSPENDED", "Joining rooms while account is suspended is not allowed."),
         Kind::refused},
        {"banned", kJoin, 403, error_body("M_BAD_STATE", "Cannot join user who was banned"), Kind::refused},

        {"kicked", kKick, 200, "{}", Kind::done},
        {"gone already", kKick, 403, error_body("M_FORBIDDEN", "The target user is not in the room"),
         Kind::already_so},
        {"banned", kKick, 403, error_body("M_BAD_STATE", "Cannot kick user who was banned"),
         Kind::already_so},
        {"gone, Dendrite", kKick, 403, error_body("M_UNKNOWN", "cannot /kick banned or left users"),
         Kind::already_so},
        {"no power", kKick, 403, error_body("M_FORBIDDEN", "You cannot kick user @a:hs."), Kind::refused},
        {"bot not in it", kKick, 403, error_body("M_FORBIDDEN", "@rollcall:hs not in room !r:hs."),
         Kind::refused},
        {"unknown room", kKick, 404, error_body("M_UNKNOWN", "Not a known room"), Kind::refused},

        {"left already", kLeave, 403, error_body("M_FORBIDDEN", "@a:hs not in room !r:hs."),
         Kind::already_so},
        {"somebody else not in it", kLeave, 403, error_body("M_FORBIDDEN", "@b:hs not in room !r:hs."),
         Kind::refused},
        {"no account to leave", kLeave, 403,
         error_body("M_FORBIDDEN", "Application service has not registered this user (@a:hs)"),
         Kind::no_account},

        {"still joined", kForget, 400, error_body("M_UNKNOWN", "User @a:hs in room !r:hs"), Kind::refused},
        {"no power", kState, 403, error_body("M_FORBIDDEN", "You don't have permission to post that"),
         Kind::refused},
        {"too large", kState, 413, error_body("M_TOO_LARGE", "event too large"), Kind::refused},

        {"created", kCreate, 200, R"({"room_id":"!n:hs"})", Kind::done},
        {"created, but which", kCreate, 200, "{}", Kind::unknown_result},
        {"alias taken", kCreate, 400, error_body("M_ROOM_IN_USE", "Room alias already taken"), Kind::refused},
        {"perhaps created", kCreate, 500, error_body("M_UNKNOWN", "Internal server error"),
         Kind::unknown_result},
        {"perhaps created", kCreate, 504, "<html>", Kind::unknown_result},

        {"bot exists", register_bot("x"), 400, error_body("M_USER_IN_USE", "User ID already taken."),
         Kind::already_so},
        {"not our name", register_bot("x"), 400, error_body("M_EXCLUSIVE", "Invalid user localpart"),
         Kind::refused},
        {"alias gone", delete_alias("#a:hs"), 404, error_body("M_NOT_FOUND", "Unknown room alias"),
         Kind::already_so},
        {"alias there", put_alias("#a:hs", kRoomId), 409,
         error_body("M_UNKNOWN", "Room alias #a:hs already exists"), Kind::refused},
        {"not listening", ping("id", "t"), 502, error_body("M_CONNECTION_FAILED", "refused"), Kind::refused},
        {"not there in time", ping("id", "t"), 504, error_body("M_CONNECTION_TIMEOUT", "timed out"),
         Kind::refused},
        {"homeserver down", ping("id", "t"), 502, "<html>", Kind::retry},
        {"token", ping("id", "t"), 401, error_body("M_UNKNOWN_TOKEN", "no"), Kind::retry},
        {"no URL", ping("id", "t"), 400, error_body("M_URL_NOT_SET", "does not have a URL"), Kind::refused},

        {"token", kState, 401, error_body("M_UNKNOWN_TOKEN", "Invalid access token passed."), Kind::retry},
        {"token of a masquerade", kKick, 401, error_body("M_MISSING_TOKEN", "Missing access token"),
         Kind::retry},
        {"limited", kState, 429, error_body("M_LIMIT_EXCEEDED", "Too Many Requests"), Kind::retry},
        {"limited by a proxy", kState, 429, "slow down", Kind::retry},
        {"failing", kState, 500, "", Kind::retry},
        {"a proxy's refusal", kState, 403, "<html>Forbidden</html>", Kind::retry},
        {"a proxy's not found", kKick, 404, "{}", Kind::retry},
        {"redirected", kState, 302, "", Kind::retry},
    };
    for (const AnswerCase& c : cases) {
        http::Response response;
        response.status = c.status;
        response.body = c.body;
        const Outcome outcome = interpret(c.call, response);
        EXPECT_EQ(to_text(outcome.kind), to_text(c.kind)) << c.what << " " << c.body;
        EXPECT_EQ(outcome.text.empty(), c.status == 200 && c.kind == Kind::done) << c.what;
    }
}

// An account that is locked, or a proxy that wants a password, says nothing of a registration.
TEST(Interpret, OnlyATokenThatIsNotKnownNamesTheRegistration) {
    const auto text = [](const std::string& body) {
        http::Response response;
        response.status = 401;
        response.body = body;
        return interpret(kKick, response).text;
    };
    EXPECT_NE(text(error_body("M_UNKNOWN_TOKEN", "Invalid")).find("app_service_config_files"),
              std::string::npos);
    EXPECT_EQ(text(error_body("M_USER_LOCKED", "This account has been locked")),
              "This account has been locked");
    EXPECT_EQ(text("<html>who are you?</html>"), "status 401 without a Matrix error");
}

// Under 200 a change is done only if the body is what the specification says.
TEST(Interpret, believes_only_what_the_specification_says) {
    const Call logout = logout_all("@a:hs"), alias = put_alias("#a:hs", kRoomId),
               by_alias = join_alias("#a:hs");
    const std::string event = R"({"event_id":"$e"})", room = R"({"room_id":"!r:hs"})";
    const std::vector<std::pair<Call, std::string>> good{
        {kInvite, event}, {kJoin, event},  {kLeave, event},  {kState, event},
        {kSend, event},   {kKick, "{}"},   {kForget, "{}"},  {logout, "{}"},
        {alias, "{}"},    {kCreate, room}, {by_alias, room}, {register_bot("x"), R"({"user_id":"@x:hs"})"}};
    const auto kind = [](const Call& call, const std::string& body, int status = 200) {
        http::Response response;
        response.status = status;
        response.body = body;
        return interpret(call, response).kind;
    };
    for (const auto& [call, body] : good) {
        EXPECT_EQ(to_text(kind(call, body)), "done") << call.target;
        const bool changes = call.action != Action::register_bot;
        for (const std::string& bad :
             {std::string("<!DOCTYPE html><p>Maintenance</p>"), std::string(), std::string("[]"),
              std::string("null"), std::string("true"), std::string("\"{}\""),
              body.substr(0, body.size() - 1), std::string(R"({"errcode":"M_UNKNOWN","error":"no"})")})
            EXPECT_EQ(to_text(kind(call, bad)), changes ? "unknown result" : "retry") << call.target << bad;
        EXPECT_EQ(to_text(kind(call, "", 204)), changes ? "unknown result" : "retry") << call.target;
        if (body == "{}") continue;
        for (const char* empty : {"{}", R"({"event_id":7,"room_id":7,"user_id":7})"})
            EXPECT_EQ(to_text(kind(call, empty)), changes ? "unknown result" : "retry") << call.target;
    }
}

struct FailureCase {
    http::Failure failure;
    Kind change;
    Kind read;
};

TEST(Interpret, knows_what_may_have_been_carried_out) {
    const std::vector<FailureCase> cases{
        {http::Failure::unreachable, Kind::retry, Kind::retry},
        {http::Failure::tls, Kind::retry, Kind::retry},
        {http::Failure::torn, Kind::unknown_result, Kind::retry},
        {http::Failure::timeout, Kind::unknown_result, Kind::retry},
        {http::Failure::too_large, Kind::unknown_result, Kind::refused},
    };
    for (const FailureCase& c : cases) {
        http::Response response;
        response.failure = c.failure;
        response.text = "why";
        for (const Call& call : {kKick, kJoin, kCreate, kSend, kState, kForget})
            EXPECT_EQ(interpret(call, response).kind, c.change);
        EXPECT_EQ(interpret(joined_rooms(""), response).kind, c.read);
        EXPECT_EQ(interpret(kKick, response).text, "why");
    }
}

TEST(Interpret, takes_ids_from_the_answer) {
    http::Response response;
    response.status = 200;
    response.body = R"({"event_id":"$e","room_id":"!r"})";
    EXPECT_EQ(interpret(kJoin, response).event_id, "$e");
    EXPECT_EQ(interpret(kCreate, response).room_id, "!r");
}

struct WaitCase {
    std::string body;
    std::optional<Duration> header;
    std::optional<Duration> after;
};

TEST(Interpret, waits_as_long_as_the_longer_of_both_says) {
    const std::vector<WaitCase> cases{
        {"{}", std::nullopt, std::nullopt},
        {R"({"retry_after_ms":1500})", std::nullopt, Duration{1500}},
        {R"({"retry_after_ms":1500})", Duration{2000}, Duration{2000}},
        {R"({"retry_after_ms":3000})", Duration{2000}, Duration{3000}},
        {R"({"retry_after_ms":-1})", std::nullopt, std::nullopt},
        {R"({"retry_after_ms":"1"})", std::nullopt, std::nullopt},
        {R"({"retry_after_ms":9000000000000000000})", std::nullopt, Duration{3'600'000}},
        {"", Duration{7'200'000}, Duration{3'600'000}},
    };
    for (const WaitCase& c : cases) {
        http::Response response;
        response.status = 429;
        response.body = c.body;
        response.retry_after = c.header;
        EXPECT_EQ(interpret(kKick, response).after, c.after) << c.body;
    }
}

TEST(Interpret, keeps_texts_short_and_on_one_line) {
    http::Response response;
    response.status = 400;
    std::string umlauts;
    for (int i = 0; i < 1000; ++i) umlauts += "\xC3\xBC";
    response.body = error_body("M_X", "line\\nbreak a" + umlauts);
    const Outcome outcome = interpret(kState, response);
    EXPECT_TRUE(outcome.text.starts_with("line break a\xC3\xBC"));
    EXPECT_TRUE(outcome.text.ends_with("\xC3\xBC…"));
    EXPECT_LT(outcome.text.size(), 310U);
}

}  // namespace
}  // namespace rollcall::matrix
