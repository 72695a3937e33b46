// replUpToDateVector: which changes of other controllers one has.
#include <gtest/gtest.h>

#include "bridges/directory/root.h"
#include "tests/bridges/directory/number.h"

namespace rollcall::directory {
namespace {

const Guid kOne = *Guid::from_text("0a1b2c3d-1111-2222-3333-444444444444");
const Guid kTwo = *Guid::from_text("0a1b2c3d-1111-2222-3333-555555555555");

std::string cursor(const Guid& guid, std::uint64_t usn, bool with_time) {
    std::string out(reinterpret_cast<const char*>(guid.bytes.data()), guid.bytes.size());
    return out + number(usn, 8) + (with_time ? number(13'000'000'000, 8) : "");
}
std::string head(std::uint64_t version, std::uint64_t count) {
    return number(version, 4) + number(0, 4) + number(count, 4) + number(0, 4);
}

TEST(Vector, IsReadInBothVersions) {
    for (const std::uint64_t version : {1U, 2U}) {
        const auto seen = read_vector(head(version, 2) + cursor(kOne, 4'711, version == 2) +
                                      cursor(kTwo, 1ULL << 40U, version == 2));
        ASSERT_EQ(seen.size(), 2U) << version;
        EXPECT_EQ(seen.at(kOne.text()), 4'711U);
        EXPECT_EQ(seen.at(kTwo.text()), 1ULL << 40U);
    }
}

TEST(Vector, TellsNothingWhereItIsNone) {
    const std::string whole = head(2, 1) + cursor(kOne, 7, true);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_TRUE(read_vector(whole.substr(0, size)).empty()) << size;
    EXPECT_TRUE(read_vector(head(3, 1) + cursor(kOne, 7, true)).empty());
    EXPECT_TRUE(read_vector(head(2, 0xffffffffU) + cursor(kOne, 7, true)).empty());
}

}  // namespace
}  // namespace rollcall::directory
