// The trail: found by its filter, without gaps, and never changed by anybody.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/daemon/store/store_fixture.h"

namespace rollcall::store {
namespace {

std::vector<std::uint64_t> indices(Store& store, const TrailFilter& filter) {
    std::vector<std::uint64_t> found;
    const auto entries = store.trail(filter);
    EXPECT_TRUE(entries);
    for (const StoredTrailEntry& each : *entries) found.push_back(each.index);
    return found;
}

using Indices = std::vector<std::uint64_t>;

TEST(Trail, FiltersByWhomWhereAndWhat) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(ok(
        store->commit({.trail = {entry(1, "kick", "@ada:x", "merger"), entry(2, "kick", "@bob:x", "merger"),
                                 entry(3, "join", "@ada:x", "merger"), entry(4, "join", "@ada:x", "lobby"),
                                 entry(5, "start")}})));
    EXPECT_EQ(*store->trail_size(), 5U);
    EXPECT_EQ(indices(*store, {}), (Indices{1, 2, 3, 4, 5}));
    EXPECT_EQ(indices(*store, {.user = "@ada:x"}), (Indices{1, 3, 4}));
    EXPECT_EQ(indices(*store, {.user = "@ada:x", .room = "merger"}), (Indices{1, 3}));
    EXPECT_EQ(indices(*store, {.room = "merger", .kind = "kick"}), (Indices{1, 2}));
    EXPECT_EQ(indices(*store, {.user = "@ada:x", .room = "merger", .kind = "join"}), (Indices{3}));
    EXPECT_EQ(indices(*store, {.user = "@ada:"}), Indices{});
    EXPECT_EQ(indices(*store, {.after = 3}), (Indices{4, 5}));
    EXPECT_EQ(indices(*store, {.at_most = 2}), (Indices{4, 5}));
    EXPECT_EQ(indices(*store, {.user = "@ada:x", .after = 1, .at_most = 1}), (Indices{4}));
    EXPECT_EQ(indices(*store, {.at_most = std::numeric_limits<std::size_t>::max()}).size(), 5U);
    const auto found = store->trail({.room = "lobby"});
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ((*found)[0].kind, "join");
    EXPECT_EQ((*found)[0].user, "@ada:x");
    EXPECT_EQ((*found)[0].room, "lobby");
    EXPECT_EQ((*found)[0].text, "{\"entry\":4}");
    EXPECT_EQ((*found)[0].time, from_ms(4));
}

TEST(Trail, IsReadOneByOneUntilTheReaderHasEnough) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(ok(
        store->commit({.trail = {entry(1, "kick"), entry(2, "join"), entry(3, "kick"), entry(4, "kick")}})));
    Indices seen;
    const auto note = [&](const StoredTrailEntry& each) -> Status {
        if (each.index == 4) return fail(ErrorKind::limit, "enough");
        seen.push_back(each.index);
        return {};
    };
    const Status read = store->each_trail({.kind = "kick", .at_most = 1}, note);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "enough");
    EXPECT_EQ(seen, (Indices{1, 3}));
    EXPECT_EQ(indices(*store, {.from = from_ms(2), .to = from_ms(4)}), (Indices{2, 3}));
    EXPECT_EQ(indices(*store, {.from = from_ms(5)}), Indices{});
}

TEST(Trail, RefusesAGapAndKeepsNothingOfThatTurn) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(ok(store->commit({.trail = {entry(1)}})));
    for (const std::uint64_t index : {0U, 1U, 3U}) {
        const Status refused = store->commit({.trail = {entry(index)}, .marks = {{"kind", "key", "value"}}});
        ASSERT_FALSE(refused) << index;
        EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    }
    EXPECT_FALSE(store->commit({.trail = {entry(2), entry(4)}}));
    EXPECT_FALSE(store->fatal());
    EXPECT_EQ(*store->trail_size(), 1U);
    EXPECT_TRUE(store->marks()->empty());
    EXPECT_TRUE(ok(store->commit({.trail = {entry(2), entry(3)}})));
}

// Somebody with the file and another program.
class OtherProgram {
  public:
    explicit OtherProgram(const std::string& path) {
        EXPECT_EQ(sqlite3_open(path.c_str(), &handle_), SQLITE_OK);
    }
    ~OtherProgram() { sqlite3_close(handle_); }
    OtherProgram(const OtherProgram&) = delete;
    OtherProgram& operator=(const OtherProgram&) = delete;
    std::string run(const char* sql) {
        char* said = nullptr;
        sqlite3_exec(handle_, sql, nullptr, nullptr, &said);
        const std::string text = said == nullptr ? "" : said;
        sqlite3_free(said);
        return text;
    }

  private:
    sqlite3* handle_ = nullptr;
};

TEST(Trail, RefusesChangesByAnyProgram) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(ok(store->commit({.trail = {entry(1, "kick"), entry(2, "join")}})));
    OtherProgram other(folder.database());
    EXPECT_EQ(other.run("UPDATE trail SET text = '' WHERE number = 1"), "the trail is append-only");
    EXPECT_EQ(other.run("DELETE FROM trail"), "the trail is append-only");
    const std::string gap = "entries of the trail follow one another without a gap";
    EXPECT_EQ(other.run("INSERT OR REPLACE INTO trail VALUES (1, 0, NULL, NULL, NULL, 'other')"), gap);
    EXPECT_EQ(other.run("INSERT INTO trail VALUES (4, 0, NULL, NULL, NULL, 'other')"), gap);
    const auto entries = store->trail({});
    ASSERT_EQ(entries->size(), 2U);
    EXPECT_EQ((*entries)[0].kind, "kick");
}

}  // namespace
}  // namespace rollcall::store
