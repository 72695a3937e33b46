// Files as the command line writes them: whole or not at all, with their mode from the first byte on. Any
// thread.
#pragma once

#include <sys/types.h>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace rollcall::cli {

enum class Existing { refuse, replace };

// Written beside its place, synced and then put there; its mode is `mode` whatever the umask. conflict where
// something is there already and Existing says refuse. What is no regular file (a pipe, /dev/stdout) is
// written to as it is.
[[nodiscard]] Status write_file(const std::string& path, std::string_view text, mode_t mode,
                                Existing existing);
// The same with mode and owner of the file that is there.
[[nodiscard]] Status replace_file(const std::string& path, std::string_view text);
// Makes a folder and those above it; only what it makes gets the mode.
[[nodiscard]] Status make_folder(const std::string& path, mode_t mode);
[[nodiscard]] bool exists(const std::string& path);
// What is called `name` in the folder of `file`, as one would type it.
[[nodiscard]] std::string beside(const std::string& file, const std::string& name);
// The path from the root, without . and .. where they can be taken away.
[[nodiscard]] std::string absolute(const std::string& path);

}  // namespace rollcall::cli
