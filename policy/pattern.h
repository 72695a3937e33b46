// The patterns of a policy: RE2 over the whole of an attribute's value, whatever its case (see the syntax
// page of RE2). To make one takes some hundred microseconds, so it is done once, where the policy is read,
// and not on the engine's thread.
#pragma once

#include <memory>
#include <string_view>

#include "policy/base/result.h"

namespace re2 {
class RE2;  // its header is read by the few files that match
}

namespace rollcall::policy {

using Pattern = std::shared_ptr<const re2::RE2>;  // never null where there is one; any thread

// invalid_input: RE2's words for what is wrong with it, or that it needs too much memory.
[[nodiscard]] Result<Pattern> make_pattern(std::string_view text);

}  // namespace rollcall::policy
