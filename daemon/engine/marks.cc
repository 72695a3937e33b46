// Engine: what it remembers in the store beside facts and intents: holds, answers to them, the guards'
// ledger, retry times, notices owed, reviews asked for, the pause.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "daemon/engine/waits.h"

namespace rollcall::engine {

using policy::ActionKey;

void Engine::mark(std::string kind, std::string key, std::optional<std::string> value) {
    turn_.marks.push_back({std::move(kind), std::move(key), std::move(value)});
}

// What waited for a date when the last process ended. That date, or the clock by now, may be a wrong one: it
// waits no longer than it may ever wait.
Tick Engine::waits_until(Time when) const {
    return world_.tick + std::clamp(when - date(), Duration{}, kRefusedRetry);
}

void Engine::load_marks(const std::vector<store::StoredMark>& marks) {
    for (const store::StoredMark& row : marks) {
        const std::string& value = *row.value;
        if (load_guard_mark(row) || load_large_room(row) || load_direct_room(row) || load_former_key(row) ||
            load_basis(row) || load_gone(row))
            continue;
        if (row.kind == "notice") {
            load_notice(row);
        } else if (row.kind == "told" || row.kind == "to_tell") {
            load_trouble(row);
        } else if (row.kind == "folder") {
            folder_ = value;
        } else if (row.kind == "had_mask") {
            had_mask_ = true;
        } else if (row.kind == "probe_room") {
            probe_room_ = value;
        } else if (row.kind == "stray" || row.kind == "unremembered") {
            strays_[row.key].marker = value;
            strays_[row.key].unremembered = row.kind == "unremembered";
        } else if (row.kind == "given_up") {
            load_given_up(row);
        } else if (row.kind == "review_ask" || row.kind == "review_early") {
            load_review_mark(row);
        } else if (row.kind == "legal_hold") {
            load_legal_hold(row);
        } else if (row.kind == "baseline") {
            baseline_made_ = true;
        } else if (row.kind == "retention") {
            load_retention(value);
        } else if (row.kind == "pause") {
            pause_ = row.key == "all" ? Pause::all : Pause::all_but_departures;
            pause_text_ = value;
        } else if (row.kind == "former_id") {
            if (const auto guid = Guid::from_text(value)) world_.former_ids[world_.user(row.key)] = *guid;
        } else if (row.kind == "renamed") {
            load_in_question(row);
        } else if (row.kind == "departed_unknown") {
            if (const auto guid = Guid::from_text(row.key))
                world_.in_question.add_departed(*guid, parse_rfc3339(value).value_or(Time{}));
        } else if (row.kind == "retry") {
            const auto key = ActionKey::from_text(row.key);
            const Result<json::Value> retry = json::parse(value);
            if (!key || !retry) continue;
            Retry& kept = retries_[*key];
            kept.attempts = static_cast<int>((*retry)["attempts"].integer_or(1));
            kept.not_before = waits_until(from_ms((*retry)["not_before"].integer_or(0)));
            kept.text = (*retry)["text"].text();
            kept.refused = (*retry)["refused"].boolean_or(false);
            kept.as_bot = (*retry)["as_bot"].boolean_or(false);
        }
    }
    redirect_to_admins();
}

}  // namespace rollcall::engine
