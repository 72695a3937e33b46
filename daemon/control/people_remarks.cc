#include "daemon/control/people_remarks.h"

#include <fmt/format.h>
#include <algorithm>

namespace rollcall::control {
namespace {

constexpr std::int64_t kMostPeopleNamed = 5;

class Few {
  public:
    // Is this one of those that are named? Then its row is to be added.
    [[nodiscard]] bool named() { return ++count_ <= kMostPeopleNamed; }
    void add(const std::string& user, const std::string& room, const std::string& left = {}) {
        json::Value row;
        row.set("user", user);
        row.set("room", room);
        if (!left.empty()) row.set("left", left);
        first_.push(std::move(row));
    }
    [[nodiscard]] json::Value finished() {
        json::Value out;
        out.set("count", count_);
        out.set("first", std::move(first_));
        return out;
    }

  private:
    std::int64_t count_ = 0;
    json::Value first_{json::Array{}};
};

bool to_be_added(const policy::Backlog& backlog, UserId user, std::uint32_t room) {
    const auto actions = backlog.actions(user);
    return std::any_of(actions.begin(), actions.end(), [room](const policy::UserAction& action) {
        return action.kind == policy::ActionKind::add && action.room == room;
    });
}

// Of whom a guard holds all that is left: that is told as a hold.
bool is_held(const engine::Engine& engine, UserId user) {
    const auto actions = engine.backlog().actions(user);
    return engine.decider() != nullptr &&
           std::none_of(actions.begin(), actions.end(), [&](const policy::UserAction& action) {
               return action.lane == policy::Lane::departure &&
                      engine.guards().allows(*engine.decider(), engine.memory(), user, action);
           });
}

}  // namespace

json::Value overdue_json(engine::Engine& engine) {
    const auto text = [](Duration duration) {
        return duration_text(std::chrono::floor<std::chrono::seconds>(duration));
    };
    const policy::World& world = engine.world();
    json::Value out, requests, departed, first{json::Array{}};
    const engine::Overdue::Waiting waiting = engine.overdue().requests(world.tick);
    requests.set("count", static_cast<std::int64_t>(waiting.count));
    requests.set("longest", waiting.count == 0 ? "" : text(waiting.longest));
    auto people = engine.overdue().departed(world.tick);
    std::erase_if(people, [&](const auto& person) { return is_held(engine, person.user); });
    departed.set("count", static_cast<std::int64_t>(people.size()));
    for (std::size_t i = 0; i < people.size() && static_cast<std::int64_t>(i) < kMostPeopleNamed; ++i) {
        json::Value row;
        row.set("user", world.users.text(people[i].user));
        row.set("since", text(people[i].since));
        first.push(std::move(row));
    }
    departed.set("first", std::move(first));
    out.set("requests", std::move(requests));
    out.set("departed", std::move(departed));
    return out;
}

json::Value who_waits(const engine::Engine& engine) {
    Few few;
    const policy::Decider* decider = engine.decider();
    if (decider == nullptr) return few.finished();
    const policy::IdSet& users = engine.backlog().users_in(policy::Lane::removal);
    for (std::size_t u = users.next(0); u != policy::IdSet::npos; u = users.next(u + 1))
        for (const policy::UserAction& action : engine.backlog().actions(UserId(u))) {
            const Duration left = engine.grace_left(UserId(u), action);
            if (left <= Duration{} || !engine.guards().allows(*decider, engine.memory(), UserId(u), action))
                continue;
            if (few.named())
                few.add(decider->world().users.text(UserId(u)), decider->program().rooms[action.room].key,
                        duration_text(std::chrono::ceil<std::chrono::seconds>(left)));
        }
    return few.finished();
}

std::string after_sponsor(const engine::Engine& engine, UserId user, const policy::UserAction& action) {
    const policy::Decider* decider = engine.decider();
    const UserId sponsor = decider == nullptr ? UserId{} : engine.awaited_sponsor(user, action);
    if (!sponsor.valid()) return {};
    bool held = false, rejected = false;
    for (const policy::UserAction& own : engine.backlog().actions(sponsor)) {
        if (own.kind != policy::ActionKind::remove) continue;
        const bool no =
            policy::answers(engine.memory().rejected, policy::key_of(*decider, sponsor, own), own.basis);
        rejected = rejected || no;
        held = held || (!no && !engine.guards().allows(*decider, engine.memory(), sponsor, own));
    }
    const PersonId person = decider->person_of(sponsor);
    const policy::World& world = decider->world();
    return fmt::format(
        "once the removal of the sponsor {} is done{}",
        person.valid() ? std::string(world.people[person.index()].login.view()) : world.users.text(sponsor),
        held       ? ", which is held (see `rollcall holds`)"
        : rejected ? ", which was rejected (see `rollcall holds`)"
                   : "");
}

json::Value out_by_hand(const policy::Decider& decider, const policy::Backlog& backlog) {
    const policy::World& world = decider.world();
    Few kicked, gone;
    for (std::size_t u = 0; u < world.users.size(); ++u)
        for (const policy::Membership& held : world.memberships.row(u)) {
            if (held.state != policy::MembershipState::leave || held.cause == policy::Cause::daemon) continue;
            // Where the bot is not, nobody can be put back, and how people left is not known.
            if (!world.rooms[held.room.index()].bot_joined) continue;
            const int managed = decider.managed(held.room);
            if (managed < 0) continue;
            const auto room = static_cast<std::uint32_t>(managed);
            if (decider.verdict(UserId(u), room).presence != policy::Presence::in ||
                to_be_added(backlog, UserId(u), room))
                continue;
            Few& few = held.cause == policy::Cause::self ? gone : kicked;
            if (few.named()) few.add(world.users.text(UserId(u)), decider.program().rooms[room].key);
        }
    json::Value out;
    out.set("kicked", kicked.finished());
    out.set("left", gone.finished());
    return out;
}

json::Value must_accept(const policy::Decider& decider, const policy::Backlog& backlog) {
    const policy::World& world = decider.world();
    Few few;
    for (std::size_t u = 0; u < world.users.size(); ++u)
        for (const policy::Membership& held : world.memberships.row(u)) {
            const int managed = decider.managed(held.room);
            if (held.state != policy::MembershipState::invite || managed < 0) continue;
            if (world.account(UserId(u)) == policy::Account::absent) continue;  // joined once it is there
            const auto room = static_cast<std::uint32_t>(managed);
            // Of whom the mask leaves out that is a line of its own, with the cause.
            if (!world.covered(UserId(u)) &&
                decider.program().rooms[room].admission == policy::Admission::join)
                continue;
            const policy::Verdict verdict = decider.verdict(UserId(u), room);
            const bool wanted = verdict.presence == policy::Presence::in ||
                                (verdict.basis == policy::Basis::approval && held.by_choice);
            if (wanted && !to_be_added(backlog, UserId(u), room) && few.named())
                few.add(world.users.text(UserId(u)), decider.program().rooms[room].key);
        }
    return few.finished();
}

}  // namespace rollcall::control
