// ReviewAsk: an owner was asked to look at the review of a room of theirs, and to sign it off by a reaction
// to the message that shows it. Kept in the store as a mark until it is signed, asked anew, or the room
// leaves the policy. Values; engine thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "policy/base/time.h"

namespace rollcall::engine {

// As the homeserver tells of it.
struct Reaction {
    std::string event;  // event ID
    Time time{};
};

using ReviewKey = std::pair<std::string, std::string>;  // Matrix ID of the owner, key of the room

struct ReviewAsk {
    std::string user, room_key;
    std::string hash;  // of the review that was shown
    Time asked{};
    std::uint64_t entry = 0;             // of the trail, which says who wanted it
    std::string direct, event;           // room and message in which it stands; "" until it was sent
    std::string trouble;                 // why it could not be sent
    std::optional<Reaction> reaction{};  // theirs, until it was looked at
    bool settled = false;                // somebody has signed for the room since: nobody waits for this one

    [[nodiscard]] ReviewKey key() const { return {user, room_key}; }
    [[nodiscard]] bool sent() const { return !event.empty(); }
    // Of the message, among what is owed: another review is another message.
    [[nodiscard]] std::string notice_key() const;
    [[nodiscard]] std::string text() const;  // JSON for the store
    [[nodiscard]] static std::optional<ReviewAsk> from_text(const std::string& text);
};

// A reaction to a message of which it is not known yet that it shows a review: its sending was cut short.
struct EarlyReaction {
    std::string user;
    Reaction reaction;

    [[nodiscard]] std::string text() const;
    [[nodiscard]] static std::optional<EarlyReaction> from_text(const std::string& text);
};

// U+2705, with or without the variation selector that clients put behind an emoji (Matrix client-server API
// v1.19, "Event annotations and reactions"). Nothing else signs: a thumb says that somebody has read.
inline constexpr std::string_view kSigningReaction = "\u2705";
[[nodiscard]] bool signs(std::string_view reaction);

}  // namespace rollcall::engine
