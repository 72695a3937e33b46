#include "daemon/cli/rotate_tokens.h"

#include <fmt/format.h>
#include <vector>

#include "bridges/matrix/registration.h"
#include "daemon/cli/files.h"
#include "daemon/cli/session.h"
#include "daemon/control/policy_files.h"

namespace rollcall::cli {
namespace {

constexpr std::size_t kMostRegistrationBytes = 1U << 20U;

struct Rotated {
    std::string path, text;
};

// Comments and keys that are not ours stay, because the text is kept and the old tokens in it are replaced.
Result<Rotated> rotated(const std::string& path, Diagnostics& diagnostics) {
    Result<std::string> text = control::read_text_file(path, kMostRegistrationBytes, true);
    if (!text) return pass(text);
    const std::optional<matrix::Registration> before = matrix::read_registration(*text, path, diagnostics);
    if (!before)
        return fail(ErrorKind::invalid_input, fmt::format("{} is no registration", path),
                    "correct it, or write it anew with `rollcall init --force`");
    for (const std::string& old : {before->as_token, before->hs_token}) {
        const std::size_t at = text->find(old);
        if (old.empty() || at == std::string::npos)
            return fail(ErrorKind::invalid_input,
                        fmt::format("the tokens in {} are not written out plainly", path),
                        "write them in one piece each");
        text->replace(at, old.size(), matrix::new_token());
    }
    return Rotated{path, std::move(*text)};
}

}  // namespace

int rotate_tokens(const std::string& folder, Terminal& terminal) {
    std::vector<Rotated> all;  // both are read before one is written
    for (const std::string name : {"rollcall.yaml", "rollcall-mask.yaml"}) {
        const std::string path = folder + "/" + name;
        if (name == "rollcall-mask.yaml" && !exists(path)) continue;
        Diagnostics diagnostics;
        Result<Rotated> one = rotated(path, diagnostics);
        print_diagnostics(terminal, diagnostics);
        if (!one) return report(terminal, one.error());
        all.push_back(std::move(*one));
    }
    const Look look = terminal.out_look();
    for (const Rotated& one : all) {
        if (const Status written = replace_file(one.path, one.text); !written)
            return report(terminal, written.error());
        terminal.out(bullet(look, 0, "+", Tone::good, "new tokens in " + one.path));
    }
    terminal.out("\nNow, without waiting long, because the old tokens go on working until then:\n");
    terminal.out(bullet(look, 2, "1.", Tone::strong,
                        "give the homeserver the new files, if it reads copies of them, and restart it"));
    terminal.out(bullet(look, 2, "2.", Tone::strong, "restart the daemon"));
    return 0;
}

}  // namespace rollcall::cli
