// Company: a small company in a simulation, set up in a few lines, for tests of single rules of the engine.
//
//     Company company;
//     company.people(5);                                   // p1 … p5 in Staff and Crew, p1 in Leads, with
//     accounts company.sim.rules.push_back({.key = "crew", .members = "Crew", .owners = "Leads"});
//     company.open();                                      // started, policy in force, rooms filled
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sim/simulation.h"

namespace rollcall::engine {

inline constexpr const char* kAdmin = "@admin:corp.example";

struct Company {
    explicit Company(sim::Options options = {}) : sim(options) {
        sim.directory.content.group("Crew");
        sim.directory.content.group("Leads");
    }
    void people(std::size_t count, bool with_accounts = true) {
        for (std::size_t i = 1; i <= count; ++i) {
            const std::string login = "p" + std::to_string(i);
            sim.directory.content.person(login, {"Staff"});
            if (with_accounts) sim.homeserver.add_account(id(login));
        }
        for (std::size_t i = 1; i <= count; ++i)
            sim.directory.content.groups.at("Crew").members.push_back(
                sim.directory.content.people.at("p" + std::to_string(i)).guid);
        sim.directory.content.join("Leads", "p1");
    }
    void room(const std::string& key) {
        sim.rules.push_back({.key = key, .members = "Crew", .owners = "Leads", .everyone_invites = true});
    }
    void open() {
        sim.start();
        sim.apply();
        sim.run_for(std::chrono::minutes{1});
    }
    // Within this much simulated time?
    [[nodiscard]] bool comes(const std::function<bool()>& what, Duration within = std::chrono::minutes{1}) {
        sim.run_until(what, within);
        return sim.running() && what();
    }
    void pause(Engine::Pause how) {
        static_cast<void>(sim.command([how](Engine& engine) {
            engine.pause(how, {0, -1, "tester"}, "a test");
        }));
    }
    void depart(const std::string& login, bool taken_back) {
        static_cast<void>(sim.command([&](Engine& engine) {
            const Guid guid = sim.directory.content.people.at(login).guid;
            engine.depart(engine.world().person(guid), taken_back, {0, -1, "tester"}, "a test");
        }));
    }
    [[nodiscard]] static std::string id(const std::string& login) { return sim::Simulation::id_of(login); }
    [[nodiscard]] bool in(const std::string& login, const std::string& room) const {
        return sim.homeserver.membership(sim.room_id(room), id(login)) == policy::MembershipState::join;
    }
    [[nodiscard]] int sessions(const std::string& login) const {
        return sim.homeserver.accounts.at(id(login)).sessions;
    }
    // people.identities says from now on whose that Matrix ID is. `made_as`: the login that they had first.
    void give(const std::string& made_as, const std::string& user) {
        const std::string guid = "guid:" + sim.directory.content.people.at(made_as).guid.text();
        sim.policy.policy.people->identities.push_back({{}, guid, user});
        sim.apply();
    }
    // Who has no Matrix ID, and why: a line each.
    [[nodiscard]] std::string conflicts() {
        std::string out;
        static_cast<void>(sim.command([&out](Engine& engine) {
            for (const policy::IdentityConflict& one : engine.decider()->conflicts()) out += one.text + "\n";
        }));
        return out;
    }
    [[nodiscard]] std::size_t calls(CallKind kind) { return sim.homeserver.calls[kind]; }
    [[nodiscard]] std::string join_rule(const std::string& room) const {
        const policy::RoomEvent* event = sim.homeserver.state(sim.room_id(room), "m.room.join_rules");
        return event == nullptr ? "" : std::get<policy::JoinRules>(event->content).rule;
    }
    [[nodiscard]] std::string wrongs() {
        std::string out;
        for (const std::string& line : sim.wrongs()) out += line + "\n";
        return out;
    }
    [[nodiscard]] std::vector<schema::TrailEntry> trail() {
        store::TrailFilter all;
        all.at_most = 1'000'000;
        std::vector<schema::TrailEntry> out;
        const auto rows = sim.store().trail(all);
        for (const store::StoredTrailEntry& row : *rows)
            out.push_back(*schema::read_trail_entry(*json::parse(row.text)));
        return out;
    }

    sim::Simulation sim;
};

class CompanyTest : public testing::Test {
  protected:
    explicit CompanyTest(sim::Options options = {}) : company(options) {}
    [[nodiscard]] sim::FakeHomeserver& homeserver() { return company.sim.homeserver; }
    Company company;
};

inline CallResult said(CallOutcome outcome, std::optional<Duration> retry_after = {}) {
    CallResult result;
    result.outcome = outcome;
    result.text = "so says the test";
    result.retry_after = retry_after;
    return result;
}

}  // namespace rollcall::engine
