// What `audit verify` found, in words.
#include <fmt/format.h>

#include "daemon/cli/text.h"
#include "daemon/cli/verify_report.h"
#include "schema/tlog_hash.h"

namespace rollcall::cli {
namespace {

std::string places_view(const std::string& title, const std::vector<audit::Fault>& places, const Look& look) {
    std::string out = paragraph(look, 0, Tone::bad, title);
    Table table(2);
    for (const audit::Fault& one : places) table.row({{printable(one.place), Tone::strong}, one.text});
    out += table.text(look);
    return out;
}

// What the check comes to; the exit status is 0 only where nothing is wrong and nothing was left out.
std::string judgement(const VerifyReport& report, const Look& look) {
    const audit::TrailVerification& found = report.found;
    std::string out;
    if (!report.not_checked.empty()) out += places_view("Not checked", report.not_checked, look) + "\n";
    if (!found.faults.empty())
        return out + places_view(counted(found.faults.size(), "fault", "faults"), found.faults, look);
    out += paragraph(look, 0, Tone::good, "Nothing was changed, left out or put in since it was signed.");
    if (!report.not_checked.empty())
        return out +
               paragraph(look, 0, Tone::warning,
                         "Whether it is the log that was anchored in the places above is not known: check "
                         "again when they can be read. Until then the exit status is 1.");
    if (found.log.anchors == 0 && report.signed_by.empty())
        out +=
            paragraph(look, 0, Tone::plain,
                      "Root of this machine could have signed another log anew. A checkpoint that was kept "
                      "elsewhere shows that: rollcall audit verify --from FILE.");
    return out;
}

void log_rows(const VerifyReport& report, Table& table) {
    const audit::TrailVerification& found = report.found;
    if (found.log.head) {
        table.row({{"signed", Tone::faint}, counted(found.log.head->size, "entry", "entries")});
        table.row({{"checked", Tone::faint}, counted(found.log.entries, "entry", "entries")});
        table.row({{"root", Tone::faint}, schema::to_base64(found.log.head->root)});
    }
    table.row({{"key", Tone::faint}, report.key});
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
}

// What the trail itself says that it rests on.
void basis_rows(const VerifyReport& report, Table& table) {
    const auto& said = report.found.basis.last();
    if (!said) return;
    table.row(
        {{"program", Tone::faint}, fmt::format("{}, says entry {}", said->basis.program, said->number)});
    const bool same = said->basis.configuration == report.configuration;
    table.row(
        {{"configuration", Tone::faint},
         same ? Cell{fmt::format("as it was at entry {}", said->number)}
              : Cell{fmt::format("changed since entry {}: not in force before the next start", said->number),
                     Tone::warning}});
}

void outside_rows(const VerifyReport& report, Table& table) {
    const audit::TrailVerification& found = report.found;
    if (found.log.anchors > 0)
        table.row({{"from outside", Tone::faint},
                   counted(found.log.anchors, "checkpoint is met", "checkpoints are met")});
    for (const auto& [name, has] : report.outside)
        table.row({{"anchor", Tone::faint},
                   has.heads == 0 ? Cell{name + " holds no checkpoint", Tone::bad}
                                  : Cell{fmt::format("{} has {}, the newest of {}", name,
                                                     counted(has.heads, "checkpoint", "checkpoints"),
                                                     counted(has.newest, "entry", "entries"))}});
    for (const std::string& name : report.signed_by)
        table.row({{"witness", Tone::faint}, name + " has signed it too"});
    for (const std::string& name : report.lacking)
        table.row({{"witness", Tone::faint}, name + " has not signed it yet: see rollcall status"});
    for (const std::string& name : report.unreadable)
        table.row({{"anchor", Tone::faint}, name + " cannot be read back: give what it has to --from"});
    for (const audit::BasisHistory::Former& one : found.basis.former())
        table.row({{"former anchor", Tone::faint},
                   Cell{fmt::format("{} until entry {}: {}", one.anchor.name, one.since, one.anchor.where()),
                        Tone::warning}});
}

}  // namespace

std::string verify_view(const VerifyReport& report, const Look& look) {
    std::string out = paragraph(look, 0, Tone::strong, "The log " + report.origin);
    Table table(2);
    log_rows(report, table);
    basis_rows(report, table);
    outside_rows(report, table);
    return out + table.text(look) + "\n" + judgement(report, look);
}

}  // namespace rollcall::cli
