// daemon/audit/collector: the collector gets every entry, in order, whatever happens to it or to us.
#include "daemon/audit/collector.h"

#include <gtest/gtest.h>
#include <fstream>
#include <set>

#include "daemon/audit/export_format.h"
#include "tests/bridges/syslog/test_collector.h"
#include "tests/daemon/audit/told.h"
#include "tests/daemon/audit/trail_fixture.h"
#include "tests/wait.h"

namespace rollcall::audit::test {
namespace {

using namespace std::chrono_literals;
using syslog::TestCollector;

class ToldOfCollector : public Told<CollectorState> {
  public:
    [[nodiscard]] bool sent(std::uint64_t entries) {
        return comes([entries](const CollectorState& now) { return now.sent >= entries; });
    }
};

CollectorSettings settings(const TrailFolder& at, const TestCollector& to) {
    CollectorSettings out;
    out.to.url = to.url();
    if (out.to.url.starts_with("tls")) out.to.ca_file = to.ca_file();
    out.feed = {at.folder.path(), at.folder.path() + "/audit", "corp.example.com", true};
    out.first_retry = out.last_retry = 10ms;
    return out;
}

std::unique_ptr<Collector> started(CollectorSettings settings, ToldOfCollector& told) {
    auto made = Collector::open(std::move(settings));
    EXPECT_TRUE(made) << made.error().text();
    (*made)->start(told.tell());
    return std::move(*made);
}

json::Value entry_of(const std::string& message) {
    const std::size_t brace = message.find('{');
    return brace == std::string::npos ? json::Value{} : json::parse(message.substr(brace)).value();
}

std::vector<std::int64_t> indices(const TestCollector& collector) {
    std::vector<std::int64_t> out;
    for (const std::string& message : collector.messages())
        out.push_back(entry_of(message)["index"].integer_or(0));
    return out;
}

// Every entry is there, and none comes before those that precede it were there.
testing::AssertionResult whole(const TestCollector& collector, std::int64_t entries) {
    std::int64_t next = 1;
    for (const std::int64_t index : indices(collector)) {
        if (index > next) return testing::AssertionFailure() << index << " came before " << next;
        if (index == next) ++next;
    }
    if (next == entries + 1) return testing::AssertionSuccess();
    return testing::AssertionFailure() << next - 1 << " entries of " << entries;
}

TEST(Collector, GetsEveryEntryOnceWhileAllIsWell) {
    const TestCollector collector;
    TrailFolder at;
    at.act(150);
    ToldOfCollector told;
    const auto sender = started(settings(at, collector), told);
    EXPECT_TRUE(told.sent(300));
    at.act(50);
    sender->wake();
    EXPECT_TRUE(told.sent(400));
    EXPECT_TRUE(collector.has(400));
    EXPECT_TRUE(whole(collector, 400));
    EXPECT_EQ(collector.messages().size(), 400U);
    EXPECT_EQ(told.last(), (CollectorState{collector.url(), 400, "", {}}));
    EXPECT_EQ(sender->state(), told.last());
}

TEST(Collector, GetsWhatTheStoreHasNoMore) {
    const TestCollector collector({"--plain"});
    TrailFolder at;
    at.act(300);
    at.publish();
    ASSERT_TRUE(at.commit(600));
    at.act(1);
    ToldOfCollector told;
    const auto sender = started(settings(at, collector), told);
    EXPECT_TRUE(collector.has(602));
    EXPECT_TRUE(whole(collector, 602));
}

TEST(Collector, GetsTheSameAsAnExport) {
    const TestCollector collector({"--plain"});
    TrailFolder at;
    at.act(1);
    ToldOfCollector told;
    const auto sender = started(settings(at, collector), told);
    ASSERT_TRUE(collector.has(2));
    const auto stored = at.store->trail({}).value();
    for (std::size_t i = 0; i < 2; ++i) {
        json::Value entry = json::parse(stored[i].text).value();
        entry.set("index", static_cast<std::int64_t>(i + 1));
        EXPECT_EQ(collector.messages()[i] + "\n",
                  export_line(ExportFormat::syslog, entry, "corp.example.com"));
    }
}

TEST(Collector, WithoutNamesNothingLeadsToAPerson) {
    const TestCollector collector({"--plain"});
    TrailFolder at;
    at.act(1);
    CollectorSettings without = settings(at, collector);
    without.feed.names = false;
    ToldOfCollector told;
    const auto sender = started(without, told);
    ASSERT_TRUE(collector.has(2));
    std::set<std::string> users;
    for (const std::string& message : collector.messages()) {
        for (const char* trace : {"ada", "Merger", "0a1b2c3d", "erased"})
            EXPECT_EQ(message.find(trace), std::string::npos) << message;
        const json::Value entry = entry_of(message);
        EXPECT_EQ(entry["action"].text(), "join");
        EXPECT_EQ(entry["room_key"].text(), "merger");
        users.insert(entry["user"].text());
    }
    ASSERT_EQ(users.size(), 1U) << "the same person has the same pseudonym";
    EXPECT_EQ(users.begin()->size(), 32U);
}

TEST(Collector, WhoeverBreaksOffGetsItAgain) {
    TrailFolder at;
    at.act(200);
    TestCollector resets({"--reset-after", "90"});
    ToldOfCollector told;
    const auto sender = started(settings(at, resets), told);
    ASSERT_TRUE(resets.has(200)) << "twice and more";
    EXPECT_TRUE(told.comes([](const CollectorState& now) { return !now.trouble.empty(); }));
    EXPECT_NE(told.last().since, Time{});
    resets.kill();
    const TestCollector well(resets, {});
    EXPECT_TRUE(told.sent(400));
    EXPECT_TRUE(
        told.comes([](const CollectorState& now) { return now.trouble.empty() && now.since == Time{}; }));
    EXPECT_TRUE(eventually([&] { return bool(whole(well, 400)); }, 20s));
    EXPECT_TRUE(whole(well, 400));
}

// It has read what it got, so nothing of that comes twice, and it goes on.
TEST(Collector, WhoeverClosesInOrderGetsTheRest) {
    TrailFolder at;
    at.act(32);  // one batch
    const TestCollector collector({"--close-after", "1"});
    ToldOfCollector told;
    const auto sender = started(settings(at, collector), told);
    EXPECT_TRUE(collector.has(64));
    EXPECT_TRUE(told.sent(64));
    // Read, and closed: on disk at once.
    const CollectorCursor cursor(at.folder.path(), collector.url());
    EXPECT_TRUE(eventually([&] { return cursor.read() >= 64; }, 20s));
    EXPECT_EQ(cursor.read(), 64U);
    at.act(1);
    sender->wake();
    EXPECT_TRUE(collector.has(66));
    EXPECT_TRUE(whole(collector, 66));
    EXPECT_EQ(collector.messages().size(), 66U);
}

TEST(Collector, WhoeverClosesAgainAndAgainGetsOn) {
    TrailFolder at;
    at.act(80);
    const TestCollector collector({"--close-after", "1"});
    ToldOfCollector told;
    const auto sender = started(settings(at, collector), told);
    EXPECT_TRUE(eventually([&] { return bool(whole(collector, 160)); }, 60s));
    EXPECT_TRUE(whole(collector, 160));
}

// Before anything can have settled, and long before sixteen megabytes: it gets on all the same.
TEST(Collector, WhoeverResetsSoonAgainAndAgainGetsOn) {
    TrailFolder at;
    at.act(20);
    const TestCollector collector({"--reset-after", "10"});
    CollectorSettings with = settings(at, collector);
    with.settle_at_least = 20ms;
    ToldOfCollector told;
    const auto sender = started(with, told);
    EXPECT_TRUE(eventually([&] { return bool(whole(collector, 40)); }, 60s));
    EXPECT_TRUE(whole(collector, 40));
}

TEST(Collector, NothingIsLostWhileItIsAwayNorByARestart) {
    TrailFolder at;
    at.act(50);
    TestCollector first;
    CollectorSettings with = settings(at, first);
    {
        ToldOfCollector told;
        const auto sender = started(with, told);
        EXPECT_TRUE(first.has(100));
        first.kill();
        at.act(50);
        sender->wake();
        EXPECT_TRUE(told.comes([](const CollectorState& now) { return !now.trouble.empty(); }));
        EXPECT_NE(told.last().trouble.find("127.0.0.1"), std::string::npos) << told.last().trouble;
    }
    at.act(50);
    const TestCollector again(first, {});
    ToldOfCollector told;
    const auto sender = started(with, told);
    EXPECT_TRUE(told.sent(300));
    EXPECT_TRUE(eventually([&] { return bool(whole(again, 300)); }, 20s));
    EXPECT_TRUE(whole(again, 300));
}

TEST(Collector, WhatIsSettledIsNotSentAgainByARestart) {
    TrailFolder at;
    at.act(50);
    const TestCollector collector;
    CollectorSettings with = settings(at, collector);
    with.settle_after = 10ms;
    const CollectorCursor cursor(at.folder.path(), with.to.url);
    {
        ToldOfCollector told;
        const auto sender = started(with, told);
        EXPECT_TRUE(told.sent(100));
        EXPECT_TRUE(eventually([&] { return cursor.read() >= 100; }, 20s));
    }
    EXPECT_EQ(cursor.read(), 100U);
    at.act(1);
    ToldOfCollector told;
    const auto sender = started(with, told);
    EXPECT_TRUE(told.sent(102));
    EXPECT_TRUE(collector.has(102));
    EXPECT_TRUE(whole(collector, 102));
    EXPECT_EQ(collector.messages().size(), 102U);
}

TEST(Collector, ItsEndSendsWhatIsLeft) {
    TrailFolder at;
    at.act(1);
    const TestCollector collector;
    ToldOfCollector told;
    const auto sender = started(settings(at, collector), told);
    EXPECT_TRUE(told.sent(2));
    at.act(100);
    sender->finish();
    EXPECT_TRUE(collector.has(202));
    EXPECT_TRUE(whole(collector, 202));
}

TEST(Collector, WhoeverNeverReadsHoldsUpNothing) {
    TrailFolder at;
    at.act(10);
    const TestCollector collector({"--plain", "--stall"});
    CollectorSettings with = settings(at, collector);
    with.to.url = "tls://127.0.0.1:" + std::to_string(collector.port());
    with.to.connect_timeout = 60s;
    with.last_words = 50ms;
    ToldOfCollector told;
    const auto begun = std::chrono::steady_clock::now();
    started(with, told)->finish();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
}

TEST(Collector, ACursorOfAnotherCollectorOrTrailBeginsAtTheFirstEntry) {
    TrailFolder at;
    const CollectorCursor cursor(at.folder.path(), "tls://a:1");
    EXPECT_EQ(cursor.read(), 0U);
    ASSERT_TRUE(cursor.write(3));
    EXPECT_EQ(cursor.read(), 3U);
    EXPECT_EQ(CollectorCursor(at.folder.path(), "tls://b:1").read(), 0U);
    std::ofstream(at.folder.path() + "/collector") << R"({"entries":3,"to":)";
    EXPECT_EQ(cursor.read(), 0U);
    at.act(1);
    const TestCollector collector({"--plain"});
    ASSERT_TRUE(CollectorCursor(at.folder.path(), collector.url()).write(50));
    ToldOfCollector told;
    const auto sender = started(settings(at, collector), told);
    EXPECT_TRUE(collector.has(2));
    EXPECT_TRUE(whole(collector, 2));
}

TEST(Collector, ACursorThatCannotBeWrittenIsTroubleAndLosesNothing) {
    TrailFolder at;
    at.act(5);
    std::filesystem::create_directory(at.folder.path() + "/collector.new");
    const TestCollector collector({"--plain"});
    CollectorSettings with = settings(at, collector);
    with.settle_after = 10ms;
    ToldOfCollector told;
    const auto sender = started(with, told);
    EXPECT_TRUE(collector.has(10));
    EXPECT_TRUE(told.comes([](const CollectorState& now) { return !now.trouble.empty(); }));
    std::filesystem::remove(at.folder.path() + "/collector.new");
    EXPECT_TRUE(told.comes([](const CollectorState& now) { return now.trouble.empty(); }));
    EXPECT_TRUE(whole(collector, 10));
}

}  // namespace
}  // namespace rollcall::audit::test
