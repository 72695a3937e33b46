// daemon/control/policy_input and policy_files: what is read for a command, by whom, and how long that may
// take.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include "daemon/control/policy_input.h"
#include "tests/daemon/control/daemon.h"

namespace rollcall::control {
namespace {

class PolicyFiles : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "rollcall-policy-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder + "/" + name) << text;
        ASSERT_EQ(chmod((folder + "/" + name).c_str(), 0644), 0);
    }
    std::string folder;
};

TEST_F(PolicyFiles, APipeIsNoPolicyAndKeepsNobodyWaiting) {
    ASSERT_EQ(mkfifo((folder + "/a.yaml").c_str(), 0644), 0);
    for (const std::string& path : {folder, folder + "/a.yaml"}) {
        const auto read = read_policy_files(path);
        ASSERT_FALSE(read);
        EXPECT_NE(read.error().message.find("is not a file"), std::string::npos) << read.error().message;
    }
}

TEST_F(PolicyFiles, HaveALimitTogether) {
    for (int i = 0; i < 9; ++i) write(std::to_string(i) + ".yaml", std::string(kMostPolicyFile - 1, '#'));
    const auto read = read_policy_files(folder);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::limit);
}

TEST_F(PolicyFiles, GoToTheDaemonAsTheyAre) {
    write("b.yaml", "people: {}\n");
    write("a.yaml", "# \xC3\xA9 \"quoted\"\n");
    const auto read = read_policy_files(folder);
    ASSERT_TRUE(read);
    const auto there = texts_of(files_json(*read));
    ASSERT_TRUE(there);
    EXPECT_EQ(*there, *read);
}

TEST(PolicyInput, TakesNoFilesThatAreNone) {
    const auto kind = [](const std::string& json) {
        const auto texts = texts_of(*json::parse(json));
        return texts ? std::string("good") : texts.error().message;
    };
    EXPECT_EQ(kind(R"([{"name":"policy/a.yaml","text":"x"},{"name":"policy/b.yaml","text":""}])"), "good");
    for (const char* bad : {R"([])", R"({})", R"("x")", R"([{"name":"","text":"x"}])", R"([{"text":"x"}])",
                            R"([{"name":"a/","text":"x"}])", R"([{"name":"a\nb","text":"x"}])",
                            R"([{"name":"a\u001bb","text":"x"}])",
                            R"([{"name":"x/a.yaml","text":"1"},{"name":"y/a.yaml","text":"2"}])"})
        EXPECT_NE(kind(bad), "good") << bad;
    EXPECT_NE(kind(R"([{"name":")" + std::string(5000, 'n') + R"(","text":"x"}])"), "good");
    EXPECT_NE(kind(R"([{"name":"a","text":")" + std::string(kMostPolicyFile + 1, 'x') + R"("}])"), "good");
}

// A file system that hangs: whoever asks is told in time, nobody waits longer for being the second, and no
// thread more is begun. Once it answers, so does the reader.
TEST(FolderReader, TellsOfAFileSystemThatHangs) {
    std::promise<void> go_on;
    const auto going = go_on.get_future().share();
    const auto reads = std::make_shared<std::atomic<int>>(0);
    const FolderReader reader(
        [going, reads]() -> Result<PolicyTexts> {
            ++*reads;
            going.wait();
            return PolicyTexts{{"a.yaml", "x"}};
        },
        std::chrono::milliseconds{50});
    for (int i = 0; i < 3; ++i) {
        const auto read = reader.read();
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().kind, ErrorKind::unavailable);
    }
    EXPECT_EQ(*reads, 1);
    go_on.set_value();
    Result<PolicyTexts> read = reader.read();
    while (!read) read = reader.read();
    EXPECT_EQ(read->size(), 1U);
    EXPECT_EQ(*reads, 2) << "read anew for whoever asks now";
}

const std::string kWrong =
    R"("files":[{"name":"/etc/policy/a.yaml","text":"people: hunter2-the-password\n"}])";

TEST(PolicyInput, TheDaemonOpensNothingThatACallerNames) {
    Daemon daemon;
    const std::string file = testing::TempDir() + "rollcall_secret";
    std::ofstream(file) << "hunter2-the-password\n";
    ASSERT_EQ(chmod(file.c_str(), 0600), 0);
    // Whoever checks is told of the servers as well, which are looked at before.
    EXPECT_TRUE(daemon.sim.command(
        [](engine::Engine& engine) { static_cast<void>(engine.ways_looked_at(Duration{})); }));
    daemon.sim.run_for(std::chrono::seconds{1});
    for (const char* command : {"plan", "apply", "check"}) {
        const json::Value answer =
            daemon.ask(fmt::format(R"({{"command":"{}","args":{{"policy":"{}"}}}})", command, file));
        const std::string text = json::write(answer);
        EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
        EXPECT_NE(text.find("/nonexistent"), std::string::npos)
            << "the configured one, whatever is named: " << text;
    }
    std::filesystem::remove(file);
}

TEST(PolicyInput, ACallersOwnFilesAreQuotedToThem) {
    Daemon daemon;
    const std::string text = json::write(daemon.ask(R"({"command":"plan","args":{)" + kWrong + "}}"));
    EXPECT_NE(text.find("/etc/policy/a.yaml:1"), std::string::npos) << text;
}

// What the daemon reads by itself is quoted to root and to its own user alone.
TEST_F(PolicyFiles, OfTheDaemonAreQuotedToNobodyWhoMayNotReadThem) {
    write("a.yaml", "people: [hunter2-the-password\n");
    Daemon daemon;
    schema::Config config;
    config.homeserver.server_name = sim::kServerName;
    config.directories.emplace_back().name = "corp";
    config.policy = folder;
    const Handler handler(config);
    const auto ask = [&](std::int64_t uid) {
        json::Value answer;
        static_cast<void>(daemon.sim.command([&](engine::Engine& engine) {
            answer = handler
                         .handle(engine, handler.prepare(*json::parse(R"({"command":"plan","args":{}})"),
                                                         {uid, -1, "somebody"}))
                         .value_or(json::Value{});
        }));
        return answer;
    };
    const json::Value stranger = ask(4711)["diagnostics"], root = ask(0)["diagnostics"];
    ASSERT_FALSE(root.array() == nullptr || root.array()->empty());
    ASSERT_EQ(stranger.array()->size(), root.array()->size());
    EXPECT_EQ((*stranger.array())[0]["message"].text(), "there is an error here");
    EXPECT_EQ((*stranger.array())[0]["at"], (*root.array())[0]["at"]) << "where it is, is no secret";
    EXPECT_NE((*root.array())[0]["message"].text(), "there is an error here");
}

}  // namespace
}  // namespace rollcall::control
