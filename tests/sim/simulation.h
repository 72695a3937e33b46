// Simulation: a company, its directory and its homeserver, and the real engine between them, on a simulated
// clock and from one seed. The process can be ended at any point and started anew on the same store.
//
//     Simulation sim(seed);
//     sim.found_company(); sim.start(); sim.apply();
//     sim.trouble(200);           // random facts, faults and crashes
//     sim.converge();             // faults stop; holds are approved; until nothing more happens by itself
//     EXPECT_EQ(sim.wrongs(), no_wrongs)
//
// wrongs() judges by the truth in the directory and by an evaluation of the rules of its own, not by what
// the engine believes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/engine/engine.h"
#include "tests/sim/fake_directory.h"
#include "tests/sim/fake_homeserver.h"
#include "tests/sim/memory_store.h"

namespace rollcall::sim {

inline constexpr const char* kServerName = "corp.example";
inline constexpr const char* kSender = "@_rollcall_sender:corp.example";
inline constexpr const char* kBot = "@rollcall:corp.example";
inline constexpr const char* kFriend = "@friend:partner.example";  // an outsider with an approval

// One room of the policy, as the simulation itself reads it.
struct Rule {
    std::string key;
    bool space = false;
    std::string members;  // group; "employees"
    std::string owners;   // group; "" for none
    std::string except;   // group; "" for none
    std::string parent;
    bool invite_only = false;  // admission: invite
    bool everyone_invites = false;
    std::vector<std::string> formerly{};  // keys that it had before
    bool rejoin = false;                  // whoever leaves is put back
};

// The process ends here.
struct Crash {};

struct Options {
    std::uint64_t seed = 1;
    std::size_t people = 14;
    std::size_t rooms = 4;
    bool mask = true;
    std::string room_version = "12";    // of the rooms that the homeserver makes
    store::Store* store = nullptr;      // instead of a MemoryStore
    std::function<void()> restarted{};  // of that store: the process has ended
};

class Simulation {
  public:
    explicit Simulation(Options options);
    ~Simulation();

    // --- the process ---
    void start();  // a new engine on the store
    void stop();   // kill -9
    [[nodiscard]] bool running() const { return engine_ != nullptr; }
    // One happening, or one turn. A Crash ends the process; the next step starts it again.
    void step();
    void run_for(Duration time);
    void run_until(const std::function<bool()>& done, Duration at_most);
    void restart() { stop(), start(); }
    // In a turn of its own, before its answer is there. False where the process ended before it was.
    bool command(std::function<void(engine::Engine&)> run, bool reads_only = false);
    void send(engine::Command command) { inbox_.emplace_back(std::move(command)); }

    // --- the company ---
    void found_company();      // random people, groups and rules, from the seed
    void apply();              // puts `rules` in force, once the directory has been read
    void something_happens();  // one random fact
    void trouble(std::size_t facts, unsigned crash_percent = 0);
    void converge();
    [[nodiscard]] static std::string id_of(const std::string& login) {
        return "@" + login + ":" + kServerName;
    }
    [[nodiscard]] std::string room_id(const std::string& key) const;  // "" if there is none
    [[nodiscard]] bool employee(const std::string& login) const;
    [[nodiscard]] bool in_group(const std::string& group, const std::string& login) const;
    [[nodiscard]] bool belongs(const Rule& rule, const std::string& login) const;
    [[nodiscard]] bool owns(const Rule& rule, const std::string& login) const;

    // What is not as it must be after converge(); empty: all is well.
    [[nodiscard]] std::vector<std::string> wrongs();

    [[nodiscard]] engine::Engine& engine() { return *engine_; }
    [[nodiscard]] store::Store& store() { return store_; }
    [[nodiscard]] Status status() const { return status_; }  // of the last turn

    const Options options;
    Agenda agenda;
    Random random;
    MemoryStore memory;
    FakeHomeserver homeserver;
    FakeDirectory directory;
    engine::Settings settings;
    policy::test::Scene policy;  // of which only the written policy counts
    std::vector<policy::Service> services;
    std::vector<Rule> rules;
    std::set<std::string> without_account;  // logins whose account appears later
    std::set<std::string> departed;         // logins disabled or deleted while the daemon knew them
    std::size_t turns = 0;
    std::function<void()> after_turn;

  private:
    void turn();
    void look_around(std::vector<std::string>& out);
    void wrong_members(const Rule& rule, std::vector<std::string>& out) const;
    void wrong_member(const Rule& rule, const std::string& room, const std::string& user,
                      std::vector<std::string>& out) const;
    void wrong_room(const Rule& rule, std::vector<std::string>& out) const;
    void wrong_world(const Rule& rule, std::vector<std::string>& out) const;
    void wrong_departures(std::vector<std::string>& out) const;
    void done_twice(std::vector<std::string>& out) const;
    void wrong_trail(std::vector<std::string>& out);
    void wrong_replay(std::vector<std::string>& out);
    [[nodiscard]] std::string some_login();
    [[nodiscard]] std::string some_room();
    [[nodiscard]] bool may_meet(const std::string& user) const;
    void somebody_in_the_directory();
    void somebody_in_a_room();

    Log log_;
    Random key_random_{options.seed + 1};
    store::Store& store_;
    std::map<std::string, policy::PolicyFile> versions_;
    std::unique_ptr<engine::Engine> engine_;
    std::vector<engine::Message> inbox_;
    std::size_t idle_turns_ = 0;
    Time last_turn_{};
    std::size_t process_ = 0;
    Status status_;
    std::vector<std::string> noticed_;  // wrongs seen on the way
    std::size_t next_login_ = 0, next_outsider_ = 0;
    std::map<std::pair<std::string, std::string>, std::size_t> invited_;  // (inviter, outsider) → times
};

}  // namespace rollcall::sim
