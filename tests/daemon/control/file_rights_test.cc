// daemon/control/file_rights: who could put another file in a file's place.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>

#include "daemon/control/file_rights.h"

namespace rollcall::control {
namespace {

class FileRights : public testing::Test {
  protected:
    static constexpr uid_t kNobody = 65534;

    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "rollcall-rights-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder = name;
        std::filesystem::create_directories(folder + "/etc/secrets");
        mode(folder + "/etc", 0755);
        mode(folder + "/etc/secrets", 0750);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    static void mode(const std::string& path, mode_t mode) { ASSERT_EQ(chmod(path.c_str(), mode), 0); }
    // "PATH: message", or "".
    [[nodiscard]] std::string found(const std::string& path,
                                    const Ours& ours = {{geteuid()}, {getegid()}}) const {
        Diagnostics out;
        look_at_rights(path, "the password", ours, out);
        if (out.empty()) return "";
        const std::string at = out.front().at.text();
        return at.substr(at.starts_with(folder) ? folder.size() : 0) + ": " + out.front().message;
    }

    std::string folder;
};

TEST_F(FileRights, AFolderThatAnybodyCanWriteIsAFaultOfAllThatIsInIt) {
    const std::string password = folder + "/etc/secrets/password";
    std::ofstream(password) << "hunter2";
    mode(password, 0600);
    EXPECT_EQ(found(password), "");
    mode(folder + "/etc/secrets", 0777);
    EXPECT_NE(found(password).find(
                  "/etc/secrets: anybody on this machine can write here, and so replace the password"),
              std::string::npos)
        << found(password);
    mode(folder + "/etc", 0757);
    EXPECT_TRUE(found(password).starts_with("/etc: anybody")) << "the outermost: " << found(password);
    mode(folder + "/etc", 0755);
    mode(folder + "/etc/secrets", 0755);
    mode(password, 0602);
    EXPECT_TRUE(found(password).starts_with("/etc/secrets/password: anybody")) << found(password);
}

TEST_F(FileRights, AStickyFolderKeepsWhatIsOursAndNothingElse) {
    const std::string password = folder + "/etc/secrets/password";
    std::ofstream(password) << "hunter2";
    mode(folder + "/etc/secrets", 01777);
    EXPECT_EQ(found(password), "");
    if (geteuid() == 0) {
        ASSERT_EQ(chown(password.c_str(), kNobody, static_cast<gid_t>(-1)), 0);
    }
    EXPECT_NE(found(password, Ours{}).find("belongs to "), std::string::npos) << found(password, Ours{});
}

TEST_F(FileRights, AGroupThatIsNeitherRootsNorTheDaemonsIsNamed) {
    const std::string password = folder + "/etc/secrets/password";
    std::ofstream(password) << "hunter2";
    mode(folder + "/etc/secrets", 0770);
    EXPECT_EQ(found(password), "") << "root's own group, or the daemon's";
    const Ours users{{geteuid()}, {}};
    if (geteuid() == 0) {
        ASSERT_EQ(chown((folder + "/etc/secrets").c_str(), 0, kNobody), 0);
    }
    EXPECT_TRUE(found(password, users).starts_with("/etc/secrets: the group ")) << found(password, users);
    EXPECT_EQ(found(password, {{geteuid()}, {geteuid() == 0 ? kNobody : getegid()}}), "") << "the daemon's";
    mode(folder + "/etc/secrets", 0750);
    EXPECT_EQ(found(password, users), "") << "it may read";
    // With the sticky bit only what is in it and belongs to others is out of place.
    mode(folder + "/etc/secrets", 01770);
    EXPECT_EQ(found(password, users), "");
    if (geteuid() == 0) {
        ASSERT_EQ(chown(password.c_str(), kNobody, 0), 0);
        EXPECT_NE(found(password, users).find("in a folder where others can make files"), std::string::npos)
            << found(password, users);
    }
}

TEST_F(FileRights, WhoeverOwnsAFolderReplacesWhatIsInIt) {
    const std::string password = folder + "/etc/secrets/password";
    std::ofstream(password) << "hunter2";
    if (geteuid() == 0) {
        ASSERT_EQ(chown((folder + "/etc/secrets").c_str(), kNobody, static_cast<gid_t>(-1)), 0);
    }
    EXPECT_NE(found(password, Ours{}).find("belongs to "), std::string::npos) << found(password, Ours{});
}

TEST_F(FileRights, ALinkIsFollowedAndEachFolderOnTheWayCounts) {
    std::filesystem::create_directories(folder + "/open/real");
    std::ofstream(folder + "/open/real/password") << "hunter2";
    std::filesystem::create_directory_symlink("../open/real", folder + "/etc/link");
    const std::string password = folder + "/etc/link/password";
    EXPECT_EQ(found(password), "");
    mode(folder + "/open", 0777);
    EXPECT_TRUE(found(password).starts_with("/open: anybody")) << found(password);
    std::filesystem::create_symlink("loop", folder + "/etc/loop");
    EXPECT_EQ(found(folder + "/etc/loop"), "") << "and ends";
    EXPECT_EQ(found(folder + "/nowhere/password"), "");
}

TEST_F(FileRights, OneFolderIsOneFinding) {
    schema::Config config;
    config.policy = config.appservice.registrations = config.state = folder + "/etc";
    config.control.socket = folder + "/etc/control.sock";
    config.audit.key_file = folder + "/etc/secrets/audit-key";
    config.audit.folder = folder + "/etc/audit";
    config.directories.emplace_back().password_file = folder + "/etc/secrets/password";
    EXPECT_TRUE(look_at_rights(config, "").empty());
    mode(folder + "/etc", 0777);
    const Diagnostics all = look_at_rights(config, folder + "/etc/rollcall.yaml");
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all.front().severity, Severity::error);
}

}  // namespace
}  // namespace rollcall::control
