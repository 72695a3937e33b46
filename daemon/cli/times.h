// Times of answers as people read them. Pure, but for the system's zone files; any thread.
#pragma once

#include <string>

namespace rollcall::cli {

// "2026-11-22T09:00:00.000Z" → "2026-11-22 10:00:00 CET"; the text itself where it is no time.
[[nodiscard]] std::string shown_time(const std::string& rfc3339, const std::string& time_zone);

}  // namespace rollcall::cli
