#include "daemon/audit/log_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "daemon/audit/durable_file.h"
#include "schema/decimal.h"

namespace rollcall::audit {
namespace {

namespace fs = std::filesystem;
using schema::Tile;
using schema::TlogHash;

constexpr std::size_t kLongestFile = schema::kTileWidth * (schema::kLongestEntry + 2);
constexpr std::size_t kTilesInMemory = 64;

Status make_folders(const std::string& path, std::map<std::string, bool>& made) {
    if (mkdir(path.c_str(), 0700) == 0) {
        made[fs::path(path).parent_path()] = true;
        return {};
    }
    if (errno == EEXIST) return {};
    if (errno != ENOENT) return cannot("make", path);
    if (Status above = make_folders(fs::path(path).parent_path(), made); !above) return above;
    return make_folders(path, made);
}

}  // namespace

Result<LogFolder> LogFolder::open(std::string folder) {
    LogFolder out(std::move(folder));
    if (Status made = make_folders(out.folder_, out.unsynced_); !made) return pass(made);
    if (Status synced = out.sync(); !synced) return pass(synced);
    return out;
}

// A partial tile may be gone once the full one is there, of which it is the beginning.
Result<std::string> LogFolder::read(const Tile& tile) const {
    Result<std::string> bytes = read_whole(folder_ + "/" + tile.path(), kLongestFile);
    if (bytes || bytes.error().kind != ErrorKind::not_found || tile.width == schema::kTileWidth) return bytes;
    Tile full = tile;
    full.width = schema::kTileWidth;
    Result<std::string> whole = read_whole(folder_ + "/" + full.path(), kLongestFile);
    if (!whole) return whole.error().kind == ErrorKind::not_found ? bytes : whole;
    if (!tile.entries) return whole->substr(0, tile.width * sizeof(TlogHash));
    Result<std::vector<std::string>> all = schema::read_bundle(*whole, schema::kTileWidth);
    if (!all) return fail(all.error().kind, fmt::format("{}: {}", full.path(), all.error().message));
    all->resize(tile.width);
    return schema::write_bundle(*all);
}

Result<std::vector<std::string>> LogFolder::entries(const Tile& bundle) const {
    const Result<std::string> bytes = read(bundle);
    if (!bytes) return pass(bytes);
    auto out = schema::read_bundle(*bytes, bundle.width);
    if (!out)
        return fail(out.error().kind, fmt::format("{}: {}", bundle.path(), out.error().message),
                    "restore the audit folder from its backup; see docs/trail.md, \"After a restore\"");
    return out;
}

Result<std::vector<std::string>> LogFolder::longest_bundle(std::uint64_t index) const {
    Tile bundle{true, 0, index, schema::kTileWidth};
    auto whole = entries(bundle);
    if (whole || whole.error().kind != ErrorKind::not_found) return whole;
    const std::string partials = folder_ + "/" + bundle.path() + ".p";
    std::error_code none;
    bundle.width = 0;
    for (const auto& file : fs::directory_iterator(partials, none))
        if (const auto width = schema::read_decimal(file.path().filename().string()))
            bundle.width = std::max(bundle.width, *width);
    return bundle.width == 0 ? whole : entries(bundle);
}

Result<std::optional<std::string>> LogFolder::read_note(const std::string& name) const {
    Result<std::string> note = read_whole(folder_ + "/" + name, kLongestFile);
    if (!note && note.error().kind == ErrorKind::not_found) return std::optional<std::string>{};
    if (!note) return pass(note);
    return std::optional<std::string>(std::move(*note));
}

schema::TlogReader LogFolder::reader(std::uint64_t size) const {
    auto kept = std::make_shared<std::map<std::string, std::string>>();
    return [this, size, kept](unsigned level, std::uint64_t index) -> Result<TlogHash> {
        const Tile tile = schema::tile_of(level, index, size);
        auto known = kept->find(tile.path());
        if (known == kept->end()) {
            Result<std::string> bytes = read(tile);
            if (!bytes) return pass(bytes);
            if (kept->size() >= kTilesInMemory) kept->clear();
            known = kept->emplace(tile.path(), std::move(*bytes)).first;
        }
        return schema::node_in_tile(known->second, tile, level, index);
    };
}

Result<schema::TlogEdge> LogFolder::edge(std::uint64_t size) const {
    const schema::TlogReader read_node = reader(size);
    std::vector<TlogHash> roots;
    std::uint64_t begin = 0;
    for (std::uint64_t rest = size; rest != 0;) {
        const std::uint64_t width = std::bit_floor(rest);
        const auto level = static_cast<unsigned>(std::countr_zero(width));
        const Result<TlogHash> root = read_node(level, begin >> level);
        if (!root) return pass(root);
        roots.push_back(*root);
        begin += width, rest -= width;
    }
    return schema::TlogEdge::continued(size, std::move(roots));
}

Result<std::vector<std::string>> LogFolder::files() const {
    std::vector<std::string> out;
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder_, error), end; !error && at != end; at.increment(error))
        if (!at->is_directory(error) || at->is_symlink(error))
            out.push_back(at->path().lexically_relative(folder_).string());
    if (error)
        return fail(ErrorKind::io, fmt::format("cannot list {}: {}", folder_, error.message()),
                    "check who may read there");
    std::sort(out.begin(), out.end());
    return out;
}

// ---------------------------------------------------------------- writing

Status LogFolder::put(const std::string& path, const std::string& bytes) {
    const std::string folder = fs::path(path).parent_path();
    if (Status made = make_folders(folder, unsynced_); !made) return made;
    const std::string draft = path + ".new";
    if (Status written = write_synced(draft, bytes); !written) return written;
    if (rename(draft.c_str(), path.c_str()) != 0) return cannot("write", path);
    unsynced_[folder] = true;
    return {};
}

Status LogFolder::write(const Tile& tile, const std::string& bytes) {
    const std::string path = folder_ + "/" + tile.path();
    const Result<std::string> there = read(tile);
    if (there && *there == bytes) return {};
    if (there)
        return fail(
            ErrorKind::conflict, fmt::format("{} holds something else: the log would fork", path),
            "the store or this folder was restored from a backup; see docs/trail.md, \"After a restore\"");
    if (there.error().kind != ErrorKind::not_found) return pass(there);
    if (Status put_there = put(path, bytes); !put_there) return put_there;
    if (tile.width == schema::kTileWidth) drop_partials(tile);
    return {};
}

Status LogFolder::write_note(const std::string& name, const std::string& note) {
    if (Status put_there = put(folder_ + "/" + name, note); !put_there) return put_there;
    return sync();
}

Status LogFolder::sync() {
    for (const auto& [folder, made] : std::exchange(unsynced_, {})) {
        if (Status synced = sync_folder(folder); !synced) {
            unsynced_[folder] = made;
            return synced;
        }
    }
    return {};
}

// What a reader may still ask for by its partial name is in the full tile too.
void LogFolder::drop_partials(const Tile& full) {
    std::error_code ignored;
    fs::remove_all(folder_ + "/" + full.path() + ".p", ignored);
}

}  // namespace rollcall::audit
