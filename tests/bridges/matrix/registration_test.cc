#include "bridges/matrix/registration.h"

#include <gtest/gtest.h>

#include <regex>

namespace rollcall::matrix {
namespace {

RegistrationWishes wishes() {
    RegistrationWishes w;
    w.server_name = "corp.example.com";
    w.url = "http://127.0.0.1:9009";
    return w;
}

bool covers(const Registration& registration, const std::string& user) {
    // ECMAScript's regular expressions read what these hold as Synapse's do, lookahead included.
    for (const Namespace& space : registration.users)
        if (std::regex_search(user, std::regex(space.regex), std::regex_constants::match_continuous))
            return true;
    return false;
}

TEST(Registration, main_covers_the_bot_and_its_own_names_alone) {
    const Registration main = make_main(wishes());
    EXPECT_EQ(main.url, "http://127.0.0.1:9009");
    EXPECT_FALSE(main.rate_limited);
    for (const Namespace& space : main.users) EXPECT_TRUE(space.exclusive);
    for (const char* user : {"@rollcall:corp.example.com", "@_rollcall_x:corp.example.com"})
        EXPECT_TRUE(covers(main, user)) << user;
    for (const char* user :
         {"@alice:corp.example.com", "@rollcall2:corp.example.com", "@rollcall:corpXexample.com",
          "@rollcall:corp.example.com.evil", "@a_rollcall_x:corp.example.com"})
        EXPECT_FALSE(covers(main, user)) << user;
    EXPECT_TRUE(main.aliases.empty());  // else every room with an alias would be pushed to us
    EXPECT_TRUE(covers(main, "@" + main.sender_localpart + ":corp.example.com"));
}

TEST(Registration, mask_covers_everybody_but_the_bot_and_whom_it_is_told) {
    RegistrationWishes w = wishes();
    w.exclude = {"admin", "@root.user:corp.example.com"};
    const Registration mask = make_mask(w);
    EXPECT_EQ(mask.url, std::nullopt);
    ASSERT_EQ(mask.users.size(), 1U);
    EXPECT_FALSE(mask.users[0].exclusive);
    EXPECT_EQ(mask.users[0].regex,
              R"(^@(?!(?:rollcall|admin|root\.user):corp\.example\.com$).*:corp\.example\.com$)");
    for (const char* user :
         {"@alice:corp.example.com", "@admin2:corp.example.com", "@administrator:corp.example.com",
          "@rootXuser:corp.example.com", "@Rollcall:corp.example.com"})
        EXPECT_TRUE(covers(mask, user)) << user;
    for (const char* user :
         {"@rollcall:corp.example.com", "@admin:corp.example.com", "@root.user:corp.example.com",
          "@alice:partner.example.net", "@alice:corp.example.com.evil"})
        EXPECT_FALSE(covers(mask, user)) << user;
}

TEST(Registration, aliases_stand_in_main_only_where_there_is_no_mask) {
    const std::vector<Namespace> all{{false, R"(^#.*:corp\.example\.com$)"}};
    RegistrationWishes w = wishes();
    EXPECT_EQ(make_mask(w).aliases, all);
    w.mask = false;
    EXPECT_EQ(make_main(w).aliases, all);
}

TEST(Registration, tokens_are_long_and_never_the_same) {
    const Registration one = make_main(wishes());
    const Registration two = make_mask(wishes());
    EXPECT_EQ(one.as_token.size(), 64U);
    EXPECT_EQ(one.as_token.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_NE(one.as_token, one.hs_token);
    EXPECT_NE(one.as_token, two.as_token);
    EXPECT_NE(one.id, two.id);
    EXPECT_NE(one.sender_localpart, two.sender_localpart);
}

TEST(Registration, is_written_as_homeservers_expect_it) {
    Registration r;
    r.id = "it's";
    r.as_token = "no";
    r.hs_token = "1e3";
    r.sender_localpart = "s";
    r.users = {{true, R"(^@a\.b$)"}};
    EXPECT_EQ(to_yaml(r), R"(id: 'it''s'
url: null
as_token: 'no'
hs_token: '1e3'
sender_localpart: 's'
rate_limited: false
namespaces:
  users:
    - exclusive: true
      regex: '^@a\.b$'
  aliases: []
  rooms: []
)");
}

TEST(Registration, reads_back_what_it_wrote) {
    RegistrationWishes w = wishes();
    w.exclude = {"o'brien", "a\"b\\c", "line\nbreak", "#:{}"};
    for (const Registration& r : {make_main(w), make_mask(w)}) {
        Diagnostics out;
        const auto read = read_registration(to_yaml(r), "r.yaml", out);
        ASSERT_TRUE(read) << (out.empty() ? "" : out.front().text());
        EXPECT_EQ(*read, r);
        EXPECT_TRUE(out.empty());
    }
}

TEST(Registration, lets_pass_what_only_homeservers_read) {
    Diagnostics out;
    const auto read = read_registration(
        "id: a\nurl: ~\nas_token: b\nhs_token: c\nsender_localpart: d\nde.sorunome.msc2409.push_ephemeral: "
        "true\n"
        "namespaces: {users: [{exclusive: true, regex: x, group_id: y}]}\n",
        "r.yaml", out);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->url, std::nullopt);
    EXPECT_EQ(read->users.size(), 1U);
}

struct FaultCase {
    std::string text;
    std::string said;
};

TEST(Registration, says_what_is_wrong_and_where) {
    const std::string rest = "hs_token: c\nsender_localpart: d\nnamespaces: {}\n";
    const std::vector<FaultCase> cases{
        {"id: a\n" + rest, "as_token"},
        {"id: a\nas_token: 'x y'\n" + rest, "blanks"},
        {"id: a\nas_token: \"x\\ny\"\n" + rest, "blanks"},
        {"id: a\nas_token: [b]\n" + rest, "r.yaml:2"},
        {"id: a\nid: b\n", "r.yaml:2"},
        {"- a\n", "r.yaml:1"},
        {"id: a\nas_token: b\nhs_token: c\nsender_localpart: d\nnamespaces: {users: [{regex: x}]}\n",
         "exclusive"},
        {"", "id"},
    };
    for (const FaultCase& c : cases) {
        Diagnostics out;
        EXPECT_FALSE(read_registration(c.text, "r.yaml", out)) << c.text;
        std::string all;
        for (const Diagnostic& d : out) all += d.text() + "\n";
        EXPECT_NE(all.find(c.said), std::string::npos) << c.text << all;
    }
}

}  // namespace
}  // namespace rollcall::matrix
