// How much a simulation test tries: ROLLCALL_SIM_SEEDS says how many seeds, ROLLCALL_SIM_FIRST the first.
// Otherwise its share of what it says itself.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/share.h"

namespace rollcall::sim {

inline std::uint64_t number_of(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}
inline std::uint64_t seed_count(std::uint64_t otherwise) {
    return number_of("ROLLCALL_SIM_SEEDS", test::share_of(otherwise));
}
inline std::uint64_t first_seed() {
    return number_of("ROLLCALL_SIM_FIRST", 1);
}

inline std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
}

}  // namespace rollcall::sim
