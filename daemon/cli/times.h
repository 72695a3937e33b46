// Times of answers as people read them. Pure, but for the system's zone files; any thread.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::cli {

// "2026-11-22T09:00:00.000Z" → "2026-11-22 10:00:00 CET"; the text itself where it is no time.
[[nodiscard]] std::string shown_time(const std::string& rfc3339, const std::string& time_zone);

// A text with such times in it, each as people read it: what a daemon wrote down goes by no zone.
[[nodiscard]] std::string with_local_times(std::string_view text, const std::string& time_zone);

// The end of an approval: the last day that counts where it is the end of a day of that zone, as policies are
// written, else the moment.
[[nodiscard]] std::string shown_end(const std::string& rfc3339, const std::string& time_zone);

}  // namespace rollcall::cli
