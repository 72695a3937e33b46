#include "schema/trail_leaf.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "schema/ocsf.h"

namespace rollcall::schema {
namespace {

using json::Object;
using json::Value;

// Members of an entry that lead to nobody. `time` is the event's, at the top; `v` and `number` are the
// leaf's.
constexpr std::array<std::string_view, 22> kPublic{
    "action",     "basis",     "danger", "history", "intent",   "kind",   "membership", "policy",
    "pseudonyms", "recovered", "review", "room",    "room_key", "rooms",  "rotation",   "rule",
    "rule_path",  "source",    "until",  "v",       "was",      "written"};
constexpr std::array<std::string_view, 7> kPublicEvidence{"attribute", "directory", "otherwise", "server",
                                                          "time",      "usn",       "written"};
// Of who called, whatever the entry is about.
constexpr std::array<std::string_view, 2> kOfCaller{"caller", "checkout"};
constexpr const char* kOurs = "unmapped";

template <class Names>
bool among(const Names& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string id_of(const PersonKey* key) {
    return key == nullptr ? "" : pseudonym(*key);
}

// The evidence is told apart member by member: where and when is public, of whom is not.
void split_evidence(const Object& evidence, Value& open, Value& personal) {
    Value public_part, personal_part;
    for (const auto& [name, value] : evidence)
        (among(kPublicEvidence, name) ? public_part : personal_part).set(name, value);
    if (!public_part.is_null()) open.set("evidence", std::move(public_part));
    if (!personal_part.is_null()) personal.set("evidence", std::move(personal_part));
}

void put_party(Value& ours, std::vector<PersonalPart>& parts, Party party, const PersonKey* key,
               const Value& personal, std::uint64_t number) {
    if (key == nullptr) return;
    PersonalPart part{party, personal.is_null() ? "{}" : json::write(personal)};
    Value mark;
    mark.set("id", pseudonym(*key));
    mark.set("mac", personal_mac(entry_key(*key, number), part.text));
    ours.set(std::string(to_text(party)), std::move(mark));
    parts.push_back(std::move(part));
}

// Members of `from` into `into`; of the evidence, its members.
void merge(Value& into, const Value& from) {
    if (!from.is_object()) return;
    for (const auto& [name, value] : *from.object()) {
        if (name != "evidence" || into["evidence"].is_null()) {
            into.set(name, value);
            continue;
        }
        Value whole = into["evidence"];
        merge(whole, value);
        into.set(name, std::move(whole));
    }
}

// The result's text is gone with the person; what came of it in one word is not.
void outcome_for_result(Value& into, const Value& ours) {
    const Value& outcome = ours["outcome"];
    if (!outcome.is_null() && outcome.text() != "other") into.set("result", outcome);
}

}  // namespace

std::string_view to_text(Party party) {
    return party == Party::subject ? "subject" : "caller";
}

bool has_subject(const TrailEntry& entry) {
    return !entry.person.empty() || entry.user.starts_with('@') || entry.sender.starts_with('@');
}

Result<TrailLeaf> split_trail_entry(const TrailEntry& entry, std::uint64_t number, const PersonKey* subject,
                                    const PersonKey* caller) {
    Value ours, of_subject, of_caller;
    Value& personal = subject != nullptr ? of_subject : caller != nullptr ? of_caller : ours;
    const Value whole = to_json(entry);
    for (const auto& [name, value] : *whole.object()) {
        if (name == "time") continue;
        if (caller != nullptr && among(kOfCaller, name))
            of_caller.set(name, value);
        else if (name == "evidence" && &personal != &ours)
            split_evidence(*value.object(), ours, personal);
        else
            (among(kPublic, name) ? ours : personal).set(name, value);
    }
    TrailLeaf out;
    ours.set("number", static_cast<std::int64_t>(number));
    if (const std::string_view outcome = outcome_of(to_text(entry.kind), entry.result); !outcome.empty())
        ours.set("outcome", outcome);
    put_party(ours, out.personal, Party::subject, subject, of_subject, number);
    put_party(ours, out.personal, Party::caller, caller, of_caller, number);
    Value event = ocsf_event(entry, id_of(subject), id_of(caller));
    event.set(kOurs, std::move(ours));
    out.text = json::write(event);
    if (out.text.size() <= kLongestTrailEntry) return out;
    return fail(ErrorKind::limit, fmt::format("entry {} of the trail has {} bytes; at most {} are allowed",
                                              number, out.text.size(), kLongestTrailEntry));
}

Result<Value> join_trail_entry(std::string_view leaf, const std::vector<PersonalPart>& personal) {
    Result<Value> event = json::parse(leaf);
    if (!event) return pass(event);
    const Value& ours = (*event)[kOurs];
    if (!ours.is_object() || ours["v"].integer_or(0) != kTrailVersion)
        return fail(ErrorKind::invalid_input,
                    fmt::format("not an entry of the log, version {}", kTrailVersion));
    Value out;
    out.set("time", to_rfc3339(from_ms((*event)["time"].integer_or(0))));
    for (const auto& [name, value] : *ours.object())
        if (name != "number" && name != "outcome" && name != "subject" && name != "caller")
            out.set(name, value);
    for (const Party party : {Party::subject, Party::caller}) {
        const std::optional<PartyMark> mark = party_mark(*event, party);
        if (!mark) continue;
        const auto part = std::find_if(personal.begin(), personal.end(),
                                       [party](const PersonalPart& p) { return p.party == party; });
        if (part == personal.end()) {
            out.set(party == Party::subject ? "erased" : "erased_caller", mark->id);
            if (party == Party::subject) outcome_for_result(out, ours);
            continue;
        }
        const Result<Value> read = json::parse(part->text);
        if (!read) return pass(read);
        merge(out, *read);
    }
    return out;
}

std::optional<PartyMark> party_mark(const Value& leaf, Party party) {
    const Value& mark = leaf[kOurs][to_text(party)];
    if (!mark.is_object()) return std::nullopt;
    return PartyMark{mark["id"].text(), mark["mac"].text()};
}

}  // namespace rollcall::schema
