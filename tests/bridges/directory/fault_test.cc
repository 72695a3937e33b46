// Faults that need no directory: nobody listens, nobody answers, somebody wants to stop meanwhile.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>
#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "bridges/directory/backoff.h"
#include "bridges/directory/connection.h"
#include "bridges/directory/dial.h"
#include "bridges/directory/directory.h"
#include "bridges/directory/sweep.h"
#include "tests/bridges/directory/other_authority.h"
#include "tests/wait.h"

namespace rollcall::directory {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A port of ours, and what happens to those who connect to it.
class Port {
  public:
    explicit Port(int backlog) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket_.fd(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(socket_.fd(), backlog), 0);
        EXPECT_EQ(::getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
    }
    [[nodiscard]] int fd() const { return socket_.fd(); }
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string url() const { return "ldaps://127.0.0.1:" + std::to_string(port_); }

  private:
    Socket socket_;
    int port_ = 0;
};

// Takes connections and never says anything.
class Silence : public Port {
  public:
    Silence() : Port(8) {}
    // Waits until somebody has connected and said something, and so waits for an answer.
    [[nodiscard]] bool is_spoken_to() {
        open_.emplace_back(::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC));
        pollfd ready{open_.back().fd(), POLLIN, 0};
        return ::poll(&ready, 1, 10'000) > 0;
    }

  private:
    std::vector<Socket> open_;
};

// Its queue is full: whoever connects waits, and nobody answers.
class FullHouse : public Port {
  public:
    FullHouse() : Port(0) {
        Cutoff cutoff;
        auto first = dial("127.0.0.1", port(), 2s, cutoff);
        EXPECT_TRUE(first);
        cutoff.detach();
        if (first) first_ = std::move(*first);
    }
    // Does somebody wait to be let in? State 02 is SYN_SENT (proc_net_tcp.txt of Linux).
    [[nodiscard]] bool is_knocked_at() const {
        std::ifstream table("/proc/net/tcp");
        const std::string waiting = fmt::format("0100007F:{:04X} 02 ", port());
        for (std::string line; std::getline(table, line);)
            if (line.find(waiting) != std::string::npos) return true;
        return false;
    }

  private:
    Socket first_;
};

// Takes connections, lets everybody begin to speak, then ends them, and counts. Ended earlier they would see
// one error or another.
class ClosedDoor : public Port {
  public:
    ClosedDoor() : Port(8), thread_([this](const std::stop_token& stop) { run(stop); }) {}
    [[nodiscard]] int visits() const { return visits_; }

  private:
    void run(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            pollfd ready{fd(), POLLIN, 0};
            if (::poll(&ready, 1, 5) <= 0) continue;
            const Socket visitor(::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC));
            pollfd speaks{visitor.fd(), POLLIN, 0};
            std::array<char, 8192> said;
            if (::poll(&speaks, 1, 5'000) > 0) (void)::recv(visitor.fd(), said.data(), said.size(), 0);
            ++visits_;
        }
    }
    std::atomic<int> visits_ = 0;
    std::jthread thread_;  // last
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
    Silence silence;
    Cutoff cutoff;
    Clock::time_point cut;
    std::jthread later([&] {
        EXPECT_TRUE(silence.is_spoken_to());
        cut = Clock::now();
        cutoff.cut();
    });
    EXPECT_FALSE(Connection::open(settings(silence.url()), cutoff));
    later.join();
    EXPECT_LT(Clock::now() - cut, 1s);
}

TEST(Cutoff, EndsAConnectAtOnce) {
    const FullHouse house;
    Cutoff cutoff;
    Clock::time_point cut;
    std::jthread later([&] {
        EXPECT_TRUE(eventually([&] { return house.is_knocked_at(); }));
        cut = Clock::now();
        cutoff.cut();
    });
    EXPECT_FALSE(dial("127.0.0.1", house.port(), 20s, cutoff));
    later.join();
    EXPECT_LT(Clock::now() - cut, 1s);
    EXPECT_FALSE(dial("127.0.0.1", 1, 5s, cutoff)) << "cut for good";
}

TEST(Directory, StopsWhileAServerIsSilent) {
    Silence silence;
    std::atomic<int> facts = 0;
    Directory directory(settings(silence.url()), [&](Fact) { ++facts; });
    directory.start(std::nullopt);
    ASSERT_TRUE(silence.is_spoken_to());
    const auto begin = Clock::now();
    directory.stop();
    EXPECT_LT(Clock::now() - begin, 1s);
    EXPECT_EQ(facts, 0);
}

TEST(Directory, ReportsOnceAndStopsWhileItPauses) {
    const ClosedDoor door;
    auto s = settings(door.url());
    s.pauses.first = 1ms;
    std::mutex mutex;
    std::vector<policy::DirectoryStatus> reports;
    Directory directory(s, [&](Fact fact) {
        const std::lock_guard lock(mutex);
        reports.push_back(std::get<policy::DirectoryStatus>(fact));
    });
    directory.start(std::nullopt);
    ASSERT_TRUE(eventually([&] { return door.visits() > 6; })) << "several tries, each of two visits at most";
    const auto begin = Clock::now();
    directory.stop();
    EXPECT_LT(Clock::now() - begin, 1s);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].health, policy::DirectoryHealth::unreachable);
    EXPECT_EQ(reports[0].directory, "corp");
}

// Whoever asks whether it is back does not wait for the next try, and is answered, with the same too.
TEST(Directory, TriesNowWhereSomebodyAsks) {
    const ClosedDoor door;
    auto s = settings(door.url());
    s.pauses.first = s.pauses.longest = 1h;
    std::atomic<int> reports = 0;
    Directory directory(s, [&](Fact) { ++reports; });
    EXPECT_FALSE(directory.try_now()) << "it has not begun";
    directory.start(std::nullopt);
    ASSERT_TRUE(eventually([&] { return reports == 1; }));
    ASSERT_TRUE(directory.try_now());
    EXPECT_TRUE(eventually([&] { return reports == 2; }));
}

// Whoever of these changes may be seen again, and only a complete read says so.
TEST(Remark, SpeaksOfThoseWhoseChangeMayEndIt) {
    policy::DirectorySnapshot read;
    policy::PersonEntry seen, hidden;
    seen.guid = *Guid::from_text("00000000-0000-0000-0000-000000000001");
    seen.login = "anna";
    seen.account_control = 512;
    seen.expires = kNever;
    seen.primary_group = 513;
    hidden.guid = *Guid::from_text("00000000-0000-0000-0000-000000000002");
    read.people = {seen, hidden};
    policy::GroupEntry whole, unread, doubtful;
    whole.guid = *Guid::from_text("00000000-0000-0000-0000-000000000003");
    unread.guid = *Guid::from_text("00000000-0000-0000-0000-000000000004");
    doubtful.guid = *Guid::from_text("00000000-0000-0000-0000-000000000005");
    const Guid nobody = *Guid::from_text("00000000-0000-0000-0000-000000000006");
    whole.members_known = doubtful.members_known = true;
    whole.members = {seen.guid};
    doubtful.members = {seen.guid, nobody};
    unread.members_known = false;
    read.groups = {whole, unread, doubtful};
    EXPECT_EQ(remarked(read), (std::vector<Guid>{hidden.guid, unread.guid, nobody, doubtful.guid}));
    policy::DirectoryStatus status;
    status.text = "deleted people are not seen";
    status.remarks = remarks(read);
    EXPECT_TRUE(status.remarks_on(policy::DirectoryRemark::About::people));
    EXPECT_TRUE(status.remarks_on(policy::DirectoryRemark::About::groups));
    EXPECT_EQ(status.sentence(),
              "deleted people are not seen; the state of 1 of 2 people cannot be read; let the bind account "
              "read all properties of them; `member` of 1 of 3 groups cannot be read; 1 of 3 groups name "
              "members that cannot be seen");
    read.people.pop_back();
    status.remarks = remarks(read);
    EXPECT_FALSE(status.remarks_on(policy::DirectoryRemark::About::people));
    read.groups.resize(1);
    EXPECT_TRUE(remarked(read).empty());
    EXPECT_TRUE(remarks(read).empty());
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
