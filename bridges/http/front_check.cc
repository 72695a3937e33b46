#include "bridges/http/front_check.h"

#include <algorithm>
#include <charconv>

namespace rollcall::http {
namespace {

std::vector<std::string_view> values_of(std::string_view name, const Headers& headers) {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : headers)
        if (equal_ignoring_case(key, name)) values.push_back(value);
    return values;
}

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<Refusal> check_length(const Headers& headers, std::size_t body_cap) {
    const auto lengths = values_of("Content-Length", headers);
    const auto encodings = values_of("Transfer-Encoding", headers);
    if (lengths.size() > 1) return Refusal{400, "more than one Content-Length"};
    if (!lengths.empty() && !encodings.empty())
        return Refusal{400, "Content-Length beside Transfer-Encoding"};
    if (encodings.size() > 1 || (!encodings.empty() && !equal_ignoring_case(encodings.front(), "chunked")))
        return Refusal{400, "a Transfer-Encoding other than chunked"};
    if (lengths.empty()) return std::nullopt;
    if (!is_digits(lengths.front())) return Refusal{400, "Content-Length is no number"};
    std::size_t length = 0;
    const char* const end = lengths.front().data() + lengths.front().size();
    const auto [stop, error] = std::from_chars(lengths.front().data(), end, length);
    if (error != std::errc{} || length > body_cap) return Refusal{kTooLarge, "the body is too large"};
    return std::nullopt;
}

}  // namespace

std::optional<Refusal> front_check(std::string_view method, std::string_view target, const Headers& headers,
                                   std::size_t body_cap) {
    if (!is_token(method)) return Refusal{400, "the method is no token"};
    const bool visible =
        std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!target.starts_with('/') || !visible || target.find('#') != std::string_view::npos)
        return Refusal{400, "the request target is no path"};
    for (const auto& [name, value] : headers)
        if (!is_token(name) || !is_field_value(value)) return Refusal{400, "a malformed header field"};
    const auto hosts = values_of("Host", headers);
    if (hosts.size() != 1 || hosts.front().empty()) return Refusal{400, "not exactly one Host"};
    return check_length(headers, body_cap);
}

}  // namespace rollcall::http
