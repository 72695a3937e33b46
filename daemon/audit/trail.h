// Trail: the entries of one turn on their way into its commit: an intent before its request, a result after
// it. Numbers are given here, without a gap; what is personal is told apart here, under the key of the
// person, which is made with their first entry and kept in the same commit. Bytes are fixed by that commit.
//
// Owned by the engine, engine thread. A store that cannot be read spoils the trail (see take_into): no action
// may go on without its entry.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "daemon/store/store.h"
#include "schema/trail_entry.h"

namespace rollcall::audit {

// Fills the bytes at random: a person's key.
using RandomBytes = std::function<void(std::span<unsigned char>)>;
[[nodiscard]] RandomBytes system_random();

class Trail {
  public:
    Trail(store::Store& store, RandomBytes random) : store_(store), random_(std::move(random)) {}

    // Goes on where the store ends. Once, before the first entry.
    [[nodiscard]] Status start();
    // The same, where the turn that it is first taken into brings entries up to `number` and keys up to
    // `key`.
    void start_after(std::uint64_t number, std::uint64_t key);
    void add(const schema::TrailEntry& entry);
    // These keys are destroyed by the turn's commit; whoever had one gets a new one with their next entry.
    void erase(const std::vector<std::uint64_t>& keys);
    // What was added since the last time, into the turn. An error: an entry could not be made.
    [[nodiscard]] Status take_into(store::Turn& turn);
    // The turn is on disk: its keys are found in the store from now on.
    void committed();
    [[nodiscard]] std::uint64_t size() const { return next_ - 1; }

  private:
    using Key = store::StoredPersonKey;
    [[nodiscard]] Status write(const schema::TrailEntry& entry);
    [[nodiscard]] Result<Key> key_of(const Guid& guid, const std::string& name);
    [[nodiscard]] Result<Key> settled_key(const Guid& guid, const std::string& name);
    [[nodiscard]] Result<std::optional<Key>> find(const Guid& guid, const std::string& name);
    void keep(const Key& key);

    store::Store& store_;
    const RandomBytes random_;
    Status spoiled_;
    std::uint64_t next_ = 1, next_key_ = 1;
    bool erases_ = false;  // the turn that is being committed
    std::vector<store::TrailRow> rows_;
    std::vector<Key> keys_;                // new or changed since the last take_into()
    std::vector<std::uint64_t> erased_;    // likewise
    std::map<Guid, Key> waiting_by_guid_;  // … since the last commit
    std::map<std::string, Key> waiting_by_name_;
    std::map<std::pair<Guid, std::string>, Key> known_;  // asked for of late
};

}  // namespace rollcall::audit
