// audit verify: the whole trail checked, from its files, the store and the places outside, beside a daemon
// that runs or without.
#include <fmt/format.h>
#include <algorithm>
#include <memory>

#include "daemon/anchors/make_anchors.h"
#include "daemon/audit/expectation.h"
#include "daemon/cli/audit_log.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/files.h"
#include "daemon/cli/text.h"
#include "daemon/cli/verify_report.h"
#include "daemon/control/policy_files.h"
#include "daemon/control/registration_file.h"

namespace rollcall::cli {
namespace {

using audit::AnchorReading;
using audit::Fault;
using audit::KnownAnchor;
using schema::TrailAnchor;

constexpr std::size_t kMostNote = 1U << 20U;
constexpr Duration kAnchors = std::chrono::seconds{30};  // all of them are asked at once
constexpr const char* kOnlyWhole =
    "what is expected of a log is written where all of it was checked and nothing is wrong";

std::string place_of(const std::string& anchor) {
    return "audit.anchors." + anchor;
}

// What was given to hold the log to, besides what it holds itself.
struct Given {
    audit::VerifyOptions options;
    std::optional<audit::Expectation> expected;
};

Status add_key(const std::string& text, audit::VerifyOptions& into) {
    if (text.empty()) return {};
    Result<schema::VerifierKey> key = schema::read_verifier_key(text);
    if (!key) return pass(key);
    into.handed_out.push_back(std::move(*key));
    return {};
}

Status expect(const std::string& file, Given& into) {
    const Result<std::string> text = control::read_text_file(file, kMostNote, false);
    if (!text) return pass(text);
    auto expected = audit::read_expectation(*text);
    if (!expected)
        return fail(
            ErrorKind::invalid_input,
            fmt::format("{} does not say what is expected of a log: {}", file, expected.error().message),
            "`rollcall audit verify --write-expect` writes such a file");
    if (!expected->checkpoint.empty()) into.options.anchors.push_back({file, expected->checkpoint});
    if (Status key = add_key(expected->key, into.options); !key) return key;
    into.expected = std::move(*expected);
    return {};
}

Result<Given> read_given(const Session& session, const OpenedLog& log) {
    const Arguments& typed = session.arguments;
    Given out;
    out.options.origin = log.config.audit.origin;
    out.options.keys = {log.key};
    if (Status key = add_key(typed.key, out.options); !key) return pass(key);
    if (!typed.checkpoint.empty()) {
        Result<std::string> note = control::read_text_file(typed.checkpoint, kMostNote, false);
        if (!note) return pass(note);
        out.options.anchors.push_back({typed.checkpoint, std::move(*note)});
    }
    if (!typed.expect.empty())
        if (Status read = expect(typed.expect, out); !read) return pass(read);
    if (!typed.write_expect.empty() && typed.write_expect != typed.expect && exists(typed.write_expect))
        return fail(ErrorKind::conflict, fmt::format("{} is there already", typed.write_expect),
                    "name it with --expect too: it is compared before it is written anew");
    return out;
}

// The anchors as the configuration has them, with the IDs of rooms.
Result<std::vector<TrailAnchor>> anchors_now(const schema::Config& config, store::TrailReader& reader) {
    std::vector<TrailAnchor> out = schema::anchors_of(config.audit);
    for (TrailAnchor& anchor : out) {
        if (anchor.kind != "room") continue;
        auto room = reader.room_id(anchor.place);
        if (!room) return pass(room);
        anchor.room = room->value_or("");
    }
    return out;
}

// What the trail says that each anchor was given, and what the store has counted since.
Result<std::vector<KnownAnchor>> on_record(const audit::BasisHistory& history, store::TrailReader& reader) {
    std::vector<KnownAnchor> out;
    const auto counted = reader.marks("anchor");
    if (!counted) return pass(counted);
    if (!history.last()) return out;
    for (const TrailAnchor& anchor : history.last()->basis.anchors) {
        KnownAnchor& known =
            out.emplace_back(KnownAnchor{fmt::format("entry {}", history.last()->number), anchor});
        const auto mark = counted->find(anchor.name);
        if (mark == counted->end()) continue;
        const auto value = json::parse(mark->second);
        if (!value) continue;
        const auto since = schema::read_trail_anchor(*value);
        if (!since || !since->is_at(anchor) || since->heads <= anchor.heads) continue;
        known.said_by = "the store";
        known.anchor.heads = since->heads;
        known.anchor.newest = since->newest;
    }
    return out;
}

void look_outside(const std::vector<AnchorReading>& anchors, VerifyReport& report) {
    for (const AnchorReading& anchor : anchors) {
        if (!anchor.kept) {
            report.not_checked.push_back({place_of(anchor.name), anchor.kept.error().message});
            continue;
        }
        if (!anchor.can_be_read && !anchor.witness) report.unreadable.push_back(anchor.name);
        if (anchor.can_be_read)
            report.outside.push_back({anchor.name, audit::heads_there(anchor.kept->heads)});
        if (!anchor.kept->whole)
            report.not_checked.push_back({place_of(anchor.name), "there is more than was read, and older"});
    }
}

// Whether witnesses have signed the published head, below the log's own signature.
void look_for_witnesses(const OpenedLog& log, const std::vector<AnchorReading>& anchors,
                        VerifyReport& report) {
    std::vector<schema::VerifierKey> keys = report.found.log.keys.keys();
    keys.push_back(log.key);
    const auto note = log.folder.read_note(audit::kCheckpointFile);
    if (!note || !*note) return;  // reported by who checks the log
    for (const AnchorReading& anchor : anchors) {
        if (!anchor.witness) continue;
        keys.push_back(*anchor.witness);
        const auto opened = schema::open_note(**note, keys);
        const std::string& name = anchor.witness->name;
        if (!opened)
            report.found.faults.push_back({audit::kCheckpointFile, opened.error().message});
        else if (std::find(opened->signers.begin(), opened->signers.end(), name) != opened->signers.end())
            report.signed_by.push_back(name);
        else
            report.lacking.push_back(name);
    }
}

// In force for the head: the file's own may be the one before it, for a moment.
std::string key_of(const OpenedLog& log, const audit::TrailVerification& found) {
    const bool one = found.log.keys.empty() || !found.log.head;
    return one ? log.key.text() : found.log.keys.at(found.log.head->size).text();
}

Result<std::vector<AnchorReading>> ask_anchors(const OpenedLog& log) {
    auto outside = anchors::make_anchors(log.config, [&] { return control::bot_access(log.config); });
    if (!outside) return pass(outside);
    return audit::read_anchors(std::move(*outside), kAnchors);
}

// Adds to the faults what differs from what is known to have been left outside.
Status compare_outside(const std::string& file, const Given& given, const OpenedLog& log,
                       const std::vector<AnchorReading>& anchors, const std::vector<TrailAnchor>& now,
                       store::TrailReader& reader, VerifyReport& report) {
    auto known = on_record(report.found.basis, reader);
    if (!known) return pass(known);
    if (given.expected)
        for (const TrailAnchor& anchor : given.expected->anchors) known->push_back({file, anchor});
    std::vector<Fault> faults = audit::compare_anchors(*known, now, anchors);
    if (!faults.empty()) {  // what is on record may be younger than what was read
        const auto again = ask_anchors(log);
        if (!again) return pass(again);
        faults = audit::compare_anchors(*known, now, *again);
    }
    for (Fault& fault : faults) report.found.faults.push_back(std::move(fault));
    return {};
}

// What else a file says that is expected.
void compare_expected(const std::string& file, const Given& given, const std::vector<AnchorReading>& anchors,
                      VerifyReport& report) {
    if (!given.expected) return;
    if (const std::string& origin = given.expected->origin; !origin.empty() && origin != report.origin)
        report.found.faults.push_back({"audit.origin", fmt::format("{} has {}", file, origin)});
    for (const TrailAnchor& anchor : given.expected->anchors)
        for (const AnchorReading& reading : anchors)
            if (reading.name == anchor.name && reading.witness &&
                std::find(report.lacking.begin(), report.lacking.end(), reading.witness->name) !=
                    report.lacking.end())
                report.not_checked.push_back(
                    {place_of(anchor.name), "it has not signed the published checkpoint"});
}

// For whoever holds this log to it later.
Status write_expected(const Session& session, const OpenedLog& log, const VerifyReport& report,
                      const std::vector<TrailAnchor>& now) {
    const std::string& file = session.arguments.write_expect;
    if (file.empty()) return {};
    if (!report.good()) return fail(ErrorKind::conflict, fmt::format("{} was not written", file), kOnlyWhole);
    const auto note = log.folder.read_note(audit::kCheckpointFile);
    if (!note) return pass(note);
    audit::Expectation out{report.origin, report.key, note->value_or(""), now};
    if (!report.found.log.keys.empty()) out.key = report.found.log.keys.keys().front().text();
    for (TrailAnchor& anchor : out.anchors)
        for (const auto& [name, has] : report.outside)
            if (name == anchor.name) anchor.heads = has.heads, anchor.newest = has.newest;
    return write_file(file, audit::write_expectation(out), 0644, Existing::replace);
}

}  // namespace

int audit_verify(const Session& session) {
    int exit = 1;
    const std::optional<OpenedLog> log = open_log(session, exit);
    if (!log) return exit;
    Result<Given> given = read_given(session, *log);
    if (!given) return report(session.terminal, given.error());
    const auto anchors = ask_anchors(*log);
    if (!anchors) return report(session.terminal, anchors.error());
    audit::VerifyOptions& options = given->options;
    for (const AnchorReading& anchor : *anchors)
        if (anchor.kept)
            options.anchors.insert(options.anchors.end(), anchor.kept->heads.begin(),
                                   anchor.kept->heads.end());
    if (session.terminal.shows_progress())
        options.progress = [&](std::uint64_t done, std::uint64_t of) {
            if (done % 25'600 == 0)
                session.terminal.err(
                    fmt::format("\r{} of {} entries", with_separators(done), with_separators(of)));
        };
    auto reader = store::TrailReader::open(log->config.state);
    if (!reader) return report(session.terminal, reader.error());
    auto found = audit::verify_trail(log->folder, **reader, options);
    wipe_progress(session.terminal);
    if (!found) return report(session.terminal, found.error());
    VerifyReport whole;
    whole.origin = log->config.audit.origin;
    whole.configuration = log->config.hash;
    whole.key = key_of(*log, *found);
    whole.found = std::move(*found);
    look_outside(*anchors, whole);
    look_for_witnesses(*log, *anchors, whole);
    const auto now = anchors_now(log->config, **reader);
    if (!now) return report(session.terminal, now.error());
    const std::string& file = session.arguments.expect;
    if (Status compared = compare_outside(file, *given, *log, *anchors, *now, **reader, whole); !compared)
        return report(session.terminal, compared.error());
    compare_expected(file, *given, *anchors, whole);
    show(session, to_json(whole), [&](const Look& look) { return verify_view(whole, look); });
    if (Status written = write_expected(session, *log, whole, *now); !written)
        return report(session.terminal, written.error());
    return whole.good() ? 0 : 1;
}

}  // namespace rollcall::cli
