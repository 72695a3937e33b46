// audit rotate-key: a new key for the log.
#include "daemon/cli/audit_answers.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/text.h"

namespace rollcall::cli {

int audit_rotate_key(const Session& session) {
    json::Value args{json::Object{}};
    args.set("reason", session.arguments.reason);
    return ask_and_show(session, request("audit.rotate-key", std::move(args)),
                        [](const json::Value& result, const schema::Config& config, const Look& look) {
                            return rotated_view(result, config.audit.key_file, look);
                        });
}

std::string rotated_view(const json::Value& result, const std::string& key_file, const Look& look) {
    // Keys are copied: no line is broken within one.
    return paragraph(look, 0, Tone::good,
                     "The log is handed on to a new key, by an entry that both have signed.") +
           "  new key  " + printable(result["to"].text()) + "\n  old key  " +
           printable(result["from"].text()) + "\n\n" +
           paragraph(look, 0, Tone::plain,
                     "Whoever has an older public key can go on with it: it leads to the new one. A witness "
                     "must be given the new one. The next checkpoint is signed by both; then the old key is "
                     "destroyed, and " +
                         printable(key_file) + " holds the new one: back it up.");
}

}  // namespace rollcall::cli
