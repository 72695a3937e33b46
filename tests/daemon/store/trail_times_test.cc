// Questions about a time read only what may be of it, and find all that is, whichever way the clock went.
#include <algorithm>
#include <random>

#include "daemon/store/migrations.h"
#include "daemon/store/trail_times.h"
#include "tests/daemon/store/store_fixture.h"
#include "tests/share.h"

namespace rollcall::store {
namespace {

using Numbers = std::vector<std::uint64_t>;

// Entries of the times that the test says, in milliseconds.
std::vector<TrailRow> entries(const std::vector<std::int64_t>& times, std::uint64_t first) {
    std::vector<TrailRow> out;
    for (std::size_t i = 0; i < times.size(); ++i) {
        TrailRow& row = out.emplace_back(entry(first + i));
        row.time = from_ms(times[i]);
        row.kind = i % 7 == 0 ? "start" : "notice";
    }
    return out;
}

// A clock that mostly goes on, stands still, and goes back now and then, by a little or by far.
std::vector<std::int64_t> wandering(std::mt19937& random, std::size_t count) {
    std::vector<std::int64_t> out;
    std::int64_t now = 1'000'000;
    for (std::size_t i = 0; i < count; ++i) {
        now += static_cast<std::int64_t>(random() % 20);
        if (random() % 400 == 0) now -= static_cast<std::int64_t>(random() % 5'000);
        if (random() % 1'500 == 0) now += 40'000 - static_cast<std::int64_t>(random() % 80'000);
        out.push_back(now);
    }
    return out;
}

TEST(TrailTimes, AreFoundWhicheverWayTheClockWent) {
    std::mt19937 random(5);
    const std::vector<std::int64_t> times = wandering(random, 7'000);
    const auto [least, most] = std::minmax_element(times.begin(), times.end());
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    for (std::size_t done = 0; done < times.size();) {  // in turns of some hundred
        const std::size_t count = std::min(times.size() - done, 1 + std::size_t{random() % 700});
        const std::vector<std::int64_t> part(times.begin() + static_cast<std::ptrdiff_t>(done),
                                             times.begin() + static_cast<std::ptrdiff_t>(done + count));
        ASSERT_TRUE(ok(store->commit({.trail = entries(part, done + 1)})));
        done += count;
    }
    std::vector<std::string> kinds;
    ASSERT_TRUE(store->each_trail({}, [&](const StoredTrailEntry& row) {
        kinds.push_back(row.kind);
        return Status{};
    }));
    const auto moment = [&] {
        return *least - 100 +
               static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(*most - *least + 200));
    };
    std::size_t some = 0;
    const std::size_t questions = test::share_of(std::size_t{300});
    for (std::size_t question = 0; question < questions; ++question) {
        TrailFilter filter;
        if (random() % 3 != 0) filter.from = from_ms(moment());
        if (random() % 3 != 0) filter.to = from_ms(moment());
        if (random() % 3 == 0) filter.after = random() % 7'100;
        if (random() % 3 == 0) filter.kind = "start";
        filter.at_most = random() % 2 == 0 ? 50 : 100'000;
        Numbers wanted, all, newest;
        for (std::size_t i = 0; i < times.size(); ++i)
            if (i + 1 > filter.after && (!filter.from || from_ms(times[i]) >= *filter.from) &&
                (!filter.to || from_ms(times[i]) < *filter.to) &&
                (filter.kind.empty() || kinds[i] == filter.kind))
                wanted.push_back(i + 1);
        ASSERT_TRUE(store->each_trail(filter, [&](const StoredTrailEntry& row) {
            all.push_back(row.index);
            return Status{};
        }));
        ASSERT_EQ(all, wanted);
        const auto last = store->trail(filter);
        for (const StoredTrailEntry& row : *last) newest.push_back(row.index);
        if (wanted.size() > filter.at_most)
            wanted.erase(wanted.begin(), wanted.end() - static_cast<std::ptrdiff_t>(filter.at_most));
        ASSERT_EQ(newest, wanted);
        some += wanted.empty() ? 0U : 1U;
    }
    EXPECT_GT(some, questions / 3) << "a test of nothing";
}

TEST(TrailTimes, RuleOutWhatIsOfAnotherTime) {
    const TemporaryFolder folder;
    {
        auto store = open_or_fail(folder.path());
        std::vector<std::int64_t> times(5 * kTimeBlock + 3);
        for (std::size_t i = 0; i < times.size(); ++i) times[i] = static_cast<std::int64_t>(i);
        times[2 * kTimeBlock] = 7;  // back for one entry of the third
        ASSERT_TRUE(ok(store->commit({.trail = entries(times, 1)})));
    }
    auto database = Database::open(folder.database());
    const auto ranges = [&](const TrailFilter& filter) {
        Numbers out;
        const auto found = ranges_of(**database, filter);
        for (const NumberRange& range : *found) out.insert(out.end(), {range.after, range.last});
        return out;
    };
    const std::uint64_t end = std::numeric_limits<std::int64_t>::max(), last = 5 * kTimeBlock;
    EXPECT_EQ(ranges({}), (Numbers{0, end}));
    EXPECT_EQ(ranges({.from = from_ms(4 * kTimeBlock + 9)}), (Numbers{4 * kTimeBlock, end}));
    EXPECT_EQ(ranges({.to = from_ms(9)}),
              (Numbers{0, kTimeBlock, 2 * kTimeBlock, 3 * kTimeBlock, last, end}));
    EXPECT_EQ(ranges({.after = 2 * kTimeBlock + 5, .to = from_ms(9)}),
              (Numbers{2 * kTimeBlock + 5, 3 * kTimeBlock, last, end}));
    EXPECT_EQ(ranges({.after = last + 1, .to = from_ms(9)}), (Numbers{last + 1, end}));
    EXPECT_EQ(read_times(**database, 4)->size(), 1U);
    // What the table does not know is looked at.
    ASSERT_TRUE((*database)->execute("DROP TRIGGER trail_time_refuses_delete"));
    ASSERT_TRUE((*database)->execute("DELETE FROM trail_time WHERE block = 1"));
    EXPECT_EQ(ranges({.to = from_ms(9)}), (Numbers{0, 3 * kTimeBlock, last, end}));
}

TEST(TrailTimes, AreMadeOfAnOlderTrailAndNeverChanged) {
    const TemporaryFolder folder;
    std::vector<TimeBlock> made;
    {
        auto store = open_or_fail(folder.path());
        std::mt19937 random(9);
        ASSERT_TRUE(ok(store->commit({.trail = entries(wandering(random, 3'000), 1)})));
    }
    auto database = Database::open(folder.database());
    made = read_times(**database, 0).value();
    ASSERT_EQ(made.size(), 2U);
    for (const char* change : {"UPDATE trail_time SET latest = 0", "DELETE FROM trail_time",
                               "INSERT OR REPLACE INTO trail_time VALUES (0, 1, 2)"})
        EXPECT_FALSE((*database)->execute(change)) << change;
    ASSERT_TRUE((*database)->execute("DROP TABLE trail_time"));
    ASSERT_TRUE((*database)->execute(std::string(migrations()[5].sql)));
    EXPECT_EQ(read_times(**database, 0).value(), made);
}

}  // namespace
}  // namespace rollcall::store
