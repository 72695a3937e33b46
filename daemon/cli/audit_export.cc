// audit export: entries in a form for other programs, oldest first, page after page.
#include <fmt/format.h>

#include "daemon/audit/export_format.h"
#include "daemon/cli/audit_answers.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/files.h"
#include "daemon/cli/text.h"

namespace rollcall::cli {
namespace {

constexpr std::size_t kMostInMemory = 1U << 30U;  // of what is written to a file at once

json::Value page_request(const Arguments& typed, std::int64_t after) {
    json::Value args{json::Object{}};
    if (!typed.from.empty()) args.set("from", typed.from);
    if (!typed.to.empty()) args.set("to", typed.to);
    args.set("after", after);
    return request("audit.export", std::move(args));
}

// Each page goes to `put`; the exit status.
int export_pages(const Session& session, const Opened& opened, audit::ExportFormat format,
                 const std::function<bool(std::string)>& put, std::size_t& entries) {
    const std::string& host = opened.config.homeserver.server_name;
    if (!put(audit::export_header(format))) return 1;
    for (std::int64_t after = 0;;) {
        const std::optional<json::Value> answer =
            ask(session, *opened.transport, page_request(session.arguments, after));
        if (!answer) return 1;
        if (failed(session, *answer)) return exit_of(*answer);
        const json::Value& result = (*answer)["result"];
        std::string text;
        for (const json::Value& entry : items(result["entries"])) {
            text += audit::export_line(format, entry, host);
            after = entry["index"].integer_or(after);
            ++entries;
        }
        if (!put(std::move(text))) return 1;
        if (!result["more"].boolean_or(false)) return 0;
    }
}

}  // namespace

int audit_export(const Session& session) {
    const std::string name = session.arguments.format.empty() ? "jsonl" : session.arguments.format;
    const auto format = audit::export_format(name);
    int exit = 1;
    const std::optional<Opened> opened = open(session, Use::asks, exit);
    if (!opened || !format) return exit;
    const std::string& path = session.arguments.out;
    std::string whole;
    std::size_t entries = 0;
    bool too_big = false;
    exit = export_pages(
        session, *opened, *format,
        [&](std::string text) {
            if (path.empty()) {
                session.terminal.out(text);
                return true;
            }
            whole += text;
            too_big = whole.size() > kMostInMemory;
            return !too_big;
        },
        entries);
    if (too_big)
        return report(session.terminal, Error{ErrorKind::limit, "the export is larger than 1 GiB",
                                              "leave --out away and use `>`, or ask for a shorter time"});
    if (exit != 0 || path.empty()) return exit;
    // Names are in it: only for whoever asked.
    if (const Status written = write_file(path, whole, 0600, Existing::replace); !written)
        return report(session.terminal, written.error());
    session.terminal.err(
        fmt::format("written: {}, {}\n", printable(path), counted(entries, "entry", "entries")));
    return 0;
}

}  // namespace rollcall::cli
