// State events from which somebody took what they said: the event stays the same, and its content is gone.
#include <gtest/gtest.h>

#include "tests/daemon/engine/company.h"

namespace rollcall::engine {
namespace {

using std::chrono::minutes;

class Redacted : public CompanyTest {
  protected:
    Redacted() {
        company.people(4);
        company.sim.rules.push_back({.key = "space", .space = true, .members = "Crew", .owners = "Leads"});
        company.sim.rules.push_back({.key = "crew", .members = "Crew", .owners = "Leads", .parent = "space"});
        company.open();
        company.sim.run_for(minutes{2});
        room = company.sim.room_id("crew");
        space = company.sim.room_id("space");
    }
    template <class Content>
    [[nodiscard]] Content content(const std::string& in, const std::string& type,
                                  const std::string& key = {}) {
        const policy::RoomEvent* event = homeserver().state(in, type, key);
        return event == nullptr ? Content{} : std::get<Content>(event->content);
    }
    [[nodiscard]] std::string name() { return content<policy::NameContent>(room, "m.room.name").name; }
    [[nodiscard]] bool in_space() {
        return content<policy::SpaceChildContent>(space, "m.space.child", room).present;
    }
    [[nodiscard]] bool said(const std::string& text) {
        for (const schema::TrailEntry& entry : company.trail())
            if (entry.result.find(text) != std::string::npos) return true;
        return false;
    }
    std::string room, space;
};

TEST_F(Redacted, WhatAnOwnerTookFromTheRoomsStateIsPutBackAndSaid) {
    const std::string wanted = name();
    const std::string alias = content<policy::CanonicalAliasContent>(room, "m.room.canonical_alias").alias;
    ASSERT_FALSE(wanted.empty());
    ASSERT_FALSE(alias.empty());
    ASSERT_TRUE(in_space());
    ASSERT_TRUE(homeserver().redact(room, Company::id("p1"), "m.room.name"));
    ASSERT_TRUE(homeserver().redact(room, Company::id("p1"), "m.room.canonical_alias"));
    ASSERT_TRUE(homeserver().redact(room, Company::id("p1"), "m.room.server_acl"));
    ASSERT_TRUE(homeserver().redact(space, Company::id("p1"), "m.space.child", room));
    ASSERT_EQ(name(), "");
    ASSERT_FALSE(in_space());
    EXPECT_TRUE(company.comes([&] {
        return name() == wanted && in_space() &&
               content<policy::CanonicalAliasContent>(room, "m.room.canonical_alias").alias == alias &&
               !content<policy::ServerAcl>(room, "m.room.server_acl").allow.empty();
    }));
    company.sim.run_for(minutes{1});
    EXPECT_TRUE(said(Company::id("p1") + " redacted an event of the room's state"));
    EXPECT_EQ(company.wrongs(), "");
}

TEST_F(Redacted, WhatWasTakenWhileNobodyToldIsSeenAtTheNextStart) {
    const std::string wanted = name();
    homeserver().deaf = true;
    ASSERT_TRUE(homeserver().redact(room, Company::id("p1"), "m.room.name"));
    homeserver().deaf = false;
    company.sim.restart();
    EXPECT_TRUE(company.comes([&] { return name() == wanted; }, minutes{3}));
}

// A message, say: nothing of the room is asked for it.
TEST_F(Redacted, ARedactionOfSomethingElseCostsNothing) {
    company.sim.run_for(minutes{3});
    const std::size_t reads = company.calls(CallKind::read_room);
    policy::RoomEvent redaction;
    redaction.room = room;
    redaction.event = "$of-a-message";
    redaction.sender = Company::id("p1");
    redaction.content = policy::RedactionContent{"$a-message"};
    homeserver().deliver(TransactionIn{"redaction", {redaction}, [](bool) {}});
    redaction.event = "$of-nothing";
    redaction.content = policy::RedactionContent{""};
    homeserver().deliver(TransactionIn{"another", {redaction}, [](bool) {}});
    company.sim.run_for(minutes{1});
    EXPECT_EQ(company.calls(CallKind::read_room), reads);
}

}  // namespace
}  // namespace rollcall::engine
