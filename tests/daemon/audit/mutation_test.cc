// Nothing can be done to a file of the log that verify does not see, and it names that file.
#include <fmt/format.h>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/daemon/audit/log_fixture.h"
#include "tests/daemon/audit/trail_fixture.h"
#include "tests/share.h"

namespace rollcall::audit::test {
namespace {

constexpr int kMutations = 10'000;
constexpr int kMutationsOfAHandedOn = 5'000;

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
    while (done < rollcall::test::share_of(kMutations)) {
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

// A trail that was handed on to another key, twice, the last time just now, so that its head is signed by
// both; and the places outside in which its heads were left.
class HandedOn : public Mutation {
  protected:
    HandedOn() {
        std::ofstream(at.key_file()) << at.key.secret_text() << "\n";
        std::filesystem::create_directory(outside());
        at.anchors = {{"worm", outside()}};
        for (int times = 0; times < 2; ++times) {
            at.act(140);
            at.publish();
            const schema::SignerKey next = at.rotate();
            at.publish();
            at.key = next;
        }
    }
    [[nodiscard]] std::string outside() const { return at.folder.path() + "/worm"; }
    [[nodiscard]] std::string audit() const { return at.folder.path() + "/audit/"; }
    // Every file, by its path, and the place that verify calls it.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> files() const {
        std::vector<std::pair<std::string, std::string>> out;
        const auto inside = at.log().files();
        for (const std::string& file : *inside) out.emplace_back(audit() + file, file);
        const auto kept = AnchorFolder("worm", outside()).all();
        for (const Anchor& anchor : kept->heads) out.emplace_back(anchor.name, anchor.name);
        return out;
    }
    [[nodiscard]] std::vector<Fault> faults() const {
        VerifyOptions options;
        options.origin = kLogName;
        options.keys = {at.key.verifier()};
        options.handed_out = {first};
        const auto anchors = AnchorFolder("worm", outside()).all();
        if (!anchors) return {{"audit.anchors.worm", anchors.error().message}};
        options.anchors = anchors->heads;
        return verify_log(at.log(), options).faults;
    }
    // A head that is missing outside is no lie: the others still hold this log to what they say. A tile that
    // was begun may go once it was written longer (C2SP tlog-tiles, "Partial tiles").
    [[nodiscard]] static bool may_go(const std::string& path, const std::string& place) {
        if (path == place) return true;
        const std::filesystem::path tile(path);
        if (tile.parent_path().extension() != ".p") return false;
        std::string whole = tile.parent_path().string();
        whole.resize(whole.size() - 2);
        bool longer = std::filesystem::exists(whole);
        for (const auto& other : std::filesystem::directory_iterator(tile.parent_path()))
            longer = longer || std::stoul(other.path().filename()) > std::stoul(tile.filename());
        return longer;
    }
    static std::string read(const std::string& path) {
        std::ostringstream out;
        out << std::ifstream(path, std::ios::binary).rdbuf();
        return out.str();
    }
    static void write(const std::string& path, const std::string& bytes) {
        std::filesystem::remove(path);  // what is outside is read-only
        std::ofstream(path, std::ios::binary) << bytes;
    }

    TrailFolder at;
    const schema::VerifierKey first = at.key.verifier();
};

TEST_F(HandedOn, EveryChangeOfAFileIsSeenAndItsPlaceNamed) {
    const auto files = this->files();
    ASSERT_GE(files.size(), 12U);
    ASSERT_EQ(faults(), std::vector<Fault>{});
    for (int done = 0; done < rollcall::test::share_of(kMutationsOfAHandedOn);) {
        const auto& [path, place] = files[below(files.size())];
        const std::string before = read(path);
        std::string what;
        const std::optional<std::string> after = change(before, what);
        if (after == before) continue;
        if (!after && may_go(path, place)) continue;
        if (after)
            write(path, *after);
        else
            std::filesystem::remove(path);
        const std::vector<Fault> found = faults();
        std::string all;
        for (const Fault& fault : found) all += fault.place + ": " + fault.text + "\n";
        ASSERT_TRUE(
            std::any_of(found.begin(), found.end(), [&](const Fault& fault) { return fault.place == place; }))
            << place << ": " << what << ", and verify says: " << all;
        write(path, before);
        ++done;
    }
    EXPECT_EQ(faults(), std::vector<Fault>{});
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
