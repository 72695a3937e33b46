// When an attribute was written, from what controllers tell each other of each object.
#include "bridges/directory/replication.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/bridges/directory/number.h"

namespace rollcall::directory {
namespace {

std::string one(std::uint32_t attribute, std::uint64_t seconds) {
    return number(attribute, 4) + number(1, 4) + number(seconds, 8) + std::string(16, 'g') + number(7, 8) +
           number(8, 8);
}

std::string value(std::uint32_t count, const std::string& entries) {
    return number(1, 4) + number(0, 4) + number(count, 4) + number(0, 4) + entries;
}

// As Samba 4.17 sent it of somebody made on 2026-11-29 at 19:56:13 and disabled 60 seconds later.
constexpr std::uint64_t kMade = 13'440'455'773;
const std::string kWhole =
    value(3, one(0x90001, kMade) + one(kAccountControlId, kMade + 60) + one(kAccountExpiresId, kMade));

TEST(Replication, TellsWhenAnAttributeWasWritten) {
    EXPECT_EQ(written(kWhole, kAccountControlId), parse_rfc3339("2026-11-29T19:57:13.000Z"));
    EXPECT_EQ(written(kWhole, kAccountExpiresId), parse_rfc3339("2026-11-29T19:56:13.000Z"));
    EXPECT_EQ(written(kWhole, kIsDeletedId), std::nullopt);
    EXPECT_EQ(written(kWhole).account_control, parse_rfc3339("2026-11-29T19:57:13.000Z"));
    EXPECT_EQ(written(value(1, one(kIsDeletedId, kMade))).deleted, parse_rfc3339("2026-11-29T19:56:13.000Z"));
}

TEST(Replication, WhatIsNotSuchAValueTellsNothing) {
    for (std::size_t length = 0; length < kWhole.size(); ++length)
        EXPECT_EQ(written(kWhole.substr(0, length), kAccountControlId), std::nullopt) << length;
    EXPECT_EQ(written(kWhole + "x", kAccountControlId), std::nullopt);
    EXPECT_EQ(written(number(2, 4) + kWhole.substr(4), kAccountControlId), std::nullopt) << "another version";
    EXPECT_EQ(written(value(0xffffffff, one(kAccountControlId, kMade)), kAccountControlId), std::nullopt);
    for (const std::uint64_t seconds : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0},
                                        std::uint64_t{1} << 63U, std::uint64_t{1} << 40U})
        EXPECT_EQ(written(value(1, one(kAccountControlId, seconds)), kAccountControlId), std::nullopt)
            << seconds;
}

TEST(Replication, AnyBytesAreTakenWithoutHarm) {
    std::mt19937 random(7);
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes = kWhole;
        for (unsigned changes = 1 + random() % 8; changes > 0; --changes)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
        const auto time = written(bytes, kAccountControlId);
        if (time) {
            EXPECT_LT(*time, *parse_rfc3339("9999-12-31T23:59:59.999Z"));
        }
    }
}

}  // namespace
}  // namespace rollcall::directory
