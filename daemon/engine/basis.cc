// Engine: what the trail rests on (schema/trail_basis.h): each start says it, and whatever changes of it has
// an entry. What the anchors were given is counted here, so that a place that was emptied is not taken for a
// new one.
#include <algorithm>

#include "daemon/engine/engine.h"

namespace rollcall::engine {

using schema::TrailAnchor;
using schema::TrailBasis;
using schema::TrailEntry;
using schema::TrailKind;

namespace {
constexpr const char* kBasis = "basis";
constexpr const char* kAnchor = "anchor";  // by its name
}  // namespace

bool Engine::load_basis(const store::StoredMark& row) {
    if (row.kind != kBasis && row.kind != kAnchor) return false;
    const Result<json::Value> value = json::parse(*row.value);
    if (!value) return true;
    if (row.kind == kBasis) {
        if (auto basis = schema::read_trail_basis(*value)) basis_ = std::move(*basis);
    } else if (auto anchor = schema::read_trail_anchor(*value)) {
        anchors_[row.key] = std::move(*anchor);
    }
    return true;
}

std::string Engine::anchor_room(const TrailAnchor& anchor) const {
    const auto room = world_.room_by_key.find(key_now(anchor.place));
    if (anchor.kind != "room" || room == world_.room_by_key.end()) return {};
    const policy::Room& is = world_.rooms[room->second.index()];
    return is.released ? "" : is.id;
}

TrailBasis Engine::basis_now() const {
    TrailBasis out = settings_.basis;
    for (TrailAnchor& anchor : out.anchors) {
        anchor.room = anchor_room(anchor);
        const auto counted = anchors_.find(anchor.name);
        if (counted == anchors_.end() || !counted->second.is_at(anchor)) continue;
        anchor.heads = counted->second.heads;
        anchor.newest = counted->second.newest;
    }
    return out;
}

// `entry`: of the start. What it says is compared with what the trail said last.
void Engine::begin_basis(TrailEntry entry) {
    if (settings_.basis.program.empty()) return record(std::move(entry));
    const std::optional<TrailBasis> before = std::exchange(basis_, basis_now());
    entry.basis = basis_;
    record(std::move(entry));
    if (before) record_basis(*before, false);
    mark(kBasis, "", json::write(to_json(*basis_)));
}

void Engine::record_basis(const TrailBasis& before, bool whole) {
    for (schema::BasisChange& one : schema::basis_changes(before, *basis_)) {
        TrailEntry entry;
        entry.kind = TrailKind::result;
        entry.action = "change basis";
        entry.rule_path = std::move(one.path);
        entry.before = std::move(one.before);
        entry.after = std::move(one.after);
        entry.danger = std::move(one.danger);
        if (whole) entry.basis = basis_;
        record(std::move(entry));
    }
}

// The room of an anchor is made, or is another now.
void Engine::keep_basis() {
    if (!basis_ || settings_.reads_only) return;
    const bool same = std::all_of(basis_->anchors.begin(), basis_->anchors.end(), [this](const auto& one) {
        return one.kind != "room" || one.room == anchor_room(one);
    });
    if (same) return;
    const TrailBasis before = std::exchange(*basis_, basis_now());
    record_basis(before, true);
    mark(kBasis, "", json::write(to_json(*basis_)));
}

// Of the heads that this process left or found there, as the anchor's thread says.
void Engine::count_heads(const audit::AnchorState& at, std::uint64_t before) {
    const TrailAnchor* anchor = basis_ ? basis_->anchor(at.name) : nullptr;
    if (anchor == nullptr) return;
    TrailAnchor& counted = anchors_[at.name];
    if (!counted.is_at(*anchor)) counted = *anchor, counted.heads = 0, counted.newest = 0;
    counted.room = anchor->room;
    // One that was left there and not counted: the process died before it could be.
    const bool more = at.found > counted.newest;
    if (!more && at.left <= before) return;
    counted.heads += (at.left - before) + (more ? 1 : 0);
    counted.newest = std::max({counted.newest, at.found, at.left > before ? at.size : 0});
    counted_anew_.insert(at.name);
}

// Not worth a commit of its own: what is not written yet when the process dies was left there all the same.
void Engine::keep_heads() {
    for (const std::string& name : std::exchange(counted_anew_, {}))
        mark(kAnchor, name, json::write(to_json(anchors_.at(name))));
}

// After stop(): the last head goes out when all is written.
Status Engine::note_last_heads(audit::LogState state) {
    if (settings_.reads_only) return {};
    take(state);
    keep_heads();
    return commit();
}

}  // namespace rollcall::engine
