// init --rotate-tokens: new tokens in the registration files that are there, everything else in them as it
// was.
#pragma once

#include <string>

#include "daemon/cli/terminal.h"

namespace rollcall::cli {

// `folder` holds rollcall.yaml and, unless there is no mask, rollcall-mask.yaml. Returns the exit status.
int rotate_tokens(const std::string& folder, Terminal& terminal);

}  // namespace rollcall::cli
