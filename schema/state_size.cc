#include "schema/state_size.h"

#include <map>

#include "schema/json.h"
#include "schema/json_salvage.h"

namespace rollcall::schema {
namespace {
// No event is shorter than this, with its ID, its room and its sender.
constexpr std::size_t kShortestEvent = 128;
}  // namespace

std::optional<StateSize> too_large_state(std::string_view body) {
    if (body.size() <= kMostStateBytes && body.size() <= kMostStateEvents * kShortestEvent)
        return std::nullopt;
    const auto elements = json::elements(body);
    if (!elements) return std::nullopt;
    StateSize size;
    std::map<std::string, std::size_t> of;
    for (const json::Slice& element : *elements) {
        const auto event = json::salvage(element.text);
        if (event && (*event)["type"].text() == "m.room.member") continue;
        size.bytes += element.text.size();
        ++size.events;
        if (event) of[(*event)["sender"].text()] += element.text.size();
    }
    if (size.bytes <= kMostStateBytes && size.events <= kMostStateEvents) return std::nullopt;
    std::size_t most = 0;
    for (const auto& [sender, bytes] : of)
        if (bytes > most) most = bytes, size.by = sender;
    return size;
}

}  // namespace rollcall::schema
