// schema/trail_basis: what a trail rests on, both ways, and compared.
#include <gtest/gtest.h>

#include "schema/trail_basis.h"
#include "schema/trail_entry.h"

namespace rollcall::schema {
namespace {

TrailBasis whole() {
    return {"0.1.0 build 3f",
            "cafe",
            {{"worm", "folder", "/mnt/worm", "", "", 41, 4213},
             {"room", "room", "audit", "", "!r", 0, 0},
             {"w", "witness", "https://w", "w+de8e5c2b+BAOh", "", 0, 0}}};
}

TEST(TrailBasis, HasOneFormOnly) {
    const std::string text =
        R"({"anchors":[{"heads":41,"kind":"folder","name":"worm","newest":4213,"place":"/mnt/worm"},)"
        R"({"kind":"room","name":"room","place":"audit","room":"!r"},)"
        R"({"key":"w+de8e5c2b+BAOh","kind":"witness","name":"w","place":"https://w"}],)"
        R"("configuration":"cafe","program":"0.1.0 build 3f"})";
    EXPECT_EQ(json::write(to_json(whole())), text);
    EXPECT_EQ(read_trail_basis(*json::parse(text)), whole());
    for (const char* other :
         {R"({"program":""})", R"({"anchors":[]})", R"({"more":1})", R"({"anchors":[{"heads":0}]})",
          R"({"anchors":[{"heads":"1"}]})", R"({"anchors":[7]})", R"({"program":7})", "7", "[]"})
        EXPECT_FALSE(read_trail_basis(*json::parse(other))) << other;
}

TEST(TrailBasis, StandsInAnEntryAndIsOpen) {
    TrailEntry entry;
    entry.time = *parse_rfc3339("2026-11-22T09:00:00Z");
    entry.kind = TrailKind::start;
    entry.basis = whole();
    const auto again = read_trail_entry(to_json(entry));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->basis, entry.basis);
}

// A configuration may name as many anchors as there may be, each with the longest path.
TEST(TrailBasis, OfTheLongestConfigurationFitsIntoAnEntry) {
    AuditConfig config;
    for (int i = 0; i < 32; ++i) {
        AnchorConfig& one = config.anchors.emplace_back();
        one.name = std::string(62, 'n') + std::to_string(10 + i);
        one.folder = "/" + std::string(4'000, static_cast<char>('a' + i % 26));
    }
    TrailEntry entry;
    entry.time = *parse_rfc3339("2026-11-22T09:00:00Z");
    entry.kind = TrailKind::start;
    entry.basis = {"0.1.0", std::string(64, 'a'), anchors_of(config)};
    for (TrailAnchor& anchor : entry.basis->anchors) anchor.heads = anchor.newest = 9'007'199'254'740'991;
    const auto fits = fit_trail_entry(entry);
    ASSERT_TRUE(fits) << fits.error().text();
    EXPECT_EQ(fits->basis, entry.basis);
    EXPECT_TRUE(entry.basis->anchors[0].place.starts_with("sha256:")) << entry.basis->anchors[0].place;
    EXPECT_NE(entry.basis->anchors[0].place, entry.basis->anchors[1].place);
}

TEST(TrailBasis, SaysOfEachChangeWhatMayComeOfIt) {
    const TrailBasis before = whole();
    EXPECT_EQ(basis_changes(before, before), std::vector<BasisChange>{});
    TrailBasis counted = before;
    counted.anchors[0].heads = 42;
    EXPECT_EQ(basis_changes(before, counted), std::vector<BasisChange>{}) << "more heads are no change";
    TrailBasis after = before;
    after.anchors[1].room = "!other";
    after.anchors[2].key = "w+00000000+BAOh";
    const auto changes = basis_changes(before, after);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].before, "room audit (!r)");
    EXPECT_EQ(changes[0].after, "room audit (!other)");
    EXPECT_NE(changes[0].danger, "");
    EXPECT_EQ(changes[1].path, "audit.anchors.w");
    EXPECT_NE(changes[1].danger, "");
}

}  // namespace
}  // namespace rollcall::schema
