// Baseline: what was so in the rooms before the trail said it, on its way into the trail, once in the life of
// a state folder. A store may hold memberships that no entry tells of: it is of a version without a lasting
// trail, or was filled otherwise. Then whoever is in a room, is invited to it, or reads its past since their
// removal gets an entry with the source "before": since when is not known, only until when at the latest.
//
//     begin(): who stands how in each room ──► a room after the other, in slices:
//                                              its entries are read ──► whoever is missing there is said
//
// What happens meanwhile does not wait for it: come_before() says of one member what the slices have not
// reached. 4 bytes a membership until it is over. Owned by the engine, engine thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/store/store.h"
#include "policy/world.h"
#include "schema/trail_entry.h"

namespace rollcall::engine {

class Baseline {
  public:
    // Says who, where and what; person and reason are the engine's to add.
    using Say = std::function<void(schema::TrailEntry)>;

    // `entries`: how many the trail has. Later ones tell what happened since, and are not asked.
    void begin(const policy::World& world, std::uint64_t entries);
    // A slice: some entries read or said. Errors: those of reading the trail.
    [[nodiscard]] Status go_on(store::TrailSource& trail, const policy::World& world, const Say& say);
    // The next entry says what becomes of a member: what they were is said before, where it is not known.
    [[nodiscard]] Status come_before(const schema::TrailEntry& next, store::TrailSource& trail,
                                     const policy::World& world, const Say& say);
    [[nodiscard]] bool over() const { return next_ == rooms_.size(); }
    [[nodiscard]] std::size_t said() const { return said_; }  // entries
    void give_up() { *this = {}; }

  private:
    enum Standing : std::uint32_t { told, invited, joined, left };
    struct Member {
        std::uint32_t user : 30;  // a UserId
        std::uint32_t standing : 2;
    };
    struct RoomPart {
        std::vector<Member> members;  // by user
        bool history = false, released = false;
        [[nodiscard]] bool empty() const { return members.empty() && !history && !released; }
    };
    // What the trail says: of one member, and of the room that is read.
    struct Known {
        bool in = false, joined = false, was_joined = false;
    };
    struct KnownRoom {
        std::unordered_map<std::uint32_t, Known> members;
        bool history = false, released = false;
        std::uint64_t read_to = 0;  // entry
        bool whole = false;
        std::size_t next = 0;  // of its members, to be said
    };
    static void note(const store::StoredTrailEntry& row, const policy::World& world, KnownRoom& into);
    [[nodiscard]] static bool lacks(const Known& known, std::uint32_t standing);
    [[nodiscard]] Status read_some(store::TrailSource& trail, const policy::World& world);
    void say_some(const policy::World& world, const Say& say);
    void say_member(const policy::World& world, std::size_t room, Member& member, const Say& say);
    void say_room(const policy::World& world, const Say& say);

    std::vector<RoomPart> rooms_;  // by RoomId
    std::uint64_t entries_ = 0;
    std::size_t next_ = 0;  // room
    KnownRoom known_;       // of that one
    std::size_t said_ = 0;
};

}  // namespace rollcall::engine
