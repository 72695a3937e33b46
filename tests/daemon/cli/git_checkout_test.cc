// daemon/cli/git_checkout: the commit behind a policy folder, and nothing of what its configuration wants
// run.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "daemon/cli/git_checkout.h"

namespace rollcall::cli {
namespace {

class Checkout : public testing::Test {
  protected:
    void SetUp() override {
        char made[] = "/tmp/rollcall-checkout-XXXXXX";
        ASSERT_NE(mkdtemp(made), nullptr);
        folder = made;
        if (std::system("git --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "no git on this machine";
        write("company.yaml", "rooms: {}\n");
        ASSERT_EQ(git("init -q . && git config user.name Anna && git config user.email anna@corp.example && "
                      "git add . && git -c commit.gpgsign=false commit -q -m first"),
                  0);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder + "/" + name) << text;
    }
    [[nodiscard]] int git(const std::string& command) const {
        return std::system(("cd " + folder + " && git " + command + " > /dev/null 2>&1").c_str());
    }
    std::string folder;
};

TEST_F(Checkout, NamesTheCommitAndSaysWhetherTheFilesAreIts) {
    const auto clean = git_checkout(folder);
    ASSERT_TRUE(clean);
    EXPECT_EQ((*clean)["commit"].text().size(), 40U);
    EXPECT_EQ((*clean)["signature"].text(), "N");
    EXPECT_TRUE((*clean)["changed"].is_null());
    EXPECT_EQ(git_checkout(folder + "/company.yaml"), clean) << "a policy may be one file";
    write("company.yaml", "rooms: {x: {name: X, members: employees}}\n");
    EXPECT_TRUE((*git_checkout(folder))["changed"].boolean_or(false));
    ASSERT_EQ(git("checkout -q company.yaml"), 0);
    write("more.yaml", "rooms: {}\n");
    EXPECT_TRUE((*git_checkout(folder))["changed"].boolean_or(false)) << "a file that no commit has";
}

TEST_F(Checkout, RunsNothingThatTheCheckoutNames) {
    write(".git/hooks/post-index-change", "#!/bin/sh\ntouch " + folder + "/ran\n");
    write(".git/evil", "#!/bin/sh\ntouch " + folder + "/ran\n");
    for (const char* file : {"/.git/hooks/post-index-change", "/.git/evil"})
        ASSERT_EQ(chmod((folder + file).c_str(), 0755), 0);
    for (const char* key : {"core.fsmonitor", "gpg.program", "gpg.ssh.program", "core.pager"})
        ASSERT_EQ(git(std::string("config ") + key + " " + folder + "/.git/evil"), 0);
    ASSERT_EQ(git("config log.showSignature true"), 0);
    ASSERT_TRUE(git_checkout(folder));
    EXPECT_FALSE(std::filesystem::exists(folder + "/ran"));
}

TEST_F(Checkout, IsNothingWhereThereIsNone) {
    std::filesystem::remove_all(folder + "/.git");
    EXPECT_FALSE(git_checkout(folder));
    EXPECT_FALSE(git_checkout("/nonexistent/policy"));
}

}  // namespace
}  // namespace rollcall::cli
