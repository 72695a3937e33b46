// Engine: what a policy changes, as the trail tells it: each setting, and each outsider's approval.
#include "policy/policy_change.h"

#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"

namespace rollcall::engine {

using schema::TrailEntry;
using schema::TrailKind;

namespace {

constexpr std::size_t kMostRooms = 500;    // named in one entry; the policy of its hash names all
constexpr std::size_t kMostChanges = 500;  // entries of one apply, dangerous ones first

const policy::CompiledApproval* find(const policy::Program* program, const std::string& key) {
    if (program == nullptr) return nullptr;
    const auto at = std::find_if(program->approvals.begin(), program->approvals.end(),
                                 [&](const policy::CompiledApproval& a) { return a.key == key; });
    return at == program->approvals.end() ? nullptr : &*at;
}

TrailEntry approval_entry(const policy::Program& program, const policy::CompiledApproval& approval,
                          const schema::TrailCaller& caller) {
    TrailEntry entry;
    entry.kind = TrailKind::policy;
    entry.user = approval.who;
    entry.reason = approval.reason;
    entry.sponsor = approval.sponsor;
    entry.until = approval.until;
    entry.rule = approval.at.file_line();
    entry.rule_path = "outsiders." + approval.key;
    entry.caller = caller;
    for (const std::uint32_t room : approval.rooms)
        if (entry.rooms.size() < kMostRooms) entry.rooms.push_back(program.rooms[room].key);
    return entry;
}

}  // namespace

// Each outsider's approval that a policy brings, changes or ends: the sponsor asked for it, the caller of
// apply gave it.
void Engine::record_approvals(const PolicyToApply& wanted, const std::vector<policy::RoomRename>& renames) {
    const policy::Program& next = *wanted.program;
    for (const policy::CompiledApproval& approval : next.approvals) {
        const policy::CompiledApproval* before = find(program_.get(), approval.key);
        if (before != nullptr && policy::same_approval(*program_, *before, next, approval, renames)) continue;
        TrailEntry entry = approval_entry(next, approval, wanted.caller);
        entry.action = "approve outsider";
        entry.policy = next.version;
        record(std::move(entry));
    }
    if (!program_) return;
    for (const policy::CompiledApproval& approval : program_->approvals) {
        if (find(&next, approval.key) != nullptr) continue;
        TrailEntry entry = approval_entry(*program_, approval, wanted.caller);
        entry.action = "end approval";
        entry.policy = next.version;
        record(std::move(entry));
    }
}

// Each setting that a policy changes, what is dangerous before the rest. Approvals have entries of their own,
// and so have rooms that are renamed.
void Engine::record_changes(const PolicyToApply& wanted, const std::vector<policy::RoomRename>& renames) {
    const policy::Program& next = *wanted.program;
    std::vector<policy::PolicyChange> changes = policy::policy_changes(program_.get(), next, renames);
    std::erase_if(changes, [](const policy::PolicyChange& one) {
        return one.path.starts_with("outsiders.") || !one.renamed_from.empty();
    });
    std::stable_partition(changes.begin(), changes.end(),
                          [](const policy::PolicyChange& one) { return !one.danger.empty(); });
    TrailEntry entry;
    entry.kind = TrailKind::policy;
    entry.action = "change policy";
    entry.policy = next.version;
    entry.caller = wanted.caller;
    for (std::size_t i = 0; i < changes.size() && i < kMostChanges; ++i) {
        policy::PolicyChange& one = changes[i];
        TrailEntry made = entry;
        made.rule_path = std::move(one.path);
        if (one.at.line > 0) made.rule = one.at.file_line();
        made.room_key = std::move(one.room);
        made.before = std::move(one.before);
        made.after = std::move(one.after);
        made.danger = std::move(one.danger);
        record(std::move(made));
    }
    if (changes.size() <= kMostChanges) return;
    entry.result =
        fmt::format("{} more settings change: the policy's text has all", changes.size() - kMostChanges);
    record(std::move(entry));
}

}  // namespace rollcall::engine
