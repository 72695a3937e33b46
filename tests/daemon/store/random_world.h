// RandomWorld: a world that changes by random facts from a small company, so that names, groups and rooms
// meet again and every kind of row is written, changed and taken away. The same seed gives the same walk.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "daemon/store/store.h"
#include "policy/world.h"

namespace rollcall::store {

class RandomWorld {
  public:
    explicit RandomWorld(unsigned seed);
    void step();  // one random change
    // What the changes since the last call touched, as the engine would commit it.
    [[nodiscard]] Turn take_turn();
    policy::World world;

  private:
    [[nodiscard]] std::size_t below(std::size_t limit) { return random_() % limit; }
    [[nodiscard]] bool chance(int percent) { return static_cast<int>(below(100)) < percent; }
    [[nodiscard]] std::string text();
    [[nodiscard]] Guid guid(char kind, std::size_t number);
    [[nodiscard]] UserId any_user();
    [[nodiscard]] RoomId any_room();

    void change_person();
    void change_person_marks();
    void change_group();
    void change_container();
    void lose_someone();
    void change_room();
    void change_room_state();
    void change_membership();
    void forget_membership();
    void change_pair();
    void change_user();
    void change_cursor();
    void change_doubt();

    std::mt19937 random_;
    std::uint64_t usn_ = 1;
    bool cursor_changed_ = false;
};

}  // namespace rollcall::store
