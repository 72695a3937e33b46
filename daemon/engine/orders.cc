// Engine: what commands ask of it, inside a turn.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "policy/explain.h"
#include "policy/gone.h"

namespace rollcall::engine {

using schema::TrailEntry;
using schema::TrailKind;

void Engine::pause(Pause pause, const schema::TrailCaller& caller, const std::string& reason) {
    mark("pause", "some", std::nullopt);
    mark("pause", "all", std::nullopt);
    pause_ = pause;
    pause_text_ = pause == Pause::none ? "" : fmt::format("{} ({})", reason, caller.text);
    if (pause != Pause::none) mark("pause", pause == Pause::all ? "all" : "some", pause_text_);
    TrailEntry entry;
    entry.kind = TrailKind::command;
    entry.action = pause == Pause::none ? "resume" : pause == Pause::all ? "pause --all" : "pause";
    entry.caller = caller;
    entry.reason = reason;
    record(std::move(entry));
}

void Engine::apply(PolicyToApply wanted) {
    if (decider_) policy::keep_approvals(world_, *decider_);
    TrailEntry entry;
    entry.kind = TrailKind::policy;
    entry.action = "apply";
    entry.caller = wanted.caller;
    entry.reason = wanted.reason;
    entry.policy = wanted.program->version;
    entry.checkout = std::move(wanted.checkout);
    record(std::move(entry));
    const std::vector<policy::RoomRename> renames = policy::room_renames(world_, *wanted.program);
    rename_rooms(*wanted.program, renames);
    record_changes(wanted, renames);
    record_approvals(wanted, renames);
    // The one in force is in force since it came, by whoever put it there and for that reason.
    const bool again = policy_ && policy_->version == wanted.program->version;
    if (!again) drop_rejections();
    if (decider_ && !world_.frozen.empty() && policy::gives_up_a_canary(decider_->program(), *wanted.program))
        set_canary_given_up(true);
    policy_ = store::StoredPolicy{wanted.program->version,
                                  std::move(wanted.files),
                                  wanted.program->pins,
                                  again ? policy_->applied : date(),
                                  again ? policy_->caller : wanted.caller.text,
                                  again ? policy_->reason : wanted.reason};
    turn_.policy = policy_;
    for (const auto& [key, retry] : retries_) mark("retry", key.text(), std::nullopt);
    retries_.clear();  // what was refused may be possible now
    put_backs_.try_now();
    set_had_mask(settings_.abilities.mask);
    suspect_rooms_.clear();
    for (const GroupId group : policy::let_go_of_deleted_groups(world_)) keep_deleted_group(group);
    bind(std::move(wanted.program));
    look_at_gone();
    grace_.applied();
    more_ = true;
}

void Engine::depart(PersonId person, bool taken_back, const schema::TrailCaller& caller,
                    const std::string& reason) {
    TrailEntry entry;
    entry.kind = TrailKind::command;
    entry.action = taken_back ? "depart --take-back" : "depart";
    entry.person = world_.people[person.index()].guid;
    if (decider_ && decider_->user_of(person).valid())
        entry.user = world_.users.text(decider_->user_of(person));
    entry.caller = caller;
    entry.reason = reason;
    record(std::move(entry));
    learn(policy::DepartOrdered{person, taken_back});
    if (decider_ && !taken_back && decider_->departs_as(person).valid())
        ordered_.emplace_back(decider_->departs_as(person),
                              policy::Answer{policy::Basis::departed, "", caller.text, reason, world_.now});
}

// Somebody has named them: what waits for an answer about many, or was refused with others, is approved of
// them, whatever the directory says by the time that it is done.
void Engine::approve_ordered() {
    for (const auto& [user, answer] : std::exchange(ordered_, {}))
        for (const policy::UserAction& action : backlog_.actions(user)) {
            if (action.lane != policy::Lane::departure) continue;
            const policy::ActionKey key = policy::key_of(*decider_, user, action);
            policy::Answer given = answer;
            given.basis = action.basis;
            set_answer(memory_.rejected, "rejected", key, std::nullopt);
            set_answer(memory_.approved, "approved", key, std::move(given));
        }
}

Result<Engine::Readmitted> Engine::readmit(UserId user, std::uint32_t room, const schema::TrailCaller& caller,
                                           const std::string& reason) {
    const std::string &key = program_->rooms[room].key, &who = world_.users.text(user);
    const RoomId id = decider_->world_room(room);
    const policy::Verdict verdict = decider_->verdict(user, room);
    const bool approved = verdict.basis == policy::Basis::approval;
    if (verdict.presence != policy::Presence::in && !approved)
        return fail(ErrorKind::refused,
                    fmt::format("{} does not belong in #{}: {}", who, key,
                                policy::why(*decider_, user, room, verdict.basis)),
                    "`rollcall why` says what would have to change");
    if (const policy::CompiledApproval* approval = approved ? decider_->approval(user, room) : nullptr;
        approved && (approval == nullptr || !decider_->answered_for(*approval)))
        return fail(ErrorKind::refused,
                    fmt::format("nobody answers for {} in #{}: it is not known that the sponsor is an "
                                "employee",
                                who, key),
                    "see what `rollcall status` says of the directory, or name another sponsor");
    const policy::Membership* held = id.valid() ? world_.membership(user, id) : nullptr;
    if (held != nullptr && held->state == policy::MembershipState::ban)
        return fail(ErrorKind::refused, fmt::format("{} is banned from #{}", who, key),
                    "the ban of an owner stands until an owner lifts it");
    const bool left = held != nullptr && held->cause == policy::Cause::self;
    if (!id.valid() || !policy::readmit(world_, user, id, approved))
        return fail(ErrorKind::refused,
                    approved ? fmt::format("{} was never in #{}, or is there", who, key)
                             : fmt::format("{} is not out of #{} by a kick or by their own leave", who, key),
                    approved ? "an owner invites whoever was never in it; `rollcall why` says whether they "
                               "are in"
                             : "`rollcall why` says whether they are in, or what is still to be done");
    TrailEntry entry;
    entry.kind = TrailKind::command;
    entry.action = "readmit";
    entry.user = who;
    if (const PersonId person = decider_->person_of(user); person.valid())
        entry.person = world_.people[person.index()].guid;
    entry.room_key = key;
    entry.room = world_.rooms[id.index()].id;
    entry.caller = caller;
    entry.reason = reason;
    entry.result = approved ? "to be invited: from outside, with an approval"
                   : left   ? "to be invited: they had left by themselves"
                            : "to be put back";
    record(std::move(entry));
    // Somebody has asked for it: no guard is asked again.
    const policy::ActionKey action{policy::ActionKind::add, key, who};
    set_answer(memory_.rejected, "rejected", action, std::nullopt);
    set_answer(memory_.approved, "approved", action,
               policy::Answer{verdict.basis, "", caller.text, reason, world_.now});
    forget_retry(action);
    put_backs_.try_now(action);
    more_ = true;
    return left || approved ? Readmitted::invited : Readmitted::put_back;
}

// Whom the mask registration leaves out: what cannot be done in their name, as long as it is wanted.
void Engine::failures_of_uncovered(UserId user, std::vector<Failure>& out) const {
    const std::string& name = world_.users.text(user);
    if (const auto left = world_.departing.find(user); left != world_.departing.end()) {
        const policy::ActionKey key{policy::ActionKind::sign_out, "", name};
        out.push_back({key.text(),
                       "sessions cannot be ended, and rooms outside the policy cannot be looked at: the mask "
                       "registration does not cover them",
                       1, time_of(next_verify_), true, false});
        return;
    }
    for (const policy::Membership& held : world_.memberships.row(user.index())) {
        const int room = decider_ ? decider_->managed(held.room) : -1;
        if (room < 0 || held.state != policy::MembershipState::invite) continue;
        const auto index = static_cast<std::uint32_t>(room);
        if (decider_->verdict(user, index).presence != policy::Presence::in ||
            decider_->program().rooms[index].admission != policy::Admission::join)
            continue;
        const policy::ActionKey key{policy::ActionKind::add, world_.rooms[held.room.index()].key, name};
        out.push_back(
            {key.text(), "the mask registration does not cover them", 1, time_of(next_verify_), true, true});
    }
}

std::vector<Failure> Engine::failures() const {
    std::vector<Failure> out;
    for (const auto& [key, retry] : retries_) {
        if (about_admin_room(key) && retry.refused) continue;  // admin_room_trouble()
        bool invited = false;
        if (const auto room = world_.room_by_key.find(key.room);
            retry.refused && key.kind == policy::ActionKind::add && room != world_.room_by_key.end())
            invited =
                world_.state_of(world_.users.find(key.user), room->second) == policy::MembershipState::invite;
        out.push_back({key.text(), retry.text, retry.attempts, time_of(retry.not_before), retry.refused,
                       invited, retry.as_bot});
    }
    for (const Intent& intent : to_settle_)
        if (intent.look_until != Tick{})
            out.push_back({intent.key().text(), "the answer was lost: looking whether it was made",
                           intent.attempts, time_of(intent.look_at), false, false});
    for (const auto& [user, untold] : untold_)
        if (untold.until > world_.tick)
            out.push_back({policy::ActionKey{policy::ActionKind::notify, "", user}.text(), untold.text, 1,
                           Time{}, true, false});
    for (const UserId user : world_.uncovered) failures_of_uncovered(user, out);
    return out;
}

}  // namespace rollcall::engine
