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

// Entry `index`, about whoever the caller says.
[[nodiscard]] inline StoredTrailEntry entry(std::uint64_t index, std::string kind = "note",
                                            std::string user = {}, std::string room = {}) {
    return {index,           from_ms(static_cast<std::int64_t>(index)),  std::move(kind), std::move(user),
            std::move(room), "{\"entry\":" + std::to_string(index) + "}"};
}

}  // namespace rollcall::store
