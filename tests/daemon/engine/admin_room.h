// TheAdminRoom: a company whose admins have a room, in which the bot writes to them.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {

inline constexpr const char* kAddress = "#it:corp.example";

class TheAdminRoom : public CompanyTest {
  protected:
    explicit TheAdminRoom(const std::string& room_version = "12")
        : CompanyTest({.room_version = room_version}) {
        company.people(60);
        company.room("crew");
        company.sim.settings.admin_room = kAddress;
        company.sim.policy.policy.protected_ids.push_back({kAdmin, {}});
    }
    [[nodiscard]] Engine& engine() { return company.sim.engine(); }
    // Somebody makes a room, and lets the bot in.
    std::string made_by(const std::string& user) {
        const std::string room = homeserver().make_room(user, "IT");
        EXPECT_TRUE(homeserver().invite(room, user, sim::kBot));
        return room;
    }
    std::string address_of(const std::string& user) {
        homeserver().aliases[kAddress] = made_by(user);
        return homeserver().aliases[kAddress];
    }
    void something_to_tell() { homeserver().put_bot_out(company.sim.room_id("crew")); }
    [[nodiscard]] std::size_t told_in(const std::string& room, const std::string& part = "") {
        std::size_t found = 0;
        for (const auto& [marker, text] : homeserver().rooms[room].messages)
            found += text.find(part) == std::string::npos ? 0U : 1U;
        return found;
    }
    [[nodiscard]] std::size_t entries(const std::string& action, const std::string& result) {
        const auto trail = company.trail();
        return static_cast<std::size_t>(std::count_if(trail.begin(), trail.end(), [&](const auto& entry) {
            return entry.action == action && entry.result.starts_with(result);
        }));
    }
};

}  // namespace rollcall::engine
