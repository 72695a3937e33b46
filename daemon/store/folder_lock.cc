#include "daemon/store/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

namespace rollcall::store {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;

tl::unexpected<Error> system_error(std::string_view what, const std::string& path, int number) {
    const ErrorKind kind = number == EACCES || number == EPERM ? ErrorKind::denied : ErrorKind::io;
    return fail(kind, fmt::format("cannot {} {}: {}", what, path, std::strerror(number)));
}

// A new name is durable once its folder is synced.
Status sync_folder(const std::string& folder) {
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return system_error("open", folder, errno);
    const int synced = ::fsync(file);
    const int number = errno;
    ::close(file);
    if (synced != 0) return system_error("sync", folder, number);
    return {};
}

Status make_private_folder(const std::string& folder) {
    if (::mkdir(folder.c_str(), kFolderMode) == 0) {
        const std::filesystem::path parent = std::filesystem::path(folder).lexically_normal().parent_path();
        return sync_folder(parent.empty() ? "." : parent.string());
    }
    if (errno != EEXIST) return system_error("make the state folder", folder, errno);
    struct stat about {};
    if (::stat(folder.c_str(), &about) != 0) return system_error("read", folder, errno);
    if (!S_ISDIR(about.st_mode)) return fail(ErrorKind::io, fmt::format("{} is not a folder", folder));
    if (about.st_uid != ::geteuid())
        return fail(ErrorKind::denied,
                    fmt::format("the state folder {} belongs to user {}", folder, about.st_uid),
                    "run this as that user");
    if ((about.st_mode & 07777) != kFolderMode && ::chmod(folder.c_str(), kFolderMode) != 0)
        return system_error("shut", folder, errno);
    return {};
}

Result<int> open_private(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
    if (file < 0) return system_error("open", path, errno);
    if (::fchmod(file, kFileMode) != 0) {  // it may be older than this program
        const int number = errno;
        ::close(file);
        return system_error("shut", path, number);
    }
    return file;
}

std::string holder(int file) {
    std::array<char, 32> text{};
    const ssize_t size = ::pread(file, text.data(), text.size() - 1, 0);
    long process = 0;
    if (size > 0) std::from_chars(text.data(), text.data() + size, process);
    return process > 0 ? fmt::format("another rollcall (process {})", process) : "another rollcall";
}

bool write_process(int file) {
    const std::string text = fmt::format("{}\n", ::getpid());
    return ::ftruncate(file, 0) == 0 &&
           ::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& folder) {
    if (Status made = make_private_folder(folder); !made) return pass(made);
    const std::string path = folder + "/rollcall.lock";
    const Result<int> file = open_private(path);
    if (!file) return pass(file);
    FolderLock lock(*file);
    if (::flock(*file, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return system_error("lock", path, errno);
        return fail(ErrorKind::conflict, holder(*file) + " uses this state folder",
                    "stop that one first: systemctl stop rollcall, where the service runs");
    }
    // On a full disk the number is missing from the other's message; that must not keep this process from
    // starting.
    if (!write_process(*file) && errno != ENOSPC && errno != EDQUOT)
        return system_error("write", path, errno);
    return lock;
}

FolderLock::~FolderLock() {
    if (file_ >= 0) ::close(file_);
}

Status make_private_file(const std::string& folder, const std::string& name) {
    const Result<int> file = open_private(folder + "/" + name);
    if (!file) return pass(file);
    ::close(*file);
    return sync_folder(folder);
}

}  // namespace rollcall::store
