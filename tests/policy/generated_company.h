// A company to which anything may happen, from a seed: directory writes that are told at once, late,
// unverified or never; reads that miss somebody; logins that change, and what the homeserver says of accounts
// in question; room events in order, out of order, twice or lost; results; time; new policies.
#pragma once

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "tests/policy/homeserver.h"

namespace rollcall::policy::test {

class GeneratedCompany {
  public:
    explicit GeneratedCompany(std::uint64_t seed);
    // One thing happens. Its name, for messages.
    std::string happen();
    // Everything that was lost or late arrives: a complete read of the directory and of every room.
    void catch_up();

    const bool mask;  // the homeserver can be asked whether there is an account
    Scene scene;
    Homeserver homeserver;

  private:
    std::size_t roll(std::size_t sides) { return random_() % sides; }
    bool one_in(std::size_t sides) { return roll(sides) == 0; }
    template <class Range>
    const auto& one_of(const Range& range) {
        return *std::next(range.begin(), static_cast<std::ptrdiff_t>(roll(range.size())));
    }
    std::string login() { return one_of(scene.directory.people).first; }
    std::string group() { return one_of(scene.directory.groups).first; }
    std::string room_key() { return "room" + std::to_string(roll(5)); }
    std::string matrix_user();
    std::string expression_text(int depth = 0);
    void new_policy();

    std::string directory_write();
    void write_person(const std::string& name);
    std::string write_group(const std::string& name);
    std::string tell_changes();
    std::string tell_snapshot();
    std::string room_event();
    std::string deliver();
    std::string wrong_result();
    [[nodiscard]] UserId name_in_question();
    std::string candidates_depart();
    std::string login_in_question();
    std::string tell_account();
    std::string carry_out_some();
    Effects learn(const Fact& fact);

    std::mt19937_64 random_;
    std::vector<std::string> written_;  // and not told yet
    std::deque<RoomEvent> undelivered_, delivered_;
    std::deque<UserId> asked_;  // about, and not answered
    std::vector<DirectorySnapshot> old_reads_;
    int next_person_ = 0;
};

}  // namespace rollcall::policy::test
