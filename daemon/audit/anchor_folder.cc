#include "daemon/audit/anchor_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace rollcall::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "checkpoint-";

tl::unexpected<Error> cannot(std::string_view what, const std::string& path) {
    return fail(ErrorKind::io, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)),
                "is it mounted, and may the daemon's user write there");
}

Result<std::string> slurp(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return cannot("read", path);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

// On disk, with its name, before anybody is told.
bool write_synced(const std::string& path, const std::string& note) {
    ::unlink(path.c_str());  // a crash left it
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    const bool done =
        ::write(fd, note.data(), note.size()) == static_cast<ssize_t>(note.size()) && fsync(fd) == 0;
    return close(fd) == 0 && done;
}

bool sync_folder(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool done = fsync(fd) == 0;
    return close(fd) == 0 && done;
}

}  // namespace

Status AnchorFolder::put(std::uint64_t size, const std::string& note) const {
    const std::string path = fmt::format("{}/{}{:020}", folder_, kPrefix, size);
    struct stat there {};
    if (lstat(path.c_str(), &there) == 0) {
        const Result<std::string> held = slurp(path);
        if (!held) return pass(held);
        if (*held == note) return {};
        return fail(ErrorKind::conflict, fmt::format("{} holds another checkpoint of as many entries", path),
                    "another log was anchored there, or this one was forked: `rollcall audit verify`");
    }
    if (errno != ENOENT) return cannot("look at", path);
    const std::string draft = fmt::format("{}/new-{}", folder_, size);
    if (!write_synced(draft, note)) return cannot("write", draft);
    if (rename(draft.c_str(), path.c_str()) != 0) return cannot("write", path);
    // Last: storage that takes "read-only" as "for ever" would not let it be renamed.
    if (chmod(path.c_str(), 0444) != 0) return cannot("close", path);
    if (!sync_folder(folder_)) return cannot("sync", folder_);
    return {};
}

Result<std::vector<std::string>> AnchorFolder::files() const {
    std::vector<std::string> files;
    std::error_code error;
    for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error))
        if (at->path().filename().string().starts_with(kPrefix)) files.push_back(at->path().string());
    if (error)
        return fail(ErrorKind::io, fmt::format("cannot list {}: {}", folder_, error.message()),
                    "is it mounted, and may the daemon's user read there");
    std::sort(files.begin(), files.end());
    return files;
}

Result<std::optional<Anchor>> AnchorFolder::newest() const {
    const Result<std::vector<std::string>> files = this->files();
    if (!files) return pass(files);
    if (files->empty()) return std::optional<Anchor>{};
    Result<std::string> note = slurp(files->back());
    if (!note) return pass(note);
    return std::optional(Anchor{files->back(), std::move(*note)});
}

Result<std::vector<Anchor>> AnchorFolder::all() const {
    const Result<std::vector<std::string>> files = this->files();
    if (!files) return pass(files);
    std::vector<Anchor> out;
    for (const std::string& file : *files) {
        Result<std::string> note = slurp(file);
        if (!note) return pass(note);
        out.push_back({file, std::move(*note)});
    }
    return out;
}

}  // namespace rollcall::audit
