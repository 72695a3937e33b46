// A company for tests: what its directory holds, the policy in code, and the world that both lead to.
//
//     Scene scene;
//     scene.directory.person("anna", {"Staff", "Eng"});
//     scene.room("engineering", "group Eng");
//     scene.start();                                   // read the directory, apply the policy
//     scene.verdict("anna", "engineering")             // in, member
//
// Directory is the truth of which the world hears through facts; change it, then learn(changes(…)) or read().
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/backlog.h"
#include "policy/compile.h"
#include "policy/guard.h"
#include "policy/step.h"
#include "tests/policy/expression_text.h"

namespace rollcall::policy::test {

inline constexpr const char* kServer = "corp.example";
inline const std::vector<std::string> kNothing;  // an empty plan
[[nodiscard]] Guid guid_of(std::string_view kind, std::string_view name);
[[nodiscard]] Time at(const char* rfc3339);

class Directory {
  public:
    PersonEntry& person(const std::string& login, const std::vector<std::string>& groups = {});
    GroupEntry& group(const std::string& name, const std::vector<std::string>& parents = {});
    // The container of that name, and those above it.
    ContainerEntry& container(const std::string& dn);
    // Everything that stands below moves along, and no USN but the container's tells.
    void move_container(const std::string& made_as, const std::string& dn);
    // Names a person by login, otherwise a group; either is made if it does not exist.
    void join(const std::string& group, const std::string& member);
    void leave(const std::string& group, const std::string& member);

    [[nodiscard]] DirectorySnapshot snapshot();
    // What a drain brings: the entries of these names, as they are now.
    [[nodiscard]] DirectoryChanges changes(const std::vector<std::string>& names, bool verified = true);
    // Their usnChanged moves, as with any write.
    void wrote(const std::string& name);
    [[nodiscard]] std::uint32_t next_rid() const { return next_rid_ + 1; }  // of the next group

    std::map<std::string, PersonEntry> people;         // by login at their making
    std::map<std::string, GroupEntry> groups;          // by name at their making
    std::map<std::string, ContainerEntry> containers;  // by DN at their making
    std::vector<std::string> attributes{"department", "employeetype", "samaccountname", "title"};
    std::string invocation = "db-1";
    std::uint64_t usn = 1000;

  private:
    [[nodiscard]] Evidence evidence() const;
    std::uint32_t next_rid_ = 1000;
};

class Scene {
  public:
    Scene();

    // --- policy ---
    RoomText& room(const std::string& key, const std::string& members, const std::string& owners = {});
    RoomText& space(const std::string& key, const std::string& members);
    Approval& approval(const std::string& key, const std::string& who, const std::vector<std::string>& rooms,
                       const std::string& sponsor, Time until);
    void service(const std::string& key, const std::string& who, const std::vector<std::string>& rooms);

    // --- what happens ---
    void start() { read(), apply(); }
    Effects read() { return learn(directory.snapshot()); }
    // Compiles and puts in force, as the engine does. False, and nothing happens, if the policy has errors.
    bool apply();
    Effects learn(const Fact& fact);
    void pass_time(Duration duration) { learn(TimePassed{world.now + duration}); }
    void doubt_date(Time latest) { learn(TimePassed{world.now, {}, latest}); }
    // The room exists on the homeserver, open, in the state that the policy wants.
    RoomId create(const std::string& key);
    // A member event that follows on what is held. "" as sender: the user.
    Effects event(const std::string& room, const std::string& user, MembershipState state,
                  const std::string& sender = {}, const std::string& event_id = {});
    void join(const std::string& room, const std::string& user) {
        event(room, user, MembershipState::join, "@rollcall:corp.example");
    }

    // --- what is ---
    [[nodiscard]] UserId user(const std::string& who);  // a login, or a Matrix ID
    [[nodiscard]] std::uint32_t room_index(const std::string& key) const;
    [[nodiscard]] PersonId person(const std::string& login) const;
    [[nodiscard]] Verdict verdict(const std::string& who, const std::string& room);
    // "in member", "owner", "out departed", "unknown undecided"
    [[nodiscard]] std::string says(const std::string& who, const std::string& room);
    [[nodiscard]] std::vector<std::string> plan() const;  // of the whole company, from scratch
    [[nodiscard]] std::vector<std::string> plan_of(const std::string& who);
    // The lines of the backlog, in the order of plan(); refreshed before.
    [[nodiscard]] std::vector<std::string> backlog_lines();
    void evaluate_guards();
    // Would the engine do it now? `line` as in plan().
    [[nodiscard]] bool allowed(const std::string& line);
    // What this guard holds now.
    [[nodiscard]] std::optional<Hold> hold(Guard guard, const std::string& room = {}) const;

    World world;
    Directory directory;
    PolicyFile policy;
    Compiled compiled;
    Pins pins;
    std::unique_ptr<Decider> decider;
    Backlog backlog;
    Abilities abilities;
    GuardMemory memory;
    GuardState guards;

  private:
    std::uint64_t next_event_ = 0;
    std::map<std::pair<std::string, std::string>, std::string> last_event_;
};

[[nodiscard]] std::string line_of(const PlanLine& line);

}  // namespace rollcall::policy::test
