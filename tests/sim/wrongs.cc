// What must hold once a simulation has converged, judged by the truth outside the engine.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/audit/room_keys.h"
#include "policy/plan.h"
#include "schema/trail_entry.h"
#include "tests/sim/fake_answers.h"
#include "tests/sim/simulation.h"

namespace rollcall::sim {

using policy::MembershipState;

namespace {

std::string login_of(const std::string& user) {
    const std::size_t colon = user.find(':');
    return user.substr(colon + 1) == kServerName ? user.substr(1, colon - 1) : "";
}

template <class Content>
const Content* content_of(const FakeHomeserver& homeserver, const std::string& room, const char* type,
                          const std::string& key = {}) {
    const policy::RoomEvent* event = homeserver.state(room, type, key);
    return event == nullptr ? nullptr : std::get_if<Content>(&event->content);
}

// Nobody is in it or may come in.
bool abandoned(const FakeRoom& room) {
    return std::none_of(room.state.begin(), room.state.end(), [](const auto& slot) {
        const auto* member = std::get_if<policy::MemberContent>(&slot.second.content);
        return member != nullptr && in_room(member->membership);
    });
}

}  // namespace

std::vector<std::string> Simulation::wrongs() {
    std::vector<std::string> out = noticed_;
    out.insert(out.end(), homeserver.complaints.begin(), homeserver.complaints.end());
    if (!running()) {
        out.emplace_back("the process does not run");
        return out;
    }
    for (const Rule& rule : rules) {
        if (room_id(rule.key).empty()) {
            out.push_back("no room for " + rule.key);
            continue;
        }
        wrong_room(rule, out);
        wrong_members(rule, out);
        wrong_world(rule, out);
    }
    wrong_departures(out);
    done_twice(out);
    wrong_trail(out);
    wrong_replay(out);
    look_around(out);
    return out;
}

void Simulation::look_around(std::vector<std::string>& out) {
    if (!engine_->settled_down()) out.emplace_back("the engine has not settled down");
    for (const engine::Failure& failure : engine_->failures()) {
        // A message that was refused amid the trouble is given up, and that is said for a day.
        if (failure.action.starts_with("notify ") && failure.next == Time{}) continue;
        out.push_back(fmt::format("still failing: {}: {}", failure.action, failure.text));
    }
    if (engine_->notices_owed() > 0) out.emplace_back("notices are still owed");
    for (const std::string& room : engine_->unremembered_rooms()) out.push_back("not remembered: " + room);
    for (const policy::Hold& hold : engine_->guards().holds()) out.push_back("still held: " + hold.cause);
    if (engine_->decider() == nullptr) return out.emplace_back("no policy in force"), void();
    for (const policy::PlanLine& line : policy::whole_plan(*engine_->decider(), settings.abilities))
        out.push_back(fmt::format("still to do: {}", policy::test::line_of(line)));
    if (engine_->wake() <= agenda.tick()) out.emplace_back("wake() is not in the future");
}

void Simulation::wrong_members(const Rule& rule, std::vector<std::string>& out) const {
    const std::string room = room_id(rule.key);
    std::set<std::string> users;
    for (const auto& [slot, event] : homeserver.rooms.at(room).state)
        if (slot.first == "m.room.member") users.insert(slot.second);
    for (const auto& [login, person] : directory.content.people) users.insert(id_of(login));
    users.erase(kBot);
    for (const std::string& user : users) wrong_member(rule, room, user, out);
}

void Simulation::wrong_member(const Rule& rule, const std::string& room, const std::string& user,
                              std::vector<std::string>& out) const {
    const std::string login = login_of(user);
    const FakeRoom& there = homeserver.rooms.at(room);
    const MembershipState state = homeserver.membership(room, user);
    const auto say = [&](std::string_view what) {
        out.push_back(fmt::format("{} in {}: {} ({})", user, rule.key, what, policy::to_text(state)));
    };
    if (user == kFriend && rule.key == "room0" && employee("p1")) return;
    if (login.empty() || !belongs(rule, login)) {
        if (in_room(state)) say("should be out");
        if (options.mask && there.past_readers.contains(user) && homeserver.accounts.contains(user))
            say("still reads the past");
        return;
    }
    if (homeserver.power(room, user) != (owns(rule, login) ? 50 : 0)) say("has the wrong power");
    if (state == MembershipState::join || state == MembershipState::ban ||
        there.left_by_choice.contains(user))
        return;
    const bool by_invitation = rule.invite_only || !options.mask || !homeserver.accounts.contains(user);
    if (state != MembershipState::invite || !by_invitation) say("should be in");
}

void Simulation::wrong_room(const Rule& rule, std::vector<std::string>& out) const {
    const std::string id = room_id(rule.key);
    const auto say = [&](std::string_view what) { out.push_back(fmt::format("{}: {}", rule.key, what)); };
    const auto* rules_now = content_of<policy::JoinRules>(homeserver, id, "m.room.join_rules");
    if (rules_now == nullptr || rules_now->rule == "public") say("is open to everybody");
    if (rules_now != nullptr && rules_now->rule == "restricted" && rule.members != "employees")
        say("is open to a space that is more than its members");
    const auto* name = content_of<policy::NameContent>(homeserver, id, "m.room.name");
    if (name == nullptr || name->name != rule.key) say("has the wrong name");
    const auto* topic = content_of<policy::TopicContent>(homeserver, id, "m.room.topic");
    if (topic != nullptr && !topic->topic.empty()) say("has the wrong topic");
    const auto* levels = content_of<policy::PowerLevels>(homeserver, id, "m.room.power_levels");
    if (levels == nullptr || levels->state_default != 100) say("has the wrong power levels");
    if (content_of<policy::ServerAcl>(homeserver, id, "m.room.server_acl") == nullptr) say("has no ACL");
    const std::string alias = fmt::format("#{}:{}", rule.key, kServerName);
    const auto claimed = homeserver.aliases.find(alias);
    if (claimed == homeserver.aliases.end()) return say("has no alias");
    if (claimed->second != id) return;  // somebody else's: reported, not matched
    const auto* canonical =
        content_of<policy::CanonicalAliasContent>(homeserver, id, "m.room.canonical_alias");
    if (canonical == nullptr || canonical->alias != alias) say("does not say its alias");
    if (!rule.parent.empty()) {
        const auto* child =
            content_of<policy::SpaceChildContent>(homeserver, room_id(rule.parent), "m.space.child", id);
        if (child == nullptr || !child->present) say("is not in its space");
    }
}

void Simulation::wrong_world(const Rule& rule, std::vector<std::string>& out) const {
    const policy::World& world = engine_->world();
    const std::string id = room_id(rule.key);
    const auto known = world.room_by_key.find(rule.key);
    if (known == world.room_by_key.end() || world.rooms[known->second.index()].id != id)
        return out.push_back(rule.key + ": the engine holds another room for it"), void();
    std::size_t joined = 0;
    std::set<std::string> users;
    for (const auto& [slot, event] : homeserver.rooms.at(id).state)
        if (slot.first == "m.room.member") users.insert(slot.second);
    for (const UserId user : world.room_users.row(known->second.index()))
        users.insert(world.users.text(user));
    for (const std::string& user : users) {
        const UserId held = world.users.find(user);
        const MembershipState is = homeserver.membership(id, user);
        const MembershipState believed =
            held.valid() ? world.state_of(held, known->second) : MembershipState::none;
        if (is != believed)
            out.push_back(fmt::format("{} in {} is {}, the engine believes {}", user, rule.key,
                                      policy::to_text(is), policy::to_text(believed)));
        if (is == MembershipState::join && user != kBot) ++joined;
    }
    if (joined != world.rooms[known->second.index()].joined)
        out.push_back(fmt::format("{} has {} members, the engine counts {}", rule.key, joined,
                                  world.rooms[known->second.index()].joined));
}

void Simulation::wrong_departures(std::vector<std::string>& out) const {
    if (!options.mask) return;
    for (const std::string& login : departed) {
        const std::string user = id_of(login);
        const auto account = homeserver.accounts.find(user);
        const policy::PersonEntry& person = directory.content.people.at(login);
        if (account == homeserver.accounts.end() || (person.account_control == 512U && !person.deleted))
            continue;
        // Whom nobody ever met under that Matrix ID is no business of the daemon's.
        const PersonId known = engine_->world().person(person.guid);
        if (!known.valid() || !engine_->world().people[known.index()].kept.valid()) continue;
        if (account->second.sessions > 0) out.push_back(user + " departed and is still signed in");
        for (const std::string& room : homeserver.rooms_of(user, true))
            out.push_back(fmt::format("{} departed and is still in {}", user, room));
    }
}

void Simulation::done_twice(std::vector<std::string>& out) const {
    std::map<std::string, int> made, direct;
    std::map<std::string, std::size_t> notices;
    std::set<std::string> markers;
    for (const auto& [id, room] : homeserver.rooms) {
        if (room.marker.empty() || abandoned(room)) continue;
        if (!room.direct && ++made[room.name] > 1) out.push_back("two rooms were made for " + room.name);
        if (!markers.insert(room.marker).second) out.push_back("two rooms for the intent " + room.marker);
        if (!room.direct) continue;
        for (const auto& [slot, event] : room.state)
            if (slot.first == "m.room.member" && slot.second != kBot &&
                in_room(homeserver.membership(id, slot.second)) && ++direct[slot.second] > 1)
                out.push_back("two direct rooms were made for " + slot.second);
        for (const auto& [marker, text] : room.messages)
            if (!markers.insert(marker).second) out.push_back("a notice was sent twice: " + marker);
    }
}

void Simulation::wrong_trail(std::vector<std::string>& out) {
    store::TrailFilter all;
    all.at_most = 1'000'000;
    const auto rows = store_.trail(all);
    std::map<std::uint64_t, std::pair<int, int>> seen;  // intent → announced, ended
    std::set<std::uint64_t> accepted;                   // … or said to be, which may come before it
    for (const store::StoredTrailEntry& row : *rows) {
        const Result<json::Value> value = json::parse(row.text);
        const Result<schema::TrailEntry> entry =
            value ? schema::read_trail_entry(*value) : Result<schema::TrailEntry>(pass(value));
        if (!entry) {
            out.push_back("an entry of the trail cannot be read: " + row.text);
            continue;
        }
        if (entry->intent == 0) continue;
        if (entry->result.starts_with("accepted")) accepted.insert(entry->intent);
        auto& [announced, ended] = seen[entry->intent];
        if (entry->kind == schema::TrailKind::intent) {
            if (++announced > 1) out.push_back("announced twice: " + row.text);
        } else {
            if (announced == 0) out.push_back("a result before its intent: " + row.text);
            if (!entry->result.starts_with("accepted") && ++ended > 1)
                out.push_back("a second result: " + row.text);
        }
    }
    for (const auto& [id, counts] : seen)
        if (counts.second == 0 && !accepted.contains(id))
            out.push_back(fmt::format("intent {} has no result", id));
}

// Whoever replays the trail knows who is in each room and what its history visibility is.
void Simulation::wrong_replay(std::vector<std::string>& out) {
    store::TrailFilter all;
    all.at_most = 1'000'000;
    const auto rows = store_.trail(all);
    std::map<std::pair<std::string, std::string>, std::string> members;  // (room key, Matrix ID)
    std::map<std::string, std::string> history;
    audit::RoomKeys keys;
    for (const store::StoredTrailEntry& row : *rows)
        if (const auto entry = schema::read_trail_entry(json::parse(row.text).value()); entry)
            keys.take(row.index, *entry);
    for (const store::StoredTrailEntry& row : *rows) {
        const auto entry = schema::read_trail_entry(json::parse(row.text).value());
        if (!entry || entry->room_key.empty()) continue;
        const std::string room = keys.now(entry->room_key, row.index);
        if (!entry->membership.empty()) members[{room, entry->user}] = entry->membership;
        if (!entry->history.empty()) history[room] = entry->history;
    }
    for (const Rule& rule : rules) {
        const std::string id = room_id(rule.key);
        if (id.empty()) continue;
        const auto* visibility =
            content_of<policy::HistoryVisibilityContent>(homeserver, id, "m.room.history_visibility");
        if (visibility == nullptr || history[rule.key] != visibility->visibility)
            out.push_back(fmt::format("{}: by the trail its history is '{}'", rule.key, history[rule.key]));
        std::set<std::string> users;
        for (const auto& [slot, event] : homeserver.rooms.at(id).state)
            if (slot.first == "m.room.member") users.insert(slot.second);
        for (const auto& [place, state] : members)
            if (place.first == rule.key) users.insert(place.second);
        for (const std::string& user : users) {
            const auto told = members.find({rule.key, user});
            const std::string by_trail = told == members.end() ? "none" : told->second;
            const std::string_view is = policy::to_text(homeserver.membership(id, user));
            if (by_trail != is)
                out.push_back(fmt::format("{} in {} is {}, by the trail {}", user, rule.key, is, by_trail));
        }
    }
}

}  // namespace rollcall::sim
