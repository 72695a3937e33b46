#include "daemon/audit/key_files.h"

#include <fmt/format.h>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "daemon/audit/durable_file.h"
#include "daemon/failpoint.h"

namespace rollcall::audit {
namespace {

constexpr std::size_t kLongestKey = 4'096;

std::string folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return folder.empty() ? "." : folder;
}

}  // namespace

Result<std::optional<schema::SignerKey>> KeyFiles::next() const {
    Result<std::string> text = read_whole(next_path(), kLongestKey);
    if (!text && text.error().kind == ErrorKind::not_found) return std::optional<schema::SignerKey>{};
    if (!text) return pass(text);
    while (text->ends_with('\n')) text->pop_back();
    Result<schema::SignerKey> key = schema::SignerKey::read(*text);
    if (!key)
        return fail(ErrorKind::io, fmt::format("{} is no audit key: {}", next_path(), key.error().message),
                    "restore it from a backup of that folder");
    return std::optional(std::move(*key));
}

Status KeyFiles::write_next(const schema::SignerKey& key) const {
    if (Status written = write_synced(next_path(), key.secret_text() + "\n"); !written)
        return fail(written.error().kind, written.error().message,
                    fmt::format("the next key is made in {}, beside audit.key_file: {}", folder_of(path_),
                                written.error().hint));
    Status synced = sync_folder(folder_of(path_));
    failpoint("key_written");
    return synced;
}

Status KeyFiles::adopt_next() const {
    if (std::rename(next_path().c_str(), path_.c_str()) != 0 && errno != ENOENT)
        return cannot("put the log's new key into", path_);
    return sync_folder(folder_of(path_));
}

}  // namespace rollcall::audit
