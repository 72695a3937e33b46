#include "daemon/cli/verify_report.h"

#include "daemon/cli/items.h"
#include "schema/tlog_hash.h"

namespace rollcall::cli {
namespace {

json::Value places_json(const std::vector<audit::Fault>& places) {
    json::Value out{json::Array{}};
    for (const audit::Fault& one : places) {
        json::Value place;
        place.set("place", one.place);
        place.set("text", one.text);
        out.push(std::move(place));
    }
    return out;
}

json::Value outside_json(const std::vector<VerifyReport::Outside>& anchors) {
    json::Value out{json::Array{}};
    for (const VerifyReport::Outside& anchor : anchors) {
        json::Value one;
        one.set("name", anchor.name);
        one.set("checkpoints", static_cast<std::int64_t>(anchor.has.heads));
        if (anchor.has.heads > 0) one.set("newest", static_cast<std::int64_t>(anchor.has.newest));
        out.push(std::move(one));
    }
    return out;
}

// What the trail rests on, as its entry of that number says.
json::Value rests_on(const audit::BasisHistory& history) {
    json::Value out;
    if (!history.last()) return out;
    out = schema::to_json(history.last()->basis);
    out.set("entry", static_cast<std::int64_t>(history.last()->number));
    json::Value former{json::Array{}};
    for (const audit::BasisHistory::Former& one : history.former()) {
        json::Value anchor = schema::to_json(one.anchor);
        anchor.set("since", static_cast<std::int64_t>(one.since));
        former.push(std::move(anchor));
    }
    out.set("former_anchors", std::move(former));
    return out;
}

}  // namespace

json::Value to_json(const VerifyReport& report) {
    const audit::TrailVerification& found = report.found;
    json::Value out, keys{json::Array{}};
    out.set("origin", report.origin);
    out.set("key", report.key);
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
    out.set("configuration", report.configuration);
    if (json::Value said = rests_on(found.basis); !said.is_null()) out.set("rests_on", std::move(said));
    out.set("not_checked", places_json(report.not_checked));
    out.set("anchors", outside_json(report.outside));
    out.set("witnesses", list_of(report.signed_by));
    out.set("witnesses_lacking", list_of(report.lacking));
    out.set("anchors_unreadable", list_of(report.unreadable));
    out.set("faults", places_json(found.faults));
    return out;
}

}  // namespace rollcall::cli
