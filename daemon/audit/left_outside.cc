#include "daemon/audit/left_outside.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

namespace rollcall::audit {
namespace {

using schema::TrailAnchor;

template <class List>
auto* named(const List& list, const std::string& name) {
    const auto at =
        std::find_if(list.begin(), list.end(), [&name](const auto& one) { return one.name == name; });
    return at == list.end() ? nullptr : &*at;
}

// "" for none.
std::string what_is_wrong(const KnownAnchor& known, const TrailAnchor* now, const AnchorReading* reading) {
    const TrailAnchor& was = known.anchor;
    if (now == nullptr)
        return fmt::format("{} has it, {}, and the configuration has not", known.said_by, was.where());
    if (!now->is_at(was) || (now->room.empty() && !was.room.empty()))
        return fmt::format("{} has it as {}, and now it is {}", known.said_by, was.where(), now->where());
    const bool read = reading != nullptr && reading->can_be_read && reading->kept && reading->kept->whole;
    if (!read || was.heads == 0) return {};
    // Heads only ever come: so many of that size or below must be there for ever.
    const std::uint64_t there = heads_there(reading->kept->heads, was.newest).heads;
    if (there >= was.heads) return {};
    const std::string left =
        fmt::format("{} says that {} left there, the newest of {} entries", known.said_by,
                    was.heads == 1 ? "1 was" : fmt::format("{} were", was.heads), was.newest);
    if (reading->kept->heads.empty()) return fmt::format("it was emptied of its checkpoints: {}", left);
    return fmt::format("checkpoints are missing: {}, and {} of these {} there", left, there,
                       there == 1 ? "is" : "are");
}

}  // namespace

HeadsThere heads_there(const std::vector<Anchor>& heads, std::uint64_t newest) {
    std::set<std::uint64_t> sizes;
    for (const Anchor& anchor : heads) {
        const auto head = schema::read_checkpoint_text(anchor.note.substr(0, anchor.note.find("\n\n") + 1));
        if (head && head->size <= newest) sizes.insert(head->size);
    }
    return {sizes.size(), sizes.empty() ? 0 : *sizes.rbegin()};
}

std::vector<Fault> compare_anchors(const std::vector<KnownAnchor>& known, const std::vector<TrailAnchor>& now,
                                   const std::vector<AnchorReading>& readings) {
    std::vector<Fault> out;
    for (const KnownAnchor& one : known)
        if (std::string text =
                what_is_wrong(one, named(now, one.anchor.name), named(readings, one.anchor.name));
            !text.empty())
            out.push_back({"audit.anchors." + one.anchor.name, std::move(text)});
    for (const AnchorReading& reading : readings)
        if (reading.kept)
            for (const std::string& taken : reading.kept->taken_away)
                out.push_back({"audit.anchors." + reading.name, taken});
    return out;
}

}  // namespace rollcall::audit
