#include "schema/distinguished_name.h"

#include <algorithm>

#include "schema/ascii.h"

namespace rollcall::schema {
namespace {

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

// One part between unescaped commas or plus signs.
bool is_part(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view type = trimmed(text.substr(0, equals));
    const bool oid = !type.empty() && is_digit(type.front()) &&
                     std::all_of(type.begin(), type.end(), [](char c) { return is_digit(c) || c == '.'; });
    return (oid || is_attribute_name(type)) && !trimmed(text.substr(equals + 1)).empty();
}

}  // namespace

bool is_attribute_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && is_letter(text.front()) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool is_distinguished_name(std::string_view text) {
    if (text.size() > 2048) return false;
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;  // the next character stands for itself
        } else if (text[i] == ',' || text[i] == '+') {
            if (!is_part(text.substr(start, i - start))) return false;
            start = i + 1;
        }
    }
    return is_part(text.substr(start));
}

}  // namespace rollcall::schema
