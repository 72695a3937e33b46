// The control socket as its clients see it, the rude ones too: daemon/control/socket.h.
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <atomic>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>
#include <vector>

#include "tests/daemon/control/client.h"
#include "tests/daemon/control/daemon.h"

namespace rollcall::control {
namespace {

using namespace std::chrono_literals;

const std::string kStatus = "{\"command\":\"status\"}\n";
const std::string kQuestion = "{\"command\":\"audit.list\",\"args\":{\"rule\":\"\"}}\n";

// A trail whose reading lasts until the test lets go of it.
class LongTrail : public store::TrailSource {
  public:
    explicit LongTrail(std::shared_future<void> go_on) : go_on_(std::move(go_on)) {}
    Result<std::vector<store::StoredTrailEntry>> trail(const store::TrailFilter& filter) override {
        std::vector<store::StoredTrailEntry> rows;
        const Status read = each_trail(filter, [&](const store::StoredTrailEntry& row) {
            rows.push_back(row);
            return Status{};
        });
        if (!read) return pass(read);
        return rows;
    }
    Status each_trail(const store::TrailFilter& filter, const store::TrailVisit& visit) override {
        go_on_.wait();
        if (filter.kind == "policy") return {};  // no room was ever renamed
        store::StoredTrailEntry row;
        row.index = 4711;
        row.text = R"({"kind":"start"})";
        return visit(row);
    }
    Result<std::uint64_t> trail_size() override { return 4711; }
    void read_leaves_with(store::LeafReader) override {}

  private:
    std::shared_future<void> go_on_;
};

class Socket : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "rollcall-control-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
        path_ = folder_ + "/run/control.sock";
        daemon_.work();
    }
    void TearDown() override {
        socket_.reset();
        daemon_.rest();
        std::filesystem::remove_all(folder_);
    }
    [[nodiscard]] Status listen(const std::string& group, SocketLimits limits = {}) {
        auto made =
            ControlSocket::listen(path_, group, daemon_.handler, daemon_.mailbox, daemon_.log, limits);
        if (!made) return pass(made);
        socket_ = std::move(*made);
        return {};
    }
    void listen() { ASSERT_TRUE(listen(own_group())); }
    [[nodiscard]] static std::string own_group() {
        const group* found = getgrgid(getgid());
        return found == nullptr ? "root" : found->gr_name;
    }
    std::string folder_, path_;
    std::promise<void> go_on_;
    std::atomic<int> read_ = 0;
    Daemon daemon_{
        {}, [this, reading = go_on_.get_future().share()] {
            ++read_;
            return Result<std::unique_ptr<store::TrailSource>>(std::make_unique<LongTrail>(reading));
        }};
    std::unique_ptr<ControlSocket> socket_;
};

TEST_F(Socket, MayBeUsedByItsOwnerAndGroupAlone) {
    listen();
    struct stat status {};
    ASSERT_EQ(stat(path_.c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 07777U, 0660U);
    EXPECT_EQ(status.st_gid, getgid());
    socket_.reset();
    EXPECT_NE(stat(path_.c_str(), &status), 0) << "it is gone with the daemon";
}

TEST_F(Socket, IsMadeWithoutItsGroupTooForItsOwnerAlone) {
    ASSERT_TRUE(listen("no-such-group-here"));
    struct stat status {};
    ASSERT_EQ(stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(Socket, IsNotTakenFromADaemonThatAnswers) {
    listen();
    auto second = ControlSocket::listen(path_, own_group(), daemon_.handler, daemon_.mailbox, daemon_.log);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::conflict);
    Client client(path_);
    client.send(kStatus);
    EXPECT_NE(client.line(), "");
}

TEST_F(Socket, LeavesWhatIsNoSocketAsItIs) {
    std::filesystem::create_directories(folder_ + "/run");
    std::ofstream(path_) << "precious";
    const Status refused = listen(own_group());
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("is no socket"), std::string::npos) << refused.error().message;
    std::string kept;
    std::ifstream file(path_);
    std::getline(file, kept);
    EXPECT_EQ(kept, "precious");
}

TEST_F(Socket, OfADaemonThatWasKilledIsReplaced) {
    std::filesystem::create_directories(folder_ + "/run");
    {
        const Descriptor killed(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(bind(killed.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    ASSERT_TRUE(std::filesystem::is_socket(path_));
    listen();
    EXPECT_TRUE(connect_daemon(path_));
}

TEST_F(Socket, ServesTwoClientsAtOnce) {
    listen();
    Client first(path_), second(path_);
    second.send("{\"command\":\"dance\"}\n" + kStatus);
    first.send("{\"command\":\"sta");  // half a request holds up nobody
    EXPECT_NE(second.line().find("unknown command 'dance'"), std::string::npos);
    EXPECT_NE(second.line().find("\"result\""), std::string::npos);
    first.send("tus\"}\n");
    EXPECT_NE(first.line().find("\"result\""), std::string::npos);
}

TEST_F(Socket, AnswersWhileAQuestionReadsTheTrail) {
    listen();
    Client asker(path_), other(path_);
    asker.send(kQuestion);
    for (int i = 0; i < 3; ++i) {  // before the reading, during it, and no matter which
        other.send(kStatus);
        EXPECT_NE(other.line().find("\"result\""), std::string::npos);
    }
    EXPECT_TRUE(asker.silent_for(50ms));
    go_on_.set_value();
    EXPECT_NE(asker.line().find("\"index\":4711"), std::string::npos) << "read from what was opened for it";
}

TEST_F(Socket, SaysWhatIsNoJson) {
    listen();
    Client client(path_);
    client.send("nonsense\n" + kStatus);
    EXPECT_NE(client.line().find("the request is no JSON"), std::string::npos);
    EXPECT_NE(client.line().find("\"result\""), std::string::npos) << "and goes on";
}

TEST_F(Socket, EndsAClientWhoseLineDoesNotEnd) {
    listen();
    Client client(path_), other(path_);
    client.send(std::string(2 * kMostPolicyBytes + 65'536, 'x'));
    EXPECT_TRUE(client.ended());
    other.send(kStatus);
    EXPECT_NE(other.line(), "");
}

TEST_F(Socket, TakesOneLargeRequestOfEachAtATime) {
    listen();
    Client client(path_), second(path_), other(path_);
    const std::string large(1024U * 1024U,
                            ' ');  // a socket holds a fifth of it, so that the rest has been read
    client.send(large + kStatus);
    EXPECT_NE(client.line().find("\"result\""), std::string::npos) << "a policy's files have room";
    client.send(large);
    second.send(large);
    EXPECT_TRUE(second.ended());
    client.send(kStatus);
    EXPECT_NE(client.line().find("\"result\""), std::string::npos) << "it was the first";
    other.send(kStatus);
    EXPECT_NE(other.line(), "");
}

TEST_F(Socket, SaysBusyWhereTheMailboxIsFull) {
    listen();
    daemon_.rest();
    while (
        daemon_.mailbox.offer(engine::Command{[](engine::Engine&) { return std::function<void()>{}; }, true}))
        continue;
    Client client(path_);
    client.send(kStatus);
    EXPECT_NE(client.line().find("the daemon is busy"), std::string::npos);
    EXPECT_TRUE(daemon_.sim.engine().turn(daemon_.mailbox.take(), daemon_.sim.agenda.moment()));
    daemon_.work();
    client.send(kStatus);
    EXPECT_NE(client.line().find("\"result\""), std::string::npos);
}

// Whoever leaves connections open loses the oldest of them, and is in nobody's way.
TEST_F(Socket, PutsOutTheOldestIdleOneOfWhoeverHasTooMany) {
    ASSERT_TRUE(listen(own_group(), {.callers = {.of_one = 4}}));
    std::vector<Client> clients;
    for (int i = 0; i < 20; ++i) {
        clients.emplace_back(path_).send(kStatus);
        EXPECT_NE(clients.back().line().find("\"result\""), std::string::npos) << i;
    }
    EXPECT_TRUE(clients.front().ended());
    clients.back().send(kStatus);
    EXPECT_NE(clients.back().line(), "");
}

TEST_F(Socket, SaysBusyToWhomItWorksForAlready) {
    ASSERT_TRUE(listen(own_group(), {.callers = {.of_one = 2}}));
    Client first(path_), second(path_);
    first.send(kQuestion);
    second.send(kQuestion);
    while (read_ < 2) std::this_thread::yield();
    Client late(path_);
    EXPECT_NE(late.line().find("as many commands of yours"), std::string::npos);
    EXPECT_TRUE(late.ended());
    go_on_.set_value();
    EXPECT_NE(first.line().find("\"index\":4711"), std::string::npos);
    EXPECT_NE(second.line().find("\"index\":4711"), std::string::npos);
}

TEST_F(Socket, EndsWhoeverAsksNothing) {
    ASSERT_TRUE(listen(own_group(), {.idle = 100ms}));
    Client silent(path_), half(path_), asker(path_);
    half.send("{\"command\":");
    EXPECT_TRUE(silent.ended());
    EXPECT_TRUE(half.ended());
    Client fresh(path_);
    fresh.send(kStatus);
    EXPECT_NE(fresh.line().find("\"result\""), std::string::npos);
    EXPECT_TRUE(fresh.ended()) << "and after an answer too";
}

// Somebody reads a plan for as long as they like, and says yes then.
TEST_F(Socket, AnswersACommandLineThatWasIdle) {
    ASSERT_TRUE(listen(own_group(), {.idle = 50ms}));
    auto transport = connect_daemon(path_);
    ASSERT_TRUE(transport);
    const json::Value request = *json::parse(R"({"command":"status"})");
    for (int i = 0; i < 2; ++i) {
        const auto answer = (*transport)->ask(request);
        ASSERT_TRUE(answer) << answer.error().text();
        EXPECT_FALSE((*answer)["result"].is_null());
        Client other(path_);
        EXPECT_TRUE(other.ended()) << "so long that idle connections have ended";
    }
}

// A daemon that was stopped, or whose disk hangs: the kernel takes the connection, and nobody reads.
TEST_F(Socket, ADaemonThatHangsIsSaidToHang) {
    daemon_.rest();  // nobody takes what is in the mailbox
    listen();
    for (const char* command : {"status", "holds"}) {
        auto transport = connect_daemon(path_, 50ms);
        ASSERT_TRUE(transport);
        json::Value request;
        request.set("command", command);
        const auto answer = (*transport)->ask(request);
        ASSERT_FALSE(answer) << command;
        EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
        EXPECT_NE(answer.error().message.find(fmt::format("(process {})", getpid())), std::string::npos)
            << answer.error().message;
    }
    daemon_.work();
}

// What takes long because there is much to read is waited for as long as the daemon answers others.
TEST_F(Socket, AnAnswerThatTakesLongIsWaitedFor) {
    listen();
    auto transport = connect_daemon(path_, 500ms);
    ASSERT_TRUE(transport);
    std::thread later([&] {
        std::this_thread::sleep_for(1500ms);  // that long the reading takes
        go_on_.set_value();
    });
    const auto answer = (*transport)->ask(*json::parse(kQuestion));
    later.join();
    ASSERT_TRUE(answer) << answer.error().text();
    EXPECT_FALSE((*answer)["result"].is_null());
}

TEST_F(Socket, PutsTheCallerOnRecord) {
    listen();
    Client client(path_);
    client.send("{\"command\":\"pause\",\"args\":{\"reason\":\"a test\"}}\n");
    EXPECT_NE(client.line().find("all but departures"), std::string::npos);
    daemon_.rest();
    const auto entries = daemon_.sim.store().trail({});
    ASSERT_TRUE(entries && !entries->empty());
    const auto entry = json::parse(entries->back().text);
    ASSERT_TRUE(entry);
    EXPECT_EQ((*entry)["reason"].text(), "a test");
    EXPECT_EQ((*entry)["caller"]["uid"].integer_or(-2), static_cast<std::int64_t>(getuid()))
        << entries->back().text;
}

TEST_F(Socket, EndsAlthoughAClientDoesNotRead) {
    listen();
    Client rude(path_);
    rude.send_until_full("nonsense\n");
    auto ending = std::async(std::launch::async, [this] { socket_.reset(); });
    EXPECT_EQ(ending.wait_for(3s), std::future_status::ready);
    rude = Client();  // so that a test that failed ends, too
}

TEST_F(Socket, DoesNotSpinWithoutDescriptors) {
    listen();
    Client client;
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlimit none = limit;
    { none.rlim_cur = static_cast<rlim_t>(Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)).get()); }
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    client.connect(path_);
    client.send(kStatus);
    const std::clock_t before = std::clock();  // of all threads
    EXPECT_TRUE(client.silent_for(400ms));
    const double busy = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_LT(busy, 0.1);
    EXPECT_NE(client.line().find("\"result\""), std::string::npos) << "whoever waited is served after all";
}

}  // namespace
}  // namespace rollcall::control
