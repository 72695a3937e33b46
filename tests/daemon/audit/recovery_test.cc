// daemon/audit/recovery: a store from an older backup goes on where its log is, and everything holds.
#include "daemon/audit/recovery.h"

#include "tests/daemon/audit/trail_fixture.h"

namespace rollcall::audit::test {
namespace {

using schema::TrailKind;

class RecoveryTest : public testing::Test {
  protected:
    void SetUp() override {
        at.act(3);
        at.publish();
        backup = at.store->person_keys()->size();
        save();
    }
    void save() {
        at.trail.reset();
        at.store.reset();
        std::filesystem::copy_file(at.folder.database(), copy(),
                                   std::filesystem::copy_options::overwrite_existing);
        at.start();
    }
    // As if the disk had died, and the copy were all that there is.
    void restore() {
        at.trail.reset();
        at.store.reset();
        for (const char* suffix : {"", "-wal", "-shm"})
            std::filesystem::remove(at.folder.database() + suffix);
        std::filesystem::copy_file(copy(), at.folder.database());
        at.start();
    }
    [[nodiscard]] std::string copy() const { return at.folder.path() + "/copy.db"; }
    [[nodiscard]] Result<std::optional<Recovered>> recovered() {
        RecoverySettings settings;
        settings.origin = kLogName;
        settings.keys = {at.key.verifier()};
        settings.caller = {1000, 1000, "alice"};
        settings.reason = "the disk died";
        settings.now = from_ms(1'795'400'000'000);
        const auto reader = store::TrailReader::open(at.folder.path()).value();
        auto out = recover(*at.store, *reader, at.log(), settings);
        at.start();
        return out;
    }
    void about_bob(TrailKind kind, const std::string& action, std::uint64_t intent) {
        schema::TrailEntry entry = TrailFolder::about(kind, kBob, "@bob:x");
        entry.action = action;
        entry.intent = intent;
        entry.room_key = "merger";
        if (kind == TrailKind::result) entry.result = "done";
        at.trail->add(entry);
        ASSERT_TRUE(at.commit());
    }

    TrailFolder at;
    std::size_t backup = 0;
};

TEST_F(RecoveryTest, TakesWhatTheStoreLacksAndSaysSo) {
    at.act(2);
    about_bob(TrailKind::directory, "departed", 0);
    at.publish();
    restore();
    EXPECT_EQ(at.open().error().kind, ErrorKind::conflict) << "nothing goes on with it as it is";
    const auto out = recovered();
    ASSERT_TRUE(out) << out.error().text();
    ASSERT_TRUE(*out);
    EXPECT_EQ((*out)->first, 7U);
    EXPECT_EQ((*out)->last, 11U);
    EXPECT_EQ((*out)->people, 1U) << "Bob came later";
    EXPECT_EQ((*out)->unknown, 0U);
    EXPECT_EQ(at.faults(), "");
    EXPECT_EQ(at.verify().lost, 4U) << "what was said of Ada; of Bob there is no key";
    at.publish();
    EXPECT_EQ(at.faults(), "");
    const auto entries = at.store->trail({.after = 6}).value();
    ASSERT_EQ(entries.size(), 6U);
    EXPECT_EQ(entries[0].user, "") << "only the lost store knew";
    EXPECT_NE(entries[0].text.find(R"("action":"join")"), std::string::npos);
    EXPECT_NE(entries[5].text.find(R"("recovered":"7-11")"), std::string::npos) << entries[5].text;
    const auto marks = at.store->marks().value();
    EXPECT_TRUE(std::any_of(marks.begin(), marks.end(), [](const store::StoredMark& mark) {
        return mark.kind == "pause" && mark.key == "all";
    }));
    EXPECT_FALSE(*recovered()) << "there is nothing more to take";
    at.act(1);
    at.publish();
    EXPECT_EQ(at.faults(), "");
}

TEST_F(RecoveryTest, TakesWhatWasNotSignedYet) {
    at.act(2);
    {
        auto publication = at.open();  // appends, and ends without signing
        ASSERT_TRUE(publication);
    }
    restore();
    const auto out = recovered();
    ASSERT_TRUE(out && *out);
    EXPECT_EQ((*out)->last, 10U);
    at.publish();
    EXPECT_EQ(at.faults(), "");
}

TEST_F(RecoveryTest, ErasesAgainWhoeverWasErased) {
    const std::uint64_t ada = at.store->person_keys()->front().id;
    at.erase_all("request 31");
    at.trail->erase({ada});
    ASSERT_TRUE(at.commit());
    at.publish();
    restore();
    ASSERT_EQ(at.store->person_keys()->size(), backup) << "a backup brings them back";
    const auto out = recovered();
    ASSERT_TRUE(out && *out);
    EXPECT_EQ((*out)->erased, 1U);
    EXPECT_TRUE(at.store->trail({.user = "@ada:x"})->empty());
    EXPECT_EQ(at.faults(), "");
}

// Whatever was signed once is read: an entry that says less than it should must not end the program.
TEST_F(RecoveryTest, PassesOverAnErasureOfNobody) {
    schema::TrailEntry entry = TrailFolder::about(TrailKind::command, {}, "");
    entry.action = "erase";
    at.trail->add(entry);
    ASSERT_TRUE(at.commit());
    at.publish();
    restore();
    const auto out = recovered();
    ASSERT_TRUE(out && *out);
    EXPECT_EQ((*out)->erased, 0U);
    EXPECT_EQ((*out)->last, 7U);
}

TEST_F(RecoveryTest, EndsWhatNobodyKnowsTheEndOf) {
    const std::uint64_t next = at.intents + 1;
    about_bob(TrailKind::intent, "leave", next);
    at.publish();
    restore();
    const auto out = recovered();
    ASSERT_TRUE(out && *out);
    EXPECT_EQ((*out)->unknown, 1U);
    EXPECT_EQ(*at.store->last_intent(), next) << "its number is not given again";
    EXPECT_TRUE(at.store->intents()->empty());
    EXPECT_EQ(at.faults(), "");
    const auto last = at.store->trail({.after = 8}).value();
    ASSERT_EQ(last.size(), 1U);
    EXPECT_NE(last[0].text.find("unknown: the database that knew was lost"), std::string::npos);
}

TEST_F(RecoveryTest, DropsRequestsThatHaveEnded) {
    ASSERT_TRUE(at.store->commit({.intents = {{99, "{}"}}}));
    about_bob(TrailKind::intent, "leave", 99);
    at.publish();
    save();
    about_bob(TrailKind::result, "leave", 99);
    ASSERT_TRUE(at.store->commit({.finished = {99}}));
    at.publish();
    restore();
    ASSERT_EQ(at.store->intents()->size(), 1U);
    ASSERT_TRUE(*recovered());
    EXPECT_TRUE(at.store->intents()->empty()) << "it would be settled twice";
    EXPECT_EQ(at.faults(), "");
}

TEST_F(RecoveryTest, ListsWhatMustBeOrderedAgain) {
    schema::TrailEntry entry = TrailFolder::about(TrailKind::command, {}, "");
    entry.action = "pause";
    entry.caller = schema::TrailCaller{1000, 1000, "alice"};
    at.trail->add(entry);
    entry.action = "sign-off";
    at.trail->add(entry);
    entry.kind = TrailKind::policy;
    entry.action = "";
    at.trail->add(entry);
    entry.action = "change policy";
    at.trail->add(entry);
    ASSERT_TRUE(at.commit());
    at.publish();
    restore();
    const auto out = recovered();
    ASSERT_TRUE(out && *out);
    ASSERT_EQ((*out)->orders.size(), 2U) << "what a policy changed comes back with it";
    EXPECT_EQ((*out)->orders[0].action, "pause");
    EXPECT_EQ((*out)->orders[1].action, "policy");
}

TEST_F(RecoveryTest, RefusesALogThatIsNotWholeOrNotItsOwn) {
    at.act(2);
    at.publish();
    restore();
    at.act(1);  // by itself: entry 7 is another than the log's
    auto out = recovered();
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().kind, ErrorKind::conflict);
    restore();
    std::filesystem::resize_file(at.folder.path() + "/audit/checkpoint", 20);
    out = recovered();
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().kind, ErrorKind::conflict);
    EXPECT_EQ(*at.store->trail_size(), 6U) << "and nothing was taken";
}

TEST(Recovery, ReadsItsRange) {
    EXPECT_EQ(read_range("7-11"), std::pair(std::uint64_t{7}, std::uint64_t{11}));
    for (const char* none : {"", "7", "7-", "-7", "0-3", "9-7", "7-11 ", "7--11"})
        EXPECT_FALSE(read_range(none)) << none;
}

// Somebody destroys what an entry says, and calls it a recovery: the range must end just before the entry.
TEST(Recovery, ARangeThatIsNotTheRestOfTheLogIsAFault) {
    TrailFolder at;
    at.act(2);
    schema::TrailEntry entry = TrailFolder::about(TrailKind::command, {}, "");
    entry.action = "recover";
    entry.recovered = "1-2";
    at.trail->add(entry);
    ASSERT_TRUE(at.commit());
    at.publish();
    EXPECT_EQ(at.faults(), "rollcall.db: entry 5: it does not say what was recovered\n");
}

}  // namespace
}  // namespace rollcall::audit::test
