#include "daemon/audit/trail.h"

#include <fmt/format.h>
#include <sodium.h>
#include <utility>

#include "schema/ocsf.h"

namespace rollcall::audit {
namespace {

constexpr std::size_t kKnown = 4'000;

// Who uses the control socket is named by the uid with which they logged in.
std::string name_of(const schema::TrailCaller& caller) {
    return fmt::format("unix:{}", caller.login_uid >= 0 ? caller.login_uid : caller.uid);
}

}  // namespace

RandomBytes system_random() {
    return [](std::span<unsigned char> bytes) { randombytes_buf(bytes.data(), bytes.size()); };
}

Status Trail::start() {
    const auto size = store_.trail_size();
    if (!size) return pass(size);
    const auto last = store_.last_person_key();
    if (!last) return pass(last);
    next_ = *size + 1;
    next_key_ = *last + 1;
    return {};
}

void Trail::start_after(std::uint64_t number, std::uint64_t key) {
    next_ = number + 1;
    next_key_ = key + 1;
}

void Trail::add(const schema::TrailEntry& entry) {
    if (spoiled_) spoiled_ = write(entry);
}

Status Trail::write(const schema::TrailEntry& whole) {
    Result<schema::TrailEntry> entry = schema::fit_trail_entry(whole);
    if (!entry) return pass(entry);
    store::TrailRow row;
    Key subject, caller;
    if (schema::has_subject(*entry)) {
        const bool named = entry->user.starts_with('@');
        auto key = key_of(entry->person, named ? entry->user : entry->person.empty() ? entry->sender : "");
        if (!key) return pass(key);
        subject = std::move(*key);
    }
    if (entry->caller) {
        auto key = key_of({}, name_of(*entry->caller));
        if (!key) return pass(key);
        caller = std::move(*key);
    }
    Result<schema::TrailLeaf> leaf = schema::split_trail_entry(
        *entry, next_, subject.id == 0 ? nullptr : &subject.key, caller.id == 0 ? nullptr : &caller.key);
    if (!leaf) return pass(leaf);
    row.number = next_++;
    row.time = entry->time;
    row.kind = schema::to_text(entry->kind);
    row.action = entry->action;
    row.room = entry->room_key;
    row.rule = entry->rule;
    row.outcome = schema::outcome_of(row.kind, entry->result);
    row.subject = subject.id;
    row.caller = caller.id;
    row.leaf = std::move(*leaf);
    rows_.push_back(std::move(row));
    return {};
}

// By one of the two: among what no commit holds yet, then in the store.
Result<std::optional<store::StoredPersonKey>> Trail::find(const Guid& guid, const std::string& name) {
    if (const auto at = waiting_by_guid_.find(guid); !guid.empty() && at != waiting_by_guid_.end())
        return std::optional(at->second);
    if (const auto at = waiting_by_name_.find(name); !name.empty() && at != waiting_by_name_.end())
        return std::optional(at->second);
    if (guid.empty() && name.empty()) return std::optional<Key>{};
    return store_.person_key(guid, name);
}

void Trail::keep(const Key& key) {
    keys_.push_back(key);
    if (!key.guid.empty()) waiting_by_guid_.insert_or_assign(key.guid, key);
    if (!key.name.empty()) waiting_by_name_.insert_or_assign(key.name, key);
}

Result<store::StoredPersonKey> Trail::key_of(const Guid& guid, const std::string& name) {
    const std::pair place(guid, name);
    if (const auto known = known_.find(place); known != known_.end()) return known->second;
    Result<Key> key = settled_key(guid, name);
    if (!key) return key;
    if (known_.size() >= kKnown) known_.clear();
    known_.emplace(place, *key);
    return key;
}

// Whoever had only a name until now, and turns out to be a person of the directory, keeps the key; and a key
// of each that were made before anybody knew belongs to that person, so that erasing finds both. A person who
// has another Matrix ID than before gets a key for it, so that each of them leads to all.
Result<store::StoredPersonKey> Trail::settled_key(const Guid& guid, const std::string& name) {
    Result<std::optional<Key>> by_guid = find(guid, ""), by_name = find({}, name);
    if (!by_guid) return pass(by_guid);
    if (!by_name) return pass(by_name);
    if (*by_name && (*by_name)->guid.empty() && !guid.empty()) {
        (*by_name)->guid = guid;
        keep(**by_name);
        if (*by_guid) waiting_by_guid_.insert_or_assign(guid, **by_guid);  // the first stays the one
    }
    if (*by_guid) {
        if ((*by_guid)->name.empty() && !*by_name && !name.empty()) {
            (*by_guid)->name = name;
            keep(**by_guid);
        }
        const bool renamed = !name.empty() && !(*by_guid)->name.empty() && (*by_guid)->name != name;
        if (renamed && *by_name && (*by_name)->guid == guid) return std::move(**by_name);
        if (!renamed || *by_name) return std::move(**by_guid);
    }
    if (*by_name && (guid.empty() || (*by_name)->guid == guid)) return std::move(**by_name);
    Key fresh;
    fresh.id = next_key_++;
    random_(fresh.key);
    fresh.guid = guid;
    if (!*by_name) fresh.name = name;  // otherwise it is another person's, and stays so
    keep(fresh);
    return fresh;
}

void Trail::erase(const std::vector<std::uint64_t>& keys) {
    erased_.insert(erased_.end(), keys.begin(), keys.end());
}

Status Trail::take_into(store::Turn& turn) {
    if (!spoiled_) return spoiled_;
    for (Key& key : std::exchange(keys_, {})) turn.person_keys.push_back(std::move(key));
    for (store::TrailRow& row : std::exchange(rows_, {})) turn.trail.push_back(std::move(row));
    for (const std::uint64_t key : std::exchange(erased_, {})) turn.erased_keys.push_back(key);
    erases_ = !turn.erased_keys.empty();
    return {};
}

void Trail::committed() {
    waiting_by_guid_.clear();
    waiting_by_name_.clear();
    if (std::exchange(erases_, false)) known_.clear();
}

}  // namespace rollcall::audit
