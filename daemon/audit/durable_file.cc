#include "daemon/audit/durable_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "daemon/descriptor.h"

namespace rollcall::audit {
namespace {

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

tl::unexpected<Error> cannot(std::string_view what, const std::string& path) {
    const int why = errno;
    const bool full = why == ENOSPC || why == EDQUOT;
    std::string hint = "check that it is mounted, and that the daemon's user may read and write there";
    if (full) hint = "make room on that disk; the log goes on by itself";
    if (why == EROFS)
        hint = fmt::format(
            "where systemd keeps it read-only for the daemon (ProtectSystem=), write ReadWritePaths={} into "
            "the daemon's unit, then: systemctl daemon-reload && systemctl restart rollcall",
            std::filesystem::path(path).parent_path().string());
    return fail(full ? ErrorKind::limit : ErrorKind::io,
                fmt::format("cannot {} {}: {}", what, path, std::strerror(why)), std::move(hint));
}

Result<std::string> read_whole(const std::string& path, std::size_t at_most) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.get() < 0 && errno == ENOENT) return fail(ErrorKind::not_found, path + " is missing");
    if (file.get() < 0) return cannot("read", path);
    std::string out;
    for (char buffer[1 << 16];;) {
        const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cannot("read", path);
        if (got == 0) return out;
        out.append(buffer, static_cast<std::size_t>(got));
        if (out.size() > at_most) return fail(ErrorKind::limit, path + " is longer than any file of a log");
    }
}

Status write_synced(const std::string& path, std::string_view bytes) {
    ::unlink(path.c_str());
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0 || !write_all(file.get(), bytes) || fsync(file.get()) != 0)
        return cannot("write", path);
    return {};
}

Status sync_folder(const std::string& folder) {
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.get() < 0 || fsync(opened.get()) != 0) return cannot("sync", folder);
    return {};
}

}  // namespace rollcall::audit
