// Signing in to a real controller: what works, and that the ways in which it fails are told apart.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "bridges/directory/directory.h"
#include "bridges/directory/root.h"
#include "tests/bridges/directory/lab_admin.h"
#include "tests/bridges/directory/lab_proxy.h"
#include "tests/bridges/directory/lab_recorder.h"
#include "tests/bridges/directory/other_authority.h"
#include "tests/wait.h"

namespace rollcall::directory {
namespace {

using policy::DirectoryHealth;

TEST(LabSignIn, ReadsTheRoot) {
    SKIP_WITHOUT_LAB();
    Cutoff cutoff;
    auto connection = Connection::open(Lab::get().service(), cutoff);
    ASSERT_TRUE(connection) << connection.error().text();
    const auto root = read_root(*connection, Lab::get().service());
    ASSERT_TRUE(root) << root.error().text();
    EXPECT_GT(root->usn, 0U);
    EXPECT_EQ(root->invocation_id.size(), 36U);
    EXPECT_GE(root->sids.size(), 3U);
}

TEST(LabSignIn, BelievesTheSystemsAuthoritiesWithoutAFileOfItsOwn) {
    SKIP_WITHOUT_LAB();
    auto s = Lab::get().service();
    s.system_authorities = {"/nonexistent.pem", s.ca_file};
    s.ca_file.clear();
    const auto read = read_all(s);
    EXPECT_TRUE(read) << read.error().text();
}

TEST(LabSignIn, TellsFaultsApart) {
    SKIP_WITHOUT_LAB();
    struct Case {
        const char* what;
        std::function<void(Settings&)> spoil;
        DirectoryHealth expected;
    };
    const Case cases[] = {
        {"password", [](Settings& s) { s.password = "wrong-Password-1"; },
         DirectoryHealth::wrong_credentials},
        {"user", [](Settings& s) { s.user = "nobody@corp.example.com"; }, DirectoryHealth::wrong_credentials},
        {"authority", [](Settings& s) { s.ca_file = other_authority(); },
         DirectoryHealth::untrusted_certificate},
        {"no authority but the system's", [](Settings& s) { s.ca_file.clear(); },
         DirectoryHealth::untrusted_certificate},
        {"name",
         [](Settings& s) {
             s.url.replace(s.url.find(Lab::get().address), Lab::get().address.size(), "localhost");
         },
         DirectoryHealth::unreachable},
        {"port", [](Settings& s) { s.url = "ldaps://" + Lab::get().address + ":1"; },
         DirectoryHealth::unreachable},
        {"no TLS there", [](Settings& s) { s.url = "ldaps://" + Lab::get().address + ":389"; },
         DirectoryHealth::unreachable},
        {"base", [](Settings& s) { s.base = "OU=Staff," + s.base; }, DirectoryHealth::incomplete},
    };
    for (const auto& c : cases) {
        auto s = Lab::get().service();
        s.limits.connect = std::chrono::seconds{2};
        c.spoil(s);
        const auto read = read_all(s);
        ASSERT_FALSE(read) << c.what;
        EXPECT_EQ(health_of(read.error()), c.expected) << c.what << ": " << read.error().text();
        EXPECT_EQ(read.error().text().find(s.password), std::string::npos);
    }
}

// The same address as one number, which the certificate does not name.
TEST(LabSignIn, ANameThatTheCertificateLacksIsUntrusted) {
    SKIP_WITHOUT_LAB();
    const LabProxy proxy;
    auto s = Lab::get().service();
    s.url = proxy.url();
    EXPECT_TRUE(read_all(s)) << "by address, which it names";
    in_addr address{};
    ASSERT_EQ(::inet_pton(AF_INET, Lab::get().address.c_str(), &address), 1);
    s.url.replace(s.url.find(Lab::get().address), Lab::get().address.size(),
                  std::to_string(ntohl(address.s_addr)));
    const auto read = read_all(s);
    ASSERT_FALSE(read);
    EXPECT_EQ(health_of(read.error()), DirectoryHealth::untrusted_certificate) << read.error().text();
}

TEST(LabSignIn, AWrongPasswordIsTriedRarely) {
    SKIP_WITHOUT_LAB();
    EXPECT_GE(Settings{}.pauses.refused_first, std::chrono::minutes{1});
    const LabProxy proxy;
    auto s = Lab::get().service();
    s.url = proxy.url();
    s.user = "nobody@corp.example.com";
    s.pauses.first = s.pauses.longest = std::chrono::hours{1};  // of any other trouble
    s.pauses.refused_first = s.pauses.refused_longest = std::chrono::milliseconds{20};
    Recorder recorder;
    Directory directory(s, recorder.sink());
    directory.start(std::nullopt);
    ASSERT_TRUE(recorder.status(DirectoryHealth::wrong_credentials));
    EXPECT_TRUE(eventually([&] { return proxy.accepted() > 2; })) << "it has pauses of its own";
}

TEST(LabSignIn, TheSweeperHoldsStillWhileThePasswordIsWrong) {
    SKIP_WITHOUT_LAB();
    const LabProxy proxy;
    auto s = Lab::get().service();
    s.url = proxy.url();
    s.user = "nobody@corp.example.com";
    Recorder recorder;
    Directory directory(s, recorder.sink());
    directory.start(std::nullopt);
    ASSERT_TRUE(recorder.status(DirectoryHealth::wrong_credentials));
    directory.request_sweep();
    directory.stop();  // after its threads have ended, nobody can come any more
    EXPECT_EQ(proxy.accepted(), 1);
}

}  // namespace
}  // namespace rollcall::directory
