// Engine: rooms whose state is more than it should be. Each look at one costs as much as a thousand others:
// they are looked at last, and one after the other.
#include <fmt/format.h>
#include <algorithm>

#include "daemon/engine/engine.h"
#include "policy/base/text.h"

namespace rollcall::engine {

namespace {
constexpr const char* kMark = "large_room";
}  // namespace

std::string large_text(const schema::StateSize& size) {
    return fmt::format(
        "its state is {:.1f} MiB in {} events beside its members (more than {} MiB or {} events is said), "
        "most of it by {}",
        static_cast<double>(size.bytes) / (1U << 20U), size.events, schema::kMostStateBytes >> 20U,
        schema::kMostStateEvents, tame_line(size.by));
}

void Engine::look_at_size(RoomId id, const std::optional<schema::StateSize>& size) {
    const policy::Room& room = world_.rooms[id.index()];
    const auto known = large_rooms_.find(room.id);
    if (!size) {
        if (known == large_rooms_.end()) return;
        large_rooms_.erase(known);
        mark(kMark, room.id, std::nullopt);
        return;
    }
    const bool told = known != large_rooms_.end();
    if (told && known->second.bytes == size->bytes && known->second.events == size->events) return;
    large_rooms_[room.id] = *size;
    json::Value value;
    value.set("bytes", static_cast<std::int64_t>(size->bytes));
    value.set("events", static_cast<std::int64_t>(size->events));
    value.set("by", size->by);
    mark(kMark, room.id, json::write(value));
    if (told) return;
    tell_of_size(id, *size);
    schema::TrailEntry entry;
    entry.kind = schema::TrailKind::failure;
    entry.action = "read room";
    entry.room_key = room.key;
    entry.room = room.id;
    entry.result = large_text(*size);
    record(std::move(entry));
}

void Engine::tell_of_size(RoomId id, const schema::StateSize& size) {
    const policy::Room& room = world_.rooms[id.index()];
    log_.warn("RC-ROOM-LARGE", large_text(size), {{"room", room.key}, {"id", room.id}});
    tell_trouble("large/" + room.key, fmt::format("#{}: {}.", room.key, large_text(size)));
}

bool Engine::load_large_room(const store::StoredMark& row) {
    if (row.kind != kMark) return false;
    const Result<json::Value> value = json::parse(*row.value);
    if (value)
        large_rooms_[row.key] = {static_cast<std::size_t>((*value)["bytes"].integer_or(0)),
                                 static_cast<std::size_t>((*value)["events"].integer_or(0)),
                                 (*value)["by"].text()};
    return true;
}

bool Engine::reading_a_large_room() const {
    return std::any_of(reading_.begin(), reading_.end(), [this](const auto& sent) {
        return sent.second.kind == ReadKind::room && large_rooms_.contains(sent.second.room);
    });
}

}  // namespace rollcall::engine
