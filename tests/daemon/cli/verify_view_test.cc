// audit verify: what was found, in words and as JSON.
#include "daemon/cli/verify_report.h"

#include "tests/daemon/cli/fakes.h"

namespace rollcall::cli {
namespace {

VerifyReport whole() {
    VerifyReport out;
    out.origin = "corp.example.com/rollcall";
    out.key = "corp.example.com/rollcall+02365254+AUH1llPRI9KiyjRqzlKZq2/w2qrBEAYpcb/QihA6Z+W4";
    out.configuration = "aa";
    out.found.log.head = schema::Checkpoint{out.origin, 1'150, {}};
    out.found.log.entries = 1'150;
    out.found.log.anchors = 41;
    out.found.intents = 300;
    json::Value ours;
    const schema::TrailAnchor worm{"worm", "folder", "/mnt/worm/rollcall", "", "", 40, 1'100};
    ours.set("basis", schema::to_json(schema::TrailBasis{"0.1.0 (build 3f2c)", "aa", {worm}}));
    out.found.basis.take(712, ours);
    out.outside = {{"worm", {41, 1'150}}};
    return out;
}

TEST(VerifyView, SaysWhatTheTrailRestsOn) {
    expect_golden(verify_view(whole(), {false, 80}), "verify.80");
    const json::Value said = to_json(whole());
    EXPECT_EQ(said["rests_on"]["entry"].integer_or(0), 712);
    EXPECT_EQ(said["rests_on"]["anchors"].array()->front()["heads"].integer_or(0), 40);
    EXPECT_EQ(said["configuration"].text(), "aa");
    EXPECT_EQ(said["anchors"].array()->front()["checkpoints"].integer_or(0), 41);
}

TEST(VerifyView, NamesWhatIsWrongAndWhatWasNotChecked) {
    VerifyReport found = whole();
    found.configuration = "bb";
    found.found.faults = {{"audit.anchors.room",
                           "a message of the bot there was redacted by @rollcall:corp.example.com, "
                           "so that a checkpoint may be gone: $abc"}};
    found.not_checked = {{"audit.anchors.witness", "it has not signed the published checkpoint"}};
    json::Value ours;
    ours.set("basis", schema::to_json(schema::TrailBasis{"0.1.0 (build 3f2c)", "aa", {}}));
    found.found.basis.take(900, ours);
    expect_golden(verify_view(found, {false, 80}), "verify_wrong.80");
}

}  // namespace
}  // namespace rollcall::cli
