// FolderLock: the state folder made safe and taken for one process.
//
// The lock is flock() on `folder`/rollcall.lock, so it goes with the process however that ends; the process's
// number in the file is for messages only and is never believed. The file is never deleted: a second one
// could be locked beside it. Held by the store for as long as it is open.
#pragma once

#include <string>
#include <utility>

#include "policy/base/result.h"

namespace rollcall::store {

class FolderLock {
  public:
    // Makes the folder if need be (its parent must exist) and shuts it to everybody but its owner. Errors:
    // `conflict` names the process that holds the lock; `denied` if the folder is another user's, who could
    // then not open what this process leaves behind; `io`.
    [[nodiscard]] static Result<FolderLock> take(const std::string& folder);
    ~FolderLock();
    FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
    FolderLock& operator=(FolderLock&&) = delete;
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

  private:
    explicit FolderLock(int file) : file_(file) {}
    int file_;
};

// Makes `folder`/`name` if need be, for its owner alone, so that it is on disk as a name before anything is
// in it.
[[nodiscard]] Status make_private_file(const std::string& folder, const std::string& name);

}  // namespace rollcall::store
