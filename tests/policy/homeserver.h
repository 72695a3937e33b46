// Homeserver: the truth about rooms in tests, and the doing: carries out what a plan asks for and says so by
// results, reads and events, the way the engine does. No guards, no lanes, no failures: those are the
// engine's tests.
#pragma once

#include <map>
#include <string>

#include "tests/policy/world_builder.h"

namespace rollcall::policy::test {

class Homeserver {
  public:
    explicit Homeserver(Scene& scene) : scene_(scene) {}

    struct Room {
        std::string id;
        std::map<std::string, RoomEvent> members;  // by Matrix ID
        std::map<std::string, RoomEvent> state;    // by "index|state key"
    };

    // Changes the truth and returns the event, which nobody has been told of.
    RoomEvent put_member(const std::string& room, const std::string& user, MembershipState state,
                         const std::string& sender);
    RoomEvent put_state(const std::string& room, const RoomContent& content, const std::string& sender);
    void create(const std::string& key, bool hidden);

    [[nodiscard]] MembershipState state_of(const std::string& room, const std::string& user) const;
    [[nodiscard]] RoomRead read(const std::string& room) const;
    [[nodiscard]] MemberRead read_member(const std::string& room, const std::string& user) const;
    // Answers what the step wants read, and what those answers want read.
    void answer(const Effects& effects);

    // Carries out every action of the backlog once. False if there was none.
    bool carry_out();
    // … until there is none left. The number of rounds; fails after `most`.
    int converge(int most = 30);

    std::map<std::string, Room> rooms;  // by key
    bool tell_events = true;            // also bring the events of our own requests

  private:
    void learn(const Fact& fact) { answer(scene_.learn(fact)); }
    // `elsewhere` is the room that a leave_unmanaged names.
    void carry_out(UserId user, const UserAction& action, const std::string& elsewhere);
    void carry_out(std::uint32_t room, const RoomAction& action);
    void set_membership(UserId user, std::uint32_t room, MembershipState state);
    void set_power(UserId user, std::uint32_t room, int power);
    void set(const std::string& room, const RoomContent& content);

    Scene& scene_;
    std::uint64_t next_ = 0;
};

}  // namespace rollcall::policy::test
