#include "policy/base/guid.h"

#include <fmt/format.h>

namespace rollcall {
namespace {
// Where in the text each byte in directory order stands (hex digit pairs, dashes left out).
constexpr std::array<std::size_t, 16> kOrder{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
}  // namespace

std::string Guid::text() const {
    std::string out;
    out.reserve(36);
    for (std::size_t i = 0; i < kOrder.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        out += fmt::format("{:02x}", bytes[kOrder[i]]);
    }
    return out;
}

std::optional<Guid> Guid::from_text(std::string_view text) {
    if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
    if (text.size() != 36) return std::nullopt;
    Guid guid;
    std::size_t at = 0;
    for (std::size_t i = 0; i < kOrder.size(); ++i) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-') return std::nullopt;
        const int high = hex(text[at]);
        const int low = hex(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        guid.bytes[kOrder[i]] = static_cast<std::uint8_t>(high * 16 + low);
        at += 2;
    }
    return guid;
}

std::optional<Guid> Guid::from_bytes(std::string_view bytes) {
    if (bytes.size() != 16) return std::nullopt;
    Guid guid;
    std::memcpy(guid.bytes.data(), bytes.data(), bytes.size());
    return guid;
}

}  // namespace rollcall
