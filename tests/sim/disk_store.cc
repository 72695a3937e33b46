#include "tests/sim/disk_store.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace rollcall::sim {

DiskStore::DiskStore() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rollcall-sim-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    reopen();
}

DiskStore::~DiskStore() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    std::filesystem::remove_all(folder_ + "-backup", ignored);
}

void DiskStore::reopen() {
    store_.reset();  // its lock first
    open();
}

void DiskStore::backup() {
    store_.reset();
    std::filesystem::remove_all(folder_ + "-backup");
    std::filesystem::copy(folder_, folder_ + "-backup", std::filesystem::copy_options::recursive);
    open();
}

void DiskStore::restore() {
    store_.reset();
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(folder_ + "-backup", folder_, std::filesystem::copy_options::recursive);
    open();
}

void DiskStore::open() {
    auto opened = store::open_sqlite_store(folder_);
    if (!opened) throw std::runtime_error(opened.error().text());
    store_ = std::move(*opened);
}

Status DiskStore::commit(const store::Turn& turn) {
    if (before_commit) before_commit(turn);
    Status kept = store_->commit(turn);
    if (kept && after_commit) after_commit(turn);
    return kept;
}

}  // namespace rollcall::sim
