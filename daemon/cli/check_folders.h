// The folders in which the daemon makes what it needs: would it be able to? Nothing is made here.
#pragma once

#include "policy/base/diagnostic.h"
#include "schema/config_file.h"

namespace rollcall::cli {

// What `run` would refuse to start for: a file where a folder is to be, a state folder whose parent is not
// there.
[[nodiscard]] Diagnostics look_at_folders(const schema::Config& config);

}  // namespace rollcall::cli
