// What is wrong with a registration that can be read: what a homeserver would refuse, what would give the
// daemon less than it needs, and what would give it, or others, more. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "policy/base/diagnostic.h"

namespace rollcall::cli {

struct RegistrationText {
    std::string file, text;  // text "": there is no such file
};

struct RegistrationPair {
    RegistrationText main, mask;
    std::string server_name;
    std::string bot;  // local part
};

[[nodiscard]] Diagnostics judge_registrations(const RegistrationPair& pair);

}  // namespace rollcall::cli
