// Text that others chose, for exports that people open in programs which obey what is in it: a terminal's
// escapes, marks that turn the direction of writing and so show another text than there is. Values; any
// thread.
#pragma once

#include <string>
#include <string_view>

namespace rollcall::audit {

// U+FFFD for each control character but line breaks and tabs, and for each mark of direction (Unicode's
// Bidi_Control). The rest, valid UTF-8 or not, is left as it is.
[[nodiscard]] std::string tame_text(std::string_view text);

}  // namespace rollcall::audit
