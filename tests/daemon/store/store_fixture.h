// What the store's tests share: a folder that goes with its owner, and the store opened or the test failed.
#pragma once

#include <gtest/gtest.h>
#include <filesystem>
#include <memory>
#include <string>

#include "daemon/store/store.h"

namespace rollcall::store {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "rollcall-store-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::filesystem::filesystem_error("mkdtemp", name, {});
        path_ = name;
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string database() const { return path_ + "/rollcall.db"; }

  private:
    std::string path_;
};

[[nodiscard]] inline std::unique_ptr<Store> open_or_fail(const std::string& folder) {
    Result<std::unique_ptr<Store>> store = open_sqlite_store(folder);
    EXPECT_TRUE(store) << store.error().text();
    return store ? std::move(*store) : nullptr;
}

[[nodiscard]] inline testing::AssertionResult ok(const Status& status) {
    if (status) return testing::AssertionSuccess();
    return testing::AssertionFailure() << status.error().text();
}

// Entry `number`, of one moment, about whomever and whatever the caller says.
[[nodiscard]] inline TrailRow entry(std::uint64_t number, schema::TrailKind kind = schema::TrailKind::notice,
                                    std::uint64_t subject = 0, std::string user = {}, std::string room = {}) {
    schema::TrailEntry whole;
    whole.time = from_ms(static_cast<std::int64_t>(number));
    whole.kind = kind;
    whole.user = std::move(user);
    whole.room_key = std::move(room);
    const schema::PersonKey key{static_cast<unsigned char>(subject)};
    TrailRow row;
    row.number = number;
    row.time = whole.time;
    row.kind = schema::to_text(kind);
    row.room = whole.room_key;
    row.subject = subject;
    row.leaf = schema::split_trail_entry(whole, number, subject == 0 ? nullptr : &key, nullptr).value();
    return row;
}

// The key under which entry() names person `id`.
[[nodiscard]] inline StoredPersonKey person(std::uint64_t id, std::string name, Guid guid = {}) {
    return {id, {static_cast<unsigned char>(id)}, guid, std::move(name)};
}

}  // namespace rollcall::store
