#include "daemon/cli/audit_view.h"

#include "daemon/cli/text.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {
namespace {

Tone tone_of(const std::string& kind, const std::string& result) {
    if (kind == "failure" || (kind == "result" && result != "done")) return Tone::bad;
    if (kind == "hold") return Tone::warning;
    if (kind == "approve" || kind == "reject" || kind == "command" || kind == "policy") return Tone::change;
    return Tone::plain;
}

// Whom the entry is about and who asked for it.
std::string who(const json::Value& entry) {
    const std::string user = entry["user"].text(entry["erased"].text()),
                      caller = entry["caller"]["text"].text(entry["erased_caller"].text());
    if (caller.empty()) return user;
    return user.empty() ? "by " + caller : user + " by " + caller;
}

}  // namespace

std::string audit_view(const json::Array& entries, const std::string& time_zone, const Look& look) {
    Table table(0, false);
    for (const json::Value& entry : entries) {
        const std::string kind = entry["kind"].text(), result = entry["result"].text();
        const Tone tone = tone_of(kind, result);
        const std::string room = entry["room_key"].text(entry["room"].text());
        std::string reason = entry["reason"].text();
        if (const std::string rule = entry["rule"].text(); !rule.empty())
            reason += (reason.empty() ? "(" : " (") + rule + ")";
        const std::int64_t number = entry["index"].integer_or(0);
        table.row({{number > 0 ? std::to_string(number) : "", Tone::faint},
                   {shown_time(entry["time"].text(), time_zone), Tone::faint},
                   {kind, tone},
                   who(entry),
                   room,
                   entry["action"].text(),
                   {result, tone == Tone::bad ? tone : Tone::plain},
                   reason});
    }
    return table.text(look);
}

}  // namespace rollcall::cli
