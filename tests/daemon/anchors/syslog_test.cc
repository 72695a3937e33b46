// daemon/anchors/anchor_syslog: every head is one message, and whoever does not take it is named.
#include "daemon/anchors/anchor_syslog.h"

#include <gtest/gtest.h>

#include "schema/json.h"
#include "tests/bridges/syslog/test_collector.h"

namespace rollcall::anchors {
namespace {

constexpr const char* kNote =
    "corp.example.com/rollcall\n4213\nroot\n\n\xE2\x80\x94 corp.example.com/rollcall sig\n";

syslog::Target target(const syslog::TestCollector& collector) {
    return {collector.url(), collector.ca_file(), std::chrono::seconds{10}, std::chrono::seconds{10}};
}

TEST(AnchorSyslog, AHeadIsOneMessage) {
    const syslog::TestCollector collector;
    AnchorSyslog anchor("siem", target(collector), "corp.example.com");
    for (const std::uint64_t size : {4213U, 4300U}) {
        const Status put = anchor.put(size, kNote);
        ASSERT_TRUE(put) << put.error().text();
    }
    ASSERT_TRUE(collector.has(2));
    const std::string message = collector.messages()[0];
    EXPECT_TRUE(message.starts_with("<109>1 2")) << message;
    EXPECT_NE(message.find("Z corp.example.com rollcall - checkpoint - \xEF\xBB\xBF{"), std::string::npos)
        << message;
    const json::Value head = json::parse(message.substr(message.find('{'))).value();
    EXPECT_EQ(head["checkpoint"].text(), kNote);
    EXPECT_EQ(head["entries"].integer_or(0), 4213);
    EXPECT_FALSE(anchor.can_be_read());
    EXPECT_FALSE(anchor.newest().value());
    EXPECT_TRUE(anchor.all().value().heads.empty());
}

TEST(AnchorSyslog, WhoeverDoesNotTakeItIsNamed) {
    syslog::TestCollector collector;
    syslog::Target wrong = target(collector);
    wrong.ca_file = collector.other_ca_file();
    EXPECT_EQ(AnchorSyslog("siem", wrong, "x").put(1, kNote).error().kind, ErrorKind::denied);
    collector.kill();
    AnchorSyslog anchor("siem", target(collector), "corp.example.com");
    const Status put = anchor.put(1, kNote);
    ASSERT_FALSE(put);
    EXPECT_NE(put.error().message.find(std::to_string(collector.port())), std::string::npos)
        << put.error().text();
    const syslog::TestCollector again(collector, {});
    EXPECT_TRUE(anchor.put(1, kNote));
    EXPECT_TRUE(again.has(1));
}

TEST(AnchorSyslog, GivesUpWhenCancelled) {
    const syslog::TestCollector mute({"--plain", "--stall"});
    AnchorSyslog anchor(
        "siem", {"tls://127.0.0.1:" + std::to_string(mute.port()), "", std::chrono::minutes{5}, {}}, "x");
    anchor.cancel();
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_FALSE(anchor.put(1, kNote));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{20});
}

}  // namespace
}  // namespace rollcall::anchors
