// schema/matrix_event, matrix_content and json_salvage: what homeservers send, and what hostile users make
// them send.
#include <gtest/gtest.h>

#include "schema/json_salvage.h"
#include "schema/matrix_content.h"
#include "schema/matrix_event.h"

namespace rollcall::schema {
namespace {

using namespace policy;

std::string event(std::string_view type, std::string_view content,
                  std::string_view more = R"(,"state_key":"")") {
    return R"({"event_id":"$e","room_id":"!r:x","sender":"@s:x","origin_server_ts":1700000000000,"type":")" +
           std::string(type) + R"(","content":)" + std::string(content) + std::string(more) + "}";
}

RoomContent content(std::string_view type, std::string_view text,
                    std::string_view more = R"(,"state_key":"")") {
    const auto read = read_state_event(event(type, text, more));
    EXPECT_TRUE(read) << read.error().text();
    return read ? read->content : RoomContent(OtherContent{});
}

template <class Content>
Content typed(std::string_view type, std::string_view text, std::string_view more = R"(,"state_key":"")") {
    const RoomContent made = content(type, text, more);
    const Content* const one = std::get_if<Content>(&made);
    EXPECT_NE(one, nullptr) << type << " was read as " << event_type(made);
    return one == nullptr ? Content{} : *one;
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(MatrixEvent, ReadsATransaction) {
    const std::string body = R"({"ephemeral":[{"x":1}],"events":[)" +
                             event("m.room.member", R"({"membership":"join","reason":"r"})",
                                   R"(,"state_key":"@u:x","unsigned":{"replaces_state":"$before","age":5})") +
                             "," + event("m.room.message", R"({"body":"hi"})", "") + "]}";
    const auto transaction = read_transaction(body);
    ASSERT_TRUE(transaction) << transaction.error().text();
    EXPECT_EQ(transaction->unusable, 0U);
    ASSERT_EQ(transaction->events.size(), 2U);
    const RoomEvent& member = transaction->events[0];
    EXPECT_EQ(member.room, "!r:x");
    EXPECT_EQ(member.event, "$e");
    EXPECT_EQ(member.sender, "@s:x");
    EXPECT_EQ(to_ms(member.time), 1700000000000);
    EXPECT_EQ(member.replaces, "$before");
    EXPECT_TRUE(member.state);
    EXPECT_EQ(std::get<MemberContent>(member.content).user, "@u:x");
    EXPECT_EQ(std::get<MemberContent>(member.content).membership, MembershipState::join);
    EXPECT_EQ(std::get<MemberContent>(member.content).reason, "r");
    EXPECT_FALSE(member.before) << "the homeserver does not say";
    EXPECT_FALSE(transaction->events[1].state);
    EXPECT_EQ(event_type(transaction->events[1].content), "m.room.message");
}

TEST(MatrixEvent, ReadsWhichMembershipAnotherReplaces) {
    const auto before = [](const std::string& former) {
        const auto transaction = read_transaction(
            R"({"events":[)" +
            event("m.room.member", R"({"membership":"join"})",
                  R"(,"state_key":"@u:x","unsigned":{"replaces_state":"$before","prev_content":)" + former +
                      "}") +
            "]}");
        return transaction && transaction->events.size() == 1 ? transaction->events[0].before : std::nullopt;
    };
    EXPECT_EQ(before(R"({"membership":"join","displayname":"Ada"})"), MembershipState::join);
    EXPECT_EQ(before(R"({"membership":"invite"})"), MembershipState::invite);
    EXPECT_EQ(before("7"), std::nullopt);
}

TEST(MatrixEvent, OneBadEventIsLostAloneAndNamed) {
    const std::string good = event("m.room.name", R"({"name":"n"})");
    const std::string user(1020, 'a');
    for (const std::string& bad :
         {std::string("7"), std::string("{}"), std::string("[]"), std::string(R"({"event_id":"$e"})"),
          std::string("\"x\""),
          event("m.room.member", R"({"membership":"join"})", R"(,"state_key":"@)" + user + R"(:x")"),
          event("m.room.member", R"({"membership":"join"})", R"(,"state_key":"u")"),
          event("m.room.member", R"({"membership":"join"})", ""), event(std::string(1021, 't'), "{}"),
          event("m.room.member", "{}", R"(,"state_key":"@u:x")"),
          event("m.room.member", R"({"membership":"here"})", R"(,"state_key":"@u:x")")}) {
        const auto transaction = read_transaction(R"({"events":[)" + bad + "," + good + "]}");
        ASSERT_TRUE(transaction) << bad;
        EXPECT_EQ(transaction->unusable, 1U) << bad;
        ASSERT_EQ(transaction->unreadable.size(), 1U) << bad;
        EXPECT_NE(transaction->unreadable[0].why, "") << bad;
        EXPECT_EQ(transaction->events.size(), 1U) << bad;
    }
}

TEST(MatrixEvent, WhatCannotBeUsedSaysWhereItStandsAndWhomItIsAbout) {
    const auto transaction = read_transaction(
        R"({"events":[)" + event("m.room.member", R"({"membership":7})", R"(,"state_key":"@\u0007u:x")") +
        ",7]}");
    ASSERT_TRUE(transaction);
    ASSERT_EQ(transaction->unreadable.size(), 2U);
    EXPECT_EQ(transaction->unreadable[0],
              (UnreadableEvent{"!r:x", "$e", "m.room.member", "@\x07u:x", "no usable membership"}));
    EXPECT_TRUE(transaction->unreadable[1].may_be_member()) << "nothing is known of it";
    std::string many = "0";
    for (int i = 1; i < 1000; ++i) many += ",0";
    const auto flood = read_transaction(R"({"events":[)" + many + "]}");
    EXPECT_EQ(flood->unusable, 1000U);
    EXPECT_LE(flood->unreadable.size(), 50U);
}

// An identifier is the homeserver's: whatever is in it, it is somebody.
TEST(MatrixEvent, IdentifiersOfAnyCharactersAreRead) {
    for (const std::string& id :
         {std::string(R"(@\u0007y:x)"), std::string(R"(@a b\n:x)"), std::string(R"(@\u0000:x)"),
          std::string(R"(@\"'<%2F/?#:x)"), std::string("@\xE2\x80\xAE:x"), std::string("@:x"),
          std::string("@x"), "@" + std::string(1000, 'l') + ":x"}) {
        const std::string text =
            event("m.room.member", R"({"membership":"ban"})", R"(,"state_key":")" + id + "\"");
        const auto read = read_state_event(text);
        ASSERT_TRUE(read) << id;
        EXPECT_EQ("\"" + std::get<MemberContent>(read->content).user + "\"",
                  json::parse("\"" + id + "\"")->text().insert(0, "\"") + "\"");
        const auto state = read_room_state("!r:x", "[" + text + "]");
        ASSERT_TRUE(state) << id;
        EXPECT_EQ(state->state.size(), 1U) << id;
        EXPECT_TRUE(state->unreadable.empty()) << id;
    }
}

// A predecessor that cannot be one makes nothing unusable; it is only no successor of what is known.
TEST(MatrixEvent, AnUnusablePredecessorIsNobodys) {
    for (const char* bad : {"\"x\"", "7", "\"\"", "{}"}) {
        const auto read = read_state_event(
            event("m.room.name", "{}",
                  std::string(R"(,"state_key":"","unsigned":{"replaces_state":)") + bad + "}"));
        ASSERT_TRUE(read) << bad;
        EXPECT_EQ(read->replaces, "$") << bad;
    }
}

// What is read can be written and read again: a partner's server dates events as it likes.
TEST(MatrixEvent, ContentsAndTimesAreTakenAsWhatTheyMean) {
    for (const char* time : {"-99999999999999999", "9223372036854775807", "-1"}) {
        std::string text = event("m.room.name", "{}");
        text.replace(text.find("1700000000000"), 13, time);
        const auto read = read_state_event(text);
        ASSERT_TRUE(read) << time;
        EXPECT_EQ(parse_rfc3339(to_rfc3339(read->time)), read->time) << time;
    }
    const std::string long_text(70'000, 'h');
    const auto read = read_state_event(
        event("m.room.history_visibility", R"({"history_visibility":")" + long_text + "\"}"));
    ASSERT_TRUE(read);
    EXPECT_EQ(std::get<HistoryVisibilityContent>(read->content).visibility, "shared") << "as homeservers do";
}

TEST(MatrixEvent, WhatIsNoTransactionIsRefused) {
    for (const char* bad : {"", "{}", "[]", "null", R"({"events":{}})", R"({"events":[)",
                            R"({"events":[1,]})", R"({"events":[]} x)", R"({"events":["a})",
                            R"({"events":[{]})", R"({"events" []})", R"({events:[]})"})
        EXPECT_FALSE(read_transaction(bad)) << bad;
    EXPECT_EQ(read_transaction(R"( { "events" : [ ] } )")->events.size(), 0U);
    EXPECT_EQ(read_transaction(R"({"ev\u0065nts":[]})")->events.size(), 0U);
}

// Whoever joins chooses what else stands in the content of their membership.
TEST(MatrixEvent, NobodyHidesAnEventBySpoilingPartOfIt) {
    for (const std::string& poison :
         {nested(5000), std::string("1e400"), std::string("1.0e-2147483639"), std::string(R"({"a":1,"a":2})"),
          std::string("\"\\udc00\""), std::string("\"\xff\""), std::string("1") + std::string(400, '0')}) {
        const auto transaction = read_transaction(
            R"({"events":[)" +
            event("m.room.member", R"({"x":)" + poison + R"(,"membership":"join"})",
                  R"(,"state_key":"@u:x")") +
            "," + event("m.room.name", R"({"name":"n"})", R"(,"state_key":"","unsigned":)" + poison) + "]}");
        ASSERT_TRUE(transaction) << poison.substr(0, 80);
        EXPECT_EQ(transaction->unusable, 0U) << poison.substr(0, 80);
        ASSERT_EQ(transaction->events.size(), 2U);
        EXPECT_EQ(std::get<MemberContent>(transaction->events[0].content).membership, MembershipState::join);
        EXPECT_EQ(std::get<NameContent>(transaction->events[1].content).name, "n");
    }
}

TEST(MatrixEvent, RoomStateIsReadElementByElement) {
    const std::string name = event("m.room.name", R"({"name":"n"})");
    const auto read = read_room_state("!r:x", "[" + name + "]");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->room, "!r:x");
    EXPECT_TRUE(read->joined);
    EXPECT_EQ(read->state.size(), 1U);
    EXPECT_EQ(read_room_state("!r:x", "[]")->state.size(), 0U);
    for (const auto& [room, text] : {std::pair<std::string, std::string>{"!other:x", name},
                                     {"!r:x", "7"},
                                     {"!r:x", event("m.room.name", "{}", "")},
                                     {"!r:x", event("m.room.member", "{}", R"(,"state_key":"@u:x")")}}) {
        const auto partly = read_room_state(room, "[" + text + "]");
        ASSERT_TRUE(partly) << text;
        EXPECT_TRUE(partly->state.empty()) << text;
        ASSERT_EQ(partly->unreadable.size(), 1U) << text;
        EXPECT_EQ(partly->unreadable[0].room, room) << text;
    }
    EXPECT_EQ(read_room_state("!r:x", "[" + name + ",7]")->state.size(), 1U);
    EXPECT_FALSE(read_room_state("!r:x", "{}"));
    EXPECT_FALSE(read_state_event(event("m.room.name", "{}", "")));
}

TEST(MatrixContent, DefaultsOfTheSpecification) {
    EXPECT_EQ(typed<PowerLevels>("m.room.power_levels", "{}"), PowerLevels{});
    EXPECT_EQ(typed<JoinRules>("m.room.join_rules", "{}"), (JoinRules{"invite", {}}));
    EXPECT_EQ(typed<ServerAcl>("m.room.server_acl", "{}"), (ServerAcl{{}, {}, true}));
    EXPECT_EQ(typed<NameContent>("m.room.name", "{}").name, "");
    EXPECT_EQ(typed<TopicContent>("m.room.topic", "[]").topic, "");
    const auto shown = [](const std::string& rich) {
        return typed<TopicContent>("m.room.topic", R"({"topic":"t","m.topic":)" + rich + "}").topic;
    };
    EXPECT_EQ(shown(R"({"m.text":[{"body":"t"}]})"), "t") << "as a homeserver writes it that makes a room";
    EXPECT_EQ(shown(R"({"m.text":[{"body":"t"},{"mimetype":"text/html","body":"<b>mine</b>"}]})"),
              "<b>mine</b>");
    EXPECT_EQ(shown(R"({"m.text":[{"body":"mine"}]})"), "mine");
    EXPECT_EQ(shown(R"({"m.text":[7]})"), "");
    for (const char* none : {"{}", "[]", R"({"m.text":{}})", "7"}) EXPECT_EQ(shown(none), "t") << none;
    EXPECT_EQ(typed<CanonicalAliasContent>("m.room.canonical_alias", "{}").alias, "");
    EXPECT_EQ(typed<HistoryVisibilityContent>("m.room.history_visibility", "{}").visibility, "shared");
    EXPECT_EQ(typed<GuestAccessContent>("m.room.guest_access", "null").access, "forbidden");
    EXPECT_FALSE(typed<SpaceChildContent>("m.space.child", "{}", R"(,"state_key":"!c:x")").present);
    EXPECT_FALSE(
        typed<SpaceChildContent>("m.space.child", R"({"via":[]})", R"(,"state_key":"!c:x")").present);
    EXPECT_TRUE(
        typed<SpaceChildContent>("m.space.child", R"({"via":["x"]})", R"(,"state_key":"!c:x")").present);
    EXPECT_EQ(typed<TombstoneContent>("m.room.tombstone", "{}").replacement, "");
    EXPECT_FALSE(read_state_event(event("m.room.member", "{}", R"(,"state_key":"@u:x")")))
        << "no membership has no default";
    const auto create = typed<CreateContent>("m.room.create", "{}");
    EXPECT_EQ(create.version, "1");
    EXPECT_FALSE(create.space);
    EXPECT_EQ(create.creators, std::vector<std::string>{"@s:x"});
}

TEST(MatrixContent, CreationOfASpaceInVersionTwelve) {
    const auto create = typed<CreateContent>(
        "m.room.create",
        R"({"room_version":"12","type":"m.space","additional_creators":["@b:x","@s:x","@a:x",7],"io.rollcall.intent":"42"})");
    EXPECT_EQ(create.version, "12");
    EXPECT_TRUE(create.space);
    EXPECT_EQ(create.creators, (std::vector<std::string>{"@s:x", "@a:x", "@b:x"}));
    EXPECT_EQ(create.intent, "42");
}

TEST(MatrixContent, OldRoomsHaveLevelsThatAreTexts) {
    const auto levels =
        typed<PowerLevels>("m.room.power_levels",
                           R"({"ban":"60","kick":" +61 ","redact":62.9,"invite":"many","users_default":"-1",
            "events_default":null,"users":{"@a:x":"100","@b:x":50,"@c:x":[]},"events":{"m.room.name":"50"}})");
    EXPECT_EQ(levels.ban, 60);
    EXPECT_EQ(levels.kick, 61);
    EXPECT_EQ(levels.redact, 62);
    EXPECT_EQ(levels.invite, 0);
    EXPECT_EQ(levels.users_default, -1);
    EXPECT_EQ(levels.events_default, 0);
    EXPECT_EQ(levels.users, (std::map<std::string, std::int64_t>{{"@a:x", 100}, {"@b:x", 50}, {"@c:x", -1}}));
    EXPECT_EQ(levels.events, (std::map<std::string, std::int64_t>{{"m.room.name", 50}}));
}

TEST(MatrixContent, OnlyTheStateOfTheRoomItselfCounts) {
    EXPECT_EQ(event_type(content("m.room.name", R"({"name":"n"})", R"(,"state_key":"other")")),
              "m.room.name");
    EXPECT_TRUE(
        std::holds_alternative<OtherContent>(content("m.room.name", "{}", R"(,"state_key":"other")")));
    EXPECT_TRUE(std::holds_alternative<OtherContent>(content("m.room.encryption", "{}")));
}

TEST(MatrixContent, ReadsReactions) {
    const auto read = [](const std::string& content, std::string_view more = "") {
        const auto transaction =
            read_transaction(R"({"events":[)" + event("m.reaction", content, more) + "]}");
        EXPECT_TRUE(transaction && transaction->events.size() == 1) << content;
        return transaction->events.at(0).content;
    };
    const auto relation = [](const std::string& type, const std::string& to, const std::string& key) {
        return R"({"m.relates_to":{"rel_type":")" + type + R"(","event_id":)" + to + R"(,"key":)" + key +
               "}}";
    };
    const RoomContent content = read(relation("m.annotation", R"("$m")", R"("\u2705")"));
    ASSERT_TRUE(std::holds_alternative<ReactionContent>(content));
    EXPECT_EQ(std::get<ReactionContent>(content).event, "$m");
    EXPECT_EQ(std::get<ReactionContent>(content).key, "\u2705");
    EXPECT_EQ(event_type(content), "m.reaction");
    const std::string none[] = {"{}",
                                R"({"m.relates_to":5})",
                                relation("m.reference", R"("$m")", R"("y")"),
                                relation("m.annotation", R"("m")", R"("y")"),
                                relation("m.annotation", "7", R"("y")"),
                                relation("m.annotation", R"("$m")", "\"" + std::string(65, 'y') + "\"")};
    for (const std::string& other : none)
        EXPECT_EQ(std::get<ReactionContent>(read(other)).event, "") << other;
    EXPECT_TRUE(std::holds_alternative<OtherContent>(
        read(relation("m.annotation", R"("$m")", R"("y")"), R"(,"state_key":"")")))
        << "no state of a room is a reaction";
}

TEST(MatrixContent, ReadsWhichEventARedactionNames) {
    const auto named = [](const std::string& content, std::string_view more = "") {
        const auto transaction =
            read_transaction(R"({"events":[)" + event("m.room.redaction", content, more) + "]}");
        EXPECT_TRUE(transaction && transaction->events.size() == 1) << content;
        return std::get<RedactionContent>(transaction->events.at(0).content).event;
    };
    EXPECT_EQ(named(R"({"redacts":"$x"})"), "$x");
    EXPECT_EQ(named(R"({"reason":"y"})", R"(,"redacts":"$x")"), "$x") << "before room version 11";
    for (const char* none : {"{}", R"({"redacts":7})", R"({"redacts":"x"})", R"({"redacts":["$x"]})"})
        EXPECT_EQ(named(none), "") << none;
}

TEST(MatrixContent, WhatIsWrittenIsReadAsTheSame) {
    const auto again = [](std::string_view type, const json::Value& made, std::string_view key = "") {
        return read_content(type, key, "@s:x", *json::parse(json::write(made)));
    };
    const PowerLevels levels{1, 2, 100, 51, 52, 53, 54, {{"@a:x", 100}}, {{"m.room.name", 50}}};
    EXPECT_EQ(std::get<PowerLevels>(again("m.room.power_levels", content_of(levels))), levels);
    const JoinRules rules{"restricted", {"!a:x", "!b:x"}};
    EXPECT_EQ(std::get<JoinRules>(again("m.room.join_rules", content_of(rules))), rules);
    const ServerAcl acl{{"*"}, {"evil.example.org"}, false};
    EXPECT_EQ(std::get<ServerAcl>(again("m.room.server_acl", content_of(acl))), acl);
    EXPECT_EQ(std::get<NameContent>(again("m.room.name", content_of(NameContent{"n"}))).name, "n");
    EXPECT_EQ(std::get<TopicContent>(again("m.room.topic", content_of(TopicContent{"t"}))).topic, "t");
    EXPECT_EQ(std::get<HistoryVisibilityContent>(
                  again("m.room.history_visibility", content_of(HistoryVisibilityContent{"joined"})))
                  .visibility,
              "joined");
    EXPECT_EQ(
        std::get<GuestAccessContent>(again("m.room.guest_access", content_of(GuestAccessContent{"can_join"})))
            .access,
        "can_join");
    EXPECT_EQ(json::write(content_of(CanonicalAliasContent{"#a:x"})), R"({"alias":"#a:x"})");
    EXPECT_EQ(json::write(content_of(CanonicalAliasContent{})), "{}");
    EXPECT_EQ(json::write(content_of(SpaceChildContent{"!c:x", true}, "x")), R"({"via":["x"]})");
    EXPECT_EQ(json::write(content_of(SpaceChildContent{"!c:x", false}, "x")), "{}");
    EXPECT_EQ(json::write(content_of(MemberContent{"@u:x", MembershipState::leave, "r"})),
              R"({"membership":"leave","reason":"r"})");
    EXPECT_EQ(json::write(content_of(JoinRules{"invite", {}})), R"({"join_rule":"invite"})");
}

TEST(MatrixError, CodesAndWaits) {
    const char* const limited = R"({"errcode":"M_LIMIT_EXCEEDED","error":"Too many","retry_after_ms":1500})";
    EXPECT_EQ(error_code(limited), "M_LIMIT_EXCEEDED");
    EXPECT_EQ(retry_after(limited), std::chrono::milliseconds{1500});
    EXPECT_EQ(error_code("<html>502</html>"), "");
    EXPECT_EQ(error_code(R"({"errcode":7})"), "");
    for (const char* none : {"", "{}", R"({"retry_after_ms":-1})", R"({"retry_after_ms":"1"})"})
        EXPECT_FALSE(retry_after(none)) << none;
    EXPECT_EQ(retry_after(R"({"retry_after_ms":9000000000000000})"), std::chrono::hours{24});
}

TEST(Salvage, KeepsWhatCanBeRead) {
    const auto read = json::salvage(R"({"a":1,"b":{"c":[1,2],"d":1e999,"e":{"f":1e999}},"a":2})");
    ASSERT_TRUE(read);
    EXPECT_EQ((*read)["a"], json::Value(2));
    EXPECT_EQ(json::write((*read)["b"]), R"({"c":[1,2]})");
    EXPECT_FALSE(json::salvage("[1e999]"));
    EXPECT_FALSE(json::salvage("nonsense"));
}

TEST(Salvage, CutsElementsWithoutReadingThem) {
    const auto slices = json::elements(R"( [ {"a":"]"} , "\"," , [[],{}] ,x] )");
    ASSERT_TRUE(slices);
    std::vector<std::string_view> texts;
    for (const auto& slice : *slices) texts.push_back(slice.text);
    EXPECT_EQ(texts, (std::vector<std::string_view>{R"({"a":"]"})", R"("\",")", "[[],{}]", "x"}));
    for (const char* bad : {"", "[", "[1", "[1,", "[,]", "[1]2", "{}", "[\"]", "[}"})
        EXPECT_FALSE(json::elements(bad)) << bad;
}

}  // namespace
}  // namespace rollcall::schema
