// Numbers as replication metadata hold them: little endian, at a fixed place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rollcall::directory {

// Of `size` bytes (8 at most) from `at`, which must all be there.
[[nodiscard]] inline std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t out = 0;
    for (std::size_t i = size; i-- > 0;) out = out << 8U | static_cast<std::uint8_t>(bytes[at + i]);
    return out;
}

}  // namespace rollcall::directory
