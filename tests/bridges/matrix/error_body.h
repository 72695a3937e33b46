// What homeservers answer: a Matrix error as the body has it, and an answer as the HTTP client hands it over.
#pragma once

#include <string>
#include <utility>

#include "bridges/http/client.h"

namespace rollcall::matrix {

inline std::string error_body(const std::string& code, const std::string& text) {
    return R"({"errcode":")" + code + R"(","error":")" + text + "\"}";
}

inline http::Response answer(int status, std::string body) {
    http::Response response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

}  // namespace rollcall::matrix
