// SqliteStore: the Store over one SQLite file. It only puts in order what the files named *_rows do.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/store/folder_lock.h"
#include "daemon/store/sqlite.h"
#include "daemon/store/store.h"

namespace rollcall::store {

class SqliteStore : public Store {
  public:
    SqliteStore(FolderLock lock, std::unique_ptr<Database> database, std::string folder)
        : lock_(std::move(lock)),
          database_(std::move(database)),
          folder_(std::move(folder)),
          file_(file_at(database_->path())) {}

    [[nodiscard]] Status commit(const Turn& turn) override;
    [[nodiscard]] bool fatal() const override { return database_->fatal(); }
    [[nodiscard]] Status load(policy::World& world) override;
    [[nodiscard]] Result<std::optional<StoredPolicy>> policy() override;
    [[nodiscard]] Result<std::vector<StoredIntent>> intents() override;
    [[nodiscard]] Result<std::vector<StoredMark>> marks() override;
    [[nodiscard]] Result<bool> seen_transaction(const std::string& id) override;
    [[nodiscard]] Result<std::vector<StoredTrailEntry>> trail(const TrailFilter& filter) override;
    [[nodiscard]] Status each_trail(const TrailFilter& filter, const TrailVisit& visit) override;
    [[nodiscard]] Result<std::uint64_t> trail_size() override;
    void read_leaves_with(LeafReader reader) override { leaves_ = std::move(reader); }
    [[nodiscard]] Result<std::optional<StoredPersonKey>> person_key(const Guid& guid,
                                                                    const std::string& name) override;
    [[nodiscard]] Result<std::vector<StoredPersonKey>> person_keys() override;
    [[nodiscard]] Result<std::map<std::uint64_t, Time>> departures() override;
    [[nodiscard]] Result<std::uint64_t> last_person_key() override;
    [[nodiscard]] Result<std::uint64_t> last_intent() override;

    [[nodiscard]] std::string misplaced() const override;
    [[nodiscard]] std::string upgraded() const override { return upgraded_; }

    // Brings the schema up to date, and keeps a copy of what was before.
    [[nodiscard]] Status upgrade();
    // What was destroyed before and still lies in the file, if there is such.
    [[nodiscard]] Status overwrite_erased();

  private:
    [[nodiscard]] Status write(const Turn& turn);
    // Which file that is, by device and inode; nullopt where there is none, or it cannot be looked at.
    using File = std::optional<std::pair<std::uint64_t, std::uint64_t>>;
    [[nodiscard]] static File file_at(const std::string& path);

    FolderLock lock_;  // first in, last out
    std::unique_ptr<Database> database_;
    const std::string folder_;
    const File file_;
    std::string upgraded_;
    LeafReader leaves_;
    bool erased_remains_ = true;  // the file may hold what was erased; it is looked up
    std::chrono::steady_clock::time_point overwrite_after_{};
};

}  // namespace rollcall::store
