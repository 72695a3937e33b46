#include "policy/base/text.h"

#include <utf8proc.h>
#include <cstdlib>
#include <memory>

namespace rollcall {

std::string fold(std::string_view text) {
    bool plain = true;
    std::string out(text);
    for (char& c : out) {
        if (static_cast<unsigned char>(c) >= 0x80) plain = false;
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (plain) return out;
    utf8proc_uint8_t* folded = nullptr;
    const auto options =
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
    const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                               static_cast<utf8proc_ssize_t>(text.size()), &folded, options);
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(folded, &std::free);
    if (size < 0) return std::string(text);
    return {reinterpret_cast<const char*>(folded), static_cast<std::size_t>(size)};
}

std::string fold_dn(std::string_view dn) {
    const std::string folded = fold(dn);
    std::string out;
    out.reserve(folded.size());
    for (std::size_t i = 0; i < folded.size(); ++i) {
        const char c = folded[i];
        if (c == '\\' && i + 1 < folded.size()) {
            out += c;
            out += folded[++i];
        } else if (c == ',' || c == '=') {
            while (!out.empty() && out.back() == ' ' && (out.size() < 2 || out[out.size() - 2] != '\\'))
                out.pop_back();
            out += c;
            while (i + 1 < folded.size() && folded[i + 1] == ' ') ++i;
        } else {
            out += c;
        }
    }
    return out;
}

bool dn_under(std::string_view dn, std::string_view base) {
    if (!dn.ends_with(base)) return false;
    if (dn.size() == base.size()) return true;
    const std::size_t comma = dn.size() - base.size() - 1;
    if (dn[comma] != ',') return false;
    std::size_t slashes = 0;  // an escaped comma belongs to the value before it
    while (slashes < comma && dn[comma - 1 - slashes] == '\\') ++slashes;
    return slashes % 2 == 0;
}

std::string_view dn_parent(std::string_view dn) {
    for (std::size_t i = 0; i < dn.size(); ++i) {
        if (dn[i] == '\\')
            ++i;
        else if (dn[i] == ',')
            return dn.substr(i + 1);
    }
    return {};
}

std::string slug(std::string_view text) {
    std::string out;
    for (const char c : fold(text)) {
        const bool keep =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
        if (keep) {
            out += c;
        } else if (!out.empty() && out.back() != '-') {
            out += '-';
        }
    }
    while (!out.empty() && out.back() == '-') out.pop_back();
    return out;
}

namespace {
// Bytes of the character that begins there; one where it is none of UTF-8.
std::size_t character(std::string_view text, std::size_t at) {
    utf8proc_int32_t point = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                         static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    return length > 0 ? static_cast<std::size_t>(length) : 1;
}
}  // namespace

bool glob_match(std::string_view glob, std::string_view text) {
    std::size_t g = 0, t = 0, star = std::string_view::npos, mark = 0;
    while (t < text.size()) {
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            mark = t;
        } else if (g < glob.size() && glob[g] == '?') {
            t += character(text, t);
            ++g;
        } else if (g < glob.size() && glob[g] == text[t]) {
            ++g, ++t;
        } else if (star != std::string_view::npos) {
            g = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (g < glob.size() && glob[g] == '*') ++g;
    return g == glob.size();
}

namespace {

bool is_break(utf8proc_int32_t point) {
    return point == '\n' || point == '\t' || point == '\r';
}

bool is_tame(utf8proc_int32_t point) {
    constexpr utf8proc_int32_t kNonJoiner = 0x200c, kJoiner = 0x200d;
    switch (utf8proc_category(point)) {
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CS:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
            return false;
        case UTF8PROC_CATEGORY_CF:
            return point == kNonJoiner || point == kJoiner;
        default:
            return true;
    }
}

std::string tamed(std::string_view text, bool one_line) {
    std::string out;
    while (!text.empty()) {
        utf8proc_int32_t point = 0;
        const utf8proc_ssize_t length =
            utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                             static_cast<utf8proc_ssize_t>(text.size()), &point);
        const std::size_t taken = length > 0 ? static_cast<std::size_t>(length) : 1;
        if (length > 0 && is_break(point))
            out += one_line ? ' ' : text.front();
        else if (length > 0 && is_tame(point))
            out += text.substr(0, taken);
        else
            out += "\xEF\xBF\xBD";
        text.remove_prefix(taken);
    }
    return out;
}

}  // namespace

std::string tame_text(std::string_view text) {
    return tamed(text, false);
}

std::string tame_line(std::string_view text) {
    return tamed(text, true);
}

}  // namespace rollcall
