// Intent: what the trail announced before a request left, until its result is known. Stored in the turn that
// releases the request; after a crash the stored ones are what must be settled (settle.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/engine/call.h"
#include "policy/guard.h"

namespace rollcall::engine {

struct Intent {
    std::uint64_t id = 0;
    policy::ActionKind action = policy::ActionKind::remove;
    std::string room;  // key; of notify, the key of what is owed
    std::string room_id;
    std::string user;  // Matrix ID
    policy::Lane lane = policy::Lane::cosmetic;
    policy::Basis basis = policy::Basis::member;
    int attempts = 0;         // how often it was sent
    bool settling = false;    // its answer was lost: being read
    bool put_back = false;    // undoes what somebody did by hand: at most once an hour
    std::string marker;       // what finds it on the homeserver
    std::string wanted;       // what the call asks for, in one word: "join", "leave", "invite" …
    bool sent_again = false;  // although it may have been carried out before: there may be two
    // Of a piece of a room's state that the homeserver said it wrote: what and as which event.
    std::string type, state_key, event;
    // Of a membership, while an answer alone says what it is: what was held before.
    std::optional<policy::Membership> before;
    // Not stored: only of use while the process lives.
    Tick look_until{};           // of createRoom: until then "not there" may mean "not there yet"
    Tick look_at{};              // when it is looked for again
    Tick missed{};               // when it was looked for last, and was not there
    bool not_made = false;       // the answer said so
    bool rested = false;         // the answer was lost so often that it waited
    std::string seen;            // of a removal: the event that was told of before the answer
    bool accepted = false;       // the homeserver said so: its effect is looked for
    bool told_accepted = false;  // … and the trail says that
    int times_accepted = 0;      // how often it said so, and looking did not show it
    Call call;
    std::uint32_t held = 0;   // digest of the event held when it was sent
    std::uint32_t after = 0;  // … and of the one that has come since: a kick comes after that
    std::string held_state;   // put_state: the event that was held when it was sent
    UserId user_id;
    RoomId room_ref;
    policy::RoomContent content = policy::OtherContent{};  // of put_state

    // What a membership is to be, as it is wanted.
    [[nodiscard]] policy::MembershipState membership() const;
    [[nodiscard]] bool notice() const { return action == policy::ActionKind::notify; }
    [[nodiscard]] policy::ActionKey key() const;
    [[nodiscard]] bool makes_room() const {
        return action == policy::ActionKind::create || (notice() && wanted == "direct room");
    }
    // "" where it concerns no managed room.
    [[nodiscard]] std::string room_key() const { return notice() || room == room_id ? "" : room; }
    [[nodiscard]] std::string text() const;  // JSON for the store
    [[nodiscard]] static std::optional<Intent> from_text(std::uint64_t id, const std::string& text);
};

}  // namespace rollcall::engine
