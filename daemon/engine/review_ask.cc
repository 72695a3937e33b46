#include "daemon/engine/review_ask.h"

#include <fmt/format.h>

#include "schema/json.h"

namespace rollcall::engine {
namespace {

constexpr std::size_t kHashShown = 16;

void put(json::Value& into, const Reaction& reaction) {
    into.set("reaction", reaction.event);
    into.set("reaction_time", to_ms(reaction.time));
}

Reaction reaction_of(const json::Value& value) {
    return {value["reaction"].text(), from_ms(value["reaction_time"].integer_or(0))};
}

}  // namespace

std::string ReviewAsk::notice_key() const {
    return fmt::format("review/{}/{}/{}", user, room_key, hash.substr(0, kHashShown));
}

std::string ReviewAsk::text() const {
    json::Value value;
    value.set("user", user);
    value.set("room_key", room_key);
    value.set("hash", hash);
    value.set("asked", to_ms(asked));
    value.set("entry", static_cast<std::int64_t>(entry));
    value.set("direct", direct);
    value.set("event", event);
    value.set("trouble", trouble);
    value.set("settled", settled);
    if (reaction) put(value, *reaction);
    return json::write(value);
}

std::optional<ReviewAsk> ReviewAsk::from_text(const std::string& text) {
    const Result<json::Value> value = json::parse(text);
    if (!value) return std::nullopt;
    ReviewAsk ask;
    ask.user = (*value)["user"].text();
    ask.room_key = (*value)["room_key"].text();
    ask.hash = (*value)["hash"].text();
    ask.asked = from_ms((*value)["asked"].integer_or(0));
    ask.entry = static_cast<std::uint64_t>((*value)["entry"].integer_or(0));
    ask.direct = (*value)["direct"].text();
    ask.event = (*value)["event"].text();
    ask.trouble = (*value)["trouble"].text();
    ask.settled = (*value)["settled"].boolean_or(false);
    if (Reaction told = reaction_of(*value); !told.event.empty()) ask.reaction = std::move(told);
    return ask;
}

std::string EarlyReaction::text() const {
    json::Value value;
    value.set("user", user);
    put(value, reaction);
    return json::write(value);
}

std::optional<EarlyReaction> EarlyReaction::from_text(const std::string& text) {
    const Result<json::Value> value = json::parse(text);
    if (!value) return std::nullopt;
    return EarlyReaction{(*value)["user"].text(), reaction_of(*value)};
}

bool signs(std::string_view reaction) {
    constexpr std::string_view kAsEmoji = "\uFE0F";
    if (reaction.ends_with(kAsEmoji)) reaction.remove_suffix(kAsEmoji.size());
    return reaction == kSigningReaction;
}

}  // namespace rollcall::engine
