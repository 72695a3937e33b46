#include "daemon/audit/collector_cursor.h"

#include <cstdio>

#include "daemon/audit/durable_file.h"
#include "schema/json.h"

namespace rollcall::audit {
namespace {

constexpr std::size_t kLongest = 4'096;
constexpr const char* kName = "/collector";

}  // namespace

std::uint64_t CollectorCursor::read() const {
    const Result<std::string> text = read_whole(folder_ + kName, kLongest);
    if (!text) return 0;
    const Result<json::Value> value = json::parse(*text);
    if (!value || (*value)["to"].text() != to_) return 0;
    const std::int64_t entries = (*value)["entries"].integer_or(0);
    return entries < 0 ? 0 : static_cast<std::uint64_t>(entries);
}

Status CollectorCursor::write(std::uint64_t entries) const {
    json::Value value;
    value.set("entries", static_cast<std::int64_t>(entries));
    value.set("to", to_);
    const std::string path = folder_ + kName, draft = path + ".new";
    if (Status written = write_synced(draft, json::write(value) + "\n"); !written) return written;
    if (std::rename(draft.c_str(), path.c_str()) != 0) return cannot("write", path);
    return sync_folder(folder_);
}

}  // namespace rollcall::audit
