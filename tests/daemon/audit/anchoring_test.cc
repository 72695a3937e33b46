// daemon/audit/anchoring: every anchor on its own, the newest head only, again after a failure, and a fork is
// told.
#include "daemon/audit/anchoring.h"

#include <condition_variable>
#include <map>
#include <mutex>

#include "daemon/audit/anchor_folder.h"
#include "tests/daemon/audit/trail_fixture.h"

namespace rollcall::audit::test {
namespace {

// What happens in a place, seen and steered by the test; outlives the port.
struct Place {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::uint64_t, std::string> held;
    std::vector<std::uint64_t> asked;
    bool blocked = false, broken = false, cancelled = false;

    template <class Condition>
    [[nodiscard]] bool comes(Condition condition) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds{20}, condition);
    }
    void set(bool Place::*flag, bool to) {
        const std::lock_guard lock(mutex);
        this->*flag = to;
        changed.notify_all();
    }
};

class FakePort : public AnchorPort {
  public:
    FakePort(std::string name, Place& place) : AnchorPort(std::move(name)), place_(place) {}
    Status put(std::uint64_t size, const std::string& note) override {
        std::unique_lock lock(place_.mutex);
        place_.asked.push_back(size);
        place_.changed.notify_all();
        place_.changed.wait(lock, [this] { return !place_.blocked || place_.cancelled; });
        if (place_.broken || place_.cancelled) return fail(ErrorKind::unavailable, "it is away");
        place_.held[size] = note;
        place_.changed.notify_all();
        return {};
    }
    Result<std::optional<Anchor>> newest() override {
        const std::lock_guard lock(place_.mutex);
        if (place_.held.empty()) return std::optional<Anchor>{};
        return std::optional(Anchor{name(), place_.held.rbegin()->second});
    }
    Result<HeldOutside> all() override {
        HeldOutside out;
        const std::lock_guard lock(place_.mutex);
        for (const auto& [size, note] : place_.held) out.heads.push_back({name(), note});
        return out;
    }
    void cancel() override { place_.set(&Place::cancelled, true); }

  private:
    Place& place_;
};

// A published log of some entries, and its signed heads of other sizes.
class Anchored : public testing::Test {
  protected:
    Anchored() {
        at.act(2);
        at.publish();
        first = head();
        at.act(2);
        at.publish();
        second = head();
    }
    [[nodiscard]] SignedHead head() const {
        const std::string note = at.log().read_note(kSignedFile).value().value();
        return {
            schema::open_checkpoint(note, kLogName, {at.key.verifier()})->size, note, {at.key.verifier()}};
    }
    [[nodiscard]] AnchoredLog log() const { return {at.folder.path() + "/audit", kLogName}; }
    [[nodiscard]] static Anchors ports(std::map<std::string, Place*> places) {
        Anchors out;
        for (const auto& [name, place] : places) out.push_back(std::make_unique<FakePort>(name, *place));
        return out;
    }

    TrailFolder at;
    SignedHead first, second;
};

TEST_F(Anchored, AnAnchorThatHangsHoldsUpNoOther) {
    Place hung, well;
    hung.blocked = true;
    Anchoring anchoring(ports({{"hung", &hung}, {"well", &well}}), log(), [] {});
    anchoring.offer(first);
    EXPECT_TRUE(hung.comes([&] { return !hung.asked.empty(); }));
    EXPECT_TRUE(well.comes([&] { return well.held.contains(first.size); }));
    EXPECT_TRUE(anchoring.settle(Duration{0}));
    anchoring.offer(second);
    EXPECT_TRUE(well.comes([&] { return well.held.contains(second.size); }));
    EXPECT_EQ(anchoring.states()[0].size, 0U);
}

TEST_F(Anchored, AnAnchorThatHangsIsSeenAndDoesNotKeepTheProgramFromEnding) {
    // What the thread uses is its own: it is left behind, and ends after the rest.
    struct Hang {
        std::mutex mutex;
        std::condition_variable changed;
        bool begun = false, over = false, ended = false;
    };
    class Port : public AnchorPort {
      public:
        explicit Port(std::shared_ptr<Hang> hang) : AnchorPort("mount"), hang_(std::move(hang)) {}
        ~Port() override {
            const std::lock_guard lock(hang_->mutex);
            hang_->ended = true;
            hang_->changed.notify_all();
        }
        Status put(std::uint64_t, const std::string&) override { return {}; }
        Result<std::optional<Anchor>> newest() override {
            std::unique_lock lock(hang_->mutex);
            hang_->begun = true;
            hang_->changed.notify_all();
            hang_->changed.wait(lock, [this] { return hang_->over; });
            return std::optional<Anchor>{};
        }
        Result<HeldOutside> all() override { return HeldOutside{}; }

      private:
        std::shared_ptr<Hang> hang_;
    };
    const auto hang = std::make_shared<Hang>();
    {
        Anchors anchors;
        anchors.push_back(std::make_unique<Port>(hang));
        Anchoring anchoring(
            std::move(anchors), log(), [] {}, Duration{0});
        anchoring.offer(first);
        std::unique_lock lock(hang->mutex);
        ASSERT_TRUE(hang->changed.wait_for(lock, std::chrono::seconds{20}, [&] { return hang->begun; }));
        lock.unlock();
        EXPECT_NE(anchoring.states()[0].trouble.find("not answered"), std::string::npos);
    }
    std::unique_lock lock(hang->mutex);
    EXPECT_FALSE(hang->ended);
    hang->over = true;
    hang->changed.notify_all();
    EXPECT_TRUE(hang->changed.wait_for(lock, std::chrono::seconds{20}, [&] { return hang->ended; }));
}

TEST_F(Anchored, OfHeadsThatWaitOnlyTheNewestIsLeft) {
    Place place;
    place.blocked = true;
    Anchoring anchoring(ports({{"slow", &place}}), log(), [] {});
    anchoring.offer({0, "", {}});
    ASSERT_TRUE(anchoring.settle(std::chrono::seconds{20}));
    anchoring.offer(first);
    ASSERT_TRUE(place.comes([&] { return place.asked.size() == 1; }));
    for (std::uint64_t i = 1; i < 5; ++i) anchoring.offer({first.size + i, "between", {}});
    anchoring.offer(second);
    place.set(&Place::blocked, false);
    ASSERT_TRUE(anchoring.settle(std::chrono::seconds{20}));
    const std::lock_guard lock(place.mutex);
    EXPECT_EQ(place.asked, (std::vector<std::uint64_t>{first.size, second.size}));
}

TEST_F(Anchored, WhatFailedIsToldAndTriedAgain) {
    Place place;
    place.broken = true;
    std::mutex mutex;
    std::condition_variable told;
    int news = 0;
    Anchoring anchoring(ports({{"away", &place}}), log(), [&] {
        const std::lock_guard lock(mutex);
        ++news;
        told.notify_all();
    });
    anchoring.offer(second);
    ASSERT_TRUE(anchoring.settle(std::chrono::seconds{20}));  // no fork: it is only away
    EXPECT_EQ(anchoring.states()[0].trouble, "it is away");
    place.set(&Place::broken, false);
    ASSERT_TRUE(place.comes([&] { return place.held.contains(second.size); }));
    for (int seen = 0; !anchoring.states()[0].trouble.empty();) {  // told once for each time it was tried
        std::unique_lock lock(mutex);
        ASSERT_TRUE(told.wait_for(lock, std::chrono::seconds{20}, [&] { return news > seen; }));
        seen = news;
    }
    EXPECT_EQ(anchoring.states()[0].size, second.size);
}

TEST_F(Anchored, WhatIsThereAlreadyIsNotLeftAgain) {
    Place place;
    place.held[second.size] = second.note;
    Anchoring anchoring(ports({{"room", &place}}), log(), [] {});
    anchoring.offer(second);
    ASSERT_TRUE(anchoring.settle(std::chrono::seconds{20}));
    EXPECT_EQ(anchoring.states()[0].size, second.size);
    const std::lock_guard lock(place.mutex);
    EXPECT_TRUE(place.asked.empty());
}

TEST_F(Anchored, AnAnchorWithMoreThanTheLogIsAForkAndGetsNothing) {
    Place place;
    place.held[second.size] = second.note;
    Anchoring anchoring(ports({{"room", &place}}), log(), [] {});
    anchoring.offer(first);  // the log as it was before
    const Status settled = anchoring.settle(std::chrono::seconds{20});
    ASSERT_FALSE(settled);
    EXPECT_EQ(settled.error().kind, ErrorKind::conflict);
    EXPECT_NE(settled.error().message.find("8 entries"), std::string::npos) << settled.error().message;
    EXPECT_EQ(anchoring.states()[0].trouble, settled.error().message);
    const std::lock_guard lock(place.mutex);
    EXPECT_TRUE(place.asked.empty());
}

TEST_F(Anchored, AnotherLogsCheckpointsAreNoFork) {
    Place place;
    place.held[99] = schema::SignerKey::generate("other").value().sign(
        schema::Checkpoint{"other", 99, schema::tlog_empty_root()}.text());
    Anchoring anchoring(ports({{"shared", &place}}), log(), [] {});
    anchoring.offer(second);
    EXPECT_TRUE(anchoring.settle(std::chrono::seconds{20}));
    EXPECT_EQ(anchoring.states()[0].size, second.size);
}

}  // namespace
}  // namespace rollcall::audit::test
