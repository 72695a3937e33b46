#include "bridges/http/message.h"

#include <gtest/gtest.h>

namespace rollcall::http {
namespace {

struct EncodeCase {
    std::string part;
    std::string encoded;
};

TEST(EncodePart, encodes_all_but_unreserved) {
    const std::string zero("\0", 1);
    const std::vector<EncodeCase> cases{
        {"", ""},
        {"Az09-_~.", "Az09-_~."},
        {"!room:corp.example.com", "%21room%3Acorp.example.com"},
        {"#r&d/eu?x#y:z", "%23r%26d%2Feu%3Fx%23y%3Az"},
        {"@a+b c:x", "%40a%2Bb%20c%3Ax"},
        {"%41", "%2541"},
        {zero, "%00"},
        {"\xC3\xBC", "%C3%BC"},
        {".", "%2E"},
        {"..", "%2E%2E"},
        {"..a", "..a"},
    };
    for (const EncodeCase& c : cases) {
        EXPECT_EQ(encode_part(c.part), c.encoded);
        EXPECT_EQ(decode_part(c.encoded), c.part) << c.encoded;
    }
}

TEST(DecodePart, refuses_what_is_no_encoding) {
    for (const char* bad : {"%", "%4", "a%4", "%4g", "%%41", "%-1"})
        EXPECT_EQ(decode_part(bad), std::nullopt) << bad;
    EXPECT_EQ(decode_part("%c3%bC+"), "\xC3\xBC+");
}

TEST(EqualIgnoringCase, compares_ascii_only) {
    EXPECT_TRUE(equal_ignoring_case("Content-Length", "content-lENGTH"));
    EXPECT_FALSE(equal_ignoring_case("Host", "Hos"));
    EXPECT_FALSE(equal_ignoring_case("@", "`"));
}

TEST(Tokens, hold_no_blanks_or_separators) {
    EXPECT_TRUE(is_token("X-Forwarded-For"));
    for (const char* bad : {"", "a b", "a:", "a\t", "\xC3\xBC"}) EXPECT_FALSE(is_token(bad)) << bad;
    EXPECT_TRUE(is_field_value("Bearer abc\tdef \xC3\xBC"));
    for (const char* bad : {"a\r\nb: c", "a\nb", "\x7f"}) EXPECT_FALSE(is_field_value(bad));
}

}  // namespace
}  // namespace rollcall::http
