#include "daemon/cli/text.h"

#include <fmt/format.h>
#include <utf8proc.h>
#include <algorithm>

#include "policy/base/text.h"

namespace rollcall::cli {
namespace {

constexpr utf8proc_int32_t kReplacement = 0xfffd;

// The next code point of `text`, taken off it; U+FFFD for a byte that starts none.
utf8proc_int32_t next(std::string_view& text) {
    utf8proc_int32_t point = 0;
    const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const utf8proc_ssize_t length =
        utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size()), &point);
    if (length <= 0) {
        text.remove_prefix(1);
        return kReplacement;
    }
    text.remove_prefix(static_cast<std::size_t>(length));
    return point;
}

std::size_t width_of(utf8proc_int32_t point) {
    const int width = utf8proc_charwidth(point);
    return width > 0 ? static_cast<std::size_t>(width) : 0;
}

// Takes off `text` what fits into `width` columns; at least one character, so that it always ends.
std::string_view take(std::string_view& text, std::size_t width) {
    std::string_view rest = text;
    std::size_t used = 0;
    while (!rest.empty()) {
        std::string_view after = rest;
        const std::size_t more = width_of(next(after));
        if (used + more > width && rest.size() < text.size()) break;
        used += more;
        rest = after;
    }
    const std::string_view taken = text.substr(0, text.size() - rest.size());
    text = rest;
    return taken;
}

// Where the line of a place begins at the end of a word, as in "(policy/company.yaml:13)": its ":13)" alone
// says nothing, and a path without it is no place. The word's size if there is none.
std::size_t place_line(std::string_view word) {
    const std::size_t end = word.find_last_not_of(").,;:");
    if (end == std::string_view::npos) return word.size();
    const std::size_t colon = word.find_last_not_of("0123456789", end);
    const bool is_place = colon != std::string_view::npos && colon > 0 && colon < end && word[colon] == ':';
    return is_place ? colon : word.size();
}

// As take(), of a word that is wider than the line: a path is broken behind one of its folders, unless the
// line would stay nearly empty, and the line of a place keeps something before it.
std::string_view take_of_word(std::string_view& word, std::size_t width) {
    constexpr std::size_t kBeforeLine = 8;  // columns of a file's name
    const std::string_view whole = word;
    const std::string_view fits = take(word, width);
    if (word.empty()) return fits;
    const auto cut = [&](std::size_t at) {
        word = whole.substr(at);
        return whole.substr(0, at);
    };
    if (const std::size_t folder = fits.rfind('/');
        folder != std::string_view::npos && display_width(fits.substr(0, folder + 1)) * 3 >= width)
        return cut(folder + 1);
    const std::size_t line = place_line(whole);
    if (line == whole.size() || fits.size() + kBeforeLine <= line || width <= 2 * kBeforeLine) return fits;
    std::string_view before = whole.substr(0, line);
    std::string_view kept = before;
    const std::size_t columns = display_width(before);
    return columns <= kBeforeLine ? fits : cut(take(kept, columns - kBeforeLine).size());
}

}  // namespace

std::string printable(std::string_view text) {
    return tame_line(text);
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) width += width_of(next(text));
    return width;
}

std::string pad(std::string_view text, std::size_t width) {
    std::string out(text);
    const std::size_t used = display_width(text);
    if (used < width) out.append(width - used, ' ');
    return out;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    if (width == 0 || display_width(text) <= width) return {std::string(text)};
    std::vector<std::string> lines(1);
    std::size_t used = 0;
    while (!text.empty()) {
        std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        const std::size_t wide = display_width(word);
        if (used > 0 && used + 1 + wide > width) lines.emplace_back(), used = 0;
        if (used > 0) lines.back() += ' ', ++used;
        for (bool goes_on = false; !word.empty(); goes_on = true) {
            if (goes_on) lines.emplace_back(), used = 0;
            const std::string_view part = take_of_word(word, width - used);
            lines.back() += part;
            used += display_width(part);
        }
    }
    return lines;
}

std::string with_separators(std::size_t n) {
    const std::string digits = std::to_string(n);
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
        out += digits[i];
    }
    return out;
}

std::string counted(std::size_t n, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", with_separators(n), n == 1 ? one : many);
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
    std::string out;
    for (const std::string& part : parts) {
        if (!out.empty()) out += separator;
        out += part;
    }
    return out;
}

}  // namespace rollcall::cli
