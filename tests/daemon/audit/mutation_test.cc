// Nothing can be done to a file of the log that verify does not see, and it names that file.
#include <fmt/format.h>
#include <random>

#include "tests/daemon/audit/log_fixture.h"

namespace rollcall::audit::test {
namespace {

constexpr int kMutations = 10'000;

class Mutation : public testing::Test {
  protected:
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

    // One change to the bytes of a file; nullopt: the file goes. `what` says it.
    std::optional<std::string> change(std::string bytes, std::string& what) {
        const std::size_t at = below(bytes.size());
        switch (below(7)) {
            case 0: {
                const std::size_t bit = below(8);
                what = fmt::format("flip bit {} of byte {}", bit, at);
                bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
                return bytes;
            }
            case 1:
                what = fmt::format("truncate to {}", at);
                return bytes.substr(0, at);
            case 2:
                what = "append a byte";
                return bytes + static_cast<char>(below(256));
            case 3:
                what = fmt::format("remove byte {}", at);
                return bytes.erase(at, 1);
            case 4:
                what = fmt::format("double the part from {}", at);
                return bytes.insert(at, bytes.substr(at, 1 + below(64)));
            case 5: {
                const std::size_t other = below(bytes.size());
                what = fmt::format("swap bytes {} and {}", at, other);
                std::swap(bytes[at], bytes[other]);
                return bytes;
            }
            default:
                what = "remove the file";
                return std::nullopt;
        }
    }

    std::mt19937 random_{20261122};
};

TEST_F(Mutation, OfAnyFileIsSeenAndItsPlaceNamed) {
    const Log log;
    log.grow(600, 600);
    ASSERT_EQ(log.faults(), "");
    const std::vector<std::string> files = log.files();
    int done = 0;
    while (done < kMutations) {
        const std::string& file = files[below(files.size())];
        const std::string before = log.read(file);
        std::string what;
        const std::optional<std::string> after = change(before, what);
        if (after == before) continue;
        if (after)
            log.write(file, *after);
        else
            std::filesystem::remove(log.path + "/" + file);
        const Verification verification = log.verify();
        ASSERT_TRUE(std::any_of(verification.faults.begin(), verification.faults.end(),
                                [&](const Fault& fault) { return fault.place == file; }))
            << file << ": " << what << ", and verify says: " << log.faults();
        log.write(file, before);
        ++done;
    }
    EXPECT_EQ(log.faults(), "");
}

TEST_F(Mutation, TwoFilesThatChangePlacesAreSeen) {
    const Log log;
    log.grow(600, 600);
    const std::vector<std::string> files = log.files();
    for (std::size_t a = 0; a < files.size(); ++a)
        for (std::size_t b = 0; b < a; ++b) {
            const std::string first = log.read(files[a]), second = log.read(files[b]);
            if (first == second) continue;
            log.write(files[a], second), log.write(files[b], first);
            const Verification verification = log.verify();
            EXPECT_TRUE(std::any_of(
                verification.faults.begin(), verification.faults.end(),
                [&](const Fault& fault) { return fault.place == files[a] || fault.place == files[b]; }))
                << files[a] << " and " << files[b];
            log.write(files[a], first), log.write(files[b], second);
        }
}

// Three levels: a changed hash high above is not taken for a change of all that lies below it.
TEST_F(Mutation, InATallTreeOneFileIsNamedAndNoOther) {
    const Log log;
    log.grow(66'000, 66'000);
    const std::vector<std::string> files = {
        "tile/2/000.p/1",   "tile/1/000",       "tile/1/001.p/1",        "tile/0/017",
        "tile/0/257.p/208", "tile/entries/031", "tile/entries/257.p/208"};
    for (const std::string& file : files) {
        const std::string before = log.read(file);
        ASSERT_FALSE(before.empty()) << file;
        std::string after = before;
        after[after.size() / 2] = static_cast<char>(after[after.size() / 2] ^ 4);
        log.write(file, after);
        for (const Fault& fault : log.verify().faults) EXPECT_EQ(fault.place, file) << fault.text;
        EXPECT_NE(log.faults(), "") << file;
        log.write(file, before);
    }
}

}  // namespace
}  // namespace rollcall::audit::test
