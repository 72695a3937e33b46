// What `check` says of files that can be read and are wrong all the same: registrations, and rules that can
// hardly be meant.
#include <gtest/gtest.h>
#include <algorithm>

#include "daemon/cli/check_registrations.h"
#include "daemon/cli/doubtful_rules.h"
#include "schema/policy_reader.h"

namespace rollcall::cli {
namespace {

const std::string kA(64, 'a'), kB(64, 'b'), kC(64, 'c'), kD(64, 'd');

std::string good_main() {
    return "id: 'rollcall'\nurl: 'http://127.0.0.1:9009'\nas_token: '" + kA + "'\nhs_token: '" + kB +
           "'\nsender_localpart: '_rollcall_sender'\nrate_limited: false\nnamespaces:\n  users:\n"
           "    - exclusive: true\n      regex: '^@rollcall:corp\\.example\\.com$'\n"
           "    - exclusive: true\n      regex: '^@_rollcall_.*:corp\\.example\\.com$'\n  aliases: []\n  "
           "rooms: []\n";
}

std::string good_mask() {
    return "id: 'rollcall-mask'\nurl: null\nas_token: '" + kC + "'\nhs_token: '" + kD +
           "'\nsender_localpart: '_rollcall_mask'\nrate_limited: false\nnamespaces:\n  users:\n"
           "    - exclusive: false\n      regex: "
           "'^@(?!(?:rollcall):corp\\.example\\.com$).*:corp\\.example\\.com$'\n"
           "  aliases:\n    - exclusive: false\n      regex: '^#.*:corp\\.example\\.com$'\n  rooms: []\n";
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

Diagnostics judged(const std::string& main, const std::string& mask) {
    return judge_registrations(
        {{"rollcall.yaml", main}, {"rollcall-mask.yaml", mask}, "corp.example.com", "rollcall"});
}

TEST(Registrations, ThoseThatInitWritesAreGood) {
    for (const Diagnostic& one : judged(good_main(), good_mask())) ADD_FAILURE() << one.text();
}

struct Wrong {
    const char* name;
    bool mask;
    std::string what, by;  // in the good one
    int line;
    Severity severity;
    const char* says;
};

TEST(Registrations, ToAPatternThatIsOpenItIsSaidWhatItLacks) {
    const auto instead = [](const char* pattern) {
        std::string out;
        for (const Diagnostic& one :
             judged(replaced(good_main(), "^@rollcall:corp\\.example\\.com$", pattern), good_mask()))
            if (one.message.find("does not begin with ^ and end with $") != std::string::npos)
                out += one.suggestion;
        return out;
    };
    for (const char* pattern : {"^@rollcall:corp\\.example\\.com", "@rollcall:corp\\.example\\.com$",
                                "@rollcall:corp\\.example\\.com"})
        EXPECT_EQ(instead(pattern), "write ^@rollcall:corp\\.example\\.com$") << pattern;
}

TEST(Registrations, EachWrongOneIsSaidWithItsLine) {
    constexpr Severity kError = Severity::error, kWarning = Severity::warning;
    const std::vector<Wrong> cases{
        {"a mask with a url", true, "url: null", "url: 'http://x:1'", 2, kError, "names a url"},
        {"an exclusive mask", true, "exclusive: false", "exclusive: true", 9, kError,
         "nobody can make an account"},
        {"everybody, exclusively", false, "^@rollcall:corp", "^@.*:corp", 9, kError,
         "nobody can make an account"},
        {"everybody in main", false, "exclusive: true\n      regex: '^@rollcall:",
         "exclusive: false\n      regex: '^@.*:", 10, kWarning, "covers people"},
        {"one id twice", true, "rollcall-mask", "rollcall", 1, kError, "id is the same as in rollcall.yaml"},
        {"one token twice", true, kC, kA, 3, kError, "as_token is the same as in rollcall.yaml"},
        {"both tokens alike", false, kB, kA, 4, kError, "hs_token is the same as as_token"},
        {"a token that is a number", false, "'" + kA + "'", std::string(40, '1'), 3, kError, "is no text"},
        {"a token that was cut", false, kA, kA.substr(0, 20), 3, kError, "has 20 characters"},
        {"a token that was cut late", false, kA, kA.substr(0, 50), 3, kWarning, "has 50 hexadecimal digits"},
        {"namespaces as a list", true, good_mask().substr(good_mask().find("namespaces")), "namespaces: []\n",
         7, kError, "is no mapping"},
        {"a server of others", true, "^@(?!(?:rollcall):corp\\.example\\.com$).*:corp\\.example\\.com$",
         "^@.*:other\\.example\\.org$", 8, kError,
         "no pattern of users covers the people of corp.example.com"},
        {"a pattern that is none", false, "^@rollcall:corp\\.example\\.com$", "^@(rollcall$", 10, kError,
         "no pattern that can be read"},
        {"a dot that is any character", false, "^@rollcall:corp\\.example\\.com$",
         "^@rollcall:corp.example.com$", 10, kWarning, "stands for any character"},
        {"one dot of two", true, ".*:corp\\.example\\.com$'\n  aliases", ".*:corp.example\\.com$'\n  aliases",
         10, kWarning, "stands for any character"},
        {"one dot in what is left out", true, "(?:rollcall):corp\\.example\\.com",
         "(?:rollcall):corp\\.example.com", 10, kWarning, "stands for any character"},
        {"every room", false, "rooms: []", "rooms:\n    - exclusive: true\n      regex: '.*'", 16, kError,
         "nobody else may have them"},
        {"rooms", false, "rooms: []",
         "rooms:\n    - exclusive: false\n      regex: '^!a:corp\\.example\\.com$'", 16, kWarning,
         "rooms are claimed"},
        {"a pattern without an end", false, "^@rollcall:corp\\.example\\.com$",
         "^@rollcall:corp\\.example\\.com", 10, kWarning, "does not begin with ^ and end with $"},
        {"a pattern over every server", true, "^#.*:corp\\.example\\.com$", "^#.*$", 13, kError,
         "covers names of every server"},
        {"no rate_limited", false, "rate_limited: false\n", "", 1, kWarning, "rate_limited is missing"},
        {"slowed down", true, "rate_limited: false", "rate_limited: true", 6, kWarning,
         "slows the daemon down"},
        {"another bot", false, "^@rollcall:", "^@bot:", 8, kError, "no pattern of users covers the bot"},
        {"the bot as sender", false, "_rollcall_sender", "rollcall", 5, kWarning, "the sender is the bot"},
        {"exclusive addresses", true, "aliases:\n    - exclusive: false", "aliases:\n    - exclusive: true",
         12, kError, "people can make none of their own"},
        {"no addresses", true,
         "  aliases:\n    - exclusive: false\n      regex: '^#.*:corp\\.example\\.com$'\n", "  aliases: []\n",
         8, kWarning, "rooms get none"},
    };
    for (const Wrong& one : cases) {
        const std::string main = one.mask ? good_main() : replaced(good_main(), one.what, one.by);
        const std::string mask = one.mask ? replaced(good_mask(), one.what, one.by) : good_mask();
        const Diagnostics found = judged(main, mask);
        const auto at = std::find_if(found.begin(), found.end(), [&](const Diagnostic& d) {
            return d.message.find(one.says) != std::string::npos;
        });
        std::string all;
        for (const Diagnostic& each : found) all += each.text() + "\n";
        ASSERT_NE(at, found.end()) << one.name << ":\n" << all;
        EXPECT_EQ(at->at.file.name(), one.mask ? "rollcall-mask.yaml" : "rollcall.yaml") << one.name;
        EXPECT_EQ(at->at.line, one.line) << one.name;
        EXPECT_EQ(at->severity, one.severity) << one.name;
        EXPECT_FALSE(at->suggestion.empty()) << one.name;
    }
}

TEST(Rules, WhatCanHardlyBeMeantIsSaidWithItsLine) {
    const std::string text =
        R"(people: {matrix_id: "@{sAMAccountName|lower}:corp.example.com", employees: {group: Staff}}
rooms:
  news:
    name: News
    members: employees
    who_posts: owners
  apollo:
    name: Apollo
    members: employees
    outsiders: approved
  quiet:
    name: Quiet
    members: employees
    who_invites: owners
  good:
    name: Good
    members: employees
    owners: {user: jdoe}
    who_posts: owners
    outsiders: approved
outsiders:
  anna: {who: "@anna:partner.example.org", rooms: [apollo], sponsor: jdoe, reason: Contract, until: 2026-01-31}
  bert: {who: "@bert:partner.example.org", rooms: [apollo], sponsor: jdoe, reason: Contract, until: 2026-12-31}
)";
    const schema::PolicyRead read =
        schema::read_policy({{"company.yaml", text}}, {"corp", "corp.example.com", "Europe/Amsterdam"});
    ASSERT_FALSE(has_errors(read.diagnostics)) << read.diagnostics.front().text();
    const Diagnostics found = doubtful_rules(read.policy, *parse_rfc3339("2026-11-22T09:00:00Z"));
    std::vector<std::pair<int, std::string>> said;
    for (const Diagnostic& one : found) {
        EXPECT_EQ(one.severity, Severity::warning);
        said.emplace_back(one.at.line, one.message.substr(0, 26));
    }
    EXPECT_EQ(said, (std::vector<std::pair<int, std::string>>{{22, "the approval anna ended on"},
                                                              {4, "news has no owners, and on"},
                                                              {8, "apollo has no owners, and "},
                                                              {12, "quiet has no owners, and o"}}));
}

// 2,500 servers are more than a server ACL can hold; what is approved for another room, or is over, is none.
TEST(Rules, ApprovalsForMoreServersThanOneEventCanListAreSaidOfTheirRoom) {
    std::string text =
        R"(people: {matrix_id: "@{sAMAccountName|lower}:corp.example.com", employees: {group: Staff}}
rooms:
  fair: {name: Fair, members: employees, owners: {user: jdoe}, outsiders: approved}
  apollo: {name: Apollo, members: employees, owners: {user: jdoe}, outsiders: approved}
outsiders:
)";
    for (int i = 0; i < 2'500; ++i)
        text += "  a" + std::to_string(i) + ": {who: \"@a:partner-" + std::to_string(i) +
                ".example.org\", rooms: [fair], sponsor: jdoe, reason: Fair, until: 2026-12-31}\n";
    const schema::PolicyRead read =
        schema::read_policy({{"company.yaml", text}}, {"corp", "corp.example.com", "Europe/Amsterdam"});
    ASSERT_FALSE(has_errors(read.diagnostics)) << read.diagnostics.front().text();
    const Diagnostics found = doubtful_rules(read.policy, *parse_rfc3339("2026-11-22T09:00:00Z"));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].at.line, 3);
    EXPECT_TRUE(found[0].message.starts_with("fair lets in 2500 servers: its server ACL is too large"))
        << found[0].message;
    std::size_t later = 0;
    for (const Diagnostic& one : doubtful_rules(read.policy, *parse_rfc3339("2027-02-22T09:00:00Z")))
        later += one.message.find("server ACL") == std::string::npos ? 0U : 1U;
    EXPECT_EQ(later, 0U);
}

TEST(Rules, AnApprovalWithCapitalsFitsNobody) {
    const schema::PolicyRead read = schema::read_policy(
        {{"company.yaml",
          R"(people: {matrix_id: "@{sAMAccountName|lower}:corp.example.com", employees: {group: Staff}}
rooms:
  fair: {name: Fair, members: employees, owners: {user: jdoe}, outsiders: approved}
outsiders:
  anna: {who: "@Anna:partner.example.org", rooms: [fair], sponsor: jdoe, reason: Fair, until: 2026-12-31}
  bob: {who: "@bob:partner.example.org", rooms: [fair], sponsor: jdoe, reason: Fair, until: 2026-12-31}
)"}},
        {"corp", "corp.example.com", "Europe/Amsterdam"});
    ASSERT_FALSE(has_errors(read.diagnostics)) << read.diagnostics.front().text();
    const Diagnostics found = doubtful_rules(read.policy, *parse_rfc3339("2026-11-22T09:00:00Z"));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].at.line, 5);
    EXPECT_TRUE(found[0].message.starts_with("the approval anna is for @Anna:partner.example.org"))
        << found[0].message;
}

}  // namespace
}  // namespace rollcall::cli
