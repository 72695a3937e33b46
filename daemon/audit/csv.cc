#include "daemon/audit/csv.h"

#include <algorithm>
#include <array>

#include "policy/base/text.h"

namespace rollcall::audit {
namespace {

// Drops one of `of` from the beginning; false where none is there.
template <std::size_t N>
bool drop(std::string_view& text, const std::array<std::string_view, N>& of) {
    const auto* const found =
        std::find_if(of.begin(), of.end(), [text](std::string_view one) { return text.starts_with(one); });
    if (found == of.end()) return false;
    text.remove_prefix(found->size());
    return true;
}

// Unicode's White_Space, what has no width, and the byte order mark: U+0085, U+00A0, U+00AD, U+034F, U+115F,
// U+1160, U+1680, U+180E, U+2000 to U+200F, U+2028 to U+202F, U+205F to U+2064, U+2800, U+3000, U+3164,
// U+FEFF, U+FFA0.
bool drop_blank(std::string_view& text) {
    constexpr std::array<std::string_view, 14> kBlanks{
        "\xC2\x85",     "\xC2\xA0",     "\xC2\xAD",     "\xCD\x8F",     "\xE1\x85\x9F",
        "\xE1\x85\xA0", "\xE1\x9A\x80", "\xE1\xA0\x8E", "\xE2\xA0\x80", "\xE3\x80\x80",
        "\xE3\x85\xA4", "\xEF\xBB\xBF", "\xEF\xBE\xA0", "\xEF\xBF\xBD"};  // the last: of tame_text()
    const auto first = static_cast<unsigned char>(text.front());
    if (first <= ' ' || first == 0x7f) return text.remove_prefix(1), true;
    if (text.size() > 2 && text.starts_with("\xE2") && (text[1] == '\x80' || text[1] == '\x81')) {
        const auto last = static_cast<unsigned char>(text[2]);
        const bool blank =
            text[1] == '\x80' ? last <= 0x8F || (last >= 0xA8 && last <= 0xAF) : last >= 0x9F && last <= 0xA9;
        if (blank) text.remove_prefix(3);
        return blank;
    }
    return drop(text, kBlanks);
}

bool may_be_formula(std::string_view text) {
    // Of full width, and small: U+FF1D, U+FE66, U+FF0B, U+FE62, U+FF0D, U+FE63, U+2212; U+FF20, U+FE6B;
    // U+FF08.
    constexpr std::array<std::string_view, 10> kSigns{"=",
                                                      "+",
                                                      "-",
                                                      "\xEF\xBC\x9D",
                                                      "\xEF\xB9\xA6",
                                                      "\xEF\xBC\x8B",
                                                      "\xEF\xB9\xA2",
                                                      "\xEF\xBC\x8D",
                                                      "\xEF\xB9\xA3",
                                                      "\xE2\x88\x92"};
    constexpr std::array<std::string_view, 3> kAt{"@", "\xEF\xBC\xA0", "\xEF\xB9\xAB"};
    if (text.starts_with('\t') || text.starts_with('\r')) return true;
    while (!text.empty() && drop_blank(text)) continue;
    if (drop(text, kSigns)) return true;
    // A Matrix ID begins with @ as well: only what calls something is a formula.
    return drop(text, kAt) &&
           (text.find('(') != std::string_view::npos || text.find("\xEF\xBC\x88") != std::string_view::npos);
}

}  // namespace

std::string csv_field(std::string_view text) {
    const std::string tame = tame_text(text);
    std::string out = "\"";
    if (may_be_formula(tame)) out += '\'';
    for (const char c : tame) {
        if (c == '"') out += c;
        out += c;
    }
    return out + "\"";
}

}  // namespace rollcall::audit
