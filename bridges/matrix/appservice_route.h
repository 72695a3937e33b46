// Which call of the application service API a request is. Pure; any thread. Private to this folder.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::matrix {

enum class Endpoint { transaction, user, alias, ping, thirdparty, unknown, wrong_method, bad_name };

struct Route {
    Endpoint endpoint = Endpoint::unknown;
    std::string name;  // decoded: transaction ID, user or alias
};

// `path` as it stood in the request, encoded. bad_name: a name that is empty, badly encoded or over 255
// bytes.
[[nodiscard]] Route route(std::string_view method, std::string_view path);

}  // namespace rollcall::matrix
