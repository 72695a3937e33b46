// A person is erased: neither key nor name is left in any byte of the database's files.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <fstream>
#include <random>

#include "tests/daemon/store/store_fixture.h"

namespace rollcall::store {
namespace {

constexpr std::uint64_t kPeople = 3'000, kEntries = 6'000, kAtOnce = 1'000;

std::string name_of(std::uint64_t id) {
    // Far from one another in the order of names: their index grows in its middle.
    return "@p" + std::to_string(id * 2'654'435'761 % 100'000'007) + "-worker" + std::to_string(id) + ":x";
}

schema::PersonKey key_of(std::uint64_t id) {
    schema::PersonKey key{};
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = static_cast<unsigned char>((id >> (i % 2 * 8)) + i * 17);
    return key;
}

TrailRow entry_of(std::uint64_t number, std::uint64_t id, std::size_t length) {
    TrailRow row = entry(number);
    schema::TrailEntry whole;
    whole.time = row.time;
    whole.user = "@of-the-trail:x";
    whole.evidence.emplace().object = name_of(id);
    whole.reason = std::string(length, 'r');
    row.subject = id;
    const schema::PersonKey key = key_of(id);
    row.leaf = schema::split_trail_entry(whole, number, &key, nullptr).value();
    return row;
}

// Of many people in turn, so that pages are split. A split leaves copies behind, which secure_delete alone
// does not overwrite.
void fill(Store& store) {
    Turn people;
    for (std::uint64_t id = 1; id <= kPeople; ++id) people.person_keys.push_back({id, key_of(id), {}, {}});
    ASSERT_TRUE(ok(store.commit(people)));
    for (StoredPersonKey& known : people.person_keys) known.name = name_of(known.id);  // later: rows grow
    ASSERT_TRUE(ok(store.commit(people)));
    std::mt19937 random(1);  // the same every time
    for (std::uint64_t number = 1; number <= kEntries;) {
        Turn turn;
        for (std::uint64_t i = 0; i < kAtOnce; ++i, ++number)
            turn.trail.push_back(entry_of(number, random() % kPeople + 1, random() % 300));
        ASSERT_TRUE(ok(store.commit(turn)));
    }
}

std::string files(const TemporaryFolder& folder) {
    std::string out;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder.path())) {
        std::ifstream in(file.path(), std::ios::binary);
        out.append(std::istreambuf_iterator<char>(in), {});
    }
    return out;
}

std::size_t found(const std::string& bytes, const std::vector<std::uint64_t>& people) {
    std::size_t count = 0;
    for (const std::uint64_t id : people) {
        const schema::PersonKey key = key_of(id);
        const std::string key_bytes(key.begin(), key.end());
        count += bytes.find(name_of(id)) != std::string::npos ? 1U : 0U;
        count += bytes.find(key_bytes) != std::string::npos ? 1U : 0U;
    }
    return count;
}

std::vector<std::uint64_t> every_third() {
    std::vector<std::uint64_t> out;
    for (std::uint64_t id = 3; id <= kPeople; id += 3) out.push_back(id);
    return out;
}

TEST(Erase, LeavesNoByteInTheFiles) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    fill(*store);
    const std::vector<std::uint64_t> gone = every_third();
    ASSERT_EQ(found(files(folder), gone), 2 * gone.size());
    const TrailFilter all{.at_most = kEntries};
    const auto before = store->trail(all);
    ASSERT_TRUE(ok(store->commit({.erased_keys = gone, .erased_at = from_ms(77)})));
    EXPECT_EQ(found(files(folder), gone), 0U);
    EXPECT_EQ(store->person_keys()->size(), kPeople - gone.size());
    EXPECT_FALSE(*store->person_key({}, name_of(3)));
    EXPECT_EQ(*store->last_person_key(), kPeople) << "a number is never given again";
    const auto after = store->trail(all);
    ASSERT_TRUE(before && after);
    ASSERT_EQ(after->size(), kEntries);
    for (std::size_t i = 0; i < after->size(); ++i) {
        const StoredTrailEntry& is = (*after)[i];
        if (is.subject % 3 != 0) {
            ASSERT_EQ(is.text, (*before)[i].text) << "of others nothing changes";
            continue;
        }
        ASSERT_EQ(is.user, "");
        ASSERT_NE(is.text.find("\"erased\":\"" + schema::pseudonym(key_of(is.subject)) + "\""),
                  std::string::npos)
            << is.text;
    }
    const auto of_one = store->trail({.at_most = kEntries, .subject = 3});
    ASSERT_GT(of_one->size(), 0U);
    for (const StoredTrailEntry& each : *of_one) EXPECT_EQ(each.subject, 3U);
}

TEST(Erase, IsFinishedLaterWhereSomebodyWasReading) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    fill(*store);
    sqlite3* reader = nullptr;
    ASSERT_EQ(sqlite3_open(folder.database().c_str(), &reader), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(reader, "BEGIN; SELECT * FROM person_key", nullptr, nullptr, nullptr), SQLITE_OK);
    const std::vector<std::uint64_t> gone = every_third();
    ASSERT_TRUE(ok(store->commit({.erased_keys = gone, .erased_at = from_ms(77)})));
    EXPECT_GT(found(files(folder), gone), 0U) << "what is being read cannot be overwritten";
    ASSERT_EQ(sqlite3_close(reader), SQLITE_OK);
    store = nullptr;
    store = open_or_fail(folder.path());
    EXPECT_EQ(found(files(folder), gone), 0U);
}

}  // namespace
}  // namespace rollcall::store
