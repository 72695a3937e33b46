// kill -9 at every boundary: whatever moment the process ends at, what comes of the story is the same, no
// action is done twice, none is lost, and each intent of the trail has one result.
#include <gtest/gtest.h>
#include <string>

#include "tests/sim/disk_store.h"
#include "tests/sim/seeds.h"
#include "tests/sim/story.h"

namespace rollcall::sim {
namespace {

// Counts the boundaries that a process crosses, and ends it at chosen ones.
class Crashes {
  public:
    // Ends it at the boundaries of these numbers, counted from 1.
    Crashes(Simulation& sim, std::set<std::size_t> at) : sim_(sim), at_(std::move(at)) {
        const auto commit = [this](const char* where) {
            return [this, where](const store::Turn& turn) {
                if (says_something(turn) && crossed(where)) throw Crash{};
            };
        };
        sim.memory.before_commit = commit("before a commit");
        sim.memory.after_commit = commit("after a commit, before its release");
        sim.homeserver.on_send = [this](std::uint64_t, const engine::Call&) {
            if (crossed("between the requests of a release")) throw Crash{};
        };
        sim.homeserver.on_carried_out = [this](const engine::Call& call) {
            if (crossed("carried out, not answered: " + std::string(to_text(call.kind)))) sim_.stop();
        };
        sim.homeserver.on_answer = [this](const engine::CallResult&) {
            if (crossed("before the answer arrives")) sim_.stop();
        };
    }
    template <class Disk>
    void hook(Disk& disk) {
        disk.before_commit = sim_.memory.before_commit;
        disk.after_commit = sim_.memory.after_commit;
    }
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] const std::string& where() const { return where_; }

  private:
    static bool says_something(const store::Turn& turn) {
        return !turn.transactions.empty() || !turn.intents.empty() || !turn.finished.empty() ||
               !turn.trail.empty() || !turn.marks.empty() || turn.policy.has_value();
    }
    bool crossed(std::string where) {
        if (!at_.contains(++count_)) return false;
        where_ += where_.empty() ? where : "; " + where;
        return true;
    }

    Simulation& sim_;
    const std::set<std::size_t> at_;
    std::size_t count_ = 0;
    std::string where_;
};

struct Outcome {
    std::size_t boundaries = 0;
    std::string where, wrongs;
};

constexpr Duration kSlow =
    std::chrono::seconds{7};  // longer than a room is looked for before another is made

Outcome story(std::uint64_t seed, std::set<std::size_t> at, DiskStore* disk = nullptr,
              Duration create_takes = {}) {
    Options options{.seed = seed};
    options.store = disk;
    if (disk != nullptr) options.restarted = [disk] { disk->reopen(); };
    Simulation sim(options);
    sim.homeserver.create_takes = create_takes;
    Crashes crashes(sim, std::move(at));
    if (disk != nullptr) crashes.hook(*disk);
    tell_story(sim);
    const std::size_t count = crashes.count();
    sim.converge();
    return {count, crashes.where(), joined(wrongs_of_story(sim))};
}

TEST(Crash, N3_AtEveryBoundary) {
    const Outcome whole = story(1, {});
    ASSERT_EQ(whole.wrongs, "");
    ASSERT_GT(whole.boundaries, 200U) << "the story is too short to prove anything";
    const std::uint64_t rounds = seed_count(60) / 60 + 1;
    for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
        const std::size_t boundaries = story(seed, {}).boundaries;
        for (std::size_t k = 1; k <= boundaries; k += test::one_in()) {
            const Outcome crashed = story(seed, {k});
            ASSERT_EQ(crashed.wrongs, "")
                << "seed " << seed << ", boundary " << k << " of " << boundaries << ": " << crashed.where;
            ASSERT_NE(crashed.where, "") << "no boundary " << k;
        }
    }
}

// The homeserver goes on with what a dead process has asked for.
TEST(Crash, N3_AtEveryBoundaryOfAHomeserverThatIsSlowToMakeRooms) {
    const std::size_t boundaries = story(1, {}, nullptr, kSlow).boundaries;
    for (std::size_t k = 1; k <= boundaries; k += test::one_in()) {
        const Outcome crashed = story(1, {k}, nullptr, kSlow);
        ASSERT_EQ(crashed.wrongs, "") << "boundary " << k << " of " << boundaries << ": " << crashed.where;
    }
}

// A process that ends again while it is settling what the one before left.
TEST(Crash, N3_AgainSoonAfterTheFirst) {
    Random random(7);
    const std::size_t boundaries = story(1, {}).boundaries;
    for (std::uint64_t n = 0; n < seed_count(60) * 4; ++n) {
        const std::size_t first = random.between(1, boundaries);
        std::set<std::size_t> at{first};
        for (std::size_t more = random.between(1, 4), last = first; more > 0; --more)
            at.insert(last += random.between(1, 6));
        const Outcome crashed = story(n + 1, at);
        ASSERT_EQ(crashed.wrongs, "")
            << "story " << n + 1 << " from boundary " << first << ": " << crashed.where;
    }
}

// The same on the real store: what a process had committed is what the next one finds on the disk.
TEST(Crash, N3_OnTheRealStore) {
    Random random(11);
    const std::size_t boundaries = story(1, {}).boundaries;
    for (std::uint64_t n = 0; n < seed_count(60) / 6 + 1; ++n) {
        DiskStore disk;
        std::set<std::size_t> at;
        for (int more = 0; more < 3; ++more) at.insert(random.between(1, boundaries));
        const Outcome crashed = story(n + 1, at, &disk);
        ASSERT_EQ(crashed.wrongs, "") << "story " << n + 1 << ": " << crashed.where;
        ASSERT_NE(crashed.where, "");
    }
}

}  // namespace
}  // namespace rollcall::sim
