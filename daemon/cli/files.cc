#include "daemon/cli/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "daemon/descriptor.h"

namespace rollcall::cli {
namespace {

tl::unexpected<Error> cannot(std::string_view what, const std::string& path) {
    return fail(ErrorKind::io, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)),
                "check the path, who may write there, and the room on the disk");
}

using File = Descriptor;

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

void sync_folder(const std::filesystem::path& folder) {
    const File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.get() >= 0) fsync(opened.get());
}

struct Owner {
    uid_t uid;
    gid_t gid;
};

Status write_through(const std::string& path, std::string_view text) {
    const File file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (file.get() < 0 || !write_all(file.get(), text)) return cannot("write", path);
    return {};
}

Status put(const std::string& path, std::string_view text, mode_t mode, Existing existing,
           const std::optional<Owner>& owner) {
    const std::filesystem::path place(path);
    const std::filesystem::path folder = place.has_parent_path() ? place.parent_path() : ".";
    std::string beside = (folder / ("." + place.filename().string() + ".XXXXXX")).string();
    const File file(mkostemp(beside.data(), O_CLOEXEC));
    if (file.get() < 0) return cannot("write into", folder.string());
    bool good = fchmod(file.get(), mode) == 0;
    if (good && owner && geteuid() == 0) good = fchown(file.get(), owner->uid, owner->gid) == 0;
    good = good && write_all(file.get(), text) && fsync(file.get()) == 0;
    // A link is made only where nothing is; a rename takes the place of what is there.
    if (good)
        good = existing == Existing::refuse ? link(beside.c_str(), path.c_str()) == 0
                                            : rename(beside.c_str(), path.c_str()) == 0;
    const int why = errno;
    if (existing == Existing::refuse || !good) unlink(beside.c_str());
    errno = why;
    if (!good && why == EEXIST)
        return fail(ErrorKind::conflict, fmt::format("{} exists already", path), "--force overwrites it");
    if (!good) return cannot("write", path);
    sync_folder(folder);
    return {};
}

}  // namespace

Status write_file(const std::string& path, std::string_view text, mode_t mode, Existing existing) {
    struct stat there {};
    if (existing == Existing::replace && stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
        return write_through(path, text);
    return put(path, text, mode, existing, std::nullopt);
}

Status replace_file(const std::string& path, std::string_view text) {
    struct stat there {};
    if (stat(path.c_str(), &there) != 0) return cannot("examine", path);
    return put(path, text, there.st_mode & 07777U, Existing::replace, Owner{there.st_uid, there.st_gid});
}

Status make_folder(const std::string& path, mode_t mode) {
    if (exists(path)) return {};
    const std::filesystem::path place(path);
    if (place.has_parent_path() && place.parent_path() != place)
        if (Status above = make_folder(place.parent_path().string(), 0755); !above) return above;
    if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return cannot("make the folder", path);
    if (chmod(path.c_str(), mode) != 0) return cannot("set the mode of", path);
    return {};
}

bool exists(const std::string& path) {
    struct stat there {};
    return lstat(path.c_str(), &there) == 0;
}

std::string beside(const std::string& file, const std::string& name) {
    return (std::filesystem::path(file).parent_path() / name).lexically_normal().string();
}

std::string absolute(const std::string& path) {
    std::error_code error;
    const std::filesystem::path full = std::filesystem::absolute(path, error);
    return error ? path : full.lexically_normal().string();
}

}  // namespace rollcall::cli
