#include "tests/sim/story.h"

#include <fmt/format.h>

namespace rollcall::sim {

namespace {

using policy::MembershipState;

constexpr Duration kScene = std::chrono::seconds{40};

void found(Simulation& sim) {
    policy::test::Directory& directory = sim.directory.content;
    directory.group("Crew");
    directory.group("Leads");
    for (const char* login : {"p1", "p2", "p3", "p4", "p5"}) {
        directory.person(login, {"Staff", "Crew"});
        sim.homeserver.add_account(Simulation::id_of(login));
    }
    directory.join("Leads", "p1");
    directory.join("Leads", "p2");
    sim.rules.push_back({.key = "company", .space = true, .members = "employees"});
    sim.rules.push_back(
        {.key = "crew", .members = "Crew", .owners = "Leads", .parent = "company", .everyone_invites = true});
    sim.rules.push_back({.key = "hall", .members = "employees", .parent = "company"});
}

// A command whose answer was lost is given again, as a person would.
void apply(Simulation& sim) {
    const std::size_t rules = sim.rules.size();
    const auto in_force = [&] {
        return sim.running() && sim.engine().decider() != nullptr &&
               sim.engine().decider()->program().rooms.size() == rules;
    };
    for (int tries = 0; tries < 5; ++tries) {
        sim.apply();
        sim.run_until([] { return true; }, std::chrono::seconds{10});
        if (in_force()) return;
    }
}

}  // namespace

void tell_story(Simulation& sim) {
    found(sim);
    sim.start();
    apply(sim);
    sim.run_for(kScene);
    const std::string one = Simulation::id_of("p1"), two = Simulation::id_of("p2");
    sim.homeserver.invite(sim.room_id("crew"), one, kGuest);
    sim.homeserver.join(sim.room_id("crew"), kGuest);
    const std::string own = sim.homeserver.make_room(two, "private");
    sim.run_for(kScene);
    sim.directory.disable("p2", true);
    sim.departed.insert("p2");
    sim.run_for(kScene);
    sim.directory.leave("Crew", "p3");
    sim.run_for(kScene);
    sim.homeserver.kick(sim.room_id("crew"), one, Simulation::id_of("p4"));
    sim.run_for(kScene);
    sim.rules.push_back({.key = "late", .members = "Crew", .owners = "Leads", .parent = "company"});
    apply(sim);
    sim.run_for(kScene);
}

std::vector<std::string> wrongs_of_story(Simulation& sim) {
    std::vector<std::string> out = sim.wrongs();
    std::size_t notices = 0;
    for (const auto& [id, room] : sim.homeserver.rooms) notices += room.messages.size();
    if (notices != 1) out.push_back(fmt::format("{} notices about one outsider", notices));
    if (sim.homeserver.membership(sim.room_id("crew"), Simulation::id_of("p4")) != MembershipState::join)
        out.emplace_back("whoever was kicked by hand is not back");
    return out;
}

}  // namespace rollcall::sim
