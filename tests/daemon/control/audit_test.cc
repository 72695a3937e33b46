// The questions to the trail, asked of the real engine between the simulation's servers.
#include <gtest/gtest.h>

#include "tests/daemon/control/daemon.h"

namespace rollcall::control {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class Audit : public testing::Test {
  protected:
    Audit()
        : daemon([](sim::Simulation& sim) {
              // Somebody whom this machine knows under the name that they have in the directory.
              sim.directory.content.person("daemon", {"Staff"});
              sim.directory.content.group("Auditors");
              sim.directory.content.group("Compliance", {"Auditors"});
              sim.directory.content.join("Compliance", "daemon");
          }) {}
    json::Value ask(const std::string& command, const std::string& args = "{}") {
        return daemon.ask(R"({"command":"audit.)" + command + R"(","args":)" + args + "}");
    }
    json::Value ask_as(const schema::TrailCaller& caller, const std::string& command,
                       const std::string& args) {
        return daemon.ask_as(caller, "audit." + command, *json::parse(args));
    }
    [[nodiscard]] std::set<std::string> in_by_trail(const std::string& room) {
        std::set<std::string> users;
        const json::Value answer = ask("access", R"({"room":")" + room + R"("})");
        for (const json::Value& person : *answer["result"]["people"].array())
            for (const json::Value& stay : *person["stays"].array())
                if (stay["standing"].text() == "joined") users.insert(person["user"].text());
        return users;
    }
    [[nodiscard]] std::set<std::string> in_by_homeserver(const std::string& room) {
        std::set<std::string> users;
        for (const auto& [slot, event] : daemon.sim.homeserver.rooms.at(daemon.sim.room_id(room)).state)
            if (const auto* member = std::get_if<policy::MemberContent>(&event.content);
                member != nullptr && member->membership == policy::MembershipState::join)
                users.insert(slot.second);
        return users;
    }
    [[nodiscard]] std::string someone_in(const std::string& room) {
        for (const std::string& user : in_by_homeserver(room))
            if (user != sim::kBot && user.ends_with(sim::kServerName) && user != "@p1:corp.example")
                return user.substr(1, user.find(':') - 1);
        return {};
    }
    Daemon daemon;
    const schema::TrailCaller auditor{1, 1, "daemon"}, root{0, -1, "root"};
};

TEST_F(Audit, AccessNowIsWhatTheHomeserverSays) {
    for (const sim::Rule& rule : daemon.sim.rules) {
        const std::set<std::string> users = in_by_homeserver(rule.key);
        EXPECT_GT(users.size(), 0U);
        EXPECT_EQ(in_by_trail(rule.key), users) << rule.key;
    }
}

// Whoever gets the account of a name that was invited reads the room up to there: nobody has "left".
TEST_F(Audit, WhoWasOnlyInvitedAndIsNobodyIsSaidToBe) {
    const std::string room = daemon.sim.rules.front().key, name = "@later:corp.example";
    const auto found = [&] {
        const json::Value answer = ask("access", R"({"room":")" + room + R"("})");
        for (const json::Value& person : *answer["result"]["people"].array())
            if (person["user"].text() == name) return person;
        return json::Value{};
    };
    ASSERT_TRUE(daemon.sim.homeserver.invite(daemon.sim.room_id(room), sim::kBot, name));
    daemon.sim.run_for(minutes{1});
    const json::Value person = found();
    ASSERT_FALSE(person.is_null());
    EXPECT_EQ(person["stays"].array()->back()["standing"].text(), "left") << json::write(person);
    EXPECT_EQ(person["stays"].array()->back()["only"].text(), "invited") << json::write(person);
    EXPECT_TRUE(person["no_account"].boolean_or(false)) << json::write(person);
    daemon.sim.homeserver.add_account(name);
    daemon.sim.run_for(hours{7});
    EXPECT_TRUE(found().is_null()) << "it was made to forget the room: " << json::write(found());
}

TEST_F(Audit, AccessOfADayBeforeTheRoomWasKnownSaysSo) {
    const std::string room = daemon.sim.rules.front().key;
    const json::Value answer = ask("access", R"({"room":")" + room + R"(","at":"2001-01-01"})");
    EXPECT_EQ(answer["exit"].integer_or(-1), 0) << json::write(answer);
    EXPECT_TRUE(answer["result"]["people"].array()->empty());
    EXPECT_GT(answer["result"]["known_since"].text(), answer["result"]["to"].text());
}

TEST_F(Audit, WhoeverWasThereBeforeTheTrailIsPerhapsThereAtAnyTimeBefore) {
    const std::string room = daemon.sim.rules.front().key;
    daemon.sim.stop();
    daemon.sim.memory.forget_trail();
    daemon.sim.start();
    daemon.sim.run_for(minutes{1});
    EXPECT_EQ(in_by_trail(room), in_by_homeserver(room));
    const json::Value now = ask("access", R"({"room":")" + room + R"("})");
    for (const json::Value& person : *now["result"]["people"].array()) {
        const json::Value& stay = person["stays"].array()->front();
        EXPECT_TRUE(stay["since_before"].boolean_or(false)) << json::write(person);
        EXPECT_TRUE(stay["perhaps"].is_null()) << "they are there now, that is known";
    }
    const json::Value then = ask("access", R"({"room":")" + room + R"(","at":"2001-01-01"})");
    EXPECT_EQ(then["result"]["people"].array()->size(), now["result"]["people"].array()->size());
    for (const json::Value& person : *then["result"]["people"].array())
        EXPECT_TRUE(person["stays"].array()->front()["perhaps"].boolean_or(false)) << json::write(person);
    const json::Value review = ask("review", R"({"room":")" + room + R"("})");
    for (const json::Value& member :
         *review["result"]["rooms"].array()->front()["content"]["members"].array())
        EXPECT_TRUE(member["since_before"].boolean_or(false)) << json::write(member);
}

// Nobody has left as promised who was in a room before the trail said so, and still is.
TEST_F(Audit, ALeaverOfBeforeTheTrailRemainsWhereTheyAre) {
    const std::string room = daemon.sim.rules.front().key, login = someone_in(room);
    daemon.sim.stop();
    daemon.sim.memory.forget_trail();
    daemon.sim.start();
    daemon.sim.homeserver.answer_instead = [](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::put_member) return std::nullopt;
        engine::CallResult result;
        result.outcome = engine::CallOutcome::retry;
        return result;
    };
    daemon.sim.directory.disable(login, true);
    daemon.sim.run_for(minutes{10});
    const json::Value answer = ask("leavers");
    bool found = false;
    for (const json::Value& departure : *answer["result"]["departures"].array()) {
        if (departure["login"].text() != login) continue;
        found = true;
        EXPECT_EQ(departure["promise"].text(), "missed") << json::write(departure);
        EXPECT_FALSE(departure["remains"].array()->empty());
    }
    EXPECT_TRUE(found) << json::write(answer);
}

// By the Matrix ID of today and by each former one, login, distinguished name and GUID.
TEST_F(Audit, WhoeverHadAnotherMatrixIdIsFoundByAll) {
    const std::string room = daemon.sim.rules.front().key, login = someone_in(room);
    const sim::Simulation& sim = daemon.sim;
    const Guid guid = sim.directory.content.people.at(login).guid;
    ASSERT_TRUE(daemon.sim.command([&](engine::Engine& engine) {
        for (const char* membership : {"join", "leave"}) {
            schema::TrailEntry entry;
            entry.kind = schema::TrailKind::membership;
            entry.person = guid;
            entry.user = "@former:corp.example";
            entry.room_key = room;
            entry.membership = membership;
            engine.record(std::move(entry));
        }
    }));
    std::set<std::string> listed, access;
    for (const std::string& name : {login, sim::Simulation::id_of(login), std::string("@former:corp.example"),
                                    "guid:" + guid.text(), sim.directory.content.people.at(login).dn}) {
        const std::string args = R"({"user":")" + name + R"("})";
        const json::Value entries = ask("list", args)["result"]["entries"];
        ASSERT_NE(entries.array(), nullptr) << name;
        listed.insert(json::write(entries));
        const json::Value rooms =
            ask("access", R"({"user":")" + name + R"(","from":"2001-01-01"})")["result"]["rooms"];
        access.insert(json::write(rooms));
    }
    EXPECT_EQ(listed.size(), 1U) << "each name leads to the same entries";
    EXPECT_NE(listed.begin()->find("@former:corp.example"), std::string::npos);
    EXPECT_NE(listed.begin()->find(sim::Simulation::id_of(login)), std::string::npos);
    EXPECT_EQ(access.size(), 1U) << *access.begin();
    EXPECT_NE(access.begin()->find("@former:corp.example"), std::string::npos);
}

TEST_F(Audit, RefusesWhatIsNoQuestion) {
    const std::string room = daemon.sim.rules.front().key;
    for (const std::string& args :
         {std::string("{}"), R"({"room":")" + room + R"(","user":"p1"})",
          R"({"room":")" + room + R"(","at":"soon"})", R"({"room":")" + room + R"(","at":"2001-02-30"})",
          R"({"room":")" + room + R"(","at":"2999-01-01"})",
          R"({"room":")" + room + R"(","from":"2026-02-01","to":"2026-01-01"})",
          R"({"room":")" + room + R"(","at":"2026-01-01","from":"2026-01-01"})",
          std::string(R"({"room":"nowhere"})")})
        EXPECT_EQ(ask("access", args)["exit"].integer_or(-1), 2) << args;
    EXPECT_EQ(ask("show", R"({"number":0})")["exit"].integer_or(-1), 2);
    EXPECT_EQ(ask("show", R"({"number":99999999})")["exit"].integer_or(-1), 2);
    EXPECT_EQ(ask("leavers", R"({"promise":"soon"})")["exit"].integer_or(-1), 2);
    EXPECT_EQ(ask("review", R"({"room":"nowhere"})")["exit"].integer_or(-1), 2);
}

TEST_F(Audit, ALeaverIsToldFromTheDirectorysWordToTheLastRoom) {
    const std::string login = someone_in(daemon.sim.rules.front().key);
    ASSERT_NE(login, "");
    daemon.sim.directory.disable(login, true);
    daemon.sim.run_for(minutes{2});
    const json::Value answer = ask("leavers", R"({"promise":"1m"})");
    const json::Array& departures = *answer["result"]["departures"].array();
    ASSERT_EQ(departures.size(), 1U) << json::write(answer);
    EXPECT_EQ(departures[0]["login"].text(), login);
    EXPECT_EQ(departures[0]["promise"].text(), "kept") << json::write(answer);
    EXPECT_GT(departures[0]["rooms"].integer_or(0), 0);
    EXPECT_TRUE(departures[0]["remains"].array()->empty());
    EXPECT_TRUE(departures[0]["unforgotten"].array()->empty());
    EXPECT_GE(departures[0]["last_left"].text(), departures[0]["said"].text());
    EXPECT_EQ(answer["result"]["kept"].integer_or(0), 1);
    // The same by the room's own replay: in before, out after.
    EXPECT_FALSE(in_by_trail(daemon.sim.rules.front().key).contains("@" + login + ":corp.example"));
}

// A directory account whose login makes the bot's own name.
TEST(BotsOwnAccount, StaysWhateverBecomesOfThatLogin) {
    Daemon daemon([](sim::Simulation& sim) { sim.directory.content.person("rollcall", {"Staff"}); });
    daemon.sim.homeserver.keep_log = true;
    const auto ordered = daemon.ask(R"({"command":"depart","args":{"user":"rollcall","reason":"a test"}})");
    EXPECT_NE(json::write(ordered["result"]["waits"]).find("is the bot's own account, which stays"),
              std::string::npos)
        << json::write(ordered);
    daemon.sim.directory.disable("rollcall", true);
    daemon.sim.run_for(hours{1});
    const json::Value answer = daemon.ask(R"({"command":"audit.leavers","args":{}})")["result"];
    ASSERT_EQ(answer["departures"].array()->size(), 1U) << json::write(answer);
    const json::Value& row = answer["departures"].array()->front();
    EXPECT_EQ(row["user"].text(), sim::kBot);
    EXPECT_TRUE(row["bot"].boolean_or(false));
    EXPECT_NE(row["text"].text().find("@rollcall:corp.example is the bot's own account, and stays"),
              std::string::npos)
        << row["text"].text();
    EXPECT_EQ(row["promise"].text(), "not asked");
    EXPECT_EQ(row["parts"]["sessions"]["kept"].text(), "not asked");
    for (const char* count : {"kept", "missed", "open", "not_proven"})
        EXPECT_EQ(answer[count].integer_or(-1), 0) << count;
    for (const auto& [time, call] : daemon.sim.homeserver.log)
        EXPECT_NE(call.as_user, sim::kBot) << engine::to_text(call.kind);
    for (const sim::Rule& rule : daemon.sim.rules)
        EXPECT_EQ(daemon.sim.homeserver.membership(daemon.sim.room_id(rule.key), sim::kBot),
                  policy::MembershipState::join);
}

// They were disabled while nobody looked: the promise runs from there.
TEST_F(Audit, ALeaverIsCountedFromTheDirectorysOwnChange) {
    const std::string login = someone_in(daemon.sim.rules.front().key);
    daemon.sim.directory.disable(login, true);
    daemon.sim.directory.content.people.at(login).written.account_control =
        daemon.sim.agenda.now() - std::chrono::seconds{75};
    daemon.sim.run_for(minutes{2});
    const json::Value late = ask("leavers", R"({"promise":"30s"})");
    const json::Value& row = late["result"]["departures"].array()->at(0);
    EXPECT_EQ(row["promise"].text(), "missed") << json::write(row);
    EXPECT_EQ(row["parts"]["sessions"]["kept"].text(), "late") << json::write(row);
    EXPECT_EQ(row["parts"]["rooms"]["kept"].text(), "late") << json::write(row);
    EXPECT_EQ(late["result"]["missed"].integer_or(0), 1);
    EXPECT_EQ(late["exit"].integer_or(0), 1) << "whoever runs it once a day reads the status alone";
    EXPECT_EQ(ask("leavers", R"({"promise":"1d"})")["exit"].integer_or(0), 0);
    EXPECT_EQ(ask("leavers", R"({"promise":"2m"})")["result"]["kept"].integer_or(0), 1);
}

// What was said of a room under its former key is said of the same room, whichever key is asked for.
TEST_F(Audit, ARoomThatWasRenamedIsOneRoomInEveryAnswer) {
    sim::Rule& rule = daemon.sim.rules.front();
    const std::string former = rule.key, login = someone_in(former), user = "@" + login + ":corp.example";
    const json::Value before = ask("access", R"({"room":")" + former + R"("})")["result"];
    const std::string entries = R"({"room":")" + former + R"(","most":100000})";
    const std::size_t listed = ask("list", entries)["result"]["entries"].array()->size();
    rule.key = "apollo";
    rule.formerly = {former};
    daemon.sim.apply();
    daemon.sim.run_for(minutes{1});
    daemon.sim.directory.disable(login, true);
    daemon.sim.run_for(minutes{2});
    for (const std::string& key : {std::string("apollo"), former, "#" + former + ":corp.example"}) {
        const json::Value answer =
            ask("access", R"({"room":")" + key + R"(","from":"2001-01-01"})")["result"];
        EXPECT_EQ(answer["room"].text(), "apollo");
        EXPECT_EQ(answer["known_since"], before["known_since"]) << "all of its past is there";
        EXPECT_EQ(answer["history"], before["history"]);
        std::size_t found = 0;
        for (const json::Value& person : *answer["people"].array()) {
            if (person["user"].text() != user) continue;
            ++found;
            const json::Value& stay = person["stays"].array()->front();
            EXPECT_EQ(stay["standing"].text(), "joined") << "before it was renamed";
            EXPECT_FALSE(stay["to"].is_null()) << "and not after they had departed";
        }
        EXPECT_EQ(found, 1U) << key;
        EXPECT_EQ(in_by_trail(key), in_by_homeserver("apollo")) << key;
    }
    const std::string renamed = R"({"room":"apollo","most":100000})";
    const json::Value list = ask("list", renamed)["result"];
    EXPECT_GT(list["entries"].array()->size(), listed);
    EXPECT_EQ(list, ask("list", entries)["result"]);
    std::int64_t last = 0;
    std::size_t as_it_was = 0;
    for (const json::Value& entry : *list["entries"].array()) {
        EXPECT_GT(entry["index"].integer_or(0), last);
        last = entry["index"].integer_or(0);
        as_it_was += entry["room_key"].text() == former ? 1U : 0U;
    }
    EXPECT_GE(as_it_was, listed) << "entries themselves stay as they are";
    const json::Value newest = ask("list", R"({"room":"apollo","most":3})")["result"];
    EXPECT_EQ(newest["entries"].array()->back(), list["entries"].array()->back());
    EXPECT_EQ(newest["entries"].array()->size(), 3U);
    const json::Value leavers = ask("leavers", R"({"promise":"1m"})")["result"];
    ASSERT_EQ(leavers["departures"].array()->size(), 1U) << json::write(leavers);
    EXPECT_EQ(leavers["departures"].array()->front()["promise"].text(), "kept") << json::write(leavers);
    EXPECT_EQ(json::write(leavers["departures"].array()->front()["remains"]), "[]");
    const json::Value person = ask("access", R"({"user":")" + user + R"(","from":"2001-01-01"})")["result"];
    std::set<std::string> rooms;
    for (const json::Value& of : *person["rooms"].array()) rooms.insert(of["room"].text());
    EXPECT_TRUE(rooms.contains("apollo")) << json::write(person);
    EXPECT_FALSE(rooms.contains(former)) << json::write(person);
    const json::Value review = ask("review", R"({"room":")" + former + R"("})")["result"];
    ASSERT_EQ(review["rooms"].array()->size(), 1U) << json::write(review);
    for (const json::Value& member : *review["rooms"].array()->front()["content"]["members"].array())
        EXPECT_NE(member["since"].text(), "") << json::write(member);
}

// What is asked of the homeserver before, and answered after.
TEST_F(Audit, AnEntryOfARenamedRoomShowsItsChain) {
    sim::Rule& rule = daemon.sim.rules.front();
    const std::string former = rule.key, login = someone_in(former);
    daemon.sim.homeserver.answer_instead = [](const engine::Call& call) -> std::optional<engine::CallResult> {
        if (call.kind != engine::CallKind::put_member) return std::nullopt;
        engine::CallResult away;
        away.outcome = engine::CallOutcome::retry;
        return away;
    };
    daemon.sim.directory.disable(login, true);
    daemon.sim.run_for(minutes{1});
    rule.key = "apollo";
    rule.formerly = {former};
    daemon.sim.apply();
    daemon.sim.homeserver.answer_instead = nullptr;
    daemon.sim.run_for(minutes{10});
    const json::Value list = ask(
        "list", R"({"user":")" + login + R"(","room":"apollo","action":"leave","kind":"result","most":1})");
    const json::Array& entries = *list["result"]["entries"].array();
    ASSERT_EQ(entries.size(), 1U) << json::write(list);
    EXPECT_EQ(entries[0]["room_key"].text(), "apollo");
    const json::Value shown =
        ask("show", R"({"number":)" + std::to_string(entries[0]["index"].integer_or(0)) + "}");
    std::map<std::string, std::string> rooms;
    for (const json::Value& link : *shown["result"]["chain"].array())
        rooms[link["role"].text()] = link["room_key"].text();
    EXPECT_EQ(rooms["intent"], former) << json::write(shown);
    EXPECT_EQ(rooms["result"], "apollo") << json::write(shown);
}

TEST_F(Audit, WhereTheDirectoryDoesNotTellItIsCountedFromWhenTheyWereLastKnownToBeThere) {
    const std::string login = someone_in(daemon.sim.rules.front().key);
    daemon.sim.directory.tells_when = false;
    daemon.sim.directory.request_sweep();  // as it happens every 15 minutes
    daemon.sim.run_for(minutes{10});
    const Time before = daemon.sim.agenda.now();
    daemon.sim.directory.disable(login, true);
    daemon.sim.run_for(minutes{2});
    const json::Value answer = ask("leavers", R"({"promise":"1h"})");
    const json::Value& row = answer["result"]["departures"].array()->at(0);
    EXPECT_LE(*parse_rfc3339(row["said"].text()), before) << json::write(row);
    EXPECT_EQ(row["promise"].text(), "kept") << json::write(row);
}

TEST_F(Audit, WhoeverIsOutAndStillSignedInIsNoKeptPromise) {
    const std::string login = someone_in(daemon.sim.rules.front().key);
    daemon.sim.homeserver.hollow = [](const engine::Call& call) {
        return call.kind == engine::CallKind::sign_out;
    };
    daemon.sim.directory.disable(login, true);
    daemon.sim.run_for(minutes{2});
    const json::Value answer = ask("leavers", R"({"promise":"1m"})");
    const json::Value& row = answer["result"]["departures"].array()->at(0);
    EXPECT_EQ(row["parts"]["rooms"]["kept"].text(), "kept") << json::write(row);
    EXPECT_EQ(row["parts"]["sessions"]["kept"].text(), "not proven") << json::write(row);
    EXPECT_EQ(row["promise"].text(), "not proven") << json::write(row);
    EXPECT_EQ(answer["result"]["kept"].integer_or(-1), 0);
}

TEST_F(Audit, AnEntryShowsTheChainThatLedToIt) {
    const std::string login = someone_in(daemon.sim.rules.front().key);
    daemon.sim.directory.disable(login, true);
    daemon.sim.run_for(minutes{2});
    const json::Value list =
        ask("list", R"({"user":")" + login + R"(","action":"leave","result":"done","most":1})");
    const json::Array& entries = *list["result"]["entries"].array();
    ASSERT_EQ(entries.size(), 1U) << json::write(list);
    const json::Value shown =
        ask("show", R"({"number":)" + std::to_string(entries[0]["index"].integer_or(0)) + "}");
    std::vector<std::string> roles;
    for (const json::Value& link : *shown["result"]["chain"].array()) roles.push_back(link["role"].text());
    EXPECT_EQ(roles, (std::vector<std::string>{"policy", "directory", "intent", "result"}))
        << json::write(shown);
    EXPECT_EQ(shown["result"]["chain"].array()->at(1)["action"].text(), "departed");
}

TEST_F(Audit, ListFindsByActionRuleResultAndTime) {
    const auto count = [this](const std::string& args) {
        return ask("list", args)["result"]["entries"].array()->size();
    };
    EXPECT_GT(count(R"({"action":"join"})"), 0U);
    EXPECT_EQ(count(R"({"action":"dance"})"), 0U);
    EXPECT_GT(count(R"({"result":"done"})"), 0U);
    EXPECT_EQ(count(R"({"from":"2999-01-01"})"), 0U);
    EXPECT_GT(count(R"({"to":"2999-01-01"})"), 0U);
    EXPECT_GT(count(R"({"from":"2h"})"), 0U);
    EXPECT_EQ(count(R"({"to":"2h"})"), 0U) << "the company is younger";
    EXPECT_EQ(ask("list", R"({"from":"2x"})")["exit"].integer_or(0), 2);
    const json::Value joins = ask("list", R"({"action":"join","kind":"intent","most":3})");
    for (const json::Value& entry : *joins["result"]["entries"].array()) {
        EXPECT_EQ(entry["action"].text(), "join");
        EXPECT_GT(count(R"({"rule":")" + entry["rule_path"].text() + R"("})"), 0U);
    }
}

TEST_F(Audit, ExportGoesThroughEverythingOnce) {
    std::int64_t after = 0, entries = 0;
    for (bool more = true; more;) {
        const json::Value page =
            ask("export", R"({"most":7,"after":)" + std::to_string(after) + "}")["result"];
        for (const json::Value& entry : *page["entries"].array()) {
            EXPECT_EQ(entry["index"].integer_or(0), after + 1);
            after = entry["index"].integer_or(0);
            ++entries;
        }
        more = page["more"].boolean_or(false);
    }
    EXPECT_EQ(static_cast<std::uint64_t>(entries), *daemon.sim.engine().store().trail_size());
}

TEST_F(Audit, OnlyAnAuditorSignsOff) {
    const std::string room = daemon.sim.rules.front().key;
    const std::string seen =
        ask("review", R"({"room":")" + room + R"("})")["result"]["rooms"].array()->at(0)["hash"].text();
    const std::string args = R"({"room":")" + room + R"(","reason":"Q1","review":")" + seen + R"("})";
    const auto before = *daemon.sim.engine().store().trail_size();
    const std::pair<schema::TrailCaller, std::string> others[] = {
        {root, "root is nobody"},
        {{2, 2, "bin"}, "bin is no login"},
        {{1, 0, "daemon"}, "somebody else's login"},
        {{2, 1, "bin"}, "somebody else's login"},
        {{-1, -1, "?"}, "no login in the directory"}};
    for (const auto& [caller, why] : others) {
        const json::Value answer = ask_as(caller, "sign-off", args);
        EXPECT_EQ(answer["exit"].integer_or(-1), 1) << json::write(answer);
        EXPECT_NE(answer["error"]["message"].text().find(why), std::string::npos) << json::write(answer);
    }
    EXPECT_EQ(*daemon.sim.engine().store().trail_size(), before);
    EXPECT_EQ(
        ask_as(auditor, "sign-off", R"({"room":")" + room + R"(","reason":"Q1"})")["exit"].integer_or(-1), 1)
        << "nobody says what was looked at";
    EXPECT_EQ(ask_as(auditor, "sign-off", args)["exit"].integer_or(-1), 0) << "through a nested group";
    daemon.sim.directory.disable("daemon", true);
    daemon.sim.run_for(minutes{1});
    EXPECT_EQ(ask_as(auditor, "sign-off", args)["exit"].integer_or(-1), 1) << "departed";
    daemon.sim.directory.disable("daemon", false);
    daemon.sim.directory.leave("Compliance", "daemon");
    daemon.sim.run_for(minutes{1});
    EXPECT_EQ(ask_as(auditor, "sign-off", args)["exit"].integer_or(-1), 1) << "no auditor any more";
}

TEST_F(Audit, ASignOffHoldsTheHashOfWhatWasLookedAt) {
    const std::string room = daemon.sim.rules.front().key;
    const auto review = [&] {
        return ask("review", R"({"room":")" + room + R"("})")["result"]["rooms"].array()->at(0);
    };
    const json::Value first = review();
    EXPECT_EQ(review(), first) << "nothing happened, so nothing in it changes";
    EXPECT_TRUE(first["signed_off"].is_null());
    const std::string seen = first["hash"].text();
    EXPECT_EQ(ask_as(auditor, "sign-off",
                     R"({"room":")" + room + R"(","reason":"Q1","review":")" + seen + R"("})")["exit"]
                  .integer_or(-1),
              0);
    EXPECT_EQ(review()["signed_off"]["review"].text(), seen);
    EXPECT_TRUE(review()["signed_off"]["unchanged"].boolean_or(false));
    EXPECT_EQ(review()["signed_off"]["by"].text(), "daemon");
    daemon.sim.directory.disable(someone_in(room), true);
    daemon.sim.run_for(minutes{1});
    EXPECT_FALSE(review()["signed_off"]["unchanged"].boolean_or(true));
    const json::Value late =
        ask_as(auditor, "sign-off", R"({"room":")" + room + R"(","reason":"Q1","review":")" + seen + R"("})");
    EXPECT_EQ(late["exit"].integer_or(-1), 1) << "what was looked at is not so any more";
}

TEST_F(Audit, AReviewNamesEverybodyWhoIsThere) {
    const json::Value all = ask("review", R"({"room":"all"})");
    ASSERT_EQ(all["result"]["rooms"].array()->size(), daemon.sim.rules.size());
    for (const json::Value& review : *all["result"]["rooms"].array()) {
        const json::Value& content = review["content"];
        std::set<std::string> users;
        for (const json::Value& member : *content["members"].array())
            if (member["membership"].text() == "join") users.insert(member["user"].text());
        EXPECT_EQ(users, in_by_homeserver(content["room"].text()));
        for (const json::Value& member : *content["members"].array()) {
            EXPECT_FALSE(member["reason"].text().empty()) << json::write(member);
            EXPECT_FALSE(member["since"].is_null()) << json::write(member);
        }
    }
}

}  // namespace
}  // namespace rollcall::control
