#include "daemon/cli/audit_key.h"

#include <fmt/format.h>
#include <filesystem>

#include "daemon/cli/files.h"
#include "daemon/cli/text.h"
#include "schema/signed_note.h"

namespace rollcall::cli {

void say_verifier_key(const std::string& verifier, Terminal& terminal) {
    const Look look = terminal.out_look();
    terminal.out("\n" + paragraph(look, 0, Tone::strong, "The audit log's public key"));
    // In one piece, so that it can be copied: at the very left where it is as wide as the terminal.
    const bool wide = look.width > 0 && display_width(verifier) + 2 > look.width;
    terminal.out((wide ? "" : "  ") + verifier + "\n");
    terminal.out(
        paragraph(look, 2, Tone::plain,
                  "Whoever is to check the evidence later should get it now, from you and not from this "
                  "machine: `rollcall audit check-proof` and docs/verify_log.py ask for it."));
}

int make_audit_key(const schema::Config& config, Terminal& terminal) {
    const Result<schema::SignerKey> key = schema::SignerKey::generate(config.audit.origin);
    if (!key) return report(terminal, key.error());
    const std::string& path = config.audit.key_file;
    if (const Status made = make_folder(std::filesystem::path(path).parent_path().string(), 0700); !made)
        return report(terminal, made.error());
    if (const Status written = write_file(path, key->secret_text() + "\n", 0600, Existing::refuse); !written)
        return report(terminal, written.error());
    terminal.out(bullet(terminal.out_look(), 0, "+", Tone::good, path));
    say_verifier_key(key->verifier().text(), terminal);
    return 0;
}

}  // namespace rollcall::cli
