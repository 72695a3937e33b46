// A state folder with a store, a trail that is written into it, and the log that follows: for tests of what
// holds between them.
#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "daemon/audit/anchor_folder.h"
#include "daemon/audit/publication.h"
#include "daemon/audit/trail.h"
#include "daemon/audit/verify_trail.h"
#include "tests/daemon/store/store_fixture.h"

namespace rollcall::audit::test {

inline constexpr const char* kLogName = "corp.example.com/rollcall";
inline const Guid kAda = *Guid::from_text("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
inline const Guid kBob = *Guid::from_text("1a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");

class TrailFolder {
  public:
    TrailFolder() { start(); }

    // As a new process does.
    void start() {
        trail.reset();
        store.reset();
        store = store::open_or_fail(folder.path());
        store->read_leaves_with(log_reader(log()));
        trail = std::make_unique<Trail>(*store, [this](std::span<unsigned char> bytes) {
            for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(++drawn);
        });
        EXPECT_TRUE(trail->start());
    }
    [[nodiscard]] Status commit(std::uint64_t covered = 0) const {
        store::Turn turn;
        turn.trail_covered = covered;
        if (Status taken = trail->take_into(turn); !taken) return taken;
        Status kept = store->commit(turn);
        if (kept) trail->committed();
        return kept;
    }
    // Requests about Ada, each with its result, two entries each.
    void act(std::size_t requests) {
        for (std::size_t i = 0; i < requests; ++i) {
            schema::TrailEntry entry = about(schema::TrailKind::intent, kAda, "@ada:x");
            entry.action = "join";
            entry.room_key = "merger";
            entry.intent = ++intents;
            entry.reason = "group Merger";
            trail->add(entry);
            entry.kind = schema::TrailKind::result;
            entry.result = "done";
            trail->add(entry);
        }
        EXPECT_TRUE(store::ok(commit()));
    }
    [[nodiscard]] static schema::TrailEntry about(schema::TrailKind kind, const Guid& person,
                                                  const std::string& user) {
        schema::TrailEntry entry;
        entry.time = from_ms(1'795'320'847'939);
        entry.kind = kind;
        entry.person = person;
        entry.user = user;
        return entry;
    }
    [[nodiscard]] LogFolder log() const { return LogFolder::open(folder.path() + "/audit").value(); }
    [[nodiscard]] Result<std::unique_ptr<Publication>> open() const {
        Anchors made;
        for (const auto& [name, path] : anchors) made.push_back(std::make_unique<AnchorFolder>(name, path));
        return Publication::open({folder.path(), folder.path() + "/audit", kLogName, key,
                                  std::chrono::minutes{1}, KeyFiles(key_file())},
                                 std::move(made));
    }
    // As `audit rotate-key` does: the next key, and the entry that both have signed. The next key.
    schema::SignerKey rotate() {
        const schema::SignerKey next = schema::SignerKey::generate(kLogName).value();
        EXPECT_TRUE(KeyFiles(key_file()).write_next(next));
        hand_on(schema::write_key_rotation(key, next));
        return next;
    }
    void hand_on(const std::string& note) {
        schema::TrailEntry entry = about(schema::TrailKind::command, {}, "");
        entry.action = schema::kRotateKey;
        entry.rotation = note;
        entry.caller = schema::TrailCaller{1000, 1000, "alice"};
        entry.reason = "once a year";
        trail->add(entry);
        EXPECT_TRUE(store::ok(commit()));
    }
    // The entry of an erasure of everybody; what it says is done by the caller, or not.
    void erase_all(const std::string& reason) {
        schema::TrailEntry entry = about(schema::TrailKind::command, {}, "");
        entry.action = "erase";
        entry.reason = reason;
        const std::vector<store::StoredPersonKey> keys = store->person_keys().value();
        for (const store::StoredPersonKey& one : keys) entry.pseudonyms.push_back(schema::pseudonym(one.key));
        trail->add(entry);
    }
    [[nodiscard]] std::string key_file() const { return folder.path() + "/audit-key"; }
    void publish() const {
        auto publication = open();
        ASSERT_TRUE(publication) << publication.error().text();
        ASSERT_TRUE(store::ok((*publication)->finish()));
    }
    [[nodiscard]] TrailVerification verify() const {
        auto reader = store::TrailReader::open(folder.path());
        VerifyOptions options;
        options.origin = kLogName;
        options.keys = {key.verifier()};
        return verify_trail(log(), **reader, options).value();
    }
    // What is wrong, "place: text" a line.
    [[nodiscard]] std::string faults() const {
        std::string out;
        for (const Fault& fault : verify().faults) out += fault.place + ": " + fault.text + "\n";
        return out;
    }
    // Somebody who may write the file, and does not mind the triggers.
    void meddle(const std::string& sql) const {
        auto database = store::Database::open(folder.database());
        std::vector<std::string> triggers;
        ASSERT_TRUE((*database)->each("SELECT name FROM sqlite_master WHERE type = 'trigger'",
                                      [&](const store::Row& row) {
                                          triggers.emplace_back(row.text(0));
                                          return Status{};
                                      }));
        for (const std::string& name : triggers) ASSERT_TRUE((*database)->execute("DROP TRIGGER " + name));
        ASSERT_TRUE(store::ok((*database)->execute(sql)));
    }

    store::TemporaryFolder folder;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Trail> trail;
    schema::SignerKey key = schema::SignerKey::generate(kLogName).value();
    std::vector<std::pair<std::string, std::string>> anchors;  // names, and folders
    std::uint64_t intents = 0;
    unsigned drawn = 0;
};

}  // namespace rollcall::audit::test
