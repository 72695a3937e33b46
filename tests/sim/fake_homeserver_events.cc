// FakeHomeserver: events, and the transactions that bring them: in order, again, late, or never acknowledged.
#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "daemon/engine/engine.h"
#include "schema/matrix_content.h"
#include "tests/sim/fake_answers.h"
#include "tests/sim/fake_homeserver.h"

namespace rollcall::sim {

using policy::MemberContent;
using policy::MembershipState;
using policy::RoomContent;
using policy::RoomEvent;

namespace {
constexpr Duration kSendAgain = std::chrono::seconds{62};
}  // namespace

const RoomEvent& FakeHomeserver::emit(const std::string& room_id, const std::string& sender,
                                      RoomContent content, const std::string& state_key) {
    FakeRoom& room = rooms[room_id];
    RoomEvent& held = room.state[{std::string(schema::event_type(content)), state_key}];
    const auto* member = std::get_if<MemberContent>(&content);
    bool left = false;
    if (member != nullptr && !in_room(member->membership)) {
        left =
            member->user.ends_with(":" + server_name_);  // also who never was in it, and was made to forget
        if (left) room.past_readers.insert(member->user);
    }
    if (member != nullptr && in_room(member->membership)) {
        room.past_readers.erase(member->user);
        room.left_by_choice.erase(member->user);
    }
    RoomEvent next;
    next.room = room_id;
    next.event = fmt::format("$event{}", ++next_event_);
    next.sender = sender;
    next.time = agenda_.now();
    next.replaces = held.event;
    next.state = true;
    next.content = std::move(content);
    held = std::move(next);
    if (left) room.as_left[state_key] = room.state;
    const bool concerns_bot = std::holds_alternative<MemberContent>(held.content) && state_key == bot_;
    // As Synapse does: also the first events of a room that the bot makes, before it is in it.
    if (!deaf && reaches_us && !(swallows && swallows(held)) &&
        (concerns_bot || sender == bot_ || membership(room_id, bot_) == MembershipState::join)) {
        outgoing_.push_back(held);
        pump();
    }
    return held;
}

void FakeHomeserver::pump() {
    if (!running_ || !open_.id.empty() || pumping_ || (outgoing_.empty() && late_.empty())) return;
    pumping_ = true;
    const Duration wait{random_.between(1, static_cast<std::size_t>(latency.count()))};
    agenda_.after(wait, [this, process = process_] {
        if (process != process_) return;
        pumping_ = false;
        if (!running_ || !open_.id.empty()) return;
        Transaction next;
        // What was open when the daemon died comes when the homeserver happens to think of it.
        if (!late_.empty() && (outgoing_.empty() || random_.chance(50))) {
            next = std::move(late_.front());
            late_.pop_front();
        } else if (!outgoing_.empty()) {
            next.id = std::to_string(++next_transaction_);
            const std::size_t most = random_.between(1, events_a_transaction);
            while (!outgoing_.empty() && next.events.size() < most) {
                next.events.push_back(std::move(outgoing_.front()));
                outgoing_.pop_front();
            }
        } else {
            return;
        }
        push(std::move(next));
    });
}

void FakeHomeserver::push(Transaction transaction) {
    open_ = std::move(transaction);
    const std::string id = open_.id;
    engine::TransactionIn in = as_read(open_);
    const std::string known = engine::Engine::identity(in);
    in.answer = [this, id, known, process = process_](bool durable) {
        if (durable && !kept(known))
            complain("transaction " + id + " was acknowledged and is not in the store");
        if (process == process_ && running_) answered(id, durable);
    };
    deliver(std::move(in));
    // An answer that does not come: the same again.
    agenda_.after(kSendAgain, [this, id, process = process_] {
        if (process == process_ && running_ && open_.id == id) push(std::exchange(open_, {}));
    });
}

engine::TransactionIn FakeHomeserver::as_read(const Transaction& transaction) const {
    engine::TransactionIn in{transaction.id, {}, {}, {}, 0};
    for (const RoomEvent& event : transaction.events) {
        if (spoilt(event))
            in.unreadable.push_back(unusable(event)), ++in.unusable;
        else
            in.events.push_back(event);
    }
    return in;
}

void FakeHomeserver::answered(const std::string& id, bool durable) {
    if (open_.id != id) return;
    if (!durable || random_.chance(faults.repeat_transaction)) {
        agenda_.after(Duration{5}, [this, id, process = process_] {
            if (process == process_ && running_ && open_.id == id) push(std::exchange(open_, {}));
        });
        return;
    }
    open_ = {};
    pump();
}

void FakeHomeserver::process_ended() {
    running_ = false;
    in_flight = elsewhere_in_flight = 0;
    if (!open_.id.empty()) late_.push_back(std::exchange(open_, {}));
}

void FakeHomeserver::process_started() {
    ++process_;
    running_ = true;
    told_time_.reset();
    pumping_ = false;
    pump();
}

}  // namespace rollcall::sim
