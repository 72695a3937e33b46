// bridges/syslog/sender: what arrives is what was sent, in frames; and what does not says why.
#include "bridges/syslog/sender.h"

#include <gtest/gtest.h>
#include <atomic>

#include "tests/bridges/syslog/test_collector.h"
#include "tests/wait.h"

namespace rollcall::syslog {
namespace {

using namespace std::chrono_literals;

Target target(const TestCollector& collector) {
    Target out;
    out.url = collector.url();
    if (out.url.starts_with("tls")) out.ca_file = collector.ca_file();
    return out;
}

std::unique_ptr<Sender> connected(const Target& target) {
    auto sender = Sender::connect(target, {});
    EXPECT_TRUE(sender) << sender.error().text();
    return sender ? std::move(*sender) : nullptr;
}

// Until something else than `open` is seen; that, or `open` after ten seconds.
Sender::Peer peer_after(Sender& sender) {
    static_cast<void>(eventually([&] { return sender.peer() != Sender::Peer::open; }));
    return sender.peer();
}

TEST(Sender, FramesSayTheirLength) {
    EXPECT_EQ(frame("<109>1 x"), "8 <109>1 x");
    EXPECT_EQ(frame("\xC3\xA9\n"), "3 \xC3\xA9\n") << "bytes, not characters";
}

TEST(Sender, MessagesArriveWholeAndInOrder) {
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--plain"}}) {
        const TestCollector collector(options);
        const auto sender = connected(target(collector));
        ASSERT_NE(sender, nullptr);
        std::string frames = frame("one\nwith a line break") + frame("");
        std::vector<std::string> expected{"one\nwith a line break", ""};
        for (int i = 0; i < 300; ++i) {
            expected.push_back(std::to_string(i) + std::string(1'000, 'x'));
            frames += frame(expected.back());
        }
        ASSERT_TRUE(sender->send(frames));
        ASSERT_TRUE(sender->flush());
        EXPECT_EQ(sender->unacknowledged(), 0U);
        EXPECT_TRUE(collector.has(expected.size()));
        EXPECT_EQ(collector.messages(), expected);
        EXPECT_EQ(sender->peer(), Sender::Peer::open);
    }
}

TEST(Sender, ACertificateOfAnotherAuthorityIsNotTrusted) {
    const TestCollector collector;
    Target wrong = target(collector);
    wrong.ca_file = collector.other_ca_file();
    const auto refused = Sender::connect(wrong, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
    EXPECT_NE(refused.error().message.find("is not trusted"), std::string::npos) << refused.error().text();
    wrong.ca_file = "";  // the system's do not know it either
    EXPECT_EQ(Sender::connect(wrong, {}).error().kind, ErrorKind::denied);
    wrong.ca_file = "/nowhere.pem";
    EXPECT_NE(Sender::connect(wrong, {}).error().message.find("ca_file"), std::string::npos);
    EXPECT_TRUE(collector.messages().empty());
}

TEST(Sender, ACertificateOfAnotherNameIsNotTrusted) {
    const TestCollector collector({"--names", "DNS:other.example.com,IP:127.0.0.2"});
    const auto refused = Sender::connect(target(collector), {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::denied);
    EXPECT_NE(refused.error().message.find("is not trusted"), std::string::npos) << refused.error().text();
}

TEST(Sender, OldTlsAndNoTlsAreRefused) {
    for (const char* option : {"--tls-1-1", "--plain"}) {
        const TestCollector collector({option});
        Target wanted{"tls://127.0.0.1:" + std::to_string(collector.port()), "", 5s, 5s};
        if (option != std::string("--plain")) wanted.ca_file = collector.ca_file();
        const auto refused = Sender::connect(wanted, {});
        ASSERT_FALSE(refused) << option;
        EXPECT_NE(refused.error().message.find("127.0.0.1"), std::string::npos) << refused.error().text();
    }
}

TEST(Sender, NobodyThereIsUnreachable) {
    TestCollector collector({"--plain"});
    collector.kill();
    const auto refused = Sender::connect(target(collector), {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_NE(refused.error().message.find("cannot be reached"), std::string::npos) << refused.error().text();
}

TEST(Sender, OnlyATrustedWayLeavesTheMachine) {
    for (const char* url : {"", "udp://127.0.0.1:514", "tcp://127.0.0.1", "tls://", "tls://a b:1",
                            "tls://siem.example.com:6514/path", "https://siem.example.com:6514",
                            "tcp://10.0.0.1:514", "tcp://siem.example.com:514"}) {
        const auto refused = Sender::connect({url, "", 1s, 1s}, {});
        ASSERT_FALSE(refused) << url;
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input) << url;
    }
}

TEST(Sender, TellsAnEndInOrderFromABrokenOne) {
    const std::string message = frame("x");
    for (const bool in_order : {true, false}) {
        for (const bool tls : {true, false}) {
            std::vector<std::string> options{in_order ? "--close-after" : "--reset-after", "1"};
            if (!tls) options.emplace_back("--plain");
            const TestCollector collector(options);
            const auto sender = connected(target(collector));
            ASSERT_NE(sender, nullptr);
            ASSERT_TRUE(sender->send(message));
            EXPECT_EQ(peer_after(*sender), in_order ? Sender::Peer::closed_in_order : Sender::Peer::broken)
                << options.size();
            EXPECT_TRUE(collector.has(1));
        }
    }
}

// Good-bye in TLS does not mean that everything was read.
TEST(Sender, AnEndWithUnreadBytesIsABrokenOne) {
    const TestCollector collector({"--leave-after", "1"});
    const auto sender = connected(target(collector));
    ASSERT_NE(sender, nullptr);
    const Status sent = sender->send(frame("x") + frame(std::string(1U << 20U, 'y')));
    EXPECT_TRUE(!sent || peer_after(*sender) == Sender::Peer::broken);
    EXPECT_TRUE(collector.has(1));
}

TEST(Sender, WhoeverNeverReadsIsGivenUp) {
    const TestCollector collector({"--stall"});
    Target wanted = target(collector);
    wanted.write_timeout = 300ms;
    const auto sender = connected(wanted);
    ASSERT_NE(sender, nullptr);
    const Status sent = sender->send(frame(std::string(64U << 20U, 'x')));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind, ErrorKind::limit);
    EXPECT_NE(sent.error().message.find("nothing more"), std::string::npos) << sent.error().text();
    EXPECT_GT(sender->unacknowledged(), 0U);
}

TEST(Sender, WhoeverNeverAnswersIsGivenUp) {
    const TestCollector collector({"--plain", "--stall"});  // a connection, and no TLS
    const auto refused =
        Sender::connect({"tls://127.0.0.1:" + std::to_string(collector.port()), "", 300ms, 1s}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::limit) << refused.error().text();
    EXPECT_NE(refused.error().message.find("does not answer"), std::string::npos);
}

TEST(Sender, StopsWhenTold) {
    const TestCollector collector({"--stall"});
    std::atomic<bool> stopping = false;
    auto sender = Sender::connect(target(collector), [&stopping] { return stopping.load(); });
    ASSERT_TRUE(sender);
    stopping = true;
    const Status sent = (*sender)->send(std::string(64U << 20U, 'x'));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().message, "ending");
    const TestCollector mute({"--plain", "--stall"});
    const auto begun = std::chrono::steady_clock::now();
    const auto refused = Sender::connect({"tls://127.0.0.1:" + std::to_string(mute.port()), "", 60s, 60s},
                                         [&stopping] { return stopping.load(); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "ending");
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
}

}  // namespace
}  // namespace rollcall::syslog
