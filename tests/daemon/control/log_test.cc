// A line of the log: what is not known is left out.
#include "daemon/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <string>

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

// Standard error is a pipe that takes little, for as long as this lives.
class SlowReader {
  public:
    SlowReader() {
        EXPECT_EQ(pipe(ends_), 0);
        EXPECT_GT(fcntl(ends_[1], F_SETPIPE_SZ, 4096), 0);
        before_ = dup(STDERR_FILENO);
        EXPECT_GE(dup2(ends_[1], STDERR_FILENO), 0);
    }
    ~SlowReader() {
        EXPECT_GE(dup2(before_, STDERR_FILENO), 0);
        for (const int fd : {before_, ends_[0], ends_[1]}) close(fd);
    }
    SlowReader(const SlowReader&) = delete;
    SlowReader& operator=(const SlowReader&) = delete;
    // What is there.
    std::string read() {
        std::string out;
        std::array<char, 4096> some{};
        pollfd one{ends_[0], POLLIN, 0};
        while (poll(&one, 1, 0) == 1) {
            const ssize_t count = ::read(ends_[0], some.data(), some.size());
            if (count <= 0) break;
            out.append(some.data(), static_cast<std::size_t>(count));
        }
        return out;
    }

  private:
    int ends_[2] = {-1, -1}, before_ = -1;
};

TEST(LogLine, NobodyWaitsForWhoeverReadsThem) {
    Log log(LogLevel::info, LogFormat::text);
    std::string all;
    std::size_t kept = 0;
    {
        SlowReader reader;
        constexpr std::size_t kLines = 4'000;  // of some 500 bytes: more than is kept
        for (std::size_t i = 0; i < kLines; ++i)
            log.info("RC-START", "line " + std::to_string(i) + " " + std::string(450, 'x'));
        kept = log.not_taken();
        EXPECT_GT(kept, kLines - 100);
        for (std::string some = reader.read(); !some.empty(); some = reader.read()) {
            all += some;
            log.flush();
        }
    }
    EXPECT_EQ(log.not_taken(), 0U);
    std::size_t at = 0, lines = 0;
    for (; (at = all.find("line " + std::to_string(lines) + " x", at)) != std::string::npos; ++lines) ++at;
    EXPECT_GT(lines, 1'000U);
    EXPECT_LT(lines, 4'000U);
    EXPECT_NE(all.find("RC-LOG-LOST      lines of this log are lost: whoever reads it did not take them  "
                       "lines=" +
                       std::to_string(4'000 - lines) + "\n"),
              std::string::npos)
        << all.substr(all.size() > 300 ? all.size() - 300 : 0);
}

}  // namespace
}  // namespace rollcall
