// Fact: one thing learned. Everything that happens reaches the world as one of these, through step().
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "policy/directory.h"
#include "policy/plan.h"
#include "policy/room_event.h"

namespace rollcall::policy {

struct TimePassed {
    Time now{};
    Tick tick{};
    Time latest{};  // after `now`: the date is not certain, and no later than that; kNever: nobody knows
};

// An event of a managed room, in the order in which the homeserver sent it.
struct RoomEventSeen {
    RoomEvent event;
    bool ours = false;  // a request in flight of ours brings exactly this about (a masqueraded join has the
                        // user as sender)
};

// The answer to reading one member's state afresh: the event, or none at all.
struct MemberRead {
    std::string room, user;
    std::optional<RoomEvent> event;
};

// An event was told of that cannot be used: what it was about is read.
struct EventUnreadable {
    UnreadableEvent event;
};

// What a request of ours is known to have done. `held` is the event digest that was held when it was sent: if
// another event has come since, the stream of events knows better than this answer.
struct MembershipSet {
    UserId user;
    RoomId room;
    MembershipState state = MembershipState::join;
    std::string event;  // event ID; "" where the answer has none (a kick)
    std::uint32_t held = 0;
};
struct Forgotten {
    UserId user;
    RoomId room;
    std::uint32_t held = 0;  // digest of the event that was held when it was asked for
};
struct StateSet {
    RoomId room;
    RoomContent content;
    std::string state_key, event;
    std::string held;  // the event that was held when it was asked for; as for MembershipSet
};
struct RoomCreated {
    RoomId room;
    std::string id;
    std::string intent;
    bool hidden = false;
};
struct Published {
    RoomId room;
};
struct Released {
    RoomId room;
};
struct AliasClaimed {
    RoomId room;
    std::string alias;
    bool conflict = false;  // it leads to somebody else's room; with no alias: none does any more
};
struct AccountSeen {
    UserId user;
    Account account = Account::unknown;
};
// Nobody can act as this user: the mask registration leaves them out. Or it is to be tried again.
struct MaskCovers {
    UserId user;
    bool covered = false;
};
struct SignedOut {
    UserId user;
};
struct RoomsListed {
    UserId user;
    std::vector<std::string> rooms;  // room IDs outside the policy
    bool whole = true;               // false: there may be more, which are to be asked for again
};
struct LeftUnmanaged {
    UserId user;
    std::string room;
};
struct PutBack {
    UserId user;
    RoomId room;
};  // a hand-made removal is about to be undone
struct DepartOrdered {
    PersonId person;
    bool taken_back = false;
};

// A read of the directory that cannot be believed: a canary is missing, nobody is there, a search was cut
// off.
struct DirectoryRefused {
    std::string why;
    Evidence evidence;
};

using FactVariant =
    std::variant<TimePassed, DirectorySnapshot, DirectoryChanges, DirectoryRefused, RoomEventSeen, RoomRead,
                 MemberRead, MembershipSet, Forgotten, StateSet, RoomCreated, Published, Released,
                 AliasClaimed, AccountSeen, MaskCovers, SignedOut, RoomsListed, LeftUnmanaged, PutBack,
                 DepartOrdered, EventUnreadable>;
// A type of its own, so that what moves and destroys all of them is compiled once.
struct Fact : FactVariant {
    using FactVariant::operator=;
    using FactVariant::variant;
    Fact();
    ~Fact();
    Fact(const Fact&);
    Fact& operator=(const Fact&);
    Fact(Fact&&) noexcept;
    Fact& operator=(Fact&&) noexcept;
};

}  // namespace rollcall::policy
