#include "daemon/cli/people_view.h"

#include <fmt/format.h>
#include <algorithm>
#include <string_view>
#include <vector>

#include "daemon/cli/action_words.h"
#include "daemon/cli/items.h"
#include "daemon/cli/text.h"

namespace rollcall::cli {
namespace {

std::size_t count_of(const json::Value& few) {
    return static_cast<std::size_t>(std::max<std::int64_t>(0, few["count"].integer_or(0)));
}

// "@a:… in #x, @b:… in #y and 3 more"
std::string names(const json::Value& few, std::string_view in) {
    std::vector<std::string> out;
    if (const json::Array* first = few["first"].array())
        for (const json::Value& one : *first) {
            std::string name = fmt::format("{} {} #{}", one["user"].text(), in, one["room"].text());
            if (const std::string left = one["left"].text(); !left.empty()) name += " in " + left;
            out.push_back(std::move(name));
        }
    const std::size_t more = count_of(few) - std::min(count_of(few), out.size());
    return joined(out, ", ") + (more > 0 ? fmt::format(" and {} more", with_separators(more)) : "");
}

}  // namespace

std::size_t kicked_people(const json::Value& answer) {
    return count_of(answer["out_by_hand"]["kicked"]);
}

std::string readmitted_view(const json::Value& result, const Look& look) {
    const bool invited = result["done"].text() == "invited";
    const std::string waits = result["waits"].text();
    std::string out = paragraph(
        look, 0, waits.empty() ? Tone::good : Tone::plain,
        fmt::format("{} is to be {} #{}{}.", result["user"].text(), invited ? "invited to" : "put back into",
                    result["room"].text(),
                    !invited                              ? ""
                    : result["outside"].boolean_or(false) ? ": they are from outside, and have to accept"
                                                          : ": they had left by themselves"));
    if (!waits.empty()) out += paragraph(look, 0, Tone::warning, "Not now: " + waits + ".");
    return out + paragraph(look, 0, Tone::faint, "`rollcall why` shows when it is so.");
}

// Nothing is wrong with these: nobody joins in their name.
std::string invited_section(const json::Value& status, const Look& look) {
    constexpr std::size_t kMost = 20;
    constexpr std::string_view kAdd = "add ";  // what it was that could not be done
    const json::Array& refused = items(status["invited"]);
    const std::size_t asked = count_of(status["must_accept"]);
    if (refused.empty() && asked == 0) return {};
    std::string out = "\n" + paragraph(look, 0, Tone::strong, "Invited: they must accept themselves");
    for (std::size_t i = 0; i < refused.size() && i < kMost; ++i)
        out +=
            bullet(look, 2, "·", Tone::plain, action_words(refused[i]["action"].text()).substr(kAdd.size()));
    if (refused.size() > kMost)
        out += paragraph(
            look, 2, Tone::plain,
            fmt::format("… and {} more; --json lists them", with_separators(refused.size() - kMost)));
    if (asked > 0) out += bullet(look, 2, "·", Tone::plain, names(status["must_accept"], "to"));
    return out;
}

std::string people_sections(const json::Value& answer, const Look& look) {
    std::string out;
    const json::Value &grace = answer["grace"], &kicked = answer["out_by_hand"]["kicked"],
                      &left = answer["out_by_hand"]["left"];
    if (count_of(grace) > 0)
        out += "\n" +
               paragraph(look, 0, Tone::strong,
                         "Removed soon (guards.grace), unless the directory has them back by then") +
               bullet(look, 2, "-", Tone::bad,
                      fmt::format("{}: {}", counted(count_of(grace), "membership", "memberships"),
                                  names(grace, "from")));
    if (count_of(kicked) + count_of(left) == 0) return out;
    out += "\n" + paragraph(look, 0, Tone::strong,
                            "Belong in a room, and are out: `rollcall readmit USER ROOM --reason \"…\"`");
    if (count_of(kicked) > 0)
        out += bullet(look, 2, "!", Tone::warning,
                      fmt::format("{} by another kick within an hour, for the rest of it: {}",
                                  with_separators(count_of(kicked)), names(kicked, "in")));
    if (count_of(left) > 0)
        out += bullet(look, 2, "·", Tone::plain,
                      fmt::format("{} left by themselves, and stay out: {}", with_separators(count_of(left)),
                                  names(left, "in")));
    return out;
}

}  // namespace rollcall::cli
