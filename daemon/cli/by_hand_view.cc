#include "daemon/cli/by_hand_view.h"

#include <fmt/format.h>
#include <algorithm>
#include <vector>

#include "daemon/cli/action_words.h"
#include "daemon/cli/items.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {
namespace {

std::size_t count_of(const json::Value& value) {
    return static_cast<std::size_t>(std::max<std::int64_t>(0, value.integer_or(0)));
}

std::string by_whom(const json::Value& one) {
    std::vector<std::string> names;
    for (const json::Value& name : items(one["by"])) names.push_back(name.text());
    const std::size_t others = count_of(one["others"]);
    return joined(names, ", ") + (others > 0 ? fmt::format(" and {} more", with_separators(others)) : "");
}

std::string words(const json::Value& one, const std::string& zone) {
    const std::string user = one["user"].text(), next = one["next"].text();
    std::string out = fmt::format("#{}, ", one["room"].text());
    out += user.empty() ? fmt::format("{}: changed", room_change(one["setting"].text()))
                        : fmt::format("{}: left", user);
    out += fmt::format(" {} times since {}", with_separators(count_of(one["changes"])),
                       shown_time(one["since"].text(), zone));
    if (user.empty()) out += " by " + by_whom(one);
    if (one["at_once"].boolean_or(false)) return out + "; put back at once each time";
    out += fmt::format("; put back {}", counted(count_of(one["put_back"]), "time", "times"));
    return next.empty() ? out : fmt::format("{}, next at {}", out, shown_time(next, zone));
}

}  // namespace

std::size_t changed_again(const json::Value& status) {
    return count_of(status["changed_again"]["count"]);
}

std::string changed_again_section(const json::Value& status, const std::string& zone, const Look& look) {
    constexpr std::size_t kMost = 20;
    const json::Array& first = items(status["changed_again"]["first"]);
    if (first.empty()) return {};
    std::string out = "\n" + paragraph(look, 0, Tone::strong,
                                       "Changed by hand again and again: have that stop, or change the "
                                       "policy");
    const std::size_t shown = std::min(kMost, first.size());
    for (std::size_t i = 0; i < shown; ++i) out += bullet(look, 2, "!", Tone::warning, words(first[i], zone));
    if (const std::size_t all = changed_again(status); all > shown)
        out += paragraph(look, 2, Tone::plain,
                         fmt::format("… and {} more; --json lists them", with_separators(all - shown)));
    return out;
}

}  // namespace rollcall::cli
