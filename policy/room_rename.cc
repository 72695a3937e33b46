#include "policy/room_rename.h"

#include <fmt/format.h>

namespace rollcall::policy {
namespace {

struct Found {
    RoomId room;          // invalid: none
    const Text* key{};    // the one that it has
    Diagnostic conflict;  // no message: none
};

RoomId made(const World& world, const std::string& key) {
    const auto at = world.room_by_key.find(key);
    const bool made = at != world.room_by_key.end() && !world.rooms[at->second.index()].id.empty();
    return made ? at->second : RoomId{};
}

std::string room_text(const World& world, RoomId id) {
    const Room& room = world.rooms[id.index()];
    return fmt::format("\"{}\" ({}{})", room.key, room.id,
                       room.released ? ", which the policy let go of" : "");
}

Diagnostic conflict(const Text& at, std::string message, std::string hint) {
    return {at.at, std::move(message), std::move(hint), Severity::error};
}

Diagnostic several(const World& world, const CompiledRoom& spec, const Text& one, RoomId a, RoomId b) {
    return conflict(
        one,
        fmt::format("\"{}\" can be one room only, and formerly names two that are there: {} and {}", spec.key,
                    room_text(world, a), room_text(world, b)),
        "name the one that it is to be");
}

// Among the keys that it had: a room that is managed, or else one that was let go of.
Found candidate(const World& world, const Program& program, const CompiledRoom& spec) {
    Found found;
    bool managed = false;
    for (const Text& key : spec.formerly) {
        const RoomId id = program.room_index(key.value) >= 0 ? RoomId{} : made(world, key.value);
        if (!id.valid() || id == found.room) continue;
        const bool is_managed = !world.rooms[id.index()].released;
        if (found.room.valid() && is_managed == managed) {
            if (found.conflict.message.empty()) found.conflict = several(world, spec, key, found.room, id);
        } else if (!found.room.valid() || is_managed) {
            found = {id, &key, {}};
            managed = is_managed;
        }
    }
    return found;
}

Found former_room(const World& world, const Program& program, const CompiledRoom& spec) {
    if (spec.formerly.empty()) return {};
    const RoomId own = made(world, spec.key);
    if (own.valid() && !world.rooms[own.index()].released) return {};
    Found found = candidate(world, program, spec);
    if (!found.room.valid()) return {};
    const Room& room = world.rooms[found.room.index()];
    if (own.valid() && room.released) return {};  // both were let go of: its own key says which it is
    if (!found.conflict.message.empty()) return found;
    if (own.valid())
        found.conflict = conflict(
            *found.key,
            fmt::format("\"{}\" would be the room {}, and it is that of another one: {}", spec.key,
                        room_text(world, found.room), room_text(world, own)),
            "write a key that no room has had, or take formerly out, so that the room that was let go of is "
            "managed again");
    else if (room.state.create && room.state.create->space != spec.space)
        found.conflict =
            conflict(*found.key,
                     fmt::format("{} is a {}, and cannot become a {}", room_text(world, found.room),
                                 spec.space ? "room" : "space", spec.space ? "space" : "room"),
                     "take formerly out: another one is made then");
    return found;
}

}  // namespace

std::vector<RoomRename> room_renames(const World& world, const Program& program) {
    std::vector<RoomRename> out;
    for (std::uint32_t i = 0; i < program.rooms.size(); ++i) {
        const CompiledRoom& spec = program.rooms[i];
        const Found found = former_room(world, program, spec);
        if (found.room.valid() && found.conflict.message.empty())
            out.push_back({found.room, i, world.rooms[found.room.index()].key, spec.key});
    }
    return out;
}

Diagnostics rename_conflicts(const World& world, const Program& program) {
    Diagnostics out;
    for (const CompiledRoom& spec : program.rooms)
        if (Found found = former_room(world, program, spec); !found.conflict.message.empty())
            out.push_back(std::move(found.conflict));
    return out;
}

const std::string& key_after(const std::vector<RoomRename>& renames, const std::string& key) {
    for (const RoomRename& one : renames)
        if (one.from == key) return one.to;
    return key;
}

}  // namespace rollcall::policy
