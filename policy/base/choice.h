// One of the words that a file chooses among, and what it means. Constant; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace rollcall {

template <class Enum>
struct Choice {
    std::string_view word;
    Enum value;
};

template <class Enum, std::size_t N>
[[nodiscard]] constexpr std::string_view word_of(const std::array<Choice<Enum>, N>& choices, Enum value) {
    const auto at = std::find_if(choices.begin(), choices.end(),
                                 [value](const Choice<Enum>& one) { return one.value == value; });
    return at == choices.end() ? std::string_view() : at->word;
}

}  // namespace rollcall
