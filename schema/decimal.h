// Numbers as the log's files write them: ASCII decimal, no sign, no leading zero. Any thread.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rollcall::schema {

// nullopt for anything that std::to_string would not have written, or that does not fit.
[[nodiscard]] inline std::optional<std::uint64_t> read_decimal(std::string_view text) {
    std::uint64_t out = 0;
    if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return out;
}

}  // namespace rollcall::schema
