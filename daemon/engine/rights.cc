// Engine: what concerns the trail itself: the rights of people in it, what goes before them, and its key.
#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <utility>

#include "daemon/engine/engine.h"
#include "schema/key_rotation.h"

namespace rollcall::engine {

using schema::TrailEntry;
using schema::TrailKind;

namespace {

constexpr Duration kRetentionEvery = std::chrono::hours{24};
constexpr Duration kRetentionWait =
    std::chrono::minutes{10};  // until what cannot be looked up is tried again
constexpr Duration kRetentionSoon = std::chrono::seconds{10};  // until what is looked up is known
constexpr Duration kRetentionGap = std::chrono::hours{72};
constexpr std::size_t kMostErasedADay = 100;

}  // namespace

// The entry names nobody but the caller: what is left of the others is what the log calls them.
void Engine::erase(const std::vector<store::StoredPersonKey>& keys,
                   const std::optional<schema::TrailCaller>& caller, const std::string& reason) {
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
    turn_.erased_at = date();
}

bool Engine::busy_with(UserId user) const {
    if (!user.valid()) return false;
    const std::string& name = world_.users.text(user);
    return !backlog_.actions(user).empty() ||
           std::any_of(in_flight_.begin(), in_flight_.end(),
                       [&](const auto& entry) { return entry.second.user == name; }) ||
           std::any_of(accepted_.begin(), accepted_.end(),
                       [&](const auto& entry) { return entry.second.intent.user == name; }) ||
           std::any_of(to_settle_.begin(), to_settle_.end(),
                       [&](const Intent& intent) { return intent.user == name; });
}

void Engine::load_retention(const std::string& value) {
    std::int64_t at = 0;
    std::from_chars(value.data(), value.data() + value.size(), at);
    retained_ = from_ms(at);
    retain_at_ = *retained_ + kRetentionEvery;
}

// Whose time is over is erased, once a day. A clock that leapt makes years of a moment, and what is erased
// does not come back: so after days without a look nobody is erased at the first one, and never more than a
// few in a day.
void Engine::keep_retention() {
    if (!settings_.retention || !decider_ || !clock_.known()) return;
    if (retained_ && *retained_ > world_.now) {  // the clock had leapt, and is back
        retained_.reset();
        retain_at_ = world_.now;
    }
    if (world_.now < retain_at_) return;
    // Somebody may have come back meanwhile: each connection to the directory begins with a complete read.
    if (!read_since_start_) return;
    if (!fresh() || !counted()) return;
    const bool leapt = !retained_ || world_.now - *retained_ > kRetentionGap;
    const Result<std::size_t> due = settings_.retention(*this, leapt ? 0 : kMostErasedADay);
    if (!due && due.error().kind == ErrorKind::unavailable) {
        if (retention_waits_) log_.error("RC-RETENTION", due.error().text());
        retain_at_ = world_.now + (std::exchange(retention_waits_, true) ? kRetentionWait : kRetentionSoon);
        return;
    }
    retention_waits_ = false;
    retained_ = world_.now;
    retain_at_ = world_.now + kRetentionEvery;
    mark("retention", "looked", std::to_string(to_ms(world_.now)));
    if (!due) return log_.error("RC-RETENTION", due.error().text());
    if (*due == 0) return;
    if (!leapt) return log_.info("RC-RETAINED", fmt::format("erased by audit.retention: {}", *due));
    const std::string text = fmt::format(
        "The trail of {} is to be erased by audit.retention, from {} on. If the clock is wrong, correct it "
        "before then; `rollcall audit hold` keeps one person.",
        *due == 1 ? "one person" : fmt::format("{} people", *due), to_rfc3339(retain_at_));
    log_.warn("RC-RETENTION-SOON", text);
    tell_admins("retention", text);
}

void Engine::rotate_key(const std::string& verifier, TrailEntry entry) {
    entry.kind = TrailKind::command;
    entry.action = schema::kRotateKey;
    record(std::move(entry));
    next_verifier_ = verifier;
}

void Engine::hold(const std::string& identity, bool released, TrailEntry entry) {
    entry.kind = TrailKind::command;
    entry.action = released ? "release legal hold" : "legal hold";
    if (released) {
        legal_holds_.erase(identity);
        mark("legal_hold", identity, std::nullopt);
    } else {
        const LegalHold& made =
            legal_holds_[identity] = {date(), entry.caller ? entry.caller->text : "", entry.reason};
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
