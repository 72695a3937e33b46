#include "daemon/audit/collector_feed.h"

#include <fmt/format.h>

#include "daemon/audit/export_format.h"
#include "daemon/audit/publication.h"

namespace rollcall::audit {
namespace {

// Whose names are left out was not erased: the pseudonym stands where the name would, and nothing says
// "erased".
json::Value pseudonymous(const json::Value& entry) {
    json::Value out{json::Object{}};
    for (const auto& [name, value] : *entry.object()) {
        if (name == "erased") {
            out.set("user", value);
        } else if (name == "erased_caller") {
            json::Value caller;
            caller.set("text", value);
            out.set("caller", std::move(caller));
        } else {
            out.set(name, value);
        }
    }
    return out;
}

}  // namespace

Result<CollectorFeed> CollectorFeed::open(const FeedSettings& settings) {
    auto reader = store::TrailReader::open(settings.state);
    if (!reader) return pass(reader);
    auto folder = LogFolder::open(settings.folder);
    if (!folder) return pass(folder);
    (*reader)->read_leaves_with(log_reader(*folder));
    return CollectorFeed(std::move(*reader), settings.host, settings.names);
}

Result<std::string> CollectorFeed::message(const store::TrailRowRead& row) const {
    const std::uint64_t number = row.row.number;
    Result<json::Value> entry = schema::join_trail_entry(
        row.row.leaf.text, names_ ? row.row.leaf.personal : std::vector<schema::PersonalPart>{});
    if (!entry)
        return fail(ErrorKind::io,
                    fmt::format("entry {} of the trail cannot be read: {}", number, entry.error().message),
                    "`rollcall audit verify` says what is wrong");
    entry->set("index", static_cast<std::int64_t>(number));
    std::string line = export_line(ExportFormat::syslog, names_ ? *entry : pseudonymous(*entry), host_);
    line.pop_back();  // the line break: a frame says its length
    return line;
}

Result<std::vector<std::string>> CollectorFeed::next(std::uint64_t after, std::size_t at_most) {
    const auto rows = reader_->whole_rows(after, at_most);
    if (!rows) return pass(rows);
    std::vector<std::string> out;
    for (const store::TrailRowRead& row : *rows) {
        if (row.row.number != after + out.size() + 1)
            return fail(ErrorKind::conflict, fmt::format("entry {} is missing", after + out.size() + 1),
                        "`rollcall audit verify` says what is wrong");
        Result<std::string> one = message(row);
        if (!one) return pass(one);
        out.push_back(std::move(*one));
    }
    return out;
}

}  // namespace rollcall::audit
