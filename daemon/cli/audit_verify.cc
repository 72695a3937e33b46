// audit verify: the whole trail checked, from its files and the store, beside a daemon that runs or without.
#include <fmt/format.h>
#include <algorithm>
#include <memory>

#include "daemon/anchors/make_anchors.h"
#include "daemon/audit/anchor_readings.h"
#include "daemon/audit/verify_trail.h"
#include "daemon/cli/audit_log.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/items.h"
#include "daemon/cli/text.h"
#include "daemon/control/policy_files.h"
#include "daemon/control/registration_file.h"

namespace rollcall::cli {
namespace {

constexpr std::size_t kMostNote = 1U << 20U;
constexpr Duration kAnchors = std::chrono::seconds{30};  // all of them are asked at once

// What anchors say beside the checkpoints that were read there.
struct Witnessed {
    std::vector<std::string> signed_by;
    std::vector<std::string> lacking;       // witnesses whose signature is not there (yet)
    std::vector<std::string> unreadable;    // anchors that keep heads, and cannot be asked for them
    std::vector<audit::Fault> not_checked;  // those that can, and could not be read now
};

Witnessed witnessed(const OpenedLog& log, const std::vector<audit::AnchorReading>& anchors,
                    audit::TrailVerification& found) {
    Witnessed out;
    for (const audit::AnchorReading& anchor : anchors) {
        if (!anchor.kept)
            out.not_checked.push_back({"audit.anchors." + anchor.name, anchor.kept.error().message});
        else if (!anchor.can_be_read && !anchor.witness)
            out.unreadable.push_back(anchor.name);
    }
    std::vector<schema::VerifierKey> keys = found.log.keys.keys();
    keys.push_back(log.key);
    const auto note = log.folder.read_note(audit::kCheckpointFile);
    if (!note || !*note) return out;  // reported by who checks the log
    for (const audit::AnchorReading& anchor : anchors) {
        if (!anchor.witness) continue;
        keys.push_back(*anchor.witness);
        const auto opened = schema::open_note(**note, keys);
        const std::string& name = anchor.witness->name;
        if (!opened)
            found.faults.push_back({audit::kCheckpointFile, opened.error().message});
        else if (std::find(opened->signers.begin(), opened->signers.end(), name) != opened->signers.end())
            out.signed_by.push_back(name);
        else
            out.lacking.push_back(name);
    }
    return out;
}

// What one anchor has, as far as it can be read back.
struct KeptOutside {
    std::string name;
    std::size_t checkpoints = 0;
    std::uint64_t newest = 0;  // entries that its newest one covers
};

KeptOutside kept_outside(const std::string& name, const std::vector<audit::Anchor>& kept) {
    KeptOutside out{name, kept.size(), 0};
    for (const audit::Anchor& anchor : kept)
        if (const auto head =
                schema::read_checkpoint_text(anchor.note.substr(0, anchor.note.find("\n\n") + 1)))
            out.newest = std::max(out.newest, head->size);
    return out;
}

json::Value to_json(const std::vector<KeptOutside>& anchors) {
    json::Value out{json::Array{}};
    for (const KeptOutside& anchor : anchors) {
        json::Value one;
        one.set("name", anchor.name);
        one.set("checkpoints", static_cast<std::int64_t>(anchor.checkpoints));
        if (anchor.checkpoints > 0) one.set("newest", static_cast<std::int64_t>(anchor.newest));
        out.push(std::move(one));
    }
    return out;
}

// In force for the head: the file's own may be the one before it, for a moment.
std::string key_of(const OpenedLog& log, const audit::TrailVerification& found) {
    const bool one = found.log.keys.empty() || !found.log.head;
    return one ? log.key.text() : found.log.keys.at(found.log.head->size).text();
}

json::Value to_json(const OpenedLog& log, const audit::TrailVerification& found, const Witnessed& by,
                    const std::vector<KeptOutside>& kept) {
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
          std::pair("in_flight", found.in_flight), std::pair("policies", found.policies),
          std::pair("checkpoints_met", std::uint64_t{found.log.anchors})})
        out.set(name, static_cast<std::int64_t>(count));
    json::Value not_checked{json::Array{}};
    for (const auto& [list, into] : {std::pair(&found.faults, &faults), {&by.not_checked, &not_checked}})
        for (const audit::Fault& fault : *list) {
            json::Value one;
            one.set("place", fault.place);
            one.set("text", fault.text);
            into->push(std::move(one));
        }
    out.set("not_checked", std::move(not_checked));
    out.set("anchors", to_json(kept));
    out.set("witnesses", list_of(by.signed_by));
    out.set("witnesses_lacking", list_of(by.lacking));
    out.set("anchors_unreadable", list_of(by.unreadable));
    out.set("faults", std::move(faults));
    return out;
}

std::string places_view(const std::string& title, const std::vector<audit::Fault>& places, const Look& look) {
    std::string out = paragraph(look, 0, Tone::bad, title);
    Table table(2);
    for (const audit::Fault& one : places) table.row({{printable(one.place), Tone::strong}, one.text});
    out += table.text(look);
    return out;
}

// What the check comes to, in words; the exit status is 0 only where nothing is wrong and nothing was left
// out.
std::string judgement(const audit::TrailVerification& found, const Witnessed& by, const Look& look) {
    std::string out;
    if (!by.not_checked.empty()) out += places_view("Not checked", by.not_checked, look) + "\n";
    if (!found.faults.empty())
        return out + places_view(counted(found.faults.size(), "fault", "faults"), found.faults, look);
    out += paragraph(look, 0, Tone::good, "Nothing was changed, left out or put in since it was signed.");
    if (!by.not_checked.empty())
        return out +
               paragraph(look, 0, Tone::warning,
                         "Whether it is the log that was anchored in the places above is not known: check "
                         "again when they can be read. Until then the exit status is 1.");
    if (found.log.anchors == 0 && by.signed_by.empty())
        out +=
            paragraph(look, 0, Tone::plain,
                      "Root of this machine could have signed another log anew. A checkpoint that was kept "
                      "elsewhere shows that: rollcall audit verify --from FILE.");
    return out;
}

std::string view(const OpenedLog& log, const audit::TrailVerification& found, const Witnessed& by,
                 const std::vector<KeptOutside>& kept, const Look& look) {
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
    if (found.policies > 0)
        table.row(
            {{"policies", Tone::faint},
             counted(found.policies, "text as it was put in force", "texts as they were put in force")});
    if (found.log.anchors > 0)
        table.row({{"from outside", Tone::faint},
                   counted(found.log.anchors, "checkpoint is met", "checkpoints are met")});
    for (const KeptOutside& anchor : kept)
        table.row({{"anchor", Tone::faint},
                   anchor.checkpoints == 0
                       ? Cell{anchor.name + " holds no checkpoint: it is new, or was emptied", Tone::bad}
                       : Cell{fmt::format("{} has {}, the newest of {}", anchor.name,
                                          counted(anchor.checkpoints, "checkpoint", "checkpoints"),
                                          counted(anchor.newest, "entry", "entries"))}});
    for (const std::string& name : by.signed_by)
        table.row({{"witness", Tone::faint}, name + " has signed it too"});
    for (const std::string& name : by.lacking)
        table.row({{"witness", Tone::faint}, name + " has not signed it yet: see rollcall status"});
    for (const std::string& name : by.unreadable)
        table.row({{"anchor", Tone::faint}, name + " cannot be read back: give what it has to --from"});
    return out + table.text(look) + "\n" + judgement(found, by, look);
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
    auto outside = anchors::make_anchors(log->config, [&] { return control::bot_access(log->config); });
    if (!outside) return report(session.terminal, outside.error());
    const std::vector<audit::AnchorReading> anchors = audit::read_anchors(std::move(*outside), kAnchors);
    std::vector<KeptOutside> outside_has;
    for (const audit::AnchorReading& anchor : anchors) {
        if (!anchor.kept) continue;
        if (anchor.can_be_read) outside_has.push_back(kept_outside(anchor.name, *anchor.kept));
        options.anchors.insert(options.anchors.end(), anchor.kept->begin(), anchor.kept->end());
    }
    if (session.terminal.shows_progress())
        options.progress = [&](std::uint64_t done, std::uint64_t of) {
            if (done % 25'600 == 0)
                session.terminal.err(
                    fmt::format("\r{} of {} entries", with_separators(done), with_separators(of)));
        };
    auto reader = store::TrailReader::open(log->config.state);
    if (!reader) return report(session.terminal, reader.error());
    auto found = audit::verify_trail(log->folder, **reader, options);
    if (session.terminal.shows_progress()) session.terminal.err("\r\x1b[K");
    if (!found) return report(session.terminal, found.error());
    const Witnessed by = witnessed(*log, anchors, *found);
    show(session, to_json(*log, *found, by, outside_has),
         [&](const Look& look) { return view(*log, *found, by, outside_has, look); });
    return found->faults.empty() && by.not_checked.empty() ? 0 : 1;
}

}  // namespace rollcall::cli
