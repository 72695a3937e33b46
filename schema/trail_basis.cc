#include "schema/trail_basis.h"

#include <algorithm>
#include <utility>

#include "schema/sha256.h"

namespace rollcall::schema {
namespace {

using json::Value;

constexpr std::size_t kLongestPlace = 500;  // bytes: an entry has room for as many as a file may name
constexpr const char* kNoHeads =
    "no more heads of the log are left there: if the log is signed anew, that place does not show it";

void set_text(Value& into, const char* name, const std::string& text) {
    if (!text.empty()) into.set(name, text);
}

std::uint64_t count(const Value& value) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, value.integer_or(0)));
}

// Only the one text that says a value is read as that value.
template <class T>
Result<T> as_written(T made, const Value& value, const char* what) {
    if (json::write(to_json(made)) == json::write(value)) return made;
    return fail(ErrorKind::invalid_input, std::string(what) + " has another form");
}

std::string short_place(const std::string& place) {
    return place.size() <= kLongestPlace ? place : "sha256:" + sha256_hex(place);
}

}  // namespace

bool TrailAnchor::is_at(const TrailAnchor& other) const {
    return kind == other.kind && place == other.place && key == other.key &&
           (room == other.room || room.empty() || other.room.empty());
}

std::string TrailAnchor::where() const {
    std::string out = kind + " " + place;
    if (!key.empty()) out += " with the key " + key;
    if (!room.empty()) out += " (" + room + ")";
    return out;
}

Value to_json(const TrailAnchor& anchor) {
    Value out{json::Object{}};
    if (anchor.heads > 0) out.set("heads", static_cast<std::int64_t>(anchor.heads));
    set_text(out, "key", anchor.key);
    set_text(out, "kind", anchor.kind);
    set_text(out, "name", anchor.name);
    if (anchor.newest > 0) out.set("newest", static_cast<std::int64_t>(anchor.newest));
    set_text(out, "place", anchor.place);
    set_text(out, "room", anchor.room);
    return out;
}

Result<TrailAnchor> read_trail_anchor(const Value& value) {
    TrailAnchor out;
    out.name = value["name"].text();
    out.kind = value["kind"].text();
    out.place = value["place"].text();
    out.key = value["key"].text();
    out.room = value["room"].text();
    out.heads = count(value["heads"]);
    out.newest = count(value["newest"]);
    return as_written(std::move(out), value, "an anchor");
}

const TrailAnchor* TrailBasis::anchor(std::string_view name) const {
    const auto at = std::find_if(anchors.begin(), anchors.end(),
                                 [name](const TrailAnchor& one) { return one.name == name; });
    return at == anchors.end() ? nullptr : &*at;
}

Value to_json(const TrailBasis& basis) {
    Value out{json::Object{}}, anchors{json::Array{}};
    for (const TrailAnchor& anchor : basis.anchors) anchors.push(to_json(anchor));
    if (!basis.anchors.empty()) out.set("anchors", std::move(anchors));
    set_text(out, "configuration", basis.configuration);
    set_text(out, "program", basis.program);
    return out;
}

Result<TrailBasis> read_trail_basis(const Value& value) {
    TrailBasis out;
    out.program = value["program"].text();
    out.configuration = value["configuration"].text();
    if (const json::Array* anchors = value["anchors"].array())
        for (const Value& anchor : *anchors) {
            Result<TrailAnchor> read = read_trail_anchor(anchor);
            if (!read) return pass(read);
            out.anchors.push_back(std::move(*read));
        }
    return as_written(std::move(out), value, "what a trail rests on");
}

std::vector<TrailAnchor> anchors_of(const AuditConfig& config) {
    std::vector<TrailAnchor> out;
    for (const AnchorConfig& one : config.anchors) {
        TrailAnchor& made = out.emplace_back();
        made.name = one.name;
        made.kind = !one.room.empty()          ? "room"
                    : !one.witness_url.empty() ? "witness"
                    : !one.syslog.empty()      ? "syslog"
                                               : "folder";
        made.place = short_place(one.room + one.witness_url + one.syslog + one.folder);  // one of them
        if (!one.witness_url.empty()) made.key = one.witness_key.text();
    }
    return out;
}

std::vector<BasisChange> basis_changes(const TrailBasis& before, const TrailBasis& after) {
    std::vector<BasisChange> out;
    if (before.program != after.program) out.push_back({"program", before.program, after.program, ""});
    if (before.configuration != after.configuration)
        out.push_back({"configuration", before.configuration, after.configuration, ""});
    for (const TrailAnchor& was : before.anchors) {
        const TrailAnchor* now = after.anchor(was.name);
        const std::string path = "audit.anchors." + was.name;
        if (now == nullptr)
            out.push_back({path, was.where(), "", kNoHeads});
        else if (!now->is_at(was))
            out.push_back({path, was.where(), now->where(), kNoHeads});
        else if (now->room != was.room)
            out.push_back({path, was.where(), now->where(), now->room.empty() ? kNoHeads : ""});
    }
    for (const TrailAnchor& now : after.anchors)
        if (before.anchor(now.name) == nullptr)
            out.push_back({"audit.anchors." + now.name, "", now.where(), ""});
    return out;
}

}  // namespace rollcall::schema
