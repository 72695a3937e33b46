// audit erase, hold and release: for auditors alone.
#include <fmt/format.h>

#include "daemon/cli/audit_answers.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/text.h"

namespace rollcall::cli {
namespace {

std::string_view command_of(Command command) {
    if (command == Command::audit_erase) return "audit.erase";
    return command == Command::audit_hold ? "audit.hold" : "audit.release";
}

}  // namespace

int audit_rights(const Session& session) {
    json::Value args{json::Object{}};
    args.set("person", session.arguments.user);
    args.set("reason", session.arguments.reason);
    const bool erases = session.arguments.command == Command::audit_erase;
    return ask_and_show(session, request(std::string(command_of(session.arguments.command)), std::move(args)),
                        [erases](const json::Value& result, const schema::Config&, const Look& look) {
                            return erases ? erased_view(result, look) : legal_hold_view(result, look);
                        });
}

std::string erased_view(const json::Value& result, const Look& look) {
    const json::Array& pseudonyms = items(result["pseudonyms"]);
    std::string out = paragraph(
        look, 0, Tone::good,
        fmt::format("Erased: {} and what the trail said under {}. What is left is",
                    counted(pseudonyms.size(), "key", "keys"), pseudonyms.size() == 1 ? "it" : "them"));
    for (const json::Value& pseudonym : pseudonyms) out += "  " + printable(pseudonym.text()) + "\n";
    return out +
           paragraph(look, 0, Tone::plain,
                     "Proofs go on to hold. Not erased: exports and proofs with names, what a collector was "
                     "sent with names, copies of the database, and what the directory and the homeserver say "
                     "themselves.");
}

std::string legal_hold_view(const json::Value& result, const Look& look) {
    const std::string person = result["person"].text();
    return result["held"].boolean_or(false)
               ? paragraph(
                     look, 0, Tone::warning,
                     fmt::format("{} is under a legal hold: what the trail says of them stays.", person))
               : paragraph(look, 0, Tone::good,
                           fmt::format("{} is released: what the trail says of them may be erased.", person));
}

}  // namespace rollcall::cli
