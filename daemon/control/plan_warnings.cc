#include "daemon/control/plan_warnings.h"

#include <fmt/format.h>
#include <set>

#include "daemon/control/kept_back.h"
#include "policy/acl_size.h"
#include "policy/base/text.h"
#include "policy/doubts.h"
#include "policy/explain.h"
#include "policy/gone.h"
#include "policy/held.h"

namespace rollcall::control {
namespace {

using policy::CompiledRoom;
using policy::Decider;
using policy::Room;

// nullptr: it was never made.
const Room* made(const Decider& decider, std::uint32_t room) {
    const RoomId id = decider.world_room(room);
    if (!id.valid() || decider.world().rooms[id.index()].id.empty()) return nullptr;
    return &decider.world().rooms[id.index()];
}

// "" where this room has its address, or wants none at the moment.
std::string wanted_address(const Decider& decider, std::uint32_t r) {
    const Room* room = made(decider, r);
    if (room != nullptr && (!room->bot_joined || !room->state.tombstone.empty())) return {};
    std::string address = policy::wanted_alias(decider, decider.program().rooms[r]);
    return room != nullptr && room->claimed_alias == address ? std::string() : address;
}

std::string whose(const policy::World& world, const std::string& room) {
    const std::string id = tame_line(room);
    const auto known = world.room_by_id.find(room);
    if (known == world.room_by_id.end()) return id + ", which this policy does not manage";
    const Room& other = world.rooms[known->second.index()];
    return fmt::format("#{} ({}){}", other.key, id, other.released ? ", which the policy let go of" : "");
}

Diagnostic taken_text(const Decider& decider, const TakenAddress& taken) {
    const CompiledRoom& room = decider.program().rooms[taken.room];
    return {room.at,
            fmt::format("the address {} leads to another room already: {}; {} {} without an address",
                        taken.address, whose(decider.world(), taken.leads_to), room.key,
                        made(decider, taken.room) == nullptr ? "would be made as a second room," : "stays"),
            fmt::format("write another `alias` for {}, or have that address taken away from the other room; "
                        "Rollcall takes over no room that it did not make",
                        room.key),
            Severity::warning};
}

void add_addresses(const engine::Engine& engine, const Decider& decider, Diagnostics& out) {
    for (const TakenAddress& taken : taken_addresses(engine, decider))
        out.push_back(taken_text(decider, taken));
    std::size_t not_said = 0, asked = 0;
    std::string trouble;
    const std::vector<std::string> wanted = addresses_to_claim(decider);
    for (const std::string& address : wanted) {
        const engine::Addresses::Seen* seen = engine.addresses().at(address);
        if (seen != nullptr) ++asked;
        if (seen == nullptr || seen->said) continue;
        if (++not_said == 1) trouble = tame_line(seen->trouble);
    }
    if (not_said > 0)
        out.push_back({Position{"homeserver.url", 0, 0},
                       fmt::format("whether {} of the rooms' addresses are free could not be seen: {}",
                                   not_said, trouble),
                       "look at it again before you apply", Severity::warning});
    // While the homeserver is away that is said, and not this.
    if (asked > 0 && asked < wanted.size())
        out.push_back({Position{"homeserver.url", 0, 0},
                       fmt::format("whether {} more of the rooms' addresses are free was not asked: at most "
                                   "{} are looked at for one plan",
                                   wanted.size() - asked, engine::Addresses::kMostAsked),
                       "`rollcall status` names those that were not, once the rooms are there",
                       Severity::warning});
}

void add_large_acls(const Decider& decider, Diagnostics& out) {
    for (std::uint32_t r = 0; r < decider.program().rooms.size(); ++r) {
        const CompiledRoom& room = decider.program().rooms[r];
        if (auto large =
                policy::acl_too_large(room.at, room.key, policy::wanted_server_acl(decider, r).allow))
            out.push_back(std::move(*large));
    }
}

}  // namespace

std::vector<std::string> addresses_to_claim(const Decider& decider) {
    std::vector<std::string> out;
    for (std::uint32_t r = 0; r < decider.program().rooms.size(); ++r)
        if (std::string address = wanted_address(decider, r); !address.empty())
            out.push_back(std::move(address));
    return out;
}

std::vector<TakenAddress> taken_addresses(const engine::Engine& engine, const Decider& decider) {
    std::vector<TakenAddress> out;
    for (std::uint32_t r = 0; r < decider.program().rooms.size(); ++r) {
        const std::string address = wanted_address(decider, r);
        const engine::Addresses::Seen* seen = address.empty() ? nullptr : engine.addresses().at(address);
        const Room* room = made(decider, r);
        if (seen == nullptr || seen->room.empty() || (room != nullptr && room->id == seen->room) ||
            policy::gives_alias_up(decider, seen->room, address))
            continue;
        out.push_back({r, address, seen->room});
    }
    return out;
}

Status none_is_being_made(engine::Engine& engine, const policy::Program& program) {
    const auto check = [&](const CompiledRoom& spec, const std::string& key) -> Status {
        if (!engine.being_made(key)) return {};
        return fail(ErrorKind::conflict,
                    fmt::format("#{} is being made at this moment, and {} says that #{} was {} before", key,
                                spec.formerly.front().at.file_line(), spec.key, spec.formerly.front().value),
                    "try again in a moment; `rollcall status` says what is in the way if it lasts");
    };
    const policy::World& world = engine.world();
    for (const CompiledRoom& spec : program.rooms) {
        if (spec.formerly.empty()) continue;
        const auto own = world.room_by_key.find(spec.key);
        if (own != world.room_by_key.end() && !world.rooms[own->second.index()].id.empty()) continue;
        Status settled = check(spec, spec.key);
        for (const policy::Text& key : spec.formerly)
            if (settled && program.room_index(key.value) < 0) settled = check(spec, key.value);
        if (!settled) return settled;
    }
    return {};
}

namespace {

// What a complete read would bring is not known before it is believed.
void add_given_up_canary(const engine::Engine& engine, const Decider& decider, Diagnostics& out) {
    if (engine.decider() == nullptr || decider.world().frozen.empty() ||
        !policy::gives_up_a_canary(engine.decider()->program(), decider.program()))
        return;
    out.push_back({Position{"guards.canaries", 0, 0},
                   "a canary is given up while removals are frozen; who is not shown with it, or has lost a "
                   "group meanwhile, is not in this plan",
                   "once it is applied the directory is read whole, and whoever would lose a room by that "
                   "waits for `rollcall approve`, however few they are",
                   Severity::warning});
}

}  // namespace

namespace {

// "#eng, #all"; the first of them
std::string rooms_of(const std::set<std::string>& keys) {
    constexpr std::size_t kMost = 5;
    std::string out;
    std::size_t named = 0;
    for (const std::string& key : keys) {
        if (++named > kMost) break;
        out += (out.empty() ? "#" : ", #") + key;
    }
    return keys.size() > kMost ? fmt::format("{} and {} more", out, keys.size() - kMost) : out;
}

std::string hold_changed(const Decider& decider, const policy::Hold& hold,
                         const std::vector<policy::RoomRename>& renames, const policy::GuardState& guards) {
    std::set<std::string> resting_rooms;
    std::size_t resting = 0, over = 0;
    for (policy::ActionKey key : hold.actions) {
        for (const policy::RoomRename& one : renames) key = renamed(std::move(key), one.from, one.to);
        if (!guards.held().contains(key))
            ++over;
        else if (policy::rests(decider, key))
            ++resting, resting_rooms.insert(key.room);
    }
    const auto of = [&](std::size_t count) {
        const std::size_t all = hold.actions.size();
        return count == all ? std::string(all == 1 ? "its action" : "all of it")
                            : fmt::format("{} of its {} actions", count, all);
    };
    std::string out;
    if (over > 0) out = fmt::format("{} will not be wanted any more, and ends without an answer", of(over));
    if (resting > 0)
        out += fmt::format(
            "{}{} rests while the policy does not name {}, and waits for an approval again "
            "when it does",
            out.empty() ? "" : "; ", of(resting), rooms_of(resting_rooms));
    return out.empty() ? out : fmt::format("{} ({}): {}", hold.id, hold.cause, out);
}

}  // namespace

std::vector<std::string> holds_changed(const engine::Engine& engine, const Decider& decider,
                                       const std::vector<policy::RoomRename>& renames,
                                       const policy::GuardState& guards) {
    std::vector<std::string> out;
    for (const policy::Hold& hold : engine.guards().holds())
        if (hold.guard != policy::Guard::canaries)
            if (std::string text = hold_changed(decider, hold, renames, guards); !text.empty())
                out.push_back(std::move(text));
    return out;
}

namespace {

// A guard's holds and rejections stand in the plan itself.
void add_protected_departed(const Decider& decider, Diagnostics& out) {
    for (const std::string& id : protected_departed(decider))
        out.push_back(
            {Position{"protected", 0, 0},
             fmt::format("{} belongs to somebody who has departed, and is protected: it keeps its sessions "
                         "and its rooms",
                         id),
             "take it out of `protected`, unless somebody else uses it by now", Severity::warning});
}

}  // namespace

Diagnostics plan_warnings(const engine::Engine& engine, const Decider& decider) {
    Diagnostics out = policy::without_sponsor(decider);
    for (policy::Gone& one : policy::gone(decider))
        out.push_back({std::move(one.at), std::move(one.text), std::move(one.hint), Severity::warning});
    add_protected_departed(decider, out);
    add_given_up_canary(engine, decider, out);
    add_large_acls(decider, out);
    add_addresses(engine, decider, out);
    return out;
}

}  // namespace rollcall::control
