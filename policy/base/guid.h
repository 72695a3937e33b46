// Guid: an objectGUID, the identity of a directory object for ever.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall {

// Bytes are in the order in which the directory sends them (MS-DTYP 2.3.4.2: the first three fields
// little-endian); text is the usual registry form.
struct Guid {
    std::array<std::uint8_t, 16> bytes{};
    auto operator<=>(const Guid&) const = default;
    [[nodiscard]] bool empty() const { return *this == Guid{}; }
    [[nodiscard]] std::string text() const;                                     // "0a1b2c3d-…", lower case
    [[nodiscard]] static std::optional<Guid> from_text(std::string_view text);  // with or without braces
    [[nodiscard]] static std::optional<Guid> from_bytes(std::string_view bytes);
};

struct GuidHash {
    // An objectGUID is random enough (version 4) that eight of its bytes are a hash.
    std::size_t operator()(const Guid& guid) const {
        std::uint64_t half = 0;
        std::memcpy(&half, guid.bytes.data(), sizeof half);
        std::uint64_t rest = 0;
        std::memcpy(&rest, guid.bytes.data() + sizeof half, sizeof rest);
        return half ^ (rest * 0x9e3779b97f4a7c15ULL);
    }
};

}  // namespace rollcall
