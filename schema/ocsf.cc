#include "schema/ocsf.h"

#include <array>

namespace rollcall::schema {
namespace {

using json::Value;

constexpr int kGroup = 3006, kAccount = 3001, kAccess = 3005;

struct Mapping {
    std::string_view action;
    int class_uid, activity_id;
};
constexpr std::array<Mapping, 10> kActions{{{"join", kGroup, 3},
                                            {"invite", kGroup, 3},
                                            {"leave", kGroup, 4},
                                            {"forget", kGroup, 99},
                                            {"hidden", kGroup, 6},  // a room is made, for its first fill
                                            {"open", kGroup, 6},    // … or as it shall be
                                            {"departed", kAccount, 5},
                                            {"returned", kAccount, 2},
                                            {"sign out", kAccount, 99},
                                            {"power levels", kAccess, 1}}};

// What a class needs and this entry has not makes it a base event.
void set_class(const OcsfFacts& facts, OcsfKind& into) {
    for (const Mapping& mapping : kActions)
        if (mapping.action == facts.action &&
            (mapping.class_uid == kGroup ? facts.has_room : facts.has_subject)) {
            into.class_uid = mapping.class_uid;
            into.activity_id = mapping.activity_id;
            return;
        }
    if (!facts.action.empty() || facts.membership.empty() || !facts.has_room) return;
    const bool in = facts.membership == "join" || facts.membership == "invite";
    into.class_uid = kGroup;
    into.activity_id = in ? 3 : 4;
}

Value user(const std::string& pseudonym) {
    Value made;
    made.set("uid", pseudonym);
    return made;
}

}  // namespace

std::string_view outcome_of(std::string_view kind, std::string_view result) {
    if (result.empty()) return "";
    if (result.starts_with("refused")) return "refused";
    if (kind == to_text(TrailKind::failure)) return "failed";
    if (result == "done" || result.starts_with("done:")) return "done";
    if (result == "accepted" || result.starts_with("accepted:")) return "accepted";
    if (result == "no longer wanted") return "dropped";
    return "other";
}

OcsfKind ocsf_kind(const OcsfFacts& facts) {
    OcsfKind out;
    set_class(facts, out);
    const bool failed = facts.kind == to_text(TrailKind::failure);
    out.severity_id = failed || facts.kind == to_text(TrailKind::hold) ? 3 : 1;  // medium, informational
    out.status_id = failed ? 2 : outcome_of(facts.kind, facts.result) == "done" ? 1 : 99;
    return out;
}

Value ocsf_event(const TrailEntry& entry, const std::string& subject, const std::string& caller) {
    const OcsfKind is = ocsf_kind({to_text(entry.kind), entry.action, entry.membership, entry.result,
                                   !entry.room_key.empty() || !entry.room.empty(), !subject.empty()});
    Value made, metadata, product;
    product.set("name", "Rollcall");
    product.set("vendor_name", "Rollcall");
    metadata.set("product", std::move(product));
    metadata.set("version", kOcsfVersion);
    made.set("metadata", std::move(metadata));
    made.set("category_uid", is.class_uid / 1000);
    made.set("class_uid", is.class_uid);
    made.set("activity_id", is.activity_id);
    made.set("type_uid", is.class_uid * 100 + is.activity_id);
    made.set("severity_id", is.severity_id);
    made.set("status_id", is.status_id);
    made.set("time", to_ms(entry.time));
    if (is.class_uid == kGroup) {
        Value group;
        if (!entry.room_key.empty()) group.set("name", entry.room_key);
        if (!entry.room.empty()) group.set("uid", entry.room);
        made.set("group", std::move(group));
    }
    if (is.class_uid == kAccess) made.set("privileges", json::Array{Value("power level")});
    if (!subject.empty()) made.set("user", user(subject));
    if (!caller.empty()) {
        Value actor;
        actor.set("user", user(caller));
        made.set("actor", std::move(actor));
    }
    return made;
}

}  // namespace rollcall::schema
