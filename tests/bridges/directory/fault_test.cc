// Faults that need no directory: nobody listens, nobody answers, somebody wants to stop meanwhile.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "bridges/directory/backoff.h"
#include "bridges/directory/connection.h"
#include "bridges/directory/dial.h"
#include "bridges/directory/directory.h"
#include "tests/bridges/directory/other_authority.h"

namespace rollcall::directory {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A port that takes connections and never says anything.
class Silence {
  public:
    Silence() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket_.fd(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(socket_.fd(), 8), 0);
        EXPECT_EQ(::getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
    }
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string url() const { return "ldaps://127.0.0.1:" + std::to_string(port_); }

  private:
    Socket socket_;
    int port_ = 0;
};

Settings settings(const std::string& url) {
    Settings s;
    s.name = "corp";
    s.url = url;
    s.base = "DC=corp,DC=example,DC=com";
    s.user = "svc";
    s.password = "not-for-anyone";
    s.ca_file = other_authority();
    s.limits.connect = 5s;
    return s;
}

TEST(Connection, RefusesWhatItCannotTrust) {
    Cutoff cutoff;
    for (const char* url : {"", "ldap://dc1", "https://dc1", "ldaps://", "dc1.corp.example.com"}) {
        const auto opened = Connection::open(settings(url), cutoff);
        ASSERT_FALSE(opened) << url;
        EXPECT_EQ(opened.error().kind, ErrorKind::invalid_input) << url;
    }
    auto s = settings("ldaps://127.0.0.1:1");
    s.ca_file = "/nonexistent.pem";
    EXPECT_EQ(Connection::open(s, cutoff).error().kind, ErrorKind::invalid_input);
    s.ca_file = "/dev/null";
    EXPECT_EQ(Connection::open(s, cutoff).error().kind, ErrorKind::invalid_input);
    s.ca_file = testing::TempDir() + "rollcall_directory_empty.pem";
    std::ofstream(s.ca_file) << "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    const Silence silence;
    s.url = silence.url();
    EXPECT_EQ(Connection::open(s, cutoff).error().kind, ErrorKind::invalid_input);
    s.ca_file.clear();
    s.system_authorities = {"/nonexistent.pem", other_authority()};
    EXPECT_NE(Connection::open(s, cutoff).error().kind, ErrorKind::invalid_input)
        << "the system's authorities are looked for and used";
    s.system_authorities = {"/nonexistent.pem"};
    EXPECT_EQ(Connection::open(s, cutoff).error().kind, ErrorKind::invalid_input);
    s.password.clear();  // would be an anonymous bind
    EXPECT_EQ(health_of(Connection::open(s, cutoff).error()), policy::DirectoryHealth::wrong_credentials);
}

TEST(Connection, NobodyThereIsUnreachable) {
    Cutoff cutoff;
    const auto opened = Connection::open(settings("ldaps://127.0.0.1:1"), cutoff);
    ASSERT_FALSE(opened);
    EXPECT_EQ(health_of(opened.error()), policy::DirectoryHealth::unreachable);
    EXPECT_EQ(opened.error().text().find("not-for-anyone"), std::string::npos);
    EXPECT_NE(opened.error().message.find("port 1: Connection refused"), std::string::npos)
        << opened.error().message;
}

TEST(Connection, SilenceIsUnreachable) {
    const Silence silence;
    auto s = settings(silence.url());
    s.limits.connect = 1s;
    Cutoff cutoff;
    const auto opened = Connection::open(s, cutoff);
    ASSERT_FALSE(opened);
    EXPECT_EQ(health_of(opened.error()), policy::DirectoryHealth::unreachable);
}

TEST(Cutoff, EndsAHandshakeAtOnce) {
    const Silence silence;
    Cutoff cutoff;
    std::jthread later([&] {
        std::this_thread::sleep_for(200ms);
        cutoff.cut();
    });
    const auto begin = Clock::now();
    EXPECT_FALSE(Connection::open(settings(silence.url()), cutoff));
    EXPECT_LT(Clock::now() - begin, 1s);
}

TEST(Cutoff, EndsAConnectAtOnce) {
    Cutoff cutoff;
    std::jthread later([&] {
        std::this_thread::sleep_for(200ms);
        cutoff.cut();
    });
    const auto begin = Clock::now();
    EXPECT_FALSE(dial("192.0.2.1", 636, 5s, cutoff));  // TEST-NET-1: nobody answers, if it is routed at all
    EXPECT_LT(Clock::now() - begin, 1s);
    EXPECT_FALSE(dial("127.0.0.1", 1, 5s, cutoff)) << "cut for good";
}

TEST(Directory, StopsWhileAServerIsSilent) {
    const Silence silence;
    std::atomic<int> facts = 0;
    Directory directory(settings(silence.url()), [&](Fact) { ++facts; });
    directory.start(std::nullopt);
    std::this_thread::sleep_for(100ms);
    const auto begin = Clock::now();
    directory.stop();
    EXPECT_LT(Clock::now() - begin, 1s);
    EXPECT_EQ(facts, 0);
}

TEST(Directory, ReportsOnceAndStopsWhileItPauses) {
    std::mutex mutex;
    std::vector<policy::DirectoryStatus> reports;
    Directory directory(settings("ldaps://127.0.0.1:1"), [&](Fact fact) {
        const std::lock_guard lock(mutex);
        reports.push_back(std::get<policy::DirectoryStatus>(fact));
    });
    directory.start(std::nullopt);
    std::this_thread::sleep_for(1500ms);
    const auto begin = Clock::now();
    directory.stop();
    EXPECT_LT(Clock::now() - begin, 1s);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].health, policy::DirectoryHealth::unreachable);
    EXPECT_EQ(reports[0].directory, "corp");
}

TEST(Backoff, DoublesUpToItsEnd) {
    Backoff backoff(1s, 5s);
    for (const auto expected : {1000, 2000, 4000, 5000, 5000}) {
        const auto wait = backoff.next().count();
        EXPECT_LE(wait, expected);
        EXPECT_GE(wait, expected * 3 / 4);
    }
    backoff.reset();
    EXPECT_LE(backoff.next(), 1s);
}

}  // namespace
}  // namespace rollcall::directory
