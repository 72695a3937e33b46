// audit prove: one entry's proof, to hand to somebody outside; audit check-proof: what such a somebody runs,
// with the public key and nothing else.
#include <fmt/format.h>

#include "daemon/audit/key_history.h"
#include "daemon/audit/publication.h"
#include "daemon/cli/audit_log.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/files.h"
#include "daemon/cli/text.h"
#include "daemon/control/policy_files.h"
#include "daemon/store/trail_reader.h"
#include "schema/entry_proof.h"

namespace rollcall::cli {
namespace {

constexpr std::size_t kMostProof = 1U << 20U;

// Its personal parts, as the store has them.
Status show_names(store::TrailReader& reader, std::uint64_t number, schema::EntryProof& entry) {
    const auto rows = reader.rows(number - 1, 1);
    if (!rows) return pass(rows);
    if (rows->empty() || rows->front().row.number != number)
        return fail(ErrorKind::not_found, fmt::format("the store has no entry {}", number));
    for (const schema::PersonalPart& part : rows->front().row.leaf.personal)
        if (const auto& key = rows->front().keys[static_cast<std::size_t>(part.party)])
            entry.shown.push_back({part, schema::entry_key(*key, number)});
    return {};
}

Result<std::string> make_proof(const OpenedLog& log, std::uint64_t number, bool with_names) {
    const auto note = log.folder.read_note(audit::kCheckpointFile);
    if (!note) return pass(note);
    if (!*note) return fail(ErrorKind::not_found, "nothing is signed yet", "try again in a minute");
    auto reader = store::TrailReader::open(log.config.state);
    if (!reader) return pass(reader);
    (*reader)->read_leaves_with(audit::log_reader(log.folder));
    const auto keys = audit::key_history(**reader);
    if (!keys) return pass(keys);
    std::vector<schema::VerifierKey> known = keys->keys();
    known.push_back(log.key);
    const auto head = schema::open_checkpoint(**note, log.config.audit.origin, known);
    if (!head) return pass(head);
    if (number > head->size)
        return fail(ErrorKind::not_found,
                    fmt::format("entry {} is in no checkpoint yet; the newest has {}", number,
                                counted(head->size, "entry", "entries")),
                    "an entry is signed within audit.checkpoint_every");
    schema::TlogProof proof;
    proof.index = number - 1;
    proof.checkpoint = **note;
    auto path = schema::tlog_inclusion(log.folder.reader(head->size), proof.index, head->size);
    if (!path) return pass(path);
    proof.path = std::move(*path);
    const auto bundle = log.folder.longest_bundle(proof.index / schema::kTileWidth);
    if (!bundle) return pass(bundle);
    if (bundle->size() <= proof.index % schema::kTileWidth)
        return fail(ErrorKind::io, fmt::format("entry {} is missing in the log's files", number),
                    "`rollcall audit verify` says what is wrong");
    schema::EntryProof entry{(*bundle)[proof.index % schema::kTileWidth], {}, {}};
    for (const auto& [from, rotation] : keys->links())
        if (from <= head->size) entry.rotations.push_back(rotation.note);
    if (with_names)
        if (Status shown = show_names(**reader, number, entry); !shown) return pass(shown);
    std::string text = schema::write_entry_proof(entry, std::move(proof));
    // What we hand out is checked as whoever gets it will check it.
    const schema::VerifierKey first = keys->empty() ? log.key : keys->keys().front();
    if (const auto checked = schema::check_entry_proof(text, first); !checked)
        return fail(ErrorKind::conflict, "the log is damaged: " + checked.error().message,
                    "`rollcall audit verify` says where");
    return text;
}

std::string view(const schema::ProvenEntry& proven, const Look& look) {
    std::string out =
        paragraph(look, 0, Tone::good,
                  fmt::format("The proof holds: this is entry {} of {}, as it was signed in the log of {}.",
                              with_separators(proven.number), proven.head.origin,
                              counted(proven.head.size, "entry", "entries")));
    out += entry_view(proven.entry, "UTC", look);
    const bool hidden = !proven.entry["erased"].is_null() || !proven.entry["erased_caller"].is_null();
    if (hidden)
        out += paragraph(look, 0, Tone::faint,
                         "People are named by a pseudonym that leads nowhere without the log's owner.");
    return out;
}

}  // namespace

int audit_prove(const Session& session) {
    int exit = 1;
    const std::optional<OpenedLog> log = open_log(session, exit);
    if (!log) return exit;
    const Arguments& arguments = session.arguments;
    const Result<std::string> proof =
        make_proof(*log, static_cast<std::uint64_t>(arguments.number), arguments.with_names);
    if (!proof) return report(session.terminal, proof.error());
    if (arguments.out.empty()) {
        session.terminal.out(*proof);
        return 0;
    }
    if (const Status written =
            write_file(arguments.out, *proof, arguments.with_names ? 0600 : 0644, Existing::refuse);
        !written)
        return report(session.terminal, written.error());
    session.terminal.out(paragraph(session.terminal.out_look(), 0, Tone::plain,
                                   fmt::format("Whoever gets {} checks it with", arguments.out)));
    session.terminal.out(
        fmt::format("  rollcall audit check-proof {} --key {}\n", arguments.out, log->key.text()));
    return 0;
}

int audit_check_proof(const Session& session) {
    const Result<std::string> text = control::read_text_file(session.arguments.file, kMostProof, false);
    if (!text) return report(session.terminal, text.error());
    const Result<schema::VerifierKey> key = schema::read_verifier_key(session.arguments.key);
    if (!key) return report(session.terminal, key.error());
    const auto proven = schema::check_entry_proof(*text, *key);
    if (!proven) {
        Error error = proven.error();
        if (!error.message.starts_with("the proof does not hold"))
            error.message = "the proof does not hold: " + error.message;
        report(session.terminal, error);
        return 1;
    }
    json::Value out;
    out.set("number", static_cast<std::int64_t>(proven->number));
    out.set("origin", proven->head.origin);
    out.set("size", static_cast<std::int64_t>(proven->head.size));
    out.set("root", schema::to_base64(proven->head.root));
    out.set("entry", proven->entry);
    show(session, out, [&](const Look& look) { return view(*proven, look); });
    return 0;
}

}  // namespace rollcall::cli
