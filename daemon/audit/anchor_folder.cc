#include "daemon/audit/anchor_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "daemon/audit/durable_file.h"

namespace rollcall::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "checkpoint-";

constexpr std::size_t kLongestNote = std::size_t{1} << 20U;

}  // namespace

Status AnchorFolder::put(std::uint64_t size, const std::string& note) {
    const std::string path = fmt::format("{}/{}{:020}", folder_, kPrefix, size);
    struct stat there {};
    if (lstat(path.c_str(), &there) == 0) {
        const Result<std::string> held = read_whole(path, kLongestNote);
        if (!held) return pass(held);
        if (*held == note) return {};
        return fail(ErrorKind::conflict, fmt::format("{} holds another checkpoint of as many entries", path),
                    "another log was anchored there, or this one was forked: `rollcall audit verify`");
    }
    if (errno != ENOENT) return cannot("look at", path);
    const std::string draft = fmt::format("{}/new-{}", folder_, size);
    if (Status written = write_synced(draft, note); !written) return written;
    if (rename(draft.c_str(), path.c_str()) != 0) return cannot("write", path);
    // Last: storage that takes "read-only" as "for ever" would not let it be renamed.
    if (chmod(path.c_str(), 0444) != 0) return cannot("close", path);
    return sync_folder(folder_);
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

Result<std::optional<Anchor>> AnchorFolder::newest() {
    const Result<std::vector<std::string>> files = this->files();
    if (!files) return pass(files);
    if (files->empty()) return std::optional<Anchor>{};
    Result<std::string> note = read_whole(files->back(), kLongestNote);
    if (!note) return pass(note);
    return std::optional(Anchor{files->back(), std::move(*note), true});
}

Result<HeldOutside> AnchorFolder::all() {
    const Result<std::vector<std::string>> files = this->files();
    if (!files) return pass(files);
    HeldOutside out;
    for (const std::string& file : *files) {
        Result<std::string> note = read_whole(file, kLongestNote);
        if (!note) return pass(note);
        out.heads.push_back({file, std::move(*note), true});
        gets_on();
    }
    return out;
}

}  // namespace rollcall::audit
