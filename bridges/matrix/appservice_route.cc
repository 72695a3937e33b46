#include "bridges/matrix/appservice_route.h"

#include <array>

#include "bridges/http/message.h"
#include "schema/matrix_id.h"

namespace rollcall::matrix {
namespace {

struct Pattern {
    std::string_view prefix;  // ends with a slash where a name follows
    std::string_view method;
    Endpoint endpoint;
};

constexpr std::array<Pattern, 5> kPatterns{{
    {"/transactions/", "PUT", Endpoint::transaction},
    {"/users/", "GET", Endpoint::user},
    {"/rooms/", "GET", Endpoint::alias},
    {"/ping", "POST", Endpoint::ping},
    {"/thirdparty/", "GET", Endpoint::thirdparty},
}};

// The legacy routes have no prefix, or that of the unstable third-party API.
std::string_view without_prefix(std::string_view path) {
    for (const std::string_view prefix : {"/_matrix/app/v1", "/_matrix/app/unstable"})
        if (path.starts_with(prefix) && path.substr(prefix.size()).starts_with('/'))
            return path.substr(prefix.size());
    return path;
}

Route named(Endpoint endpoint, std::string_view encoded) {
    if (encoded.find('/') != std::string_view::npos) return {Endpoint::unknown, {}};
    auto name = http::decode_part(encoded);
    if (!name || name->empty() || name->size() > schema::kLongestId) return {Endpoint::bad_name, {}};
    return {endpoint, std::move(*name)};
}

}  // namespace

Route route(std::string_view method, std::string_view whole_path) {
    const std::string_view path = without_prefix(whole_path);
    for (const Pattern& pattern : kPatterns) {
        const bool has_rest = pattern.prefix.ends_with('/');
        if (has_rest ? !path.starts_with(pattern.prefix) : path != pattern.prefix) continue;
        if (method != pattern.method) return {Endpoint::wrong_method, {}};
        if (!has_rest || pattern.endpoint == Endpoint::thirdparty) return {pattern.endpoint, {}};
        return named(pattern.endpoint, path.substr(pattern.prefix.size()));
    }
    return {};
}

}  // namespace rollcall::matrix
