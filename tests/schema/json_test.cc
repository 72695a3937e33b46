// schema/json: what the only door to JSON lets in, and the canonical form it writes.
#include "schema/json.h"

#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace rollcall::json {
namespace {

std::string canonical(std::string_view text) {
    const auto value = parse(text);
    return value ? write(*value) : "error: " + value.error().text();
}

TEST(JsonParse, RefusesWhatRapidJsonAloneWouldAccept) {
    const struct {
        std::string text;
        std::string_view says;
    } cases[] = {
        {"[1.0000000000000000000000e-2147483639]", "a number out of range"},  // CVE-2024-38517
        {"[1e400]", "too big"},
        {"[-1e400]", "too big"},
        {R"({"a":1,"a":2})", R"(the key "a" stands twice)"},
        {R"({"x":{"a":1,"b":2,"a":3}})", R"(the key "a" stands twice)"},
        {R"({"a":1,"\u0061":2})", R"(the key "a" stands twice)"},
        {"\"\xc3\x28\"", "encoding"},
        {"\"\xed\xa0\x80\"", "encoding"},
        {"\"\xf5\x80\x80\x80\"", "encoding"},
        {"\"\xc3", "encoding"},
        {R"("\udc00")", "surrogate"},
        {R"("\ud800x")", "surrogate"},
        {std::string("{}\0[", 4), "NUL"},
        {std::string("\"a\0b\"", 5), "NUL"},
        {"", "empty"},
        {"[1,]", "Invalid value"},
        {R"({"a":1,})", "name"},
        {"{} {}", "root"},
        {"[01]", ""},
        {"[NaN]", ""},
        {"[Infinity]", ""},
        {"[1] // comment", ""},
        {"'a'", ""},
    };
    for (const auto& [text, says] : cases) {
        const auto value = parse(text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error().kind, ErrorKind::invalid_input);
        EXPECT_NE(value.error().message.find(says), std::string::npos)
            << text << ": " << value.error().message;
        EXPECT_NE(value.error().message.find(" at byte "), std::string::npos) << value.error().message;
    }
}

TEST(JsonParse, KeepsToItsLimits) {
    const std::string deep = std::string(64, '[') + std::string(64, ']');
    EXPECT_TRUE(parse(deep));
    EXPECT_FALSE(parse("[" + deep + "]"));
    EXPECT_FALSE(parse(std::string(100'000, '[')));
    EXPECT_FALSE(parse(std::string(100'000, '{')));
    EXPECT_TRUE(parse("[1,2,3]", {.bytes = 7, .depth = 1, .values = 4}));
    EXPECT_FALSE(parse("[1,2,3]", {.bytes = 6, .depth = 1, .values = 4}));
    EXPECT_FALSE(parse("[1,2,3]", {.bytes = 7, .depth = 0, .values = 4}));
    EXPECT_FALSE(parse("[1,2,3]", {.bytes = 7, .depth = 1, .values = 3}));
}

TEST(JsonParse, ReadsIntegersThatFitAndDoublesOtherwise) {
    EXPECT_EQ(*parse("9223372036854775807"), Value(std::numeric_limits<std::int64_t>::max()));
    EXPECT_EQ(*parse("-9223372036854775808"), Value(std::numeric_limits<std::int64_t>::min()));
    EXPECT_EQ(*parse("-0"), Value(0));
    ASSERT_NE(parse("9223372036854775808")->number(), nullptr);
    EXPECT_EQ(*parse("1e2"), Value(100.0));
    EXPECT_EQ(*parse("0.1"), Value(0.1));
    EXPECT_EQ(*parse("1" + std::string(300, '0')), Value(1e300));
}

TEST(JsonValue, ChainsOfMembersNeverFail) {
    const Value value = *parse(R"({"a":{"b":"c","n":7,"t":true}})");
    EXPECT_EQ(value["a"]["b"].text(), "c");
    EXPECT_EQ(value["a"]["n"].integer_or(0), 7);
    EXPECT_TRUE(value["a"]["t"].boolean_or(false));
    EXPECT_EQ(value["x"]["y"]["z"].text("none"), "none");
    EXPECT_EQ(value["a"]["b"].integer_or(3), 3);
    Value built;
    built.set("b", 1).set("a", Value().push(1).push("x")).set("b", 2);
    EXPECT_EQ(write(built), R"({"a":[1,"x"],"b":2})");
}

// The examples of the Matrix specification, appendix "Canonical JSON".
TEST(JsonWrite, CanonicalVectorsOfTheMatrixSpecification) {
    EXPECT_EQ(canonical("{}"), "{}");
    EXPECT_EQ(canonical("{\n \"one\": 1,\n \"two\": \"Two\"\n}"), R"({"one":1,"two":"Two"})");
    EXPECT_EQ(canonical(R"({ "b": "2", "a": "1" })"), R"({"a":"1","b":"2"})");
    EXPECT_EQ(canonical(R"({"b":"2","a":"1"})"), R"({"a":"1","b":"2"})");
    EXPECT_EQ(
        canonical(R"({"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {
        "display_name": "John Doe", "three_pids": [{"medium": "email", "address": "john.doe@example.org"},
        {"medium": "msisdn", "address": "123456789"}]}}})"),
        R"({"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":)"
        R"([{"address":"john.doe@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},)"
        R"("success":true}})");
    EXPECT_EQ(canonical(R"({ "a": "日本語" })"), R"({"a":"日本語"})");
    EXPECT_EQ(canonical(R"({ "本": 2, "日": 1 })"), R"({"日":1,"本":2})");
    EXPECT_EQ(canonical(R"({ "a": "\u65E5" })"), R"({"a":"日"})");
    EXPECT_EQ(canonical(R"({ "a": null })"), R"({"a":null})");
    EXPECT_EQ(canonical(R"({"a": -0, "b": 10})"), R"({"a":0,"b":10})");
}

TEST(JsonWrite, EscapesTheShortestWay) {
    EXPECT_EQ(write(Value(std::string("\0\x1f\b\t\n\f\r\"\\/\x7f", 11))),
              "\"\\u0000\\u001f\\b\\t\\n\\f\\r\\\"\\\\/\x7f\"");
    // By code point, not by UTF-16 unit: U+FFFF comes before U+10000.
    EXPECT_EQ(canonical(R"({"\ud800\udc00":1,"\uffff":2})"), "{\"\uffff\":2,\"\U00010000\":1}");
}

TEST(JsonWrite, RoundTrips) {
    for (const char* text : {R"([null,true,false,0,-1,1.5,1e+300,100.0,"",[],{},[[]],{"a":{"b":[{}]}}])",
                             R"({"":"","k\"":"\\u0000\u0001"})", R"("𝄞")"}) {
        const auto value = parse(text);
        ASSERT_TRUE(value) << text;
        EXPECT_EQ(*parse(write(*value)), *value);
        EXPECT_EQ(*parse(write_pretty(*value)), *value);
    }
}

TEST(JsonWrite, PrettyKeepsTheOrderInWhichMembersWereSet) {
    EXPECT_EQ(write_pretty(*parse(R"({"b":[1,2],"a":{},"c":{"x":[]}})")),
              "{\n  \"b\": [\n    1,\n    2\n  ],\n  \"a\": {},\n  \"c\": {\n    \"x\": []\n  }\n}");
}

}  // namespace
}  // namespace rollcall::json
