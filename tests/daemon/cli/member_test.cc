// What a member of the daemon's unix group sees: they give it orders and read its policy, and its secrets,
// state and log are for its own user alone.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/daemon/cli/fakes.h"

namespace rollcall::cli {
namespace {

constexpr uid_t kMember = 65533;

// For as long as it lives this process is somebody who is neither root nor the daemon's user.
class AsMember {
  public:
    AsMember() { EXPECT_TRUE(before_ != 0 || seteuid(kMember) == 0); }
    ~AsMember() { EXPECT_TRUE(before_ != 0 || seteuid(before_) == 0); }
    AsMember(const AsMember&) = delete;
    AsMember& operator=(const AsMember&) = delete;

  private:
    const uid_t before_ = geteuid();
};

// An installation whose state folder is root's, as if the daemon ran as root.
struct Member : testing::Test {
    void SetUp() override {
        ASSERT_EQ(bench.init(), 0) << bench.terminal.complained;
        state_is("/usr");
        for (const char* open : {"", "/policy"}) mode(open, 0755);
        for (const char* readable : {"/rollcall.yaml", "/policy/company.yaml"}) mode(readable, 0644);
        for (const char* closed : {"/secrets/bind-password", "/secrets/audit-key",
                                   "/registrations/rollcall.yaml", "/registrations/rollcall-mask.yaml"})
            mode(closed, 0);
        bench.clear();
    }
    void mode(const std::string& path, mode_t mode) {
        ASSERT_EQ(chmod((bench.folder.path() + path).c_str(), mode), 0) << path;
    }
    void state_is(const std::string& folder) {
        std::string text = read_all(bench.folder / "rollcall.yaml");
        const std::size_t at = text.find("\nstate: ") + 1;
        text.replace(at, text.find('\n', at) - at, "state: " + folder);
        std::ofstream(bench.folder / "rollcall.yaml") << text;
    }
    int run(std::vector<std::string> words) {
        const AsMember member;
        return bench.run(std::move(words));
    }

    Bench bench;
    std::string &out = bench.terminal.written, &err = bench.terminal.complained;
};

TEST_F(Member, AControlGroupThatIsNotThereIsSaid) {
    std::string text = read_all(bench.folder / "rollcall.yaml");
    const std::size_t at = text.find("\ncontrol:");
    if (at != std::string::npos) text.erase(at, text.find("\n\n", at) - at);
    std::ofstream(bench.folder / "rollcall.yaml") << text << "\ncontrol: {group: no-such-group}\n";
    static_cast<void>(bench.run({"check"}));
    EXPECT_NE(err.find("there is no group no-such-group (control.group) on this machine"), std::string::npos)
        << err;
}

// Root reads everything, and asks what the daemon will be able to read.
TEST_F(Member, RootIsToldWhatTheDaemonsUserCannotRead) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
    const std::string state = bench.folder / "state";
    ASSERT_EQ(mkdir(state.c_str(), 0700), 0);
    ASSERT_EQ(chown(state.c_str(), kMember, static_cast<gid_t>(-1)), 0);
    state_is(state);
    EXPECT_EQ(bench.run({"check"}), 2);
    EXPECT_TRUE(has(err, "secrets/bind-password: error: cannot open")) << err;
    EXPECT_TRUE(has(err, "that is for uid 65533, the daemon's user: run chown or chmod")) << err;
    for (const char* file : {"/secrets", "/secrets/bind-password", "/secrets/audit-key", "/registrations",
                             "/registrations/rollcall.yaml", "/registrations/rollcall-mask.yaml"}) {
        mode(file, file == std::string("/secrets") || file == std::string("/registrations") ? 0700 : 0600);
        ASSERT_EQ(chown((bench.folder.path() + file).c_str(), kMember, static_cast<gid_t>(-1)), 0);
    }
    bench.clear();
    EXPECT_EQ(bench.run({"check"}), 0) << err;
    EXPECT_EQ(geteuid(), 0U);
}

TEST_F(Member, WhatOnlyTheDaemonsUserReadsIsNotCheckedAndNoFault) {
    EXPECT_EQ(run({"check"}), 0) << err;
    EXPECT_EQ(err, "");
    EXPECT_TRUE(has(out, "The files are good: 1 policy file")) << out;
    EXPECT_TRUE(has(out, "Not checked, because only the daemon's user, root, and root may read it:")) << out;
    for (const char* file : {"secrets/bind-password", "secrets/audit-key", "registrations/rollcall.yaml",
                             "registrations/rollcall-mask.yaml"})
        EXPECT_TRUE(has(out, bench.folder / file)) << file;
    bench.clear();
    EXPECT_EQ(run({"--json", "check"}), 0);
    EXPECT_TRUE(has(out, "not_checked")) << out;
}

TEST_F(Member, WhoeverCanTakeTheNextEmployeesNameIsAFaultWithoutTheMaskFileBeingRead) {
    bench.sign_up = matrix::SignUp::open;
    bench.script.answers["check"].push_back(answered(*json::parse(R"({"diagnostics":[],"seen":[]})")));
    EXPECT_EQ(run({"check", "--online"}), 2);
    EXPECT_TRUE(has(err, "anybody can make an account on the homeserver")) << err;
}

TEST_F(Member, WithoutADaemonEveryCommandSaysThatNoneRuns) {
    bench.daemon = false;
    for (const std::vector<std::string>& words : {std::vector<std::string>{"status"},
                                                  {"plan"},
                                                  {"holds"},
                                                  {"audit", "list"},
                                                  {"audit", "leavers"},
                                                  {"apply", "--yes"},
                                                  {"pause", "--reason", "x"},
                                                  {"check", "--online"}}) {
        bench.clear();
        EXPECT_EQ(run(words), 1) << words.back();
        EXPECT_TRUE(err.starts_with("rollcall: no daemon is running: nothing answers on " +
                                    (bench.folder / "control.sock")))
            << err;
        EXPECT_TRUE(has(err, "systemctl start rollcall")) << err;
        EXPECT_FALSE(has(err, "Permission denied")) << err;
    }
    EXPECT_FALSE(bench.opened_to_read) << "nothing was tried that takes the daemon's own files";
}

TEST_F(Member, WhatTakesTheLogItselfSaysForWhomItIs) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"audit", "verify"},
                                                  {"audit", "prove", "3"},
                                                  {"run"},
                                                  {"audit", "recover", "--reason", "x"}}) {
        bench.clear();
        EXPECT_EQ(run(words), 1) << words.back();
        EXPECT_TRUE(has(err, "takes files that only the daemon's user, root, and root may read")) << err;
        EXPECT_TRUE(has(err, words.front() == "run" ? "systemctl start rollcall" : "run it as root")) << err;
    }
}

TEST_F(Member, AConfigurationThatOnlyTheGroupReadsSaysHowToGetIn) {
    mode("/rollcall.yaml", 0);
    EXPECT_EQ(run({"status"}), 2);
    EXPECT_TRUE(has(err, "from their next login on")) << err;
}

// A file that the daemon itself cannot read is a fault, whoever looks.
TEST_F(Member, ForTheDaemonsOwnUserAnUnreadableSecretIsAFault) {
    const Folder own;
    state_is(own.path());
    if (geteuid() == 0) {
        ASSERT_EQ(chown(own.path().c_str(), kMember, static_cast<gid_t>(-1)), 0);
    }
    EXPECT_EQ(run({"check"}), 2);
    EXPECT_TRUE(has(err, "secrets/audit-key: error: cannot open")) << err;
    EXPECT_FALSE(has(out, "Not checked")) << out;
}

}  // namespace
}  // namespace rollcall::cli
