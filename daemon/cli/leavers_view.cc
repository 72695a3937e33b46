// audit leavers, for people.
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "daemon/cli/audit_answers.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"
#include "policy/base/time.h"

namespace rollcall::cli {
namespace {

std::string after(const json::Value& departure, const json::Value& at) {
    const auto said = parse_rfc3339(departure["said"].text()), then = parse_rfc3339(at.text());
    if (!said || !then) return "";
    return "+" + span_text(std::max<std::int64_t>(0, (*then - *said).count()));
}

std::string head_of(const json::Value& departure, const std::string& zone) {
    std::string out = fmt::format("{}: {}", name_of(departure), departure["text"].text());
    out += fmt::format("; counted from {}", shown_time(departure["said"].text(), zone));
    if (!departure["dated"].boolean_or(true))
        out += ", when it was read: the trail does not tell since when it was so";
    if (!departure["over"].is_null()) out += "; back on " + shown_time(departure["over"].text(), zone);
    return out + fmt::format(" [{}]", departure["entry"].integer_or(0));
}

// What there is to say of one part beside whether and when.
std::string details(const json::Value& departure, std::string_view part) {
    std::vector<std::string> out;
    const bool covered = !departure["not_covered"].boolean_or(false);
    if (part == "sessions" || part == "elsewhere") {
        if (departure["no_account"].boolean_or(false)) out.emplace_back("no account");
        if (!covered) out.emplace_back("the mask registration does not cover them");
    }
    if (part == "elsewhere" && departure["elsewhere_found"].integer_or(0) > 0)
        out.push_back(fmt::format("{} of {}", departure["elsewhere"].integer_or(0),
                                  departure["elsewhere_found"].integer_or(0)));
    if (part == "rooms") {
        out.push_back(counted(static_cast<std::size_t>(departure["rooms"].integer_or(0)), "room", "rooms"));
        if (!items(departure["remains"]).empty()) out.push_back("still in " + listed(departure["remains"]));
        if (!items(departure["let_go"]).empty())
            out.push_back("left in " + listed(departure["let_go"]) + ", which no policy names any more");
    }
    if (part == "past") {
        if (!items(departure["unforgotten"]).empty())
            out.push_back("still reads the past of " + listed(departure["unforgotten"]));
        if (!items(departure["past_readable"]).empty())
            out.push_back("the homeserver says that it took it away, and still shows that of " +
                          listed(departure["past_readable"]));
    }
    return joined(out, "; ");
}

constexpr std::array<std::pair<const char*, const char*>, 4> kParts{{{"sessions", "sessions ended"},
                                                                     {"rooms", "out of every managed room"},
                                                                     {"elsewhere", "out of rooms outside"},
                                                                     {"past", "past taken away"}}};

Tone tone_of(const std::string& promise) {
    if (promise == "kept") return Tone::good;
    if (promise == "missed" || promise == "late" || promise == "not done") return Tone::bad;
    return promise == "not asked" ? Tone::faint : Tone::warning;
}

}  // namespace

std::string leavers_view(const json::Value& result, const std::string& zone, const Look& look) {
    const json::Array& departures = items(result["departures"]);
    const std::string promise = result["promise"].text();
    std::string out;
    for (const json::Value& unseen : items(result["unseen"]))
        out += paragraph(look, 0, Tone::bad, "Not seen: " + unseen.text());
    const auto bots = static_cast<std::size_t>(
        std::count_if(departures.begin(), departures.end(),
                      [](const json::Value& one) { return one["bot"].boolean_or(false); }));
    if (departures.empty())
        return out +
               paragraph(look, 0, Tone::plain, "Nobody departed in that time, as far as the trail knows.");
    const std::int64_t missed = result["missed"].integer_or(0), open = result["open"].integer_or(0),
                       not_proven = result["not_proven"].integer_or(0);
    std::string head = fmt::format("{}: {} kept within {}, {} not",
                                   counted(departures.size() - bots, "departure", "departures"),
                                   result["kept"].integer_or(0), promise, missed);
    if (not_proven > 0) head += fmt::format(", {} not proven", not_proven);
    const auto back = static_cast<std::int64_t>(
        std::count_if(departures.begin(), departures.end(), [](const json::Value& one) {
            return !one["kept_back"].is_null() && one["promise"].text() == "open";
        }));
    if (open > back) head += fmt::format(", {} under way", open - back);
    if (const std::int64_t stopped = result["kept_back"].integer_or(0); stopped > 0)
        head += fmt::format("; {} kept back", stopped);
    out += paragraph(look, 0, missed > 0 ? Tone::bad : Tone::strong, head + ".");
    for (const json::Value& departure : departures) {
        const std::string whole = departure["promise"].text();
        out += "\n" + paragraph(look, 0, Tone::strong, head_of(departure, zone));
        if (departure["bot"].boolean_or(false)) {
            out += paragraph(look, 2, Tone::faint,
                             "That is the bot's own account: it stays, and is signed out of nothing.");
            continue;
        }
        Table table(2);
        if (const std::string stopped = departure["kept_back"].text(); stopped.empty())
            table.row({{"all of it", Tone::faint}, {whole, tone_of(whole)}, "", ""});
        else
            table.row({{"all of it", Tone::faint},
                       {whole == "open" ? "kept back" : whole, Tone::bad},
                       "",
                       stopped});
        for (const auto& [part, name] : kParts) {
            const json::Value& row = departure["parts"][part];
            const std::string kept = row["kept"].text();
            table.row({{name, Tone::faint},
                       {kept, tone_of(kept)},
                       after(departure, row["at"]),
                       details(departure, part)});
        }
        out += table.text(look);
    }
    return out;
}

}  // namespace rollcall::cli
