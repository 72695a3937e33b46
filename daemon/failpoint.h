// Failpoints: named places at which a test may let the program die as by `kill -9`, for the crashes that
// random moments hardly ever meet. Armed by the environment only, one at a time:
//
//     ROLLCALL_FAILPOINT=after_commit        at the first time
//     ROLLCALL_FAILPOINT=during_fill:3       at the third
//     ROLLCALL_FAILPOINT=head_signed@FILE    at the first time after there is such a file
//
// Not in a release build (meson option `failpoints`): there it does nothing. A name belongs to one thread.
#pragma once

#include <string_view>

namespace rollcall {

void failpoint(std::string_view name);

}  // namespace rollcall
