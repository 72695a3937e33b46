// A name server that does not answer holds nobody.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "bridges/directory/resolve.h"

namespace rollcall::directory {
namespace {

using namespace std::chrono_literals;

// A look-up that does not come back until it is let go; it may outlive who asked.
struct Hanging {
    std::mutex mutex;
    std::condition_variable let_go;
    bool gone = false;
    void release() {
        const std::lock_guard lock(mutex);
        gone = true;
        let_go.notify_all();
    }
};
LookUp hang(const std::shared_ptr<Hanging>& at) {
    return [at](const char*, const char*, const addrinfo*, addrinfo**) {
        std::unique_lock lock(at->mutex);
        at->let_go.wait(lock, [&] { return at->gone; });
        return EAI_AGAIN;
    };
}
bool goes_on() {
    return false;
}

TEST(Resolve, FindsAnAddress) {
    const auto found = resolve("127.0.0.7", 636, 5s, goes_on);
    ASSERT_TRUE(found);
    const auto* address = reinterpret_cast<const sockaddr_in*>((*found)->ai_addr);
    EXPECT_EQ(ntohl(address->sin_addr.s_addr), 0x7f000007U);
    EXPECT_EQ(ntohs(address->sin_port), 636);
}

TEST(Resolve, SaysWhatTheResolverSays) {
    const auto found =
        resolve("dc1.invalid", 636, 5s, goes_on,
                [](const char*, const char*, const addrinfo*, addrinfo**) { return EAI_NONAME; });
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
    EXPECT_NE(found.error().message.find("cannot resolve dc1.invalid"), std::string::npos);
}

TEST(Resolve, EndsWithItsTime) {
    const auto at = std::make_shared<Hanging>();
    const auto found = resolve("dc1.corp.example.com", 636, 50ms, goes_on, hang(at));
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().message.find("the name server does not answer"), std::string::npos);
    at->release();
}

// The time would be an hour: it is the other thread's word that ends it.
TEST(Resolve, EndsWhenItIsGivenUp) {
    const auto at = std::make_shared<Hanging>();
    int asked = 0;
    const auto found = resolve(
        "dc1.corp.example.com", 636, 1h, [&asked] { return ++asked == 3; }, hang(at));
    EXPECT_FALSE(found);
    EXPECT_EQ(asked, 3);
    at->release();
}

}  // namespace
}  // namespace rollcall::directory
