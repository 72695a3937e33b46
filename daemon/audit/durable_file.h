// Files of the log and of its anchors: read whole, and written so that they are on disk before anybody is
// told. Any thread; nothing is kept.
//
// Errors: not_found for a file that is not there; limit for one that is too long, or where the disk is full;
// io for the rest, with the path.
#pragma once

#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace rollcall::audit {

[[nodiscard]] Result<std::string> read_whole(const std::string& path, std::size_t at_most);
// A new file with these bytes, synced; what a crash left under that name goes. Its name is not on disk yet.
[[nodiscard]] Status write_synced(const std::string& path, std::string_view bytes);
// The names in that folder are on disk.
[[nodiscard]] Status sync_folder(const std::string& folder);

// The error that `errno` stands for: "cannot write PATH: …".
[[nodiscard]] tl::unexpected<Error> cannot(std::string_view what, const std::string& path);

}  // namespace rollcall::audit
