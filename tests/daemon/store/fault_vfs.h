// FaultVfs: SQLite's view of the disk with faults and slowness on request, for tests of the store and of what
// is above it.
//
// While one lives it is SQLite's default VFS, so code under test opens its files through it without knowing.
// Make it before the store and let the store go first. One at a time; the thread that uses the store drives
// it.
#pragma once

#include <sqlite3.h>
#include <chrono>

namespace rollcall::store {

class FaultVfs {
  public:
    FaultVfs();
    ~FaultVfs();
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;

    // Every write (sync) after `good` more of them fails, the former with `code`, until mend().
    void fail_writes_after(int good, int code);
    void fail_syncs_after(int good);
    void mend();
    // A slow disk: every sync takes this much longer.
    void slow_syncs(std::chrono::microseconds delay) { delay_ = delay; }

    [[nodiscard]] int writes() const { return writes_; }
    [[nodiscard]] int syncs() const { return syncs_; }

    // For the methods of its files.
    [[nodiscard]] int on_write();
    [[nodiscard]] int on_sync();
    [[nodiscard]] sqlite3_vfs& base() { return *base_; }

  private:
    static constexpr int kNoFault = -1;
    sqlite3_vfs* const base_;
    sqlite3_vfs vfs_;
    int writes_ = 0, syncs_ = 0;
    int good_writes_ = kNoFault, good_syncs_ = kNoFault;
    int write_code_ = SQLITE_OK;
    std::chrono::microseconds delay_{0};
};

}  // namespace rollcall::store
