#include "schema/matrix_id.h"

#include <algorithm>

#include "schema/ascii.h"
#include "schema/utf8.h"

namespace rollcall::schema {
namespace {

bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
    return std::all_of(text.begin(), text.end(), predicate);
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 && all(text, is_digit);
}

bool is_host(std::string_view text) {
    if (text.starts_with('[')) {
        if (!text.ends_with(']') || text.size() < 4 || text.size() > 47) return false;
        return all(text.substr(1, text.size() - 2), [](char c) { return is_hex(c) || c == ':' || c == '.'; });
    }
    return !text.empty() &&
           all(text, [](char c) { return is_digit(c) || is_letter(c) || c == '-' || c == '.'; });
}

// The historical grammar: printable ASCII but the colon.
bool is_user_localpart(std::string_view text) {
    return !text.empty() && all(text, [](char c) { return c > 0x20 && c < 0x7f && c != ':'; });
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

bool is_server_name(std::string_view text) {
    if (text.size() > 230) return false;
    const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
    if (bracket == std::string_view::npos) return false;
    const std::size_t colon = text.find(':', bracket);
    if (colon == std::string_view::npos) return is_host(text);
    return is_host(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

std::string_view server_of(std::string_view id) {
    const std::size_t colon = id.find(':');
    return colon == std::string_view::npos ? std::string_view() : id.substr(colon + 1);
}

bool is_user_glob(std::string_view text) {
    if (text.size() > kLongestId || !text.starts_with('@')) return false;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    return is_user_localpart(text.substr(1, colon - 1)) && is_server_name(text.substr(colon + 1));
}

bool is_user_id(std::string_view text) {
    return is_user_glob(text) && text.find_first_of("*?") == std::string_view::npos;
}

bool is_alias_localpart(std::string_view text) {
    return !text.empty() && text.size() < kLongestId && is_utf8(text) &&
           all(text, [](char c) { return !is_control(c) && c != ' ' && c != ':' && c != '#'; });
}

bool is_opaque_id(std::string_view text, char sigil) {
    return text.size() > 1 && text.size() <= kLongestForeignId && text.front() == sigil;
}

}  // namespace rollcall::schema
