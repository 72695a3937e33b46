// Changes of the policy: rooms, and who may be in them from outside.
#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <utility>

#include "policy/choices.h"
#include "policy/expression_words.h"
#include "policy/policy_change_list.h"

namespace rollcall::policy {
namespace {

constexpr std::size_t kMostKeys = 8;

std::string base_of(const CompiledRoom& room) {
    return (room.space ? "spaces." : "rooms.") + room.key;
}

std::string members_of(const Program& program, const CompiledRoom& room) {
    return expression_words(program, room.members, room.except);
}

// As one line, for a room that comes or goes.
std::string whole(const Program& program, const CompiledRoom& room) {
    std::string out = fmt::format("{}, members {}", flow_text(room.name), members_of(program, room));
    if (room.owners.valid()) out += ", owners " + expression_words(program, room.owners);
    out += fmt::format(", history {}", word_of(kHistory, room.history));
    if (room.outsiders == Outsiders::approved) out += ", outsiders approved";
    return out;
}

// Room keys are sorted, so what one list has and the other lacks is found in one walk.
template <class Visit>
void walk(const std::vector<CompiledRoom>& was, const std::vector<CompiledRoom>& is, const Visit& visit) {
    auto old = was.begin();
    auto now = is.begin();
    while (old != was.end() || now != is.end()) {
        const bool only_old = now == is.end() || (old != was.end() && old->key < now->key);
        const bool only_now = old == was.end() || (now != is.end() && now->key < old->key);
        visit(only_now ? nullptr : &*old, only_old ? nullptr : &*now);
        if (!only_now) ++old;
        if (!only_old) ++now;
    }
}

void change_room(const Program& was, const CompiledRoom& old, const Program& is, const CompiledRoom& now,
                 PolicyChanges& changes) {
    const std::string base = base_of(now);
    const auto set = [&](const char* key, std::string before, std::string after, const Position& at,
                         std::string danger = {}) {
        changes.setting(base + "." + key, std::move(before), std::move(after), at, std::move(danger));
    };
    const auto choice = [&](const char* key, const auto& words, auto before, auto after,
                            std::string danger = {}) {
        set(key, std::string(word_of(words, before)), std::string(word_of(words, after)), now.at,
            std::move(danger));
    };
    set("name", old.name, now.name, now.at);
    set("topic", old.topic, now.topic, now.at);
    set("alias", old.alias, now.alias, now.at);
    set("space", old.parent, now.parent, now.at);
    const bool excepted = old.except.valid() && !now.except.valid();
    set("members", members_of(was, old), members_of(is, now), now.members_at,
        excepted ? "nobody is kept out by `except` any more" : "");
    set("owners", expression_words(was, old.owners), expression_words(is, now.owners),
        now.owners.valid() ? now.owners_at : Position{},
        now.owners.valid() ? "" : "nobody answers for the room any more");
    choice("admission", kAdmission, old.admission, now.admission);
    choice("history", kHistory, old.history, now.history,
           now.history > old.history ? "the room's past is opened to whoever comes later" : "");
    choice("outsiders", kOutsiders, old.outsiders, now.outsiders,
           now.outsiders == Outsiders::approved ? "opened to people from outside who are approved" : "");
    choice("who_posts", kWhoPosts, old.who_posts, now.who_posts);
    choice("who_invites", kWhoInvites, old.who_invites, now.who_invites);
    choice("leaving", kLeaving, old.leaving, now.leaving);
}

// Rooms that go, to be recognised in one that comes: by their name, or by members that are a rule of their
// own.
class Gone {
  public:
    explicit Gone(const Program& was) : was_(was) {}
    void add(const CompiledRoom& room) {
        by_words_.emplace(named(room), &room);
        if (const std::string words = ruled(was_, room); !words.empty()) by_words_.emplace(words, &room);
    }
    [[nodiscard]] const CompiledRoom* likely(const Program& is, const CompiledRoom& fresh) const {
        for (const std::string& words : {named(fresh), ruled(is, fresh)})
            if (const auto at = by_words_.find(words); at != by_words_.end()) return at->second;
        return nullptr;
    }

  private:
    static std::string named(const CompiledRoom& room) {
        return (room.space ? "space " : "room ") + room.name;
    }
    static std::string ruled(const Program& program, const CompiledRoom& room) {
        const std::string words = members_of(program, room);
        return words.starts_with("{") ? (room.space ? "space " : "room ") + words : "";
    }
    const Program& was_;
    std::map<std::string, const CompiledRoom*> by_words_;
};

std::map<std::string, const CompiledApproval*> by_key(const Program& program) {
    std::map<std::string, const CompiledApproval*> out;
    for (const CompiledApproval& one : program.approvals) out.emplace(one.key, &one);
    return out;
}

std::string whole(const Program& program, const CompiledApproval& one) {
    return fmt::format("{} in {} until {}, sponsor {}: {}", one.who, room_words(program, one.rooms),
                       one.until_text, one.sponsor, one.reason);
}

std::string who_danger(const CompiledApproval& one) {
    return one.who.find('*') == std::string::npos ? ""
                                                  : "everybody whose Matrix ID matches, whoever they are";
}

// As one would say it of two lists that begin alike.
std::pair<std::string, std::string> room_lists(const Program& was, const CompiledApproval& old,
                                               const Program& is, const CompiledApproval& now) {
    std::vector<std::string> before, after, more, fewer;
    for (const std::uint32_t room : old.rooms) before.push_back(was.rooms[room].key);
    for (const std::uint32_t room : now.rooms) after.push_back(is.rooms[room].key);
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(more));
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(fewer));
    if (more.empty() && fewer.empty()) return {};
    std::pair<std::string, std::string> out{room_words(was, old.rooms), room_words(is, now.rooms)};
    if (before.size() <= kMostKeys && after.size() <= kMostKeys) return out;
    const auto some = [](const std::vector<std::string>& keys) {
        return keys.size() <= kMostKeys ? fmt::format("{}", fmt::join(keys, ", "))
                                        : fmt::format("{} rooms", keys.size());
    };
    if (!more.empty()) out.second += "; new: " + some(more);
    if (!fewer.empty()) out.second += "; no longer: " + some(fewer);
    return out;
}

void change_approval(const Program& was, const CompiledApproval& old, const Program& is,
                     const CompiledApproval& now, PolicyChanges& changes) {
    const std::string base = "outsiders." + now.key;
    changes.setting(base + ".who", old.who, now.who, now.at, who_danger(now));
    auto [before, after] = room_lists(was, old, is, now);
    changes.setting(base + ".rooms", std::move(before), std::move(after), now.at,
                    now.rooms.size() > old.rooms.size() ? who_danger(now) : "");
    std::string sponsor = now.sponsor;
    if (old.sponsor == now.sponsor && old.sponsor_guid != now.sponsor_guid)
        sponsor += " (another account, guid:" + now.sponsor_guid.text() + ")";
    changes.setting(base + ".sponsor", old.sponsor, std::move(sponsor), now.at, "");
    changes.setting(base + ".until", old.until_text, now.until_text, now.at,
                    now.until > old.until ? who_danger(now) : "");
    changes.setting(base + ".reason", old.reason, now.reason, now.at, "");
}

}  // namespace

void PolicyChanges::setting(std::string path, std::string before, std::string after, const Position& at,
                            std::string danger) {
    if (before == after) return;
    list.push_back({std::move(path), room, std::move(before), std::move(after), at, std::move(danger), {}});
}

void PolicyChanges::added(std::string path, std::string what, const Position& at, std::string danger) {
    setting(std::move(path), "", std::move(what), at, std::move(danger));
}

void PolicyChanges::removed(std::string path, std::string what, std::string danger) {
    setting(std::move(path), std::move(what), "", {}, std::move(danger));
}

std::string room_words(const Program& program, const std::vector<std::uint32_t>& rooms) {
    if (rooms.empty()) return "no room";
    if (rooms.size() == program.rooms.size() && rooms.size() > 1) return "all rooms";
    std::string out;
    for (std::size_t i = 0; i < rooms.size() && i < kMostKeys; ++i)
        out += (i == 0 ? "" : ", ") + program.rooms[rooms[i]].key;
    if (rooms.size() > kMostKeys) out += fmt::format(" and {} more", rooms.size() - kMostKeys);
    return out;
}

void change_rooms(const Program& was, const Program& is, PolicyChanges& changes) {
    Gone gone(was);
    walk(was.rooms, is.rooms, [&](const CompiledRoom* old, const CompiledRoom* now) {
        if (now == nullptr) gone.add(*old);
    });
    walk(was.rooms, is.rooms, [&](const CompiledRoom* old, const CompiledRoom* now) {
        changes.room = old == nullptr ? now->key : old->key;
        if (old != nullptr && now != nullptr && old->space == now->space) {
            change_room(was, *old, is, *now, changes);
        } else if (now == nullptr) {
            changes.setting(base_of(*old), whole(was, *old), "", {}, "");
        } else {
            changes.setting(base_of(*now), old == nullptr ? "" : whole(was, *old), whole(is, *now), now->at,
                            "");
            if (const CompiledRoom* former = gone.likely(is, *now); former != nullptr)
                changes.list.back().hint =
                    fmt::format("{} goes: if it is the same room, keep its key", base_of(*former));
        }
    });
    changes.room.clear();
}

void change_approvals(const Program& was, const Program& is, PolicyChanges& changes) {
    const auto before = by_key(was), after = by_key(is);
    for (const CompiledApproval& now : is.approvals) {
        if (const auto old = before.find(now.key); old != before.end())
            change_approval(was, *old->second, is, now, changes);
        else
            changes.added("outsiders." + now.key, whole(is, now), now.at, who_danger(now));
    }
    for (const CompiledApproval& old : was.approvals)
        if (!after.contains(old.key)) changes.removed("outsiders." + old.key, whole(was, old), "");
}

}  // namespace rollcall::policy
