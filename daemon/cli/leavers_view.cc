// audit leavers, for people.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/cli/audit_answers.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"
#include "policy/base/time.h"

namespace rollcall::cli {
namespace {

std::string after(const json::Value& departure, const char* what) {
    const auto said = parse_rfc3339(departure["said"].text()), then = parse_rfc3339(departure[what].text());
    if (!said || !then) return "-";
    return "+" + span_text(std::max<std::int64_t>(0, (*then - *said).count()));
}

std::string details(const json::Value& departure, const std::string& zone) {
    std::string out = departure["text"].text();
    if (!items(departure["remains"]).empty()) out += "; still in " + listed(departure["remains"]);
    if (!items(departure["let_go"]).empty())
        out += "; left in " + listed(departure["let_go"]) + ", which no policy names any more";
    if (!items(departure["unforgotten"]).empty())
        out += "; still reads the past of " + listed(departure["unforgotten"]);
    if (!departure["over"].is_null()) out += "; back on " + shown_time(departure["over"].text(), zone);
    return out + fmt::format(" [{}]", departure["entry"].integer_or(0));
}

Tone tone_of(const std::string& promise) {
    return promise == "kept" ? Tone::good : promise == "missed" ? Tone::bad : Tone::warning;
}

}  // namespace

std::string leavers_view(const json::Value& result, const std::string& zone, const Look& look) {
    const json::Array& departures = items(result["departures"]);
    const std::string promise = result["promise"].text();
    if (departures.empty())
        return paragraph(look, 0, Tone::plain, "Nobody departed in that time, as far as the trail knows.");
    const std::int64_t missed = result["missed"].integer_or(0), open = result["open"].integer_or(0);
    std::string head = fmt::format("{}: {} out of every room within {}, {} not",
                                   counted(departures.size(), "departure", "departures"),
                                   result["kept"].integer_or(0), promise, missed);
    if (open > 0) head += fmt::format(", {} under way", open);
    std::string out = paragraph(look, 0, missed > 0 ? Tone::bad : Tone::strong, head + ".") + "\n";
    Table table(2);
    table.row({{"who", Tone::faint},
               {"the directory said so", Tone::faint},
               {"signed out", Tone::faint},
               {"out of the last room", Tone::faint},
               {"rooms", Tone::faint},
               {promise, Tone::faint},
               {"", Tone::faint}});
    for (const json::Value& departure : departures) {
        const std::string kept = departure["promise"].text();
        table.row({name_of(departure),
                   shown_time(departure["said"].text(), zone),
                   after(departure, "signed_out"),
                   after(departure, "last_left"),
                   std::to_string(departure["rooms"].integer_or(0) + departure["elsewhere"].integer_or(0)),
                   {kept, tone_of(kept)},
                   details(departure, zone)});
    }
    return out + table.text(look);
}

}  // namespace rollcall::cli
