// daemon/audit/anchor_readings: what the anchors hold, however long one of them takes.
#include "daemon/audit/anchor_readings.h"

#include <gtest/gtest.h>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace rollcall::audit {
namespace {

// Shared with the port, which may outlive the test's own objects.
struct Door {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false, cancelled = false, listens = true, gone = false;

    void set(bool Door::*flag) {
        const std::lock_guard lock(mutex);
        this->*flag = true;
        changed.notify_all();
    }
    [[nodiscard]] bool comes(bool Door::*flag) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds{20}, [&] { return this->*flag; });
    }
};

class Port : public AnchorPort {
  public:
    Port(std::string name, std::shared_ptr<Door> door)
        : AnchorPort(std::move(name)), door_(std::move(door)) {}
    ~Port() override { door_->set(&Door::gone); }
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;
    Status put(std::uint64_t, const std::string&) override { return {}; }
    Result<std::optional<Anchor>> newest() override { return std::optional<Anchor>{}; }
    Result<HeldOutside> all() override {
        std::unique_lock lock(door_->mutex);
        door_->changed.wait(lock, [this] { return door_->open || (door_->cancelled && door_->listens); });
        if (door_->cancelled) return fail(ErrorKind::unavailable, "given up");
        return HeldOutside{{{name() + "/1", "a head"}}, {}, true};
    }
    void cancel() override { door_->set(&Door::cancelled); }

  private:
    std::shared_ptr<Door> door_;
};

class WriteOnly : public AnchorPort {
  public:
    WriteOnly() : AnchorPort("siem") {}
    Status put(std::uint64_t, const std::string&) override { return {}; }
    [[nodiscard]] bool can_be_read() const override { return false; }
    Result<std::optional<Anchor>> newest() override { return std::optional<Anchor>{}; }
    Result<HeldOutside> all() override { return HeldOutside{}; }
};

TEST(AnchorReadings, OneThatDoesNotAnswerKeepsNoOtherFromBeingRead) {
    const auto slow = std::make_shared<Door>(), dead = std::make_shared<Door>(),
               well = std::make_shared<Door>();
    dead->listens = false;  // as a mount that hangs in the kernel
    well->open = true;
    Anchors anchors;
    anchors.push_back(std::make_unique<Port>("slow", slow));
    anchors.push_back(std::make_unique<Port>("dead", dead));
    anchors.push_back(std::make_unique<Port>("well", well));
    anchors.push_back(std::make_unique<WriteOnly>());
    const std::vector<AnchorReading> read = read_anchors(std::move(anchors), std::chrono::milliseconds{100});
    ASSERT_EQ(read.size(), 4U);
    for (std::size_t at = 0; at < 2; ++at) {
        ASSERT_FALSE(read[at].kept) << read[at].name;
        EXPECT_EQ(read[at].kept.error().kind, ErrorKind::limit);
        EXPECT_EQ(read[at].kept.error().message, "it has not answered for 1 s");
    }
    EXPECT_TRUE(slow->comes(&Door::gone)) << "told to give up, it was waited for";
    ASSERT_TRUE(read[2].kept);
    EXPECT_EQ(read[2].kept->heads.front().name, "well/1");
    EXPECT_TRUE(read[2].can_be_read);
    ASSERT_TRUE(read[3].kept);
    EXPECT_FALSE(read[3].can_be_read);
    EXPECT_FALSE(read[3].witness);
    dead->set(&Door::open);  // the mount is back, long after
    EXPECT_TRUE(dead->comes(&Door::gone)) << "what was left behind ends by itself";
}

}  // namespace
}  // namespace rollcall::audit
