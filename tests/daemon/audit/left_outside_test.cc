// What was left in places outside, beside what is there: who says so, and what is told of a difference.
#include "daemon/audit/left_outside.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/audit/basis_history.h"
#include "daemon/audit/expectation.h"

namespace rollcall::audit::test {
namespace {

using schema::TrailAnchor;

Anchor head(std::uint64_t size) {
    return {"somewhere",
            fmt::format("log\n{}\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— log AAAA\n", size), true};
}

const TrailAnchor kWorm{"worm", "folder", "/mnt/worm", "", "", 3, 30};

class LeftOutside : public testing::Test {
  protected:
    [[nodiscard]] std::string faults() const {
        std::string out;
        for (const Fault& fault : compare_anchors({{"entry 7", known}}, now, {reading}))
            out += fault.place + ": " + fault.text + "\n";
        return out;
    }
    TrailAnchor known = kWorm;
    std::vector<TrailAnchor> now{{.name = "worm", .kind = "folder", .place = "/mnt/worm"}};
    AnchorReading reading{"worm", true, {}, HeldOutside{{head(10), head(20), head(30), head(40)}, {}, true}};
};

TEST_F(LeftOutside, AllOfItIsThere) {
    EXPECT_EQ(faults(), "");
    reading.kept->heads.erase(reading.kept->heads.begin() + 3);
    EXPECT_EQ(faults(), "");
    known.heads = 0;
    reading.kept->heads.clear();
    EXPECT_EQ(faults(), "") << "it is new";
}

TEST_F(LeftOutside, WhatIsMissingIsToldAlsoWhereNewOnesCame) {
    reading.kept->heads.erase(reading.kept->heads.begin());
    for (std::uint64_t size = 50; size < 90; size += 10) reading.kept->heads.push_back(head(size));
    EXPECT_EQ(
        faults(),
        "audit.anchors.worm: checkpoints are missing: entry 7 says that 3 were left there, the newest of 30 "
        "entries, and 2 of these are there\n");
    reading.kept->heads.push_back(head(20));  // the same once more is no other
    EXPECT_NE(faults(), "");
    reading.kept->heads.clear();
    EXPECT_NE(faults().find("it was emptied"), std::string::npos) << faults();
}

TEST_F(LeftOutside, AnAnchorThatIsGoneOrElsewhereIsTold) {
    now.front().place = "/mnt/other";
    EXPECT_EQ(faults(),
              "audit.anchors.worm: entry 7 has it as folder /mnt/worm, and now it is folder /mnt/other\n");
    now.clear();
    EXPECT_EQ(faults(),
              "audit.anchors.worm: entry 7 has it, folder /mnt/worm, and the configuration has not\n");
}

TEST_F(LeftOutside, AnotherRoomAndNoneAreOtherPlaces) {
    known = {"worm", "room", "audit", "", "!a", 3, 30};
    now = {{.name = "worm", .kind = "room", .place = "audit", .room = "!a"}};
    EXPECT_EQ(faults(), "");
    now.front().room = "!b";
    EXPECT_NE(faults(), "");
    now.front().room = "";
    EXPECT_NE(faults(), "");
}

TEST_F(LeftOutside, WhatCannotBeReadIsNotCompared) {
    reading.kept->heads.clear();
    reading.kept->whole = false;
    EXPECT_EQ(faults(), "");
    reading.kept = fail(ErrorKind::limit, "it hangs");
    EXPECT_EQ(faults(), "");
}

TEST_F(LeftOutside, WhatWasTakenAwayIsToldHoweverMuchIsThere) {
    reading.kept->taken_away = {"a message was redacted: $e"};
    EXPECT_EQ(faults(), "audit.anchors.worm: a message was redacted: $e\n");
}

TEST(BasisHistory, RemembersWhatAnchorsThereWereAndTheMostThatTheyWereGiven) {
    BasisHistory history;
    const auto say = [&](std::uint64_t number, std::vector<TrailAnchor> anchors) {
        json::Value ours;
        ours.set("basis", schema::to_json(schema::TrailBasis{"1", "aa", std::move(anchors)}));
        history.take(number, ours);
    };
    history.take(1, json::Value{json::Object{}});
    EXPECT_FALSE(history.last());
    TrailAnchor fewer = kWorm;
    fewer.heads = 1;
    say(2, {kWorm});
    say(3, {fewer});  // of a database from an older backup
    EXPECT_EQ(history.last()->number, 3U);
    EXPECT_EQ(history.last()->basis.anchors[0].heads, 3U);
    EXPECT_TRUE(history.former().empty());
    say(4, {});
    ASSERT_EQ(history.former().size(), 1U);
    EXPECT_EQ(history.former()[0].since, 4U);
    say(5, {fewer});
    EXPECT_TRUE(history.former().empty()) << "it is there again";
    EXPECT_EQ(history.last()->basis.anchors[0].heads, 3U);
}

TEST(Expectation, IsReadAsItWasWritten) {
    const Expectation all{
        "log", "log+1+A", "log\n3\n", {kWorm, {.name = "r", .kind = "room", .place = "audit"}}};
    const auto read = read_expectation(write_expectation(all));
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(read->origin, "log");
    EXPECT_EQ(read->key, "log+1+A");
    EXPECT_EQ(read->checkpoint, "log\n3\n");
    EXPECT_EQ(read->anchors, all.anchors);
    const auto least = read_expectation(
        R"({"v": 1, "anchors": [{"name": "worm", "kind": "folder", "place": "/mnt/worm"}]})");
    ASSERT_TRUE(least) << least.error().text();
    EXPECT_EQ(least->anchors.size(), 1U);
    EXPECT_TRUE(read_expectation(write_expectation({})));
}

TEST(Expectation, RefusesWhatItDoesNotUnderstand) {
    for (const char* text : {"", "[]", "{}", R"({"v":2})", R"({"v":1,"anchor":[]})", R"({"v":1,"key":7})",
                             R"({"v":1,"anchors":{}})", R"({"v":1,"anchors":[{"name":"a"}]})",
                             R"({"v":1,"anchors":[{"name":"a","kind":"folder","place":"/a","head":1}]})",
                             R"({"v":1,"anchors":[{"name":"a","kind":"folder","place":"/a","heads":"1"}]})"})
        EXPECT_FALSE(read_expectation(text)) << text;
}

}  // namespace
}  // namespace rollcall::audit::test
