// Engine: an intent is announced in the turn's commit, and its call kept for the release.
#include <fmt/format.h>

#include "daemon/engine/engine.h"
#include "policy/explain.h"

namespace rollcall::engine {

using policy::ActionKey;
using policy::ActionKind;
using schema::TrailEntry;
using schema::TrailKind;

// What the trail says before the request leaves: what, about whom, by which rule, and on what evidence.
void Engine::announce(const Intent& intent) {
    TrailEntry entry;
    entry.kind = TrailKind::intent;
    entry.intent = intent.id;
    entry.action = intent.wanted;
    entry.room_key = intent.room_key();
    entry.room = intent.room_id;
    entry.user = intent.user;
    if (intent.user_id.valid() && decider_) {
        const std::uint32_t room = intent.room_ref.valid()
                                       ? static_cast<std::uint32_t>(decider_->managed(intent.room_ref))
                                       : policy::kNoRoom;
        entry.reason = policy::why(*decider_, intent.user_id, room, intent.basis);
        if (const PersonId person = decider_->person_of(intent.user_id); person.valid())
            entry.person = world_.people[person.index()].guid;
        policy::Evidence evidence = policy::evidence_of(world_, decider_->person_of(intent.user_id));
        if (room != policy::kNoRoom) {
            const policy::Explanation whole = policy::explain_verdict(*decider_, intent.user_id, room);
            const Position at = whole.reasons.empty() ? Position{} : whole.reasons.front().at;
            entry.rule = (at.line > 0 ? at : program_->rooms[room].at).file_line();
            if (!whole.reasons.empty()) entry.rule_path = whole.reasons.front().path;
            evidence = whole.evidence;
        }
        if (evidence.attribute.empty() && intent.basis == policy::Basis::departed && !entry.person.empty())
            evidence.attribute =
                policy::departure_attribute(world_.people[world_.person(entry.person).index()], world_.now);
        if (!evidence.object.empty()) entry.evidence = std::move(evidence);
    } else if (intent.room_ref.valid()) {
        if (const policy::CompiledRoom* spec = program_->room(intent.room)) entry.rule = spec->at.file_line();
    }
    record(std::move(entry));
}

// It was announced and may be sent again. After a crash there may be two about one thing, the first of which
// was accepted and not seen: of these the later one says what is wanted.
void Engine::keep_open(Intent intent) {
    Intent& held = open_.try_emplace(intent.key(), intent).first->second;
    if (held.id == intent.id) {
        held = std::move(intent);
        return;
    }
    if (held.id < intent.id) std::swap(held, intent);
    result_entry(intent, "no longer wanted", "", true);
    ended(intent, false);
}

// What was held before answers that nothing has borne out yet lives as long as what waits for that.
void Engine::keep_before(Intent& intent) const {
    if (!intent.user_id.valid() || !intent.room_ref.valid()) return;
    const auto kept = world_.before_answer.find(policy::World::pair(intent.user_id, intent.room_ref));
    if (kept != world_.before_answer.end()) intent.before = kept->second;
}

void Engine::recall_before(const Intent& intent) {
    const auto room = world_.room_by_key.find(intent.room_key());
    if (!intent.before || room == world_.room_by_key.end()) return;
    policy::Membership before = *intent.before;
    before.room = room->second;
    world_.before_answer.try_emplace(policy::World::pair(world_.user(intent.user), before.room), before);
}

// Announces the intent in this turn's commit and keeps its call for the release.
void Engine::send(Intent intent, const ActionKey& key) {
    auto held = open_.find(key);
    // What was announced is sent again under its number; something else about the same thing is announced
    // anew. A room keeps its number however it is made now: by that it is found, if the one before was made
    // after all.
    if (held != open_.end() && held->second.wanted != intent.wanted && intent.action != ActionKind::create) {
        result_entry(held->second, "no longer wanted", "", true);
        ended(held->second, false);
        open_.erase(held);
        held = open_.end();
    }
    const bool announced = held != open_.end();
    intent.id = announced ? held->second.id : next_intent_++;
    intent.after = intent.held;
    intent.attempts = (announced ? held->second.attempts : 0) + 1;
    intent.told_accepted = announced && held->second.told_accepted;
    intent.times_accepted = announced ? held->second.times_accepted : 0;
    intent.sent_again = announced && (held->second.sent_again || !held->second.not_made);
    if (const auto room = world_.room_by_id.find(intent.call.room);
        intent.call.kind == CallKind::put_state && room != world_.room_by_id.end())
        intent.held_state =
            policy::held_state_event(world_, room->second, intent.content, intent.call.state_key);
    if (announced) open_.erase(held);
    keep_before(intent);
    turn_.intents.push_back({intent.id, intent.text()});
    if (!announced) announce(intent);
    busy_.insert(key);
    if (intent.call.kind == CallKind::put_state) room_state_.insert(intent.call.room);
    if (takes_turn_in_room(intent.call)) ++room_members_[intent.call.room];
    calls_.emplace_back(intent.id, intent.call);
    in_flight_[intent.id] = std::move(intent);
}

}  // namespace rollcall::engine
