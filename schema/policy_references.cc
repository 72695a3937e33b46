#include "schema/policy_references.h"

#include <fmt/format.h>
#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "policy/base/text.h"
#include "schema/fields.h"

namespace rollcall::schema {
namespace {

using policy::RoomText;
using policy::Text;

bool is_glob(std::string_view text) {
    return text.find_first_of("*?") != std::string_view::npos;
}

class References {
  public:
    References(const policy::PolicyFile& policy, const PolicyContext& context)
        : policy_(policy), out_(context.out) {
        for (const RoomText& room : policy.rooms) rooms_.emplace(room.key, &room);
    }

    void check() {
        for (const RoomText& room : policy_.rooms) parent_exists(room);
        cycles();
        aliases();
        former_keys();
        for (const policy::Service& service : policy_.services)
            for (const Text& selector : service.rooms) selector_leads_somewhere(selector);
        for (const policy::Approval& approval : policy_.outsiders)
            for (const Text& selector : approval.rooms) {
                selector_leads_somewhere(selector);
                room_is_open(selector);
            }
    }

  private:
    void parent_exists(const RoomText& room) {
        if (!room.parent) return;
        const auto found = rooms_.find(room.parent->value);
        if (found == rooms_.end())
            undefined(*room.parent, "space", true);
        else if (!found->second->space)
            report(out_, room.parent->at, fmt::format("\"{}\" is a room, not a space", room.parent->value),
                   "write the key of an entry under spaces");
    }

    // Walks up from every space; a walk that meets itself is a cycle, one that meets an earlier walk is done.
    void cycles() {
        std::unordered_map<const RoomText*, std::size_t> walked;
        std::size_t walk = 0;
        for (const RoomText& start : policy_.rooms) {
            ++walk;
            for (const RoomText* at = &start; at != nullptr; at = parent_of(*at)) {
                const auto [seen, fresh] = walked.emplace(at, walk);
                if (fresh) continue;
                if (seen->second == walk)
                    report(out_, at->parent->at, fmt::format("the space \"{}\" lies within itself", at->key),
                           "take one of the space: keys of that circle out");
                break;
            }
        }
    }

    const RoomText* parent_of(const RoomText& room) const {
        if (!room.parent) return nullptr;
        const auto found = rooms_.find(room.parent->value);
        return found == rooms_.end() ? nullptr : found->second;
    }

    void aliases() {
        std::unordered_map<std::string_view, const RoomText*> taken;
        for (const RoomText& room : policy_.rooms) {
            const auto [first, fresh] = taken.emplace(room.alias ? room.alias->value : room.key, &room);
            if (fresh || first->second->key == room.key)
                continue;  // the same key twice is reported by itself
            report(out_, room.alias ? room.alias->at : room.at,
                   fmt::format("\"{}\" would have the alias {} of \"{}\"", room.key, first->first,
                               first->second->key),
                   "give one of them another alias");
        }
    }

    // A former key leads to one room, and to no other than the one that says so.
    void former_keys() {
        std::unordered_map<std::string_view, const RoomText*> claimed;
        for (const RoomText& room : policy_.rooms)
            for (const Text& key : room.formerly) {
                if (key.value == room.key) {
                    report(out_, key.at, fmt::format("\"{}\" is the key that this room has", key.value),
                           "write the keys that it had before, or take formerly out");
                } else if (const auto other = rooms_.find(key.value); other != rooms_.end()) {
                    report(out_, key.at,
                           fmt::format("\"{}\" is the key of another room, {}", key.value,
                                       other->second->at.text()),
                           "take one of the two out: a room that had the key before is not the one that has "
                           "it now");
                } else if (const auto [first, fresh] = claimed.emplace(key.value, &room);
                           !fresh && first->second != &room) {
                    report(out_, key.at,
                           fmt::format("\"{}\" and \"{}\" both say that they were \"{}\" before",
                                       first->second->key, room.key, key.value),
                           "leave it with the one that is to stay the same room");
                }
            }
    }

    void selector_leads_somewhere(const Text& selector) {
        if (selector.value == "all" || rooms_.contains(selector.value)) return;
        if (!is_glob(selector.value)) return undefined(selector, "room", false);
        const auto matches = [&](const RoomText& room) { return glob_match(selector.value, room.key); };
        if (std::none_of(policy_.rooms.begin(), policy_.rooms.end(), matches))
            report(out_, selector.at, fmt::format("no room's key matches \"{}\"", selector.value), "",
                   Severity::warning);
    }

    void room_is_open(const Text& selector) {
        const auto found = rooms_.find(selector.value);
        if (found == rooms_.end()) return;
        const RoomText& room = *found->second;
        if (room.outsiders.value_or(policy::Outsiders::none) == policy::Outsiders::approved) return;
        report(out_, selector.at,
               fmt::format("\"{}\" takes no outsiders, so this approval lets nobody in", room.key),
               fmt::format("write outsiders: approved in \"{}\", or take it out here", room.key),
               Severity::warning);
    }

    void undefined(const Text& name, std::string_view what, bool spaces_only) {
        std::string near;
        // Each search looks at every key, so a file full of faults gets suggestions for the first few only.
        if (++undefined_ <= 50) {
            std::vector<std::string> keys;
            for (const RoomText& room : policy_.rooms)
                if (room.space || !spaces_only) keys.push_back(room.key);
            near = nearest(name.value, keys);
        }
        report(out_, name.at, fmt::format("there is no {} \"{}\"", what, name.value),
               near.empty() ? fmt::format("write the key of an entry under {}",
                                          spaces_only ? "spaces" : "rooms or spaces, a glob or all")
                            : fmt::format("did you mean \"{}\"?", near));
    }

    const policy::PolicyFile& policy_;
    Diagnostics& out_;
    std::unordered_map<std::string_view, const RoomText*> rooms_;
    std::size_t undefined_ = 0;
};

}  // namespace

void check_references(const policy::PolicyFile& policy, const PolicyContext& context) {
    References(policy, context).check();
}

}  // namespace rollcall::schema
