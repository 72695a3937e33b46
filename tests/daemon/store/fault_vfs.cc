#include "tests/daemon/store/fault_vfs.h"

#include <cassert>
#include <new>

namespace rollcall::store {
namespace {

FaultVfs* current = nullptr;

// SQLite allocates szOsFile bytes: this, and the real file behind it.
struct File : sqlite3_file {
    [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real(sqlite3_file* file) {
    return static_cast<File*>(file)->real();
}

int close_file(sqlite3_file* file) {
    return real(file)->pMethods->xClose(real(file));
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
    return real(file)->pMethods->xRead(real(file), to, size, offset);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
    if (const int code = current->on_write(); code != SQLITE_OK) return code;
    return real(file)->pMethods->xWrite(real(file), from, size, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    return real(file)->pMethods->xTruncate(real(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
    if (const int code = current->on_sync(); code != SQLITE_OK) return code;
    return real(file)->pMethods->xSync(real(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return real(file)->pMethods->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int level) {
    return real(file)->pMethods->xLock(real(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
    return real(file)->pMethods->xUnlock(real(file), level);
}
int check_lock(sqlite3_file* file, int* held) {
    return real(file)->pMethods->xCheckReservedLock(real(file), held);
}
int control(sqlite3_file* file, int what, void* argument) {
    return real(file)->pMethods->xFileControl(real(file), what, argument);
}
int sector_size(sqlite3_file* file) {
    return real(file)->pMethods->xSectorSize(real(file));
}
int traits(sqlite3_file* file) {
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, at);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) {
    real(file)->pMethods->xShmBarrier(real(file));
}
int shm_unmap(sqlite3_file* file, int remove) {
    return real(file)->pMethods->xShmUnmap(real(file), remove);
}

constexpr sqlite3_io_methods kMethods = {2,           close_file,  read_file, write_file,  truncate_file,
                                         sync_file,   file_size,   lock_file, unlock_file, check_lock,
                                         control,     sector_size, traits,    shm_map,     shm_lock,
                                         shm_barrier, shm_unmap,   nullptr,   nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* at, int flags, int* flags_out) {
    auto* file = new (at) File{};
    sqlite3_vfs& base = current->base();
    const int code = base.xOpen(&base, name, file->real(), flags, flags_out);
    // Without methods SQLite does not close it, and an open that failed may have left the real one something
    // to close.
    file->pMethods = file->real()->pMethods == nullptr ? nullptr : &kMethods;
    return code;
}

}  // namespace

// The other functions of the system's VFS do not look at which VFS they are called for, so a copy of it will
// do.
FaultVfs::FaultVfs() : base_(sqlite3_vfs_find(nullptr)), vfs_(*base_) {
    assert(current == nullptr);
    current = this;
    vfs_.zName = "faults";
    vfs_.szOsFile = base_->szOsFile + static_cast<int>(sizeof(File));
    vfs_.xOpen = open_file;
    sqlite3_vfs_register(&vfs_, 1);
}

FaultVfs::~FaultVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(base_, 1);
    current = nullptr;
}

void FaultVfs::fail_writes_after(int good, int code) {
    good_writes_ = good;
    write_code_ = code;
}

void FaultVfs::fail_syncs_after(int good) {
    good_syncs_ = good;
}

void FaultVfs::mend() {
    good_writes_ = good_syncs_ = kNoFault;
}

int FaultVfs::on_write() {
    ++writes_;
    if (good_writes_ == 0) return write_code_;
    if (good_writes_ > 0) --good_writes_;
    return SQLITE_OK;
}

int FaultVfs::on_sync() {
    ++syncs_;
    if (delay_.count() > 0) base_->xSleep(base_, static_cast<int>(delay_.count()));
    if (good_syncs_ == 0) return SQLITE_IOERR_FSYNC;
    if (good_syncs_ > 0) --good_syncs_;
    return SQLITE_OK;
}

}  // namespace rollcall::store
