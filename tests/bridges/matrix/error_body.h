// A Matrix error as a homeserver's body has it.
#pragma once

#include <string>

namespace rollcall::matrix {

inline std::string error_body(const std::string& code, const std::string& text) {
    return R"({"errcode":")" + code + R"(","error":")" + text + "\"}";
}

}  // namespace rollcall::matrix
