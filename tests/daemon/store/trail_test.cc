// The trail: found by its filter, without gaps, and never changed by anybody.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <fstream>

#include "daemon/store/folder_lock.h"
#include "daemon/store/migrations.h"
#include "daemon/store/trail_reader.h"
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
using Kind = schema::TrailKind;

const std::vector<StoredPersonKey> kAdaAndBob = {person(1, "@ada:x"), person(2, "@bob:x")};

TEST(Trail, FiltersByWhomWhereAndWhat) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(
        ok(store->commit({.person_keys = kAdaAndBob,
                          .trail = {entry(1, Kind::intent, 1, "@ada:x", "merger"),
                                    entry(2, Kind::intent, 2, "@bob:x", "merger"),
                                    entry(3, Kind::result, 1, "@ada:x", "merger"),
                                    entry(4, Kind::result, 1, "@ada:x", "lobby"), entry(5, Kind::start)}})));
    EXPECT_EQ(*store->trail_size(), 5U);
    EXPECT_EQ(indices(*store, {}), (Indices{1, 2, 3, 4, 5}));
    EXPECT_EQ(indices(*store, {.user = "@ada:x"}), (Indices{1, 3, 4}));
    EXPECT_EQ(indices(*store, {.user = "@ada:x", .room = "merger"}), (Indices{1, 3}));
    EXPECT_EQ(indices(*store, {.room = "merger", .kind = "intent"}), (Indices{1, 2}));
    EXPECT_EQ(indices(*store, {.user = "@ada:x", .room = "merger", .kind = "result"}), (Indices{3}));
    EXPECT_EQ(indices(*store, {.user = "@ada:"}), Indices{});
    EXPECT_EQ(indices(*store, {.after = 3}), (Indices{4, 5}));
    EXPECT_EQ(indices(*store, {.at_most = 2}), (Indices{4, 5}));
    EXPECT_EQ(indices(*store, {.user = "@ada:x", .after = 1, .at_most = 1}), (Indices{4}));
    EXPECT_EQ(indices(*store, {.at_most = std::numeric_limits<std::size_t>::max()}).size(), 5U);
    const auto found = store->trail({.room = "lobby"});
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ((*found)[0].kind, "result");
    EXPECT_EQ((*found)[0].user, "@ada:x");
    EXPECT_EQ((*found)[0].room, "lobby");
    EXPECT_EQ(
        (*found)[0].text,
        R"({"kind":"result","room_key":"lobby","time":"1970-01-01T00:00:00.004Z","user":"@ada:x","v":2})");
    EXPECT_EQ((*found)[0].time, from_ms(4));
}

TEST(Trail, FindsAPersonByEveryKeyThatIsTheirs) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    const Guid guid = *Guid::from_text("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
    ASSERT_TRUE(ok(store->commit(
        {.person_keys = {person(1, "", guid), person(2, "@ada:x"), person(3, "@bob:x")},
         .trail = {entry(1, Kind::directory, 1, "@ada:x"), entry(2, Kind::membership, 2, "@ada:x"),
                   entry(3, Kind::membership, 3, "@bob:x")}})));
    EXPECT_EQ(indices(*store, {.user = "@ada:x"}), Indices{2});
    EXPECT_EQ((*store->person_key(guid, "@ada:x"))->id, 1U);
    EXPECT_EQ((*store->person_key({}, "@ada:x"))->id, 2U);
    EXPECT_FALSE(*store->person_key({}, "@eve:x"));
    EXPECT_EQ(*store->last_person_key(), 3U);
    ASSERT_TRUE(ok(store->commit({.person_keys = {person(2, "@ada:x", guid)}})));  // now it is known
    EXPECT_EQ(indices(*store, {.user = "@ada:x"}), (Indices{1, 2}));
}

TEST(Trail, FindsWhoeverHasAnotherMatrixIdNowByEachOfThem) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    const Guid ada = *Guid::from_text("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
    const Guid bob = *Guid::from_text("1a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
    ASSERT_TRUE(ok(store->commit(
        {.person_keys = {person(1, "@ada:x", ada), person(2, "@countess:x", ada), person(3, "@bob:x", bob),
                         person(4, "@late:x")},
         .trail = {entry(1, Kind::directory, 1, "@ada:x"), entry(2, Kind::membership, 2, "@countess:x"),
                   entry(3, Kind::membership, 3, "@bob:x"), entry(4, Kind::membership, 4, "@late:x")}})));
    for (const TrailFilter& filter :
         {TrailFilter{.user = "@ada:x"}, TrailFilter{.user = "@countess:x"}, TrailFilter{.person = ada},
          TrailFilter{.user = "@new:x", .person = ada}, TrailFilter{.subject = 1}, TrailFilter{.subject = 2}})
        EXPECT_EQ(indices(*store, filter), (Indices{1, 2}));
    // A Matrix ID of somebody whom the trail did not know yet; one that is another person's.
    EXPECT_EQ(indices(*store, {.user = "@late:x", .person = ada}), (Indices{1, 2, 4}));
    EXPECT_EQ(indices(*store, {.user = "@bob:x", .person = ada}), (Indices{1, 2}));
    EXPECT_EQ(indices(*store, {.subject = 4}), Indices{4});
}

TEST(Trail, IsReadOneByOneUntilTheReaderHasEnough) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(ok(store->commit({.trail = {entry(1, Kind::start), entry(2, Kind::stop),
                                            entry(3, Kind::start), entry(4, Kind::start)}})));
    Indices seen;
    const auto note = [&](const StoredTrailEntry& each) -> Status {
        if (each.index == 4) return fail(ErrorKind::limit, "enough");
        seen.push_back(each.index);
        return {};
    };
    const Status read = store->each_trail({.kind = "start", .at_most = 1}, note);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "enough");
    EXPECT_EQ(seen, (Indices{1, 3}));
    EXPECT_EQ(indices(*store, {.from = from_ms(2), .to = from_ms(4)}), (Indices{2, 3}));
    EXPECT_EQ(indices(*store, {.from = from_ms(5)}), Indices{});
}

TEST(Trail, WhatIsCoveredIsReadFromTheLog) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    ASSERT_TRUE(ok(store->commit(
        {.person_keys = kAdaAndBob,
         .trail = {entry(1, Kind::start), entry(2, Kind::intent, 1, "@ada:x"), entry(3, Kind::stop)}})));
    const std::vector<StoredTrailEntry> before = *store->trail({});
    ASSERT_TRUE(ok(store->commit({.trail_covered = 2})));
    EXPECT_EQ(store->trail({}).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(indices(*store, {.after = 2}), Indices{3});
    Indices asked;
    store->read_leaves_with([&](std::uint64_t number) -> Result<std::string> {
        asked.push_back(number);
        return entry(number, number == 1 ? Kind::start : Kind::intent, number == 1 ? 0 : 1,
                     number == 1 ? "" : "@ada:x")
            .leaf.text;
    });
    const std::vector<StoredTrailEntry> after = *store->trail({});
    ASSERT_EQ(after.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(after[i].text, before[i].text);
    EXPECT_EQ(asked, (Indices{2, 1}));
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
    ASSERT_TRUE(ok(store->commit(
        {.person_keys = kAdaAndBob, .trail = {entry(1, Kind::intent, 1, "@ada:x"), entry(2, Kind::stop)}})));
    OtherProgram other(folder.database());
    const std::string refused = "the trail is append-only";
    for (const char* change :
         {"UPDATE trail SET time = 0", "UPDATE trail SET subject = NULL", "DELETE FROM trail",
          "UPDATE trail_leaf SET text = '{}'", "DELETE FROM trail_leaf",
          "INSERT OR REPLACE INTO trail_leaf VALUES (2, '{}')", "INSERT INTO trail_leaf VALUES (3, '{}')",
          "UPDATE trail_part SET sealed = x'00'", "DELETE FROM trail_part",
          "INSERT OR REPLACE INTO trail_part VALUES (1, 0, 1, x'00')"})
        EXPECT_EQ(other.run(change), refused) << change;
    EXPECT_NE(other.run("DELETE FROM person_key"), "");
    const std::string gap = "entries of the trail follow one another without a gap";
    const std::string into = "INSERT OR REPLACE INTO trail (number, time, kind) ";
    EXPECT_EQ(other.run((into + "VALUES (1, 0, 'other')").c_str()), gap);
    EXPECT_EQ(other.run((into + "VALUES (4, 0, 'other')").c_str()), gap);
    const auto entries = store->trail({});
    ASSERT_EQ(entries->size(), 2U);
    EXPECT_EQ((*entries)[0].kind, "intent");
}

// A store of before the log: what it says stays, and the new trail begins at 1.
TEST(Trail, KeepsTheFormerOneAsItWas) {
    const TemporaryFolder folder;
    ASSERT_TRUE(ok(make_private_file(folder.path(), "rollcall.db")));
    {
        auto database = Database::open(folder.database());
        ASSERT_TRUE(database);
        ASSERT_TRUE(ok(migrate(**database, migrations().first(3))));
        ASSERT_TRUE(
            ok((*database)->execute("INSERT INTO trail VALUES (1, 0, 'start', NULL, NULL, 'as it was');"
                                    "INSERT INTO meta VALUES ('last_intent', '7');")));
    }
    auto store = open_or_fail(folder.path());
    EXPECT_EQ(*store->trail_size(), 0U);
    EXPECT_TRUE(ok(store->commit({.trail = {entry(1, Kind::start)}})));
    EXPECT_EQ((*TrailReader::open(folder.path()))->last_former_intent().value(), 7U);
    OtherProgram other(folder.database());
    for (const char* change : {"UPDATE trail_1 SET text = ''", "DELETE FROM trail_1"})
        EXPECT_EQ(other.run(change), "the trail is append-only");
    EXPECT_NE(other.run("INSERT INTO trail_1 VALUES (2, 0, 'start', NULL, NULL, 'more')"), "");
}

// A store of before the parts were sealed: they say the same afterwards, and lie open nowhere.
TEST(Trail, SealsWhatLayOpen) {
    const TemporaryFolder folder;
    ASSERT_TRUE(ok(make_private_file(folder.path(), "rollcall.db")));
    const TrailRow row = entry(1, Kind::intent, 1, "@ada:x");
    const schema::PersonKey key = person(1, "").key;
    {
        auto database = Database::open(folder.database());
        ASSERT_TRUE(database);
        ASSERT_TRUE(ok(migrate(**database, migrations().first(4))));
        ASSERT_TRUE(ok((*database)->run("INSERT INTO person_key (id, key) VALUES (1, $1)",
                                        std::span<const unsigned char>(key))));
        ASSERT_TRUE(ok((*database)->run("INSERT INTO person_key (id, erased) VALUES (2, 7)")));
        ASSERT_TRUE(ok((*database)->run(
            "INSERT INTO trail (number, time, kind, subject) VALUES (1, $1, 'intent', 1)", row.time)));
        ASSERT_TRUE(
            ok((*database)->run("INSERT INTO trail_leaf (number, text) VALUES (1, $1)", row.leaf.text)));
        ASSERT_TRUE(ok((*database)->run("INSERT INTO trail_personal VALUES (1, 0, 1, $1)",
                                        row.leaf.personal.front().text)));
    }
    const auto early = TrailReader::open(folder.path());
    ASSERT_FALSE(early) << "whoever only reads cannot bring it up to date";
    EXPECT_EQ(early.error().kind, ErrorKind::conflict);
    const auto store = open_or_fail(folder.path());
    const auto entries = store->trail({});
    ASSERT_TRUE(entries) << entries.error().text();
    ASSERT_EQ(entries->size(), 1U);
    EXPECT_EQ(entries->front().user, "@ada:x");
    std::ifstream in(folder.database(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    EXPECT_EQ(bytes.find("@ada:x"), std::string::npos);
}

TEST(Trail, KnowsTheLastDepartureOfEach) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    const auto departed = [](std::uint64_t number, std::uint64_t subject, std::int64_t at) {
        TrailRow row = entry(number, Kind::directory, subject, "@x:x");
        row.time = from_ms(at);
        row.action = "departed";
        return row;
    };
    TrailRow joined = departed(4, 1, 900);
    joined.action = "joined";
    ASSERT_TRUE(ok(store->commit({.person_keys = kAdaAndBob,
                                  .trail = {departed(1, 1, 500), departed(2, 2, 300), departed(3, 1, 400),
                                            joined, departed(5, 2, 800)}})));
    const std::map<std::uint64_t, Time> last{{1, from_ms(500)}, {2, from_ms(800)}};
    EXPECT_EQ(store->departures().value(), last);
    ASSERT_TRUE(ok(store->commit({.erased_keys = {1}, .erased_at = from_ms(1'000)})));
    EXPECT_EQ(store->departures()->count(1), 0U) << "and that is over";
}

TEST(Trail, CanBeReadBesideItsWriter) {
    const TemporaryFolder folder;
    auto store = open_or_fail(folder.path());
    auto reader = TrailReader::open(folder.path());
    ASSERT_TRUE(reader) << reader.error().text();
    EXPECT_EQ((*reader)->trail_size().value(), 0U);
    ASSERT_TRUE(
        ok(store->commit({.person_keys = kAdaAndBob,
                          .trail = {entry(1, Kind::start), entry(2, Kind::intent, 2, "@bob:x", "merger"),
                                    entry(3, Kind::stop)}})));
    EXPECT_EQ((*reader)->trail_size().value(), 3U);
    const std::vector<std::string> leaves = (*reader)->leaves(1, 1).value();
    ASSERT_EQ(leaves.size(), 1U);
    EXPECT_EQ(leaves[0], entry(2, Kind::intent, 2, "@bob:x", "merger").leaf.text);
    const std::vector<TrailRowRead> rows = (*reader)->rows(0, 9).value();
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[1].row.leaf.personal, entry(2, Kind::intent, 2, "@bob:x", "merger").leaf.personal);
    EXPECT_EQ(rows[1].keys[0], person(2, "").key);
    EXPECT_FALSE(rows[1].keys[1]);
    ASSERT_TRUE(ok(store->commit({.trail_covered = 2})));
    EXPECT_EQ((*reader)->leaves(0, 3).error().kind, ErrorKind::conflict);
    EXPECT_EQ((*reader)->leaves(2, 9).value().size(), 1U);
}

}  // namespace
}  // namespace rollcall::store
