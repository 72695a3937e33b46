// DiskStore: the real SQLite store in a temporary folder, for simulations: a process that ends leaves what it
// had committed and nothing else, and the next one opens the folder anew. With the hooks of MemoryStore.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/store/store.h"

namespace rollcall::sim {

class DiskStore : public store::Store {
  public:
    DiskStore();
    ~DiskStore() override;
    DiskStore(const DiskStore&) = delete;
    DiskStore& operator=(const DiskStore&) = delete;

    // As a new process: closes the folder and opens it again.
    void reopen();
    // A copy of the folder as it is now, and the folder made that copy again. Nobody uses it meanwhile.
    void backup();
    void restore();
    std::function<void(const store::Turn&)> before_commit, after_commit;

    [[nodiscard]] Status commit(const store::Turn& turn) override;
    [[nodiscard]] bool fatal() const override { return store_->fatal(); }
    [[nodiscard]] Status load(policy::World& world) override { return store_->load(world); }
    [[nodiscard]] Result<std::optional<store::StoredPolicy>> policy() override { return store_->policy(); }
    [[nodiscard]] Result<std::vector<store::StoredIntent>> intents() override { return store_->intents(); }
    [[nodiscard]] Result<std::vector<store::StoredMark>> marks() override { return store_->marks(); }
    [[nodiscard]] Result<bool> seen_transaction(const std::string& id) override {
        return store_->seen_transaction(id);
    }
    [[nodiscard]] Result<std::vector<store::StoredTrailEntry>> trail(
        const store::TrailFilter& filter) override {
        return store_->trail(filter);
    }
    [[nodiscard]] Status each_trail(const store::TrailFilter& filter,
                                    const store::TrailVisit& visit) override {
        return store_->each_trail(filter, visit);
    }
    [[nodiscard]] Result<std::uint64_t> trail_size() override { return store_->trail_size(); }
    void read_leaves_with(store::LeafReader reader) override { store_->read_leaves_with(std::move(reader)); }
    [[nodiscard]] Result<std::optional<store::StoredPersonKey>> person_key(const Guid& guid,
                                                                           const std::string& name) override {
        return store_->person_key(guid, name);
    }
    [[nodiscard]] Result<std::vector<store::StoredPersonKey>> person_keys() override {
        return store_->person_keys();
    }
    [[nodiscard]] Result<std::map<std::uint64_t, Time>> departures() override { return store_->departures(); }
    [[nodiscard]] Result<std::uint64_t> last_person_key() override { return store_->last_person_key(); }
    [[nodiscard]] Result<std::uint64_t> last_intent() override { return store_->last_intent(); }

  private:
    void open();

    std::string folder_;
    std::unique_ptr<store::Store> store_;
};

}  // namespace rollcall::sim
