#include "daemon/store/upgrade_copy.h"

#include <fmt/format.h>
#include <filesystem>
#include <vector>

#include "daemon/store/folder_lock.h"
#include "daemon/store/store.h"

namespace rollcall::store {
namespace {

namespace fs = std::filesystem;

std::string prefix() {
    return fmt::format("{}.schema-", kDatabaseFile);
}

}  // namespace

void drop_upgrade_copies(const std::string& folder) {
    std::error_code error;
    std::vector<fs::path> found;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        if (at->path().filename().string().starts_with(prefix())) found.push_back(at->path());
    for (const fs::path& path : found) fs::remove(path, error);
}

Result<std::string> keep_upgrade_copy(Database& database, const std::string& folder, int schema) {
    drop_upgrade_copies(folder);
    const std::string name = fmt::format("{}{}", prefix(), schema);
    // Made empty and private first: SQLite would give it the mode of the umask.
    if (const Status made = make_private_file(folder, name); !made) return pass(made);
    std::string path = folder + "/" + name;
    if (const Status copied = database.run("VACUUM INTO $1", path); !copied) {
        drop_upgrade_copies(folder);
        return pass(copied);
    }
    return path;
}

}  // namespace rollcall::store
