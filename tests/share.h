// How much of its cases an exhaustive test tries. All, unless ROLLCALL_TEST_SHARE says n: then one in n. For
// a run under a sanitizer, where each case takes many times as long: that looks for what a line does, not for
// what one seed of many brings to light. The run without one tries all of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace rollcall::test {

inline std::uint64_t one_in() {
    const char* text = std::getenv("ROLLCALL_TEST_SHARE");
    return text == nullptr ? 1 : std::max<std::uint64_t>(std::strtoull(text, nullptr, 10), 1);
}

// So many of `count`, but one at least.
template <class Number>
Number share_of(Number count) {
    const Number n = static_cast<Number>(one_in());
    return std::max<Number>(static_cast<Number>((count + n - 1) / n), 1);
}

}  // namespace rollcall::test
