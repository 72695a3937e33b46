// audit verify: the whole trail checked, from its files and the store, beside a daemon that runs or without.
#include <fmt/format.h>
#include <algorithm>
#include <memory>

#include "daemon/anchors/make_anchors.h"
#include "daemon/audit/verify_trail.h"
#include "daemon/cli/audit_log.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/text.h"
#include "daemon/control/policy_files.h"
#include "daemon/control/registration_file.h"

namespace rollcall::cli {
namespace {

constexpr std::size_t kMostNote = 1U << 20U;

// What anchors say that hold no checkpoints to compare: whose signature is below the published one.
struct Witnessed {
    std::vector<std::string> signed_by;
    std::vector<std::string> lacking;     // witnesses whose signature is not there (yet)
    std::vector<std::string> unreadable;  // anchors that keep heads, and cannot be asked for them
};

Witnessed witnessed(const OpenedLog& log, audit::TrailVerification& found) {
    Witnessed out;
    std::vector<schema::VerifierKey> keys = found.log.keys.keys();
    keys.push_back(log.key);
    const auto note = log.folder.read_note(audit::kCheckpointFile);
    if (!note || !*note) return out;  // reported by who checks the log
    for (const schema::AnchorConfig& anchor : log.config.audit.anchors) {
        if (!anchor.syslog.empty()) out.unreadable.push_back(anchor.name);
        if (anchor.witness_url.empty()) continue;
        keys.push_back(anchor.witness_key);
        const auto opened = schema::open_note(**note, keys);
        const std::string& name = anchor.witness_key.name;
        if (!opened)
            found.faults.push_back({audit::kCheckpointFile, opened.error().message});
        else if (std::find(opened->signers.begin(), opened->signers.end(), name) != opened->signers.end())
            out.signed_by.push_back(name);
        else
            out.lacking.push_back(name);
    }
    return out;
}

json::Value names(const std::vector<std::string>& texts) {
    json::Value out{json::Array{}};
    for (const std::string& text : texts) out.push(text);
    return out;
}

// In force for the head: the file's own may be the one before it, for a moment.
std::string key_of(const OpenedLog& log, const audit::TrailVerification& found) {
    const bool one = found.log.keys.empty() || !found.log.head;
    return one ? log.key.text() : found.log.keys.at(found.log.head->size).text();
}

json::Value to_json(const OpenedLog& log, const audit::TrailVerification& found, const Witnessed& by) {
    json::Value out, faults{json::Array{}}, keys{json::Array{}};
    out.set("origin", log.config.audit.origin);
    out.set("key", key_of(log, found));
    for (const schema::VerifierKey& key : found.log.keys.keys()) keys.push(key.text());
    if (!found.log.keys.empty()) out.set("keys", std::move(keys));
    if (found.log.head) {
        out.set("size", static_cast<std::int64_t>(found.log.head->size));
        out.set("root", schema::to_base64(found.log.head->root));
    }
    for (const auto& [name, count] :
         {std::pair("checked", found.log.entries), std::pair("unsigned", found.unsigned_entries),
          std::pair("personal", found.personal), std::pair("erased", found.erased),
          std::pair("lost", found.lost), std::pair("intents", found.intents),
          std::pair("in_flight", found.in_flight),
          std::pair("checkpoints_met", std::uint64_t{found.log.anchors})})
        out.set(name, static_cast<std::int64_t>(count));
    for (const audit::Fault& fault : found.faults) {
        json::Value one;
        one.set("place", fault.place);
        one.set("text", fault.text);
        faults.push(std::move(one));
    }
    out.set("witnesses", names(by.signed_by));
    out.set("witnesses_lacking", names(by.lacking));
    out.set("anchors_unreadable", names(by.unreadable));
    out.set("faults", std::move(faults));
    return out;
}

std::string faults_view(const std::vector<audit::Fault>& faults, const Look& look) {
    std::string out = paragraph(look, 0, Tone::bad, counted(faults.size(), "fault", "faults"));
    Table table(2);
    for (const audit::Fault& fault : faults) table.row({{printable(fault.place), Tone::strong}, fault.text});
    out += table.text(look);
    return out;
}

std::string view(const OpenedLog& log, const audit::TrailVerification& found, const Witnessed& by,
                 const Look& look) {
    std::string out = paragraph(look, 0, Tone::strong, "The log " + log.config.audit.origin);
    Table table(2);
    if (found.log.head) {
        table.row({{"signed", Tone::faint}, counted(found.log.head->size, "entry", "entries")});
        table.row({{"checked", Tone::faint}, counted(found.log.entries, "entry", "entries")});
        table.row({{"root", Tone::faint}, schema::to_base64(found.log.head->root)});
    }
    table.row({{"key", Tone::faint}, key_of(log, found)});
    for (const auto& [number, rotation] : found.log.keys.links())
        table.row({{fmt::format("until {}", number), Tone::faint}, rotation.from.text()});
    if (found.unsigned_entries > 0)
        table.row({{"not signed yet", Tone::faint},
                   counted(found.unsigned_entries, "newer entry", "newer entries")});
    table.row(
        {{"about people", Tone::faint},
         counted(found.personal, "part as it was written", "parts as they were written") +
             (found.erased > 0 ? fmt::format(", {} erased", with_separators(found.erased)) : "") +
             (found.lost > 0 ? fmt::format(", {} lost with a database", with_separators(found.lost)) : "")});
    table.row({{"requests", Tone::faint},
               counted(found.intents, "intent with its result", "intents with their results") +
                   (found.in_flight > 0 ? fmt::format(", {} under way", found.in_flight) : "")});
    if (found.log.anchors > 0)
        table.row({{"from outside", Tone::faint},
                   counted(found.log.anchors, "checkpoint is met", "checkpoints are met")});
    for (const std::string& name : by.signed_by)
        table.row({{"witness", Tone::faint}, name + " has signed it too"});
    for (const std::string& name : by.lacking)
        table.row({{"witness", Tone::faint}, name + " has not signed it yet: see rollcall status"});
    for (const std::string& name : by.unreadable)
        table.row({{"anchor", Tone::faint}, name + " cannot be read back: give what it has to --from"});
    out += table.text(look) + "\n";
    if (!found.faults.empty()) return out + faults_view(found.faults, look);
    out += paragraph(look, 0, Tone::good, "Nothing was changed, left out or put in since it was signed.");
    if (found.log.anchors == 0 && by.signed_by.empty())
        out +=
            paragraph(look, 0, Tone::plain,
                      "Root of this machine could have signed another log anew. A checkpoint that was kept "
                      "elsewhere shows that: rollcall audit verify --from FILE.");
    return out;
}

}  // namespace

int audit_verify(const Session& session) {
    int exit = 1;
    const std::optional<OpenedLog> log = open_log(session, exit);
    if (!log) return exit;
    audit::VerifyOptions options;
    options.origin = log->config.audit.origin;
    options.keys = {log->key};
    if (const std::string& text = session.arguments.key; !text.empty()) {
        Result<schema::VerifierKey> key = schema::read_verifier_key(text);
        if (!key) return report(session.terminal, key.error());
        options.handed_out = std::move(*key);
    }
    if (const std::string& from = session.arguments.checkpoint; !from.empty()) {
        Result<std::string> note = control::read_text_file(from, kMostNote, false);
        if (!note) return report(session.terminal, note.error());
        options.anchors.push_back({from, std::move(*note)});
    }
    std::vector<audit::Fault> unread;
    const auto outside = anchors::make_anchors(log->config, [&] { return control::bot_access(log->config); });
    if (!outside) return report(session.terminal, outside.error());
    for (const std::unique_ptr<audit::AnchorPort>& anchor : *outside) {
        auto kept = anchor->all();
        if (kept)
            options.anchors.insert(options.anchors.end(), kept->begin(), kept->end());
        else
            unread.push_back({"audit.anchors." + anchor->name(), kept.error().message});
    }
    if (session.terminal.shows_progress())
        options.progress = [&](std::uint64_t done, std::uint64_t of) {
            if (done % 25'600 == 0)
                session.terminal.err(
                    fmt::format("\r{} of {} entries", with_separators(done), with_separators(of)));
        };
    auto reader = store::TrailReader::open(log->config.state);
    if (!reader) return report(session.terminal, reader.error());
    auto found = audit::verify_trail(log->folder, **reader, std::move(options));
    if (session.terminal.shows_progress()) session.terminal.err("\r\x1b[K");
    if (!found) return report(session.terminal, found.error());
    found->faults.insert(found->faults.end(), unread.begin(), unread.end());
    const Witnessed by = witnessed(*log, *found);
    show(session, to_json(*log, *found, by), [&](const Look& look) { return view(*log, *found, by, look); });
    return found->faults.empty() ? 0 : 1;
}

}  // namespace rollcall::cli
