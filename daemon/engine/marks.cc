// Engine: what it remembers in the store beside facts and intents: holds, answers to them, the guards'
// ledger, retry times, notices owed, the pause.
#include <fmt/format.h>

#include "daemon/engine/engine.h"

namespace rollcall::engine {

using policy::ActionKey;

void Engine::mark(std::string kind, std::string key, std::optional<std::string> value) {
    turn_.marks.push_back({std::move(kind), std::move(key), std::move(value)});
}

void Engine::load_marks(const std::vector<store::StoredMark>& marks) {
    for (const store::StoredMark& row : marks) {
        const std::string& value = *row.value;
        if (row.kind == "approved" || row.kind == "rejected") {
            if (const auto key = ActionKey::from_text(row.key))
                (row.kind == "approved" ? memory_.approved : memory_.rejected).insert(*key);
        } else if (row.kind == "hold") {
            const Result<json::Value> hold = json::parse(value);
            if (!hold) continue;
            policy::Hold held;
            held.id = row.key;
            held.guard = static_cast<policy::Guard>((*hold)["guard"].integer_or(0));
            held.room = (*hold)["room"].text();
            held.cause = (*hold)["cause"].text();
            if (const json::Array* actions = (*hold)["actions"].array())
                for (const json::Value& action : *actions)
                    if (const auto key = ActionKey::from_text(action.text())) held.actions.push_back(*key);
            holds_[held.id] = std::move(held);
        } else if (row.kind == "ledger") {
            const Result<json::Value> entry = json::parse(row.key);
            if (entry)
                memory_.ledger.insert({static_cast<policy::Guard>((*entry)["guard"].integer_or(0)),
                                       (*entry)["user"].text(), (*entry)["room"].text(),
                                       from_ms((*entry)["time"].integer_or(0))});
        } else if (row.kind == "notice") {
            const Result<json::Value> debt = json::parse(value);
            if (debt) notices_.push_back({row.key, (*debt)["to"].text(), (*debt)["text"].text(), false});
        } else if (row.kind == "direct_room") {
            direct_rooms_[row.key] = value;
        } else if (row.kind == "pause") {
            pause_ = row.key == "all" ? Pause::all : Pause::all_but_departures;
            pause_text_ = value;
        } else if (row.kind == "retry") {
            const auto key = ActionKey::from_text(row.key);
            const Result<json::Value> retry = json::parse(value);
            if (key && retry)
                retries_[*key] = {static_cast<int>((*retry)["attempts"].integer_or(1)),
                                  from_ms((*retry)["not_before"].integer_or(0)), (*retry)["text"].text(),
                                  (*retry)["refused"].boolean_or(false)};
        }
    }
}

}  // namespace rollcall::engine
