// How the parts of a complete read's remark begin, for whoever says the same of single objects: one cause is
// told once. Pure; any thread.
#pragma once

#include <string_view>

namespace rollcall::directory {

inline constexpr std::string_view kHiddenState = "the state of ";
inline constexpr std::string_view kHiddenMembers = "`member` of ";
inline constexpr std::string_view kUnseenMembers = " groups name members that cannot be seen";
inline constexpr std::string_view kOddDates = "accountExpires of ";

}  // namespace rollcall::directory
