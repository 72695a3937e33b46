// MemoryStore: store::Store without a disk, for simulations: a turn that was not committed is forgotten, and
// load() gives back exactly what was committed, in an order of its own, so that nothing may depend on ids of
// a process.
//
// Hooks stand before and after what a real store makes one step, so that a test can end the process there.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store/store.h"

namespace rollcall::sim {

class MemoryStore : public store::Store {
  public:
    [[nodiscard]] Status commit(const store::Turn& turn) override;
    [[nodiscard]] bool fatal() const override { return fatal_; }
    [[nodiscard]] Status load(policy::World& world) override;
    [[nodiscard]] Result<std::optional<store::StoredPolicy>> policy() override { return policy_; }
    [[nodiscard]] Result<std::vector<store::StoredIntent>> intents() override;
    [[nodiscard]] Result<std::vector<store::StoredMark>> marks() override;
    [[nodiscard]] Result<bool> seen_transaction(const std::string& id) override {
        return transactions_.contains(id);
    }
    [[nodiscard]] Result<std::vector<store::StoredTrailEntry>> trail(
        const store::TrailFilter& filter) override;
    [[nodiscard]] Status each_trail(const store::TrailFilter& filter,
                                    const store::TrailVisit& visit) override;
    [[nodiscard]] Result<std::uint64_t> trail_size() override { return trail_.size(); }
    void read_leaves_with(store::LeafReader) override {}  // they stay here
    [[nodiscard]] Result<std::optional<store::StoredPersonKey>> person_key(const Guid& guid,
                                                                           const std::string& name) override;
    [[nodiscard]] Result<std::vector<store::StoredPersonKey>> person_keys() override;
    [[nodiscard]] Result<std::map<std::uint64_t, Time>> departures() override;
    [[nodiscard]] Result<std::uint64_t> last_person_key() override;
    [[nodiscard]] Result<std::uint64_t> last_intent() override { return last_intent_; }

    [[nodiscard]] std::string misplaced() const override { return misplaced_text; }
    std::string misplaced_text;

    // Called in commit(), before anything is kept and after everything is. May throw: the process ends there.
    std::function<void(const store::Turn&)> before_commit, after_commit;
    // While set, commit() fails so and keeps nothing. A fatal one stays fatal until restarted().
    enum class Fault { none, disk_full, fsync };
    Fault fault = Fault::none;
    void restarted() { fatal_ = false; }
    // As of a version that had no lasting trail, or nothing but the mark that it was completed.
    void forget_trail() {
        trail_.clear();
        person_keys_.clear();
        key_of_guid_.clear();
        key_of_name_.clear();
        forget_baseline();
    }
    void forget_baseline() { marks_.erase({"baseline", "made"}); }

    [[nodiscard]] bool has_intent(std::uint64_t id) const { return intents_.contains(id); }
    [[nodiscard]] std::size_t commits() const { return commits_; }

  private:
    using Pair = std::pair<std::string, std::string>;  // Matrix ID, room key
    struct PersonRow {
        policy::Person person;  // but for the Matrix ID that it keeps, whose number is one world's own
        std::string kept;
        std::vector<std::pair<std::string, std::string>> attributes;
    };
    struct GroupRow {
        policy::Group group;
        std::vector<Guid> members;
    };
    struct UserRow {
        policy::Account account = policy::Account::unknown;
        std::optional<policy::Departing> departing;
    };

    void rename_rooms(const policy::World& world, const policy::Touched& touched);
    void put(const store::StoredPersonKey& key);
    void erase(std::uint64_t key);
    [[nodiscard]] std::set<std::uint64_t> keys_of(const store::TrailFilter& filter) const;
    void save_people(const policy::World& world, const policy::Touched& touched);
    void save_groups(const policy::World& world, const policy::Touched& touched);
    void save_users(const policy::World& world, const policy::Touched& touched);
    void save_memberships(const policy::World& world, const policy::Touched& touched);
    void load_directory(policy::World& world) const;
    void load_rooms(policy::World& world) const;

    std::map<Guid, PersonRow> people_;
    std::map<Guid, GroupRow> groups_;
    std::map<Guid, policy::Container> containers_;
    std::map<std::string, UserRow> users_;
    std::map<std::string, policy::Room> rooms_;
    std::map<Pair, policy::Membership> memberships_;
    std::map<Pair, std::string> inviters_;
    std::map<Pair, Time> put_back_;
    policy::World::Cursor cursor_;
    policy::Doubt doubt_;
    std::set<std::string, std::less<>> attributes_read_;
    bool directory_read_ = false;
    std::string frozen_;

    std::set<std::string> transactions_;
    std::map<std::uint64_t, std::string> intents_;
    std::uint64_t last_intent_ = 0;
    std::map<std::pair<std::string, std::string>, std::string> marks_;
    std::vector<store::TrailRow> trail_;
    std::map<std::uint64_t, store::StoredPersonKey> person_keys_;
    std::set<std::pair<Guid, std::uint64_t>> key_of_guid_;  // of thousands of people each is asked for
    std::set<std::pair<std::string, std::uint64_t>> key_of_name_;
    std::optional<store::StoredPolicy> policy_;
    std::size_t commits_ = 0;
    bool fatal_ = false;
};

}  // namespace rollcall::sim
