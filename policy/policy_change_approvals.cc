// Changes of the policy: who may be in rooms without being in the directory, and in which.
#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <utility>

#include "policy/policy_change_list.h"

namespace rollcall::policy {
namespace {

constexpr std::size_t kMostKeys = 8;

std::string some(const std::vector<std::string>& keys) {
    if (keys.size() <= kMostKeys) return fmt::format("{}", fmt::join(keys, ", "));
    return fmt::format("{} and {} more", fmt::join(keys.begin(), keys.begin() + kMostKeys, ", "),
                       keys.size() - kMostKeys);
}

bool are_all(const Program& program, const std::vector<std::uint32_t>& rooms) {
    return rooms.size() == program.rooms.size() && rooms.size() > 1;
}

std::vector<std::string> keys_of(const Program& program, const std::vector<std::uint32_t>& rooms,
                                 const std::vector<RoomRename>& renames) {
    std::vector<std::string> out;
    for (const std::uint32_t room : rooms) out.push_back(key_after(renames, program.rooms[room].key));
    if (!renames.empty()) std::sort(out.begin(), out.end());
    return out;
}

std::map<std::string, const CompiledApproval*> by_key(const Program& program) {
    std::map<std::string, const CompiledApproval*> out;
    for (const CompiledApproval& one : program.approvals) out.emplace(one.key, &one);
    return out;
}

std::string whole(const Program& program, const CompiledApproval& one) {
    return fmt::format("{} in {} until {}, sponsor {}: {}", one.who, room_words(program, one.rooms),
                       one.until_text, one.sponsor, one.reason);
}

// `otherwise` where it names one account.
std::string let_in(const CompiledApproval& one, const char* otherwise) {
    return one.who.find('*') == std::string::npos ? otherwise
                                                  : "everybody whose Matrix ID matches, whoever they are";
}

void change_approval(const Program& was, const CompiledApproval& old, const Program& is,
                     const CompiledApproval& now, PolicyChanges& changes) {
    const std::string base = "outsiders." + now.key;
    changes.setting(base + ".who", old.who, now.who, now.at,
                    let_in(now, "somebody else from outside is let in"));
    RoomLists rooms = room_lists(was, old.rooms, is, now.rooms, changes.renames);
    if (!rooms.same)
        changes.setting(base + ".rooms", std::move(rooms.before), std::move(rooms.after), now.at,
                        rooms.more ? let_in(now, "somebody from outside is let into a further room") : "");
    std::string sponsor = now.sponsor;
    if (old.sponsor == now.sponsor && old.sponsor_guid != now.sponsor_guid)
        sponsor += " (another account, guid:" + now.sponsor_guid.text() + ")";
    changes.setting(base + ".sponsor", old.sponsor, std::move(sponsor), now.at, "");
    std::string until = now.until_text;
    if (old.until_text == now.until_text && old.until != now.until)
        until += fmt::format(" (in another time zone, {} instead of {})", to_rfc3339(now.until),
                             to_rfc3339(old.until));
    changes.setting(base + ".until", old.until_text, std::move(until), now.at,
                    now.until > old.until ? let_in(now, "somebody from outside stays longer") : "");
    changes.setting(base + ".reason", old.reason, now.reason, now.at, "");
}

}  // namespace

std::string room_words(const Program& program, const std::vector<std::uint32_t>& rooms,
                       const std::vector<RoomRename>& renames) {
    if (rooms.empty()) return "no room";
    return are_all(program, rooms) ? "all rooms" : some(keys_of(program, rooms, renames));
}

RoomLists room_lists(const Program& was, const std::vector<std::uint32_t>& old, const Program& is,
                     const std::vector<std::uint32_t>& now, const std::vector<RoomRename>& renames) {
    const std::vector<std::string> before = keys_of(was, old, renames), after = keys_of(is, now, {});
    std::vector<std::string> more, fewer;
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(more));
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(fewer));
    RoomLists out{room_words(was, old, renames), room_words(is, now), more.empty() && fewer.empty(),
                  !more.empty()};
    if (before.size() <= kMostKeys && after.size() <= kMostKeys && !are_all(was, old) && !are_all(is, now))
        return out;
    if (!more.empty()) out.after += "; new: " + some(more);
    if (!fewer.empty()) out.after += "; no longer: " + some(fewer);
    return out;
}

bool same_approval(const Program& was, const CompiledApproval& old, const Program& is,
                   const CompiledApproval& now, const std::vector<RoomRename>& renames) {
    return old.who == now.who && old.until == now.until && old.sponsor_guid == now.sponsor_guid &&
           old.reason == now.reason && room_lists(was, old.rooms, is, now.rooms, renames).same;
}

void change_approvals(const Program& was, const Program& is, PolicyChanges& changes) {
    const auto before = by_key(was), after = by_key(is);
    for (const CompiledApproval& now : is.approvals) {
        if (const auto old = before.find(now.key); old != before.end())
            change_approval(was, *old->second, is, now, changes);
        else
            changes.added("outsiders." + now.key, whole(is, now), now.at,
                          let_in(now, now.rooms.empty() ? "" : "somebody from outside is let in"));
    }
    for (const CompiledApproval& old : was.approvals)
        if (!after.contains(old.key)) changes.removed("outsiders." + old.key, whole(was, old), "");
}

}  // namespace rollcall::policy
