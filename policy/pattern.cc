#include "policy/pattern.h"

#include <re2/re2.h>

namespace rollcall::policy {

Result<Pattern> make_pattern(std::string_view text) {
    RE2::Options options;
    options.set_case_sensitive(false);
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);  // a pattern that needs more would cost every evaluation
    auto made = std::make_shared<const RE2>(re2::StringPiece(text.data(), text.size()), options);
    if (!made->ok()) return fail(ErrorKind::invalid_input, made->error());
    return made;
}

}  // namespace rollcall::policy
