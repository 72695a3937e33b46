#include "daemon/audit/tame_text.h"

#include <algorithm>
#include <array>

namespace rollcall::audit {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
// U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069.
constexpr std::array<std::string_view, 12> kDirections{
    "\xD8\x9C",     "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xAA", "\xE2\x80\xAB", "\xE2\x80\xAC",
    "\xE2\x80\xAD", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x81\xA7", "\xE2\x81\xA8", "\xE2\x81\xA9"};

// How many bytes at the beginning are one character that is not to be there; 0: none.
std::size_t wild(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first == '\n' || first == '\r' || first == '\t') return 0;
    if (first < ' ' || first == 0x7f) return 1;
    if (first == 0xC2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xA0) return 2;  // C1
    const auto* const mark = std::find_if(kDirections.begin(), kDirections.end(),
                                          [text](std::string_view one) { return text.starts_with(one); });
    return mark == kDirections.end() ? 0 : mark->size();
}

}  // namespace

std::string tame_text(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = wild(text);
        if (length == 0)
            out += text.front();
        else
            out += kReplacement;
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

}  // namespace rollcall::audit
