// Changes of the policy: rooms.
#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <utility>

#include "policy/choices.h"
#include "policy/expression_words.h"
#include "policy/policy_change_list.h"

namespace rollcall::policy {
namespace {

std::string base_of(const CompiledRoom& room) {
    return (room.space ? "spaces." : "rooms.") + room.key;
}

// As one line, for a room that comes or goes: all that is not as it would be if nothing were written.
std::string whole(const Program& program, const CompiledRoom& room) {
    const bool closed = room.outsiders == Outsiders::none;
    std::string out = fmt::format("{}, members {}", flow_text(room.name), members_words(program, room));
    const auto add = [&out](const char* key, std::string_view value) {
        out += fmt::format(", {} {}", key, value);
    };
    if (room.owners.valid()) add("owners", expression_words(program, room.owners));
    if (!room.topic.empty()) add("topic", flow_text(room.topic));
    if (room.alias != room.key) add("alias", flow_text(room.alias));
    if (!room.parent.empty()) add("space", room.parent);
    add("history", word_of(kHistory, room.history));
    if (!closed) add("outsiders", word_of(kOutsiders, room.outsiders));
    if (room.admission != Admission::join) add("admission", word_of(kAdmission, room.admission));
    if (room.who_posts != WhoPosts::everyone) add("who_posts", word_of(kWhoPosts, room.who_posts));
    if (room.who_invites != (closed ? WhoInvites::nobody : WhoInvites::owners))
        add("who_invites", word_of(kWhoInvites, room.who_invites));
    if (room.leaving != Leaving::free) add("leaving", word_of(kLeaving, room.leaving));
    return out;
}

std::string outsiders_danger(const CompiledRoom& room) {
    if (room.outsiders == Outsiders::none) return {};
    std::string out = "opened to people from outside who are approved";
    if (room.history == History::shared) out += ", and all of its past to them";
    return out;
}

std::string invites_danger(const CompiledRoom& room) {
    const std::string_view who = room.who_invites == WhoInvites::everyone ? "everybody in it" : "its owners";
    return room.outsiders == Outsiders::none ? fmt::format("{} may invite by hand", who)
                                             : fmt::format("{} may bring in approved outsiders", who);
}

// With what it opens at once.
std::string danger_of_new(const CompiledRoom& room) {
    std::string out = outsiders_danger(room);
    if (room.who_invites == WhoInvites::everyone) out += (out.empty() ? "" : "; ") + invites_danger(room);
    return out;
}

// Whoever is in it stays where they are.
std::string danger_of_gone(const Program& is) {
    return fmt::format("let go of: its members stay, and nobody is added or removed there any more{}",
                       is.leave == LeaveScope::every_room ? ", but who departs" : "");
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

std::string former_keys(const CompiledRoom& room) {
    std::string out;
    for (const Text& key : room.formerly) out += (out.empty() ? "" : ", ") + key.value;
    return out;
}

// Which room that is was not changed by it.
void change_former_keys(const CompiledRoom& old, const CompiledRoom& now, PolicyChanges& changes) {
    const std::size_t before = changes.list.size();
    changes.setting(base_of(now) + ".formerly", former_keys(old), former_keys(now),
                    now.formerly.empty() ? Position{} : now.formerly.front().at, "");
    if (changes.list.size() > before && !now.formerly.empty())
        changes.list.back().hint = base_of(now) + " stays the room that it is";
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
    const auto rule = [&](const char* key, bool same, std::string before, std::string after,
                          const Position& at, std::string danger) {
        changes.compiled(same, base + "." + key, std::move(before), std::move(after), at, std::move(danger));
    };
    const bool excepted = old.except.valid() && !now.except.valid();
    rule("members",
         old.whole_employees == now.whole_employees && same_expression(was, old.members, is, now.members) &&
             same_expression(was, old.except, is, now.except),
         members_words(was, old), members_words(is, now), now.members_at,
         excepted ? "nobody is kept out by `except` any more, owners included" : "");
    rule("owners", same_expression(was, old.owners, is, now.owners), expression_words(was, old.owners),
         expression_words(is, now.owners), now.owners.valid() ? now.owners_at : Position{},
         now.owners.valid() ? "" : "nobody answers for the room any more");
    choice("admission", kAdmission, old.admission, now.admission);
    choice("history", kHistory, old.history, now.history,
           now.history > old.history ? "the room's past is opened to whoever comes later" : "");
    choice("outsiders", kOutsiders, old.outsiders, now.outsiders, outsiders_danger(now));
    choice("who_posts", kWhoPosts, old.who_posts, now.who_posts);
    choice("who_invites", kWhoInvites, old.who_invites, now.who_invites,
           now.who_invites < old.who_invites ? invites_danger(now) : "");
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
        const Node::Op op = program.nodes[room.members.index()].op;
        if (op == Node::Op::no || op == Node::Op::employees) return {};
        return (room.space ? "space " : "room ") + members_words(program, room);
    }
    const Program& was_;
    std::map<std::string, const CompiledRoom*> by_words_;
};

}  // namespace

void PolicyChanges::setting(std::string path, std::string before, std::string after, const Position& at,
                            std::string danger) {
    if (before == after) return;
    list.push_back(
        {std::move(path), room, std::move(before), std::move(after), at, std::move(danger), {}, {}, {}});
}

void PolicyChanges::compiled(bool same, std::string path, std::string before, std::string after,
                             const Position& at, std::string danger) {
    if (!same && before == after) after += " (in the same words, and not the same as before)";
    setting(std::move(path), std::move(before), std::move(after), at, std::move(danger));
}

void PolicyChanges::added(std::string path, std::string what, const Position& at, std::string danger) {
    setting(std::move(path), "", std::move(what), at, std::move(danger));
}

void PolicyChanges::removed(std::string path, std::string what, std::string danger) {
    setting(std::move(path), std::move(what), "", {}, std::move(danger));
}

namespace {

// The room of the former policy that this one is, under another key; and back.
const CompiledRoom* room_before(const Program& was, const CompiledRoom& now, const PolicyChanges& changes) {
    for (const RoomRename& one : changes.renames)
        if (one.to == now.key) return was.room(one.from);
    return nullptr;
}

bool goes_on(const CompiledRoom& old, const PolicyChanges& changes) {
    return key_after(changes.renames, old.key) != old.key;
}

void change_key(const Program& was, const CompiledRoom& now, const Program& is, PolicyChanges& changes) {
    const auto one = std::find_if(changes.renames.begin(), changes.renames.end(),
                                  [&](const RoomRename& one_of) { return one_of.to == now.key; });
    if (one == changes.renames.end()) return;
    const std::string before = (now.space ? "spaces." : "rooms.") + one->from;
    changes.setting(base_of(now), before, base_of(now),
                    now.formerly.empty() ? now.at : now.formerly.front().at, "");
    PolicyChange& change = changes.list.back();
    change.renamed_from = one->from;
    change.hint = "it stays the same room: whoever is in it stays, and its former address leads to it";
    if (const CompiledRoom* old = room_before(was, now, changes); old != nullptr)
        change_room(was, *old, is, now, changes);
    else
        changes.setting(base_of(now), "", whole(is, now), now.at, danger_of_new(now));
}

}  // namespace

void change_rooms(const Program& was, const Program& is, PolicyChanges& changes) {
    Gone gone(was);
    walk(was.rooms, is.rooms, [&](const CompiledRoom* old, const CompiledRoom* now) {
        if (now == nullptr && !goes_on(*old, changes)) gone.add(*old);
    });
    walk(was.rooms, is.rooms, [&](const CompiledRoom* old, const CompiledRoom* now) {
        changes.room = old == nullptr ? now->key : old->key;
        const std::size_t before_it = changes.list.size();
        if (now != nullptr) change_key(was, *now, is, changes);
        if (changes.list.size() > before_it || (now == nullptr && goes_on(*old, changes))) return;
        if (old != nullptr && now != nullptr && old->space == now->space) {
            change_room(was, *old, is, *now, changes);
            change_former_keys(*old, *now, changes);
        } else if (now == nullptr) {
            changes.setting(base_of(*old), whole(was, *old), "", {}, danger_of_gone(is));
        } else {
            const std::string before =
                old == nullptr ? "" : fmt::format("{}: {}", base_of(*old), whole(was, *old));
            changes.setting(base_of(*now), before, whole(is, *now), now->at, danger_of_new(*now));
            if (const CompiledRoom* former = gone.likely(is, *now); former != nullptr) {
                PolicyChange& change = changes.list.back();
                change.former = former->key;
                change.hint =
                    fmt::format("{} goes: if it is the same room, write formerly: {} here, or keep its key",
                                base_of(*former), former->key);
            }
        }
    });
    changes.room.clear();
}

}  // namespace rollcall::policy
