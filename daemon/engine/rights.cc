// Engine: the rights of people in the trail, and what goes before them.
#include "daemon/engine/engine.h"

namespace rollcall::engine {

using schema::TrailEntry;
using schema::TrailKind;

// The entry names nobody but the caller: what is left of the others is what the log calls them.
void Engine::erase(const std::vector<store::StoredPersonKey>& keys, const schema::TrailCaller& caller,
                   const std::string& reason) {
    TrailEntry entry;
    entry.kind = TrailKind::command;
    entry.action = "erase";
    entry.caller = caller;
    entry.reason = reason;
    std::vector<std::uint64_t> ids;
    for (const store::StoredPersonKey& key : keys) {
        entry.pseudonyms.push_back(schema::pseudonym(key.key));
        ids.push_back(key.id);
    }
    record(std::move(entry));
    trail_.erase(ids);
    turn_.erased_at = world_.now;
}

void Engine::hold(const std::string& identity, bool released, TrailEntry entry) {
    entry.kind = TrailKind::command;
    entry.action = released ? "release legal hold" : "legal hold";
    if (released) {
        legal_holds_.erase(identity);
        mark("legal_hold", identity, std::nullopt);
    } else {
        const LegalHold& made =
            legal_holds_[identity] = {world_.now, entry.caller ? entry.caller->text : "", entry.reason};
        json::Value value;
        value.set("since", to_ms(made.since));
        value.set("by", made.by);
        value.set("reason", made.reason);
        mark("legal_hold", identity, json::write(value));
    }
    record(std::move(entry));
}

void Engine::load_legal_hold(const store::StoredMark& row) {
    const Result<json::Value> value = json::parse(*row.value);
    LegalHold& hold = legal_holds_[row.key];  // whatever else it says, it is one
    if (!value) return;
    hold = {from_ms((*value)["since"].integer_or(0)), (*value)["by"].text(), (*value)["reason"].text()};
}

}  // namespace rollcall::engine
