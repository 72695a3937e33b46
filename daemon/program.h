// Which program this is, for the trail: its version, and the build ID that the linker gave it, which tells
// one build from another (`file`, or `readelf -n`, shows it of an executable). Any thread.
#pragma once

#include <string>

namespace rollcall {

// "0.1.0 (build 3f2c…)"; without what is in brackets where the linker gave none.
[[nodiscard]] std::string program_name_and_build();

}  // namespace rollcall
