#include "daemon/control/answer.h"

#include <fmt/format.h>
#include <map>
#include <set>
#include <utility>

#include "daemon/control/hidden.h"
#include "policy/base/text.h"
#include "policy/explain.h"

namespace rollcall::control {

json::Value ok(json::Value result, int exit) {
    json::Value answer;
    answer.set("exit", exit);
    answer.set("result", std::move(result));
    return answer;
}

json::Value error(const Error& error, const Diagnostics& diagnostics) {
    json::Value answer, text;
    text.set("message", error.message);
    text.set("hint", error.hint);
    answer.set("exit", error.kind == ErrorKind::invalid_input || error.kind == ErrorKind::not_found ? 2 : 1);
    answer.set("error", std::move(text));
    if (!diagnostics.empty()) answer.set("diagnostics", to_json(diagnostics));
    return answer;
}

json::Value to_json(const Diagnostics& diagnostics) {
    json::Value list{json::Array{}};
    for (const Diagnostic& diagnostic : diagnostics) {
        json::Value row;
        row.set("at", diagnostic.at.text());
        row.set("message", diagnostic.message);
        row.set("suggestion", diagnostic.suggestion);
        row.set("severity", diagnostic.severity == Severity::error ? "error" : "warning");
        list.push(std::move(row));
    }
    return list;
}

json::Value to_json(const policy::Hold& hold, const policy::HeldSince& held_since) {
    json::Value row, actions{json::Array{}};
    for (const policy::ActionKey& key : hold.actions) actions.push(key.text());
    row.set("id", hold.id);
    row.set("guard", policy::to_text(hold.guard));
    row.set("room", hold.room);
    row.set("cause", hold.cause);
    std::set<std::string_view> people;
    for (const policy::ActionKey& key : hold.actions)
        if (!key.user.empty()) people.insert(key.user);
    row.set("people", static_cast<std::int64_t>(people.size()));
    const auto since = held_since.find({hold.guard, hold.room});
    row.set("since", since == held_since.end() ? "" : to_rfc3339(since->second));
    row.set("actions", std::move(actions));
    return row;
}

json::Value rejections_json(const policy::Answers& rejected) {
    std::map<std::string, std::pair<const policy::Answer*, json::Array>> by_hold;
    for (const auto& [key, answer] : rejected) {
        auto& [first, actions] = by_hold[answer.hold];
        first = &answer;
        actions.emplace_back(key.text());
    }
    json::Value list{json::Array{}};
    for (auto& [hold, rejection] : by_hold) {
        json::Value row;
        row.set("hold", hold);
        row.set("by", rejection.first->by);
        row.set("reason", rejection.first->reason);
        row.set("at", to_rfc3339(rejection.first->at));
        row.set("actions", std::move(rejection.second));
        list.push(std::move(row));
    }
    return list;
}

json::Value holds_json(const engine::Engine& engine, bool with_lines) {
    json::Value out, holds{json::Array{}};
    for (const policy::Hold& hold : engine.guards().holds()) {
        json::Value row = to_json(hold, engine.memory().held_since);
        row.set("cause", frozen_words(engine, hold.cause));
        if (with_lines) row.set("lines", hold_lines(engine, hold));
        holds.push(std::move(row));
    }
    out.set("holds", std::move(holds));
    out.set("rejected", rejections_json(engine.memory().rejected));
    return out;
}

json::Value hold_lines(const engine::Engine& engine, const policy::Hold& hold) {
    constexpr std::size_t kMost = 1'000;  // nobody reads more, and each is looked up
    json::Value lines{json::Array{}};
    const policy::Decider* decider = engine.decider();
    if (decider == nullptr) return lines;
    for (const policy::ActionKey& key : hold.actions) {
        if (lines.array()->size() == kMost) break;
        const int room = decider->program().room_index(key.room);
        const auto index = room < 0 ? policy::kNoRoom : static_cast<std::uint32_t>(room);
        json::Value line;
        line.set("rule", room < 0 ? "" : decider->program().rooms[index].at.file_line());
        if (const UserId user = decider->world().users.find(key.user); !key.user.empty() && user.valid())
            for (const policy::UserAction& action : engine.backlog().actions(user))
                if ((room < 0 || action.room == index) && policy::key_of(*decider, user, action) == key)
                    line.set("reason", policy::why(*decider, user, index, action.basis));
        lines.push(std::move(line));
    }
    return lines;
}

json::Value to_json(const policy::Evidence& evidence) {
    json::Value row;
    row.set("directory", evidence.directory);
    row.set("server", evidence.server);
    row.set("usn", static_cast<std::int64_t>(evidence.usn));
    row.set("object", evidence.object);
    row.set("time", evidence.time == Time{} ? "" : to_rfc3339(evidence.time));
    return row;
}

std::string_view to_text(policy::Tri value) {
    return value == policy::Tri::yes ? "yes" : value == policy::Tri::no ? "no" : "unknown";
}

std::string_view to_text(policy::Lane lane) {
    switch (lane) {
        case policy::Lane::departure:
            return "departure";
        case policy::Lane::outsider:
            return "outsider";
        case policy::Lane::removal:
            return "removal";
        case policy::Lane::addition:
            return "addition";
        case policy::Lane::cosmetic:
            return "cosmetic";
    }
    return "";
}

json::Value to_json(const policy::Decider& decider, const policy::PlanLine& line, std::string held,
                    bool rejected) {
    json::Value row;
    row.set("kind", policy::to_text(line.kind));
    row.set("user", line.user);
    std::string login, reason, rule;
    if (line.user_id.valid()) {
        if (const PersonId person = decider.person_of(line.user_id); person.valid())
            login = decider.world().people[person.index()].login.text();
        reason = policy::why(decider, line.user_id, line.room_index, line.basis);
    }
    if (line.room_index != policy::kNoRoom) rule = decider.program().rooms[line.room_index].at.file_line();
    row.set("login", login);
    row.set("power", line.power);
    row.set("reason", reason);
    row.set("rule", rule);
    row.set("lane", to_text(line.lane));
    row.set("held", std::move(held));
    row.set("rejected", rejected);
    return row;
}

namespace {
// Whom somebody may mean by the name of their entry (CN=), which is no more than a hint: two may have it.
std::string called(const policy::World& world, const std::string& name) {
    constexpr std::size_t kMostNamed = 5;
    std::string written = "CN=";
    for (const char c : name) written += c == ',' ? std::string("\\,") : std::string(1, c);
    const std::string wanted = fold_dn(written);
    std::string logins;
    std::size_t count = 0;
    for (const policy::Person& person : world.people) {
        const std::string dn = fold_dn(person.dn.text());
        if (!dn.starts_with(wanted) || (dn.size() > wanted.size() && dn[wanted.size()] != ',')) continue;
        if (++count > kMostNamed) return logins + " and more";
        logins += (count == 1 ? "; so called: " : ", ") + person.login.text();
    }
    return logins;
}
}  // namespace

Result<PersonId> find_person(engine::Engine& engine, const std::string& name) {
    const policy::World& world = engine.world();
    if (name.empty())
        return fail(ErrorKind::invalid_input, "a user is needed", "give a login name or a Matrix ID");
    if (name.starts_with('@')) {
        const UserId user = world.users.find(name);
        const PersonId person =
            user.valid() && engine.decider() != nullptr ? engine.decider()->person_of(user) : PersonId{};
        if (person.valid()) return person;
        return fail(ErrorKind::not_found,
                    fmt::format("no person in the directory has the Matrix ID {}", name),
                    "give their login name");
    }
    if (name.starts_with("guid:")) {
        const std::optional<Guid> guid = Guid::from_text(name.substr(5));
        const PersonId person = guid ? world.person(*guid) : PersonId{};
        if (person.valid()) return person;
        return fail(ErrorKind::not_found, fmt::format("no person '{}' in the directory", name),
                    "give a login name or a Matrix ID");
    }
    std::vector<PersonId> found = world.people_named(name);
    if (found.empty() && name.find('=') != std::string::npos) {  // a distinguished name
        const std::string wanted = fold_dn(name);
        for (std::size_t i = 0; i < world.people.size(); ++i)
            if (fold_dn(world.people[i].dn.text()) == wanted) found.emplace_back(i);
    }
    if (found.empty())  // somebody who has gone may still be asked about
        for (std::size_t i = 0; i < world.people.size(); ++i)
            if (world.people[i].login == name) found.emplace_back(i);
    if (found.size() == 1) return found.front();
    if (found.empty())
        return fail(ErrorKind::not_found, fmt::format("no person '{}' in the directory", name),
                    "give a login name, a Matrix ID, guid:… or a distinguished name" + called(world, name));
    return fail(ErrorKind::invalid_input, fmt::format("'{}' is ambiguous", name),
                "give the Matrix ID, or guid:…");
}

Result<std::uint32_t> find_room(const engine::Engine& engine, const std::string& name) {
    const policy::Decider& decider = *engine.decider();
    const std::string key = engine.key_now(name.starts_with('#') ? name.substr(1, name.find(':') - 1) : name);
    const int room = decider.program().room_index(key);
    if (room >= 0) return static_cast<std::uint32_t>(room);
    std::vector<std::string> keys;
    for (const policy::CompiledRoom& spec : decider.program().rooms) keys.push_back(spec.key);
    const std::string near = nearest(key, keys);
    return fail(ErrorKind::not_found, "no room '" + key + "' in the policy in force",
                near.empty() ? "give its key" : "did you mean '" + near + "'?");
}

Result<UserId> find_user(engine::Engine& engine, const std::string& name) {
    if (name.starts_with('@')) {
        const UserId user = engine.world().users.find(name);
        if (user.valid()) return user;
        return fail(ErrorKind::not_found,
                    fmt::format("{} is in no managed room and belongs to nobody in the directory", name),
                    "check the spelling");
    }
    const Result<PersonId> person = find_person(engine, name);
    if (!person) return pass(person);
    const UserId user = engine.decider() == nullptr ? UserId{} : engine.decider()->user_of(*person);
    if (user.valid()) return user;
    return fail(ErrorKind::not_found, fmt::format("{} has no Matrix ID", name),
                "`rollcall status` lists conflicts of Matrix IDs; people.matrix_id makes them");
}

}  // namespace rollcall::control
