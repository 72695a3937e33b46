// How much of a room's state is said to be too much.
#include "schema/state_size.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace rollcall::schema {
namespace {

std::string events(std::size_t count, const char* type, const char* sender, std::size_t bytes) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i)
        out += fmt::format(R"({{"type":"{}","state_key":"k{}","sender":"{}","content":{{"x":"{}"}}}},)", type,
                           i, sender, std::string(bytes, 'x'));
    return out;
}

std::string state(const std::string& inside) {
    return "[" + inside + R"({"type":"m.room.create","state_key":"","sender":"@bot:hs","content":{}}])";
}

TEST(StateSize, MembersAreAsManyAsPeopleAre) {
    EXPECT_FALSE(too_large_state(state(events(20'000, "m.room.member", "@bot:hs", 800))));
    EXPECT_FALSE(too_large_state("[]"));
    EXPECT_FALSE(too_large_state("no JSON"));
}

TEST(StateSize, OfAllElseTheBytesAndTheEventsAreCounted) {
    const auto bytes = too_large_state(state(events(160, "m.room.name", "@amy:hs", 60'000)));
    ASSERT_TRUE(bytes);
    EXPECT_GT(bytes->bytes, 9'600'000U);
    EXPECT_EQ(bytes->events, 161U);
    EXPECT_EQ(bytes->by, "@amy:hs");
    const auto many = too_large_state(state(events(10'001, "m.x", "@ben:hs", 80)));
    ASSERT_TRUE(many);
    EXPECT_EQ(many->by, "@ben:hs");
    EXPECT_FALSE(too_large_state(state(events(9'000, "m.x", "@ben:hs", 80))));
}

}  // namespace
}  // namespace rollcall::schema
