// The small forms that files and messages are made of: UTF-8, identifiers, addresses, names, days.
#include <gtest/gtest.h>

#include <string>

#include "schema/address.h"
#include "schema/distinguished_name.h"
#include "schema/matrix_id.h"
#include "schema/people_reader.h"
#include "schema/time_zone.h"
#include "schema/utf8.h"

namespace rollcall::schema {
namespace {

TEST(Utf8, FindsTheFirstByteThatDoesNotBelong) {
    for (const char* good :
         {"", "a", "ä", "日本", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"})
        EXPECT_TRUE(is_utf8(good)) << good;
    const struct {
        const char* text;
        std::size_t at;
    } bad[] = {{"a\x80", 1},
               {"\xc0\x80", 0},
               {"\xc1\xbf", 0},
               {"\xe0\x9f\xbf", 0},
               {"\xed\xa0\x80", 0},
               {"\xf0\x8f\xbf\xbf", 0},
               {"\xf4\x90\x80\x80", 0},
               {"\xf8\x88\x80\x80\x80", 0},
               {"ab\xe6\x97", 2},
               {"\xff", 0},
               {"ä\xc3(", 2}};
    for (const auto& [text, at] : bad) EXPECT_EQ(first_bad_utf8(text), at);
}

TEST(MatrixId, UserIds) {
    for (const char* good :
         {"@a:b", "@john.doe:corp.example.com", "@A~!$x:127.0.0.1:8448", "@a:[::1]:8448", "@a:[2001:db8::1]"})
        EXPECT_TRUE(is_user_id(good)) << good;
    for (const char* bad : {"", "@", "a:b", "@:b", "@a", "@a:", "@a b:c", "@a:b c", "@a:b:c", "@a:b:123456",
                            "@a:[::1", "@a:[x]", "@*:b", "@a?:b", "@a:*", "@a\x80:b", "@a:b/c"})
        EXPECT_FALSE(is_user_id(bad)) << bad;
    EXPECT_TRUE(is_user_id("@" + std::string(252, 'a') + ":b"));
    EXPECT_FALSE(is_user_id("@" + std::string(253, 'a') + ":b"));
    EXPECT_EQ(server_of("@a:b:1"), "b:1");
    EXPECT_EQ(server_of("@a"), "");
}

TEST(MatrixId, GlobsStandInTheNamePartOnly) {
    for (const char* good : {"@*:b", "@a?c*:partner.example.org", "@a:b"})
        EXPECT_TRUE(is_user_glob(good)) << good;
    for (const char* bad : {"@*:*", "@a:*.example.org", "*:b", "@a:b?"})
        EXPECT_FALSE(is_user_glob(bad)) << bad;
}

TEST(MatrixId, RoomsAndAliases) {
    EXPECT_TRUE(is_opaque_id("!AbC", '!'));  // room version 12: no server
    EXPECT_TRUE(is_opaque_id("!a:b.c", '!'));
    EXPECT_FALSE(is_opaque_id("!", '!'));
    EXPECT_FALSE(is_opaque_id("$a", '!'));
    EXPECT_FALSE(is_opaque_id("", '!'));
    // Which characters are valid is the homeserver's business; 255 code points were, in older rooms.
    for (const std::string& id : {std::string("!a\n"), std::string("!\x07"), std::string("!a\0b", 4),
                                  std::string("! "), "!" + std::string(1019, 'a')})
        EXPECT_TRUE(is_opaque_id(id, '!')) << id;
    EXPECT_FALSE(is_opaque_id("!" + std::string(1020, 'a'), '!'));
    EXPECT_TRUE(is_alias_localpart("r-d"));
    EXPECT_TRUE(is_alias_localpart("büro"));
    for (const char* bad : {"", "#a", "a:b", "a b", "a\tb", "\xff"})
        EXPECT_FALSE(is_alias_localpart(bad)) << bad;
}

TEST(Address, HostAndPort) {
    EXPECT_EQ(read_host_port("127.0.0.1:9009"), (HostPort{"127.0.0.1", 9009}));
    EXPECT_EQ(read_host_port("[::1]:0"), (HostPort{"[::1]", 0}));
    EXPECT_EQ(read_host_port("localhost:1")->text(), "localhost:1");
    for (const char* bad : {"", "127.0.0.1", ":80", "[::1]", "a:65536", "a:-1", "a:b", "a:80x", "a b:80"})
        EXPECT_FALSE(read_host_port(bad)) << bad;
}

TEST(Address, Urls) {
    EXPECT_EQ(read_url("https://a.example.com/")->text(), "https://a.example.com");
    EXPECT_EQ(read_url("http://[::1]:8008/matrix//")->text(), "http://[::1]:8008/matrix");
    EXPECT_EQ(read_url("ldaps://dc1:636")->port, 636);
    for (const char* bad :
         {"", "a.example.com", "https://", "https://u:p@a", "https://a?x", "https://a/?x", "https://a#x",
          "https://a:0", "https://a:99999", "HTTPS://a", "https:///x", "https://a b"})
        EXPECT_FALSE(read_url(bad)) << bad;
    for (const char* host : {"127.0.0.1", "127.9.9.9", "localhost", "[::1]"})
        EXPECT_TRUE(is_loopback(host)) << host;
    for (const char* host : {"128.0.0.1", "127.example.com", "localhost.example.com", "::1"})
        EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(DistinguishedName, TakesWhatRfc4514Describes) {
    for (const char* good : {"DC=com", "OU=Sales\\, EU,DC=corp", "cn = A B , dc=x", "CN=a+UID=b,DC=c",
                             "2.5.4.3=x,DC=y", "CN=Größe,DC=x", "CN=a=b,DC=x"})
        EXPECT_TRUE(is_distinguished_name(good)) << good;
    for (const char* bad : {"", "Leavers", "OU=Sales,", ",OU=Sales", "OU=,DC=x", "=x", "O U=x", "DC=a,,DC=b"})
        EXPECT_FALSE(is_distinguished_name(bad)) << bad;
    EXPECT_FALSE(is_distinguished_name("DC=" + std::string(2048, 'a')));
    EXPECT_TRUE(is_attribute_name("extensionAttribute1"));
    for (const char* bad : {"", "1a", "a b", "a;binary", "ä"}) EXPECT_FALSE(is_attribute_name(bad)) << bad;
}

TEST(TimeZone, EndOfDayIsTheNextDaysFirstMomentThere) {
    const auto end = [](const char* day, const char* zone) {
        return to_rfc3339(end_of_day(day, zone).value_or(Time{}));
    };
    EXPECT_EQ(end("2027-01-31", "UTC"), "2027-02-01T00:00:00.000Z");
    EXPECT_EQ(end("2027-01-31", "Europe/Amsterdam"), "2027-01-31T23:00:00.000Z");
    EXPECT_EQ(end("2027-06-30", "Europe/Amsterdam"), "2027-06-30T22:00:00.000Z");
    EXPECT_EQ(end("2027-03-27", "Europe/Amsterdam"),
              "2027-03-27T23:00:00.000Z");  // the day of 23 hours comes next
    EXPECT_EQ(end("2027-03-28", "Europe/Amsterdam"), "2027-03-28T22:00:00.000Z");
    EXPECT_EQ(end("2026-12-31", "Pacific/Kiritimati"), "2026-12-31T10:00:00.000Z");
    EXPECT_EQ(end("2018-11-03", "America/Sao_Paulo"),
              "2018-11-04T03:00:00.000Z");  // there was no midnight that night
    EXPECT_EQ(end("2018-02-17", "America/Sao_Paulo"), "2018-02-18T03:00:00.000Z");
    for (const char* bad :
         {"", "2027-02-29", "2027-1-31", "31-01-2027", "2027-01-31T00:00:00Z", "2027-13-01"})
        EXPECT_FALSE(end_of_day(bad, "UTC")) << bad;
    EXPECT_FALSE(end_of_day("2027-01-31", "Europe/Amsterdamm"));
}

TEST(TimeZone, AMomentIsATimeThereOrAWholeDay) {
    const auto read = [](const char* text, const char* zone = "Europe/Amsterdam") {
        const auto moment = read_moment(text, zone);
        return moment ? to_rfc3339(moment->first) + " " + to_rfc3339(moment->last) : "no";
    };
    EXPECT_EQ(read("2026-03-31 14:05"), "2026-03-31T12:05:00.000Z 2026-03-31T12:05:00.000Z");
    EXPECT_EQ(read("2026-01-31T14:05:09"), "2026-01-31T13:05:09.000Z 2026-01-31T13:05:09.000Z");
    EXPECT_EQ(read("2026-01-31T14:05:09+05:00"), "2026-01-31T09:05:09.000Z 2026-01-31T09:05:09.000Z");
    EXPECT_EQ(read("2026-01-31T14:05:09.250Z"), "2026-01-31T14:05:09.250Z 2026-01-31T14:05:09.250Z");
    EXPECT_EQ(read("2026-03-29"), "2026-03-28T23:00:00.000Z 2026-03-29T21:59:59.999Z") << "23 hours";
    EXPECT_EQ(read("2026-10-25 02:30"), "2026-10-25T00:30:00.000Z 2026-10-25T01:30:00.000Z") << "comes twice";
    EXPECT_EQ(read("2026-03-29 02:30"), "2026-03-29T01:00:00.000Z 2026-03-29T01:00:00.000Z") << "never comes";
    for (const char* bad : {"", "soon", "2026-02-30", "2026-01-31 25:00", "2026-01-31 14", "2026-01-31_14:05",
                            "2026-01-31 14:05:09 CET", "14:05"})
        EXPECT_EQ(read(bad), "no") << bad;
    EXPECT_EQ(read("2026-01-31", "Nowhere/Town"), "no");
}

TEST(TimeZone, KnowsItsNames) {
    EXPECT_TRUE(is_time_zone("UTC"));
    EXPECT_TRUE(is_time_zone("Europe/Amsterdam"));
    for (const char* bad : {"", "CEST", "../etc/passwd", "/etc/localtime", "europe/amsterdam"})
        EXPECT_FALSE(is_time_zone(bad)) << bad;
}

TEST(TimeZone, ShowsClockTimes) {
    const Time time = *parse_rfc3339("2027-06-30T22:05:09.999Z");
    EXPECT_EQ(local_time(time, "Europe/Amsterdam"), "2027-07-01 00:05:09 CEST");
    EXPECT_EQ(local_time(time, "UTC"), "2027-06-30 22:05:09 UTC");
    EXPECT_EQ(local_time(time, "nowhere"), "2027-06-30 22:05:09 UTC");
}

TEST(Template, ItsFaultsAreNamed) {
    EXPECT_EQ(template_fault("@{sAMAccountName|lower}:corp.example.com", "corp.example.com"), "");
    EXPECT_EQ(template_fault("@{a}-{b|slug}:x", ""), "");
    for (const char* bad : {"", "@a:x", "@{a:x", "@a}:x", "@{}:x", "@{a|}:x", "@{a|upper}:x",
                            "@{a|lower|slug}:x", "@{a b}:x", "@{a}:{b}", "{a}:x", "@{a}"})
        EXPECT_NE(template_fault(bad, ""), "") << bad;
}

}  // namespace
}  // namespace rollcall::schema
