#include "policy/hold.h"

#include <fmt/format.h>
#include <sodium.h>
#include <algorithm>
#include <array>
#include <utility>

namespace rollcall::policy {

std::string_view to_text(Guard guard) {
    switch (guard) {
        case Guard::departures:
            return "departures";
        case Guard::removals:
            return "removals";
        case Guard::room_loses:
            return "room_loses";
        case Guard::room_gains:
            return "room_gains";
        case Guard::rooms_created:
            return "rooms.created";
        case Guard::rooms_released:
            return "rooms.released";
        case Guard::canaries:
            return "canaries";
        case Guard::outsiders:
            return "outsiders";
    }
    return "";
}

namespace {

// A room ID, or what a notice is about, may hold blanks; the user stands last and may hold anything.
std::string without_blanks(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ' ')
            out += "\\s";
        else if (c == '\\')
            out += "\\\\";
        else
            out += c;
    }
    return out;
}

std::string with_blanks(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
        if (next == 's' || next == '\\') {
            out += next == 's' ? ' ' : '\\';
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

std::string ActionKey::text() const {
    return fmt::format("{} {} {}", to_text(kind), room.empty() ? "-" : without_blanks(room),
                       user.empty() ? "-" : user);
}

std::optional<ActionKey> ActionKey::from_text(std::string_view text) {
    const std::size_t a = text.find(' ');
    const std::size_t b = a == std::string_view::npos ? a : text.find(' ', a + 1);
    if (b == std::string_view::npos) return std::nullopt;
    const auto field = [](std::string_view s) { return s == "-" ? std::string() : std::string(s); };
    for (int k = 0; k <= static_cast<int>(ActionKind::notify); ++k)
        if (to_text(static_cast<ActionKind>(k)) == text.substr(0, a))
            return ActionKey{static_cast<ActionKind>(k), with_blanks(field(text.substr(a + 1, b - a - 1))),
                             field(text.substr(b + 1))};
    return std::nullopt;
}

namespace {

std::string hold_id(Guard guard, const std::vector<ActionKey>& actions) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    const auto feed = [&state](std::string_view text) {
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>("\n"), 1);
    };
    feed(to_text(guard));
    for (const ActionKey& action : actions) feed(action.text());
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256_final(&state, digest.data());
    std::string out;
    for (std::size_t i = 0; i < 6; ++i) out += fmt::format("{:02x}", digest[i]);
    return out;
}

}  // namespace

ActionKey renamed(ActionKey key, const std::string& from, const std::string& to) {
    if (key.kind != ActionKind::notify && key.room == from) key.room = to;
    return key;
}

Hold make_hold(Guard guard, std::string room, std::string cause, std::vector<ActionKey> actions) {
    std::sort(actions.begin(), actions.end());
    Hold hold{"", guard, std::move(room), std::move(cause), std::move(actions)};
    hold.id = hold_id(guard, hold.actions);
    return hold;
}

bool answers(const Answers& given, const ActionKey& key, Basis basis) {
    const auto answer = given.find(key);
    return answer != given.end() && answer->second.basis == basis;
}

}  // namespace rollcall::policy
