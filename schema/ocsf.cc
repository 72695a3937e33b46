#include "schema/ocsf.h"

#include <array>

namespace rollcall::schema {
namespace {

using json::Value;

struct Class {
    int uid = 0, activity = 99;  // 99: another activity than the class has numbers for
};
constexpr int kGroup = 3006, kAccount = 3001, kAccess = 3005;

struct Mapping {
    std::string_view action;
    Class is;
};
constexpr std::array<Mapping, 12> kActions{{{"join", {kGroup, 3}},
                                            {"invite", {kGroup, 3}},
                                            {"leave", {kGroup, 4}},
                                            {"kick", {kGroup, 4}},
                                            {"ban", {kGroup, 4}},
                                            {"forget", {kGroup, 99}},
                                            {"create", {kGroup, 6}},
                                            {"hidden", {kGroup, 6}},
                                            {"departed", {kAccount, 5}},
                                            {"returned", {kAccount, 2}},
                                            {"sign out", {kAccount, 99}},
                                            {"power levels", {kAccess, 1}}}};

// What a class needs and this entry has not makes it a base event.
Class class_of(const TrailEntry& entry, const std::string& subject) {
    for (const Mapping& mapping : kActions) {
        if (mapping.action != entry.action) continue;
        const bool room = !entry.room_key.empty() || !entry.room.empty();
        if (mapping.is.uid == kGroup ? room : !subject.empty()) return mapping.is;
    }
    return {};
}

Value user(const std::string& pseudonym) {
    Value made;
    made.set("uid", pseudonym);
    return made;
}

// 1 success, 2 failure, 99: it was announced only, or says something else.
int status_of(const TrailEntry& entry) {
    if (entry.kind == TrailKind::failure) return 2;
    return outcome_of(entry) == "done" ? 1 : 99;
}

}  // namespace

std::string_view outcome_of(const TrailEntry& entry) {
    if (entry.result.empty()) return "";
    if (entry.result.starts_with("refused")) return "refused";
    if (entry.kind == TrailKind::failure) return "failed";
    if (entry.result == "done" || entry.result.starts_with("done:")) return "done";
    if (entry.result == "no longer wanted") return "dropped";
    return "other";
}

Value ocsf_event(const TrailEntry& entry, const std::string& subject, const std::string& caller) {
    const Class is = class_of(entry, subject);
    Value made, metadata, product;
    product.set("name", "Rollcall");
    product.set("vendor_name", "Rollcall");
    metadata.set("product", std::move(product));
    metadata.set("version", kOcsfVersion);
    made.set("metadata", std::move(metadata));
    made.set("category_uid", is.uid == 0 ? 0 : 3);
    made.set("class_uid", is.uid);
    made.set("activity_id", is.activity);
    made.set("type_uid", is.uid * 100 + is.activity);
    made.set("severity_id", entry.kind == TrailKind::failure ? 2 : 1);  // low, informational
    made.set("status_id", status_of(entry));
    made.set("time", to_ms(entry.time));
    if (is.uid == kGroup) {
        Value group;
        if (!entry.room_key.empty()) group.set("name", entry.room_key);
        if (!entry.room.empty()) group.set("uid", entry.room);
        made.set("group", std::move(group));
    }
    if (is.uid == kAccess) made.set("privileges", json::Array{Value("power level")});
    if (!subject.empty()) made.set("user", user(subject));
    if (!caller.empty()) {
        Value actor;
        actor.set("user", user(caller));
        made.set("actor", std::move(actor));
    }
    return made;
}

}  // namespace rollcall::schema
