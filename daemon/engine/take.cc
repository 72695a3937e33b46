// Engine, first part of a turn: messages become facts, and what the step says beside the world is written
// down.
#include <fmt/format.h>
#include <algorithm>
#include <charconv>

#include "daemon/engine/engine.h"
#include "policy/explain.h"

namespace rollcall::engine {

using schema::TrailEntry;
using schema::TrailKind;

// A transaction is known by its ID and its events together: Synapse counts from 1 again after a restart in
// which nothing was waiting (seen), and what it then sends under an old number is news.
std::string Engine::identity(const TransactionIn& message) {
    std::string events;
    for (const policy::RoomEvent& event : message.events) events += event.event + "\n";
    for (const policy::UnreadableEvent& event : message.unreadable) events += event.event + "\n";
    return fmt::format("{}/{:08x}", message.id, policy::event_digest(events));
}

void Engine::take(TransactionIn& message) {
    ++counters_.transactions;
    const std::string trouble_before = way_back_.trouble();
    way_back_.heard({world_.now, world_.tick});
    const std::string identity = Engine::identity(message);
    const Result<bool> seen = store_.seen_transaction(identity);
    const bool repeated = (seen && *seen) || std::find(turn_.transactions.begin(), turn_.transactions.end(),
                                                       identity) != turn_.transactions.end();
    if (!repeated) {
        look_for_strays(message);
        for (const policy::RoomEvent& event : message.events) {
            ++counters_.events;
            heard_from(event.room, date());
            learn(policy::RoomEventSeen{event, expected(event)});
            saw(event);
            watch_direct_room(event);
            watch_invitation(event);
            take_reaction(event);
        }
        counters_.events_unreadable += message.unusable;
        for (const policy::UnreadableEvent& event : message.unreadable) learn(policy::EventUnreadable{event});
        if (const std::size_t more = message.unusable - message.unreadable.size(); more > 0)
            log_.warn("RC-EVENT-UNREADABLE",
                      fmt::format("{} more events of one transaction cannot be used", more));
        turn_.transactions.push_back(identity);
        look_for_a_backup(message.id);
    } else {
        counters_.events_repeated += message.events.size();
    }
    way_back_changed(trouble_before);
    answers_.push_back(std::move(message.answer));
}

// Synapse's numbers go up, over restarts too as long as something waits. Where they begin anew it was
// restarted, or put back to a backup, and what was done since is undone. (Gaps say nothing: it counts those
// of all its application services together.) The specification asks for no numbers (Application Service API,
// "Pushing events").
void Engine::look_for_a_backup(const std::string& transaction) {
    std::uint64_t number = 0;
    const char* const end = transaction.data() + transaction.size();
    if (const auto read = std::from_chars(transaction.data(), end, number);
        read.ec != std::errc{} || read.ptr != end)
        return;
    if (number > std::exchange(last_transaction_, number) || number == 0) return;
    log_.info("RC-EVENTS-ANEW", "the homeserver counts its transactions anew: all rooms are read");
    look_everywhere_ = more_ = true;
    look_for_the_departed();
}

// Is this the doing of a request of ours that has not been answered yet?
bool Engine::expected(const policy::RoomEvent& event) const {
    const auto* member = std::get_if<policy::MemberContent>(&event.content);
    if (member == nullptr) return false;
    return std::any_of(in_flight_.begin(), in_flight_.end(), [&](const auto& entry) {
        const Call& call = entry.second.call;
        return call.kind == CallKind::put_member && call.room == event.room && call.user == member->user &&
               call.membership == member->membership;
    });
}

void Engine::take(Command& message) {
    if (auto reply = message.run(*this))
        (message.reads_only ? read_replies_ : replies_).push_back(std::move(reply));
}

void Engine::take(policy::DirectorySnapshot& message) {
    read_since_start_ = directory_heard_ = true;
    recheck_ = 0;
    believe(policy::Fact(std::move(message)));
}

// A fact that says whether the directory can be believed.
void Engine::believe(const policy::Fact& fact) {
    const bool was_frozen = !world_.frozen.empty();
    learn(fact);
    if (!world_.frozen.empty() && !was_frozen) {
        log_.error("RC-DIR-FROZEN", world_.frozen);
        tell_trouble("frozen", fmt::format("Removals are frozen: {}.", world_.frozen));
    }
    if (world_.frozen.empty() && was_frozen) {
        log_.info("RC-DIR-BELIEVED", "the directory can be believed again");
    }
    more_ = true;
}

void Engine::take(policy::DirectoryChanges& message) {
    learn(policy::Fact(std::move(message)));
}

void Engine::take(policy::DirectoryStatus& message) {
    const bool incomplete = message.health == policy::DirectoryHealth::incomplete;
    if (message.health != directory_status_.health || message.sentence() != directory_status_.sentence()) {
        if (message.health == policy::DirectoryHealth::up) {
            log_.info("RC-DIR-UP", "the directory answers", {{"server", message.server}});
        } else {
            log_.warn("RC-DIR-DOWN", message.text, {{"server", message.server}});
        }
        if (message.health != policy::DirectoryHealth::up && !incomplete) {
            TrailEntry entry;
            entry.kind = TrailKind::failure;
            entry.action = "read directory";
            entry.result = message.text;
            record(std::move(entry));
        }
    }
    if (incomplete && world_.frozen != message.text)
        believe(policy::DirectoryRefused{message.text, {message.directory, message.server, 0, "", date()}});
    // What hid part of it may be over: only a complete read says so.
    if (message.health == policy::DirectoryHealth::up && !world_.frozen.empty()) directory_.request_sweep();
    if (message.health != policy::DirectoryHealth::up || message.current != directory_status_.current)
        more_ = true;
    directory_tried_ = directory_tried_ || message.current || message.health != policy::DirectoryHealth::up;
    directory_heard_ = directory_heard_ || directory_tried_;
    directory_told_ = world_.tick;
    directory_status_ = std::move(message);
}

void Engine::take(audit::LogState& message) {
    if (message.trouble != log_state_.trouble) {
        if (message.trouble.empty())
            log_.info("RC-AUDIT-BACK", "the audit log is written again");
        else
            log_.error("RC-AUDIT-LOG", message.trouble);
    }
    for (const audit::AnchorState& at : message.anchors) {
        const auto before = std::find_if(log_state_.anchors.begin(), log_state_.anchors.end(),
                                         [&](const audit::AnchorState& old) { return old.name == at.name; });
        const bool known = before != log_state_.anchors.end(), was_bad = known && !before->trouble.empty();
        count_heads(at, known ? before->left : 0);
        if (!at.trouble.empty() && (!was_bad || before->trouble != at.trouble))
            log_.warn("RC-ANCHOR", at.trouble, {{"anchor", at.name}});
        if (at.trouble.empty() && was_bad)
            log_.info("RC-ANCHOR-BACK", "the anchor gets checkpoints again", {{"anchor", at.name}});
    }
    log_state_ = std::move(message);
    if (log_state_.verifier == next_verifier_) next_verifier_.clear();
}

void Engine::take(audit::CollectorState& message) {
    if (message.trouble != collector_state_.trouble) {
        if (message.trouble.empty())
            log_.info("RC-COLLECTOR-BACK", "the collector gets entries again");
        else
            log_.warn("RC-COLLECTOR-DOWN", message.trouble, {{"collector", message.to}});
    }
    collector_state_ = std::move(message);
}

// Another controller than before, or one that was put back.
void Engine::tell_doubt(const policy::Note& note) {
    if (note.kind == policy::Note::Kind::directory_settled) log_.info("RC-DIR-BELIEVED", note.text);
    const bool other = note.kind == policy::Note::Kind::directory_other;
    if (!other && note.kind != policy::Note::Kind::directory_put_back) return;
    log_.error(other ? "RC-DIR-OTHER" : "RC-DIR-RESTORED", note.text);
    // Another doubt than the one of which they know is told as well.
    forget_trouble("doubt");
    tell_trouble("doubt", fmt::format("The directory: {}.", note.text));
}

void Engine::effects(policy::Effects&& effects) {
    if (effects.sweep) directory_.request_sweep();
    for (const auto& member : effects.read_members)
        if (std::find(members_to_read_.begin(), members_to_read_.end(), member) == members_to_read_.end())
            members_to_read_.push_back(member);
    for (const RoomId room : effects.read_rooms) read_room(room);
    accounts_to_find_.insert(accounts_to_find_.end(), effects.find_accounts.begin(),
                             effects.find_accounts.end());
    for (const UserId user : effects.in_question) keep_in_question(user);
    for (const Guid& guid : effects.departed_unknown) keep_departed_unknown(guid);
    for (const GroupId group : effects.deleted_groups) keep_deleted_group(group);
    if (effects.groups_changed) look_at_gone();
    for (const policy::UnreadableEvent& event : effects.unreadable) cannot_use(event);
    for (const policy::ByHand& one : effects.by_hand) changed_by_hand(one);
    for (const RoomId room : effects.lost) lost(room);
    for (const RoomId room : effects.regained) regained(room);
    for (const RoomId room : effects.replaced) replaced(room);
    for (const policy::Notice& notice : effects.notices) owe(notice);
    for (policy::Note& note : effects.notes) {
        TrailEntry entry;
        switch (note.kind) {
            case policy::Note::Kind::departed:
            case policy::Note::Kind::returned:
                entry.kind = TrailKind::directory;
                break;
            case policy::Note::Kind::directory_read:
            case policy::Note::Kind::directory_settled:
                entry.kind = TrailKind::directory;
                break;
            case policy::Note::Kind::directory_refused:
            case policy::Note::Kind::room_lost:
            case policy::Note::Kind::directory_other:
            case policy::Note::Kind::directory_put_back:
                entry.kind = TrailKind::failure;
                break;
            case policy::Note::Kind::room_regained:
                entry.kind = TrailKind::result;
                break;
            default:
                entry.kind = TrailKind::membership;
                break;
        }
        entry.action = note.kind == policy::Note::Kind::departed        ? "departed"
                       : note.kind == policy::Note::Kind::returned      ? "returned"
                       : note.kind == policy::Note::Kind::room_lost     ? "lose room"
                       : note.kind == policy::Note::Kind::room_regained ? "regain room"
                                                                        : "";
        entry.result = note.text;
        if (note.person.valid()) entry.person = world_.people[note.person.index()].guid;
        if (note.user.valid()) entry.user = world_.users.text(note.user);
        entry.room_key = note.room;
        if (const auto room = world_.room_by_key.find(note.room); room != world_.room_by_key.end())
            entry.room = world_.rooms[room->second.index()].id;
        entry.event = note.event;
        entry.evidence = note.evidence;
        if (note.former.valid())
            mark("former_id", world_.users.text(note.former), world_.former_ids.at(note.former).text());
        if (note.membership) entry.membership = to_text(*note.membership);
        entry.history = note.history;
        entry.was = note.was;
        entry.sender = note.sender;
        entry.event_time = note.event_time;
        if (!entry.membership.empty() || !entry.sender.empty())
            entry.source = !note.was.empty() ? "late"
                           : note.earlier    ? "before"
                           : note.read       ? "read"
                                             : "event";
        tell_doubt(note);
        if (note.kind == policy::Note::Kind::departed) forget_review_asks_of(entry.user);
        if (note.kind == policy::Note::Kind::departed)
            log_.info("RC-DEPARTED", note.text, {{"user", entry.user}});
        record(std::move(entry));
    }
}

}  // namespace rollcall::engine
