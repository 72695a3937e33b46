// audit rotate-key, asked of the real engine: one rotation at a time, signed by both keys, and on record.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>

#include "daemon/audit/key_files.h"
#include "schema/key_rotation.h"
#include "tests/daemon/control/daemon.h"

namespace rollcall::control {
namespace {

constexpr const char* kOrigin = "corp.example/rollcall";

class RotateKey : public testing::Test {
  protected:
    RotateKey() {
        std::string name = (std::filesystem::temp_directory_path() / "rollcall-rotate-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        folder = name;
        config.audit.origin = kOrigin;
        config.audit.key_file = folder + "/audit-key";
        std::ofstream(config.audit.key_file) << key.secret_text() << "\n";
        chmod(config.audit.key_file.c_str(), 0600);
    }
    ~RotateKey() override { std::filesystem::remove_all(folder); }
    RotateKey(const RotateKey&) = delete;
    RotateKey& operator=(const RotateKey&) = delete;

    json::Value ask(const std::string& reason = "once a year") {
        json::Value request, args, answer;
        args.set("reason", reason);
        request.set("command", "audit.rotate-key");
        request.set("args", std::move(args));
        static_cast<void>(daemon.sim.command([&](engine::Engine& engine) {
            const Handler handler(config);
            answer = handler.handle(engine, handler.prepare(request, {1000, 1000, "alice"}))
                         .value_or(json::Value{});
        }));
        return answer;
    }
    [[nodiscard]] json::Array entries() {
        const json::Value list = daemon.ask(R"({"command":"audit.list","args":{"action":"rotate key"}})");
        return *list["result"]["entries"].array();
    }

    Daemon daemon;
    schema::Config config;
    std::string folder;
    const schema::SignerKey key = schema::SignerKey::generate(kOrigin).value();
};

TEST_F(RotateKey, IsAnEntrySignedByBothKeys) {
    const json::Value answer = ask();
    ASSERT_EQ(answer["exit"].integer_or(-1), 0) << json::write(answer);
    EXPECT_EQ(answer["result"]["from"].text(), key.verifier().text());
    const json::Array found = entries();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0]["caller"]["text"].text(), "alice");
    EXPECT_EQ(found[0]["reason"].text(), "once a year");
    const auto rotation = schema::read_key_rotation(found[0]["rotation"].text());
    ASSERT_TRUE(rotation) << rotation.error().text();
    EXPECT_EQ(rotation->to.text(), answer["result"]["to"].text());
    const auto next = audit::KeyFiles(config.audit.key_file).next();
    ASSERT_TRUE(next && *next);
    EXPECT_EQ((*next)->verifier(), rotation->to);
}

TEST_F(RotateKey, OneAtATimeAlsoAfterACrash) {
    ASSERT_EQ(ask()["exit"].integer_or(-1), 0);
    const auto next = audit::KeyFiles(config.audit.key_file).next();
    EXPECT_NE(ask()["error"]["message"].text().find("already"), std::string::npos);
    daemon.sim.restart();
    EXPECT_NE(ask()["error"]["message"].text().find("already"), std::string::npos);
    EXPECT_EQ((*audit::KeyFiles(config.audit.key_file).next())->verifier(), (**next).verifier())
        << "the key that is to be in force was not written over";
    ASSERT_TRUE(audit::KeyFiles(config.audit.key_file).adopt_next());
    EXPECT_EQ(ask()["exit"].integer_or(-1), 0);
    EXPECT_EQ(entries().size(), 2U);
}

TEST_F(RotateKey, WithoutAReasonOrAKeyNothingIsDone) {
    EXPECT_EQ(ask("")["exit"].integer_or(-1), 2);
    std::filesystem::remove(config.audit.key_file);
    const json::Value answer = ask();
    EXPECT_NE(answer["exit"].integer_or(-1), 0);
    EXPECT_FALSE(std::filesystem::exists(audit::KeyFiles(config.audit.key_file).next_path()));
    EXPECT_TRUE(entries().empty());
}

// As where the unit of the daemon keeps /etc read-only.
TEST_F(RotateKey, WhereTheNextKeyCannotBeMadeItSaysInWhichFolder) {
    std::filesystem::create_directory(audit::KeyFiles(config.audit.key_file).next_path());
    const json::Value answer = ask();
    EXPECT_EQ(answer["exit"].integer_or(-1), 1);
    const std::string hint = answer["error"]["hint"].text();
    EXPECT_NE(hint.find("the next key is made in " + folder + ", beside audit.key_file"), std::string::npos)
        << hint;
    EXPECT_TRUE(entries().empty());
}

}  // namespace
}  // namespace rollcall::control
