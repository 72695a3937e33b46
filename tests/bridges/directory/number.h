// A number as directories store it in binary values: little endian, in so many bytes.
#pragma once

#include <cstdint>
#include <string>

namespace rollcall::directory {

inline std::string number(std::uint64_t value, std::size_t bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xffU);
    return out;
}

}  // namespace rollcall::directory
