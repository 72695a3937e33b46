// A line of the log: what is not known is left out.
#include "daemon/log.h"

#include <gtest/gtest.h>

namespace rollcall {
namespace {

std::string written(LogFormat format) {
    Log log(LogLevel::info, format);
    testing::internal::CaptureStderr();
    log.info("RC-START", "running", {{"bot", "@rollcall:corp.example"}, {"user", ""}, {"room", "two words"}});
    return testing::internal::GetCapturedStderr();
}

TEST(LogLine, FieldsWithoutAValueAreLeftOut) {
    EXPECT_TRUE(
        written(LogFormat::text).ends_with("running  bot=@rollcall:corp.example  room=\"two words\"\n"))
        << written(LogFormat::text);
    const std::string json = written(LogFormat::json);
    EXPECT_NE(json.find(R"("room":"two words")"), std::string::npos) << json;
    EXPECT_EQ(json.find("user"), std::string::npos) << json;
}

}  // namespace
}  // namespace rollcall
