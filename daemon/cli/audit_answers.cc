#include "daemon/cli/audit_answers.h"

#include <fmt/format.h>

#include "daemon/cli/text.h"

namespace rollcall::cli {

std::string listed(const json::Value& texts) {
    std::vector<std::string> out;
    for (const json::Value& text : items(texts)) out.push_back(text.text());
    return joined(out, ", ");
}

std::string name_of(const json::Value& row) {
    const std::string login = row["login"].text(), user = row["user"].text();
    if (user.starts_with("@" + login + ":")) return user;
    return login.empty() ? user : user.empty() ? login : fmt::format("{} ({})", login, user);
}

std::string span_text(std::int64_t ms) {
    constexpr std::int64_t kSecond = 1'000, kMinute = 60 * kSecond, kHour = 60 * kMinute;
    if (ms < kMinute) return fmt::format("{}.{} s", ms / kSecond, ms % kSecond / 100);
    if (ms < kHour) return fmt::format("{} min {} s", ms / kMinute, ms % kMinute / kSecond);
    if (ms < 48 * kHour) return fmt::format("{} h {} min", ms / kHour, ms % kHour / kMinute);
    return fmt::format("{} days", ms / (24 * kHour));
}

std::string room_remarks(const json::Value& remarks, const Look& look) {
    std::string out;
    for (const json::Value& one : items(remarks))
        out += paragraph(look, 2, Tone::warning, fmt::format("Not all is known: {}.", one.text()));
    return out;
}

std::string with_rule(const json::Value& row) {
    const std::string reason = row["reason"].text(), rule = row["rule"].text();
    if (rule.empty()) return reason;
    return reason.empty() ? fmt::format("({})", rule) : fmt::format("{} ({})", reason, rule);
}

}  // namespace rollcall::cli
