// Every file of the policy folder is read, or named as not read.
#include "daemon/control/policy_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "daemon/control/policy_files.h"

namespace rollcall::control {
namespace {

namespace fs = std::filesystem;

class PolicyFolders : public testing::Test {
  protected:
    PolicyFolders() {
        std::string name = (fs::temp_directory_path() / "rollcall-policy-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) std::abort();
        folder = name;
    }
    ~PolicyFolders() override {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
    }
    void write(const std::string& name) const {
        fs::create_directories((fs::path(folder) / name).parent_path());
        std::ofstream(folder + "/" + name) << "rooms: {}\n";
    }
    [[nodiscard]] std::vector<std::string> doubtful() const {
        std::vector<std::string> out;
        for (const Diagnostic& one : not_read(folder)) {
            EXPECT_EQ(one.severity, Severity::warning);
            EXPECT_FALSE(one.suggestion.empty());
            out.push_back(fs::path(one.at.file.name()).lexically_relative(folder).string());
        }
        return out;
    }
    std::string folder;
};

TEST_F(PolicyFolders, BothEndingsAreReadInTheOrderOfTheirNames) {
    for (const char* name : {"b.yml", "a.yaml", "c.yaml"}) write(name);
    const auto texts = read_policy_files(folder);
    ASSERT_TRUE(texts);
    ASSERT_EQ(texts->size(), 3U);
    EXPECT_EQ((*texts)[0].first, folder + "/a.yaml");
    EXPECT_EQ((*texts)[1].first, folder + "/b.yml");
    EXPECT_TRUE(doubtful().empty());
}

TEST_F(PolicyFolders, WhatLooksLikeAPolicyAndIsNotReadIsNamed) {
    write("company.yaml");
    for (const char* name :
         {"sub/projects.yaml", "sub/deeper/more.yml", ".#company.yaml", ".hidden.yaml", "company.yaml~",
          "company.yaml.bak", "PROJECTS.YAML", ".git/config.yaml", "README.md"})
        write(name);
    EXPECT_EQ(doubtful(),
              (std::vector<std::string>{".#company.yaml", ".hidden.yaml", "PROJECTS.YAML", "company.yaml.bak",
                                        "company.yaml~", "sub/deeper/more.yml", "sub/projects.yaml"}));
    EXPECT_EQ(read_policy_files(folder)->size(), 1U);
    EXPECT_EQ(look_at_policy_folder(folder)->others, (std::vector<std::string>{".git", "README.md", "sub"}));
}

TEST_F(PolicyFolders, AFolderIntoWhichAnybodyCanWriteIsRefused) {
    write("company.yaml");
    ASSERT_EQ(chmod(folder.c_str(), 0777), 0);
    const auto texts = read_policy_files(folder);
    ASSERT_FALSE(texts);
    EXPECT_EQ(texts.error().kind, ErrorKind::refused);
    EXPECT_EQ(texts.error().hint, "run: chmod o-w " + folder);
    ASSERT_EQ(chmod(folder.c_str(), 0775), 0);
    EXPECT_TRUE(read_policy_files(folder));
}

TEST_F(PolicyFolders, EveryFileThatCannotBeUsedIsNamed) {
    write("company.yaml");
    fs::create_symlink("nowhere", folder + "/a.yaml");
    fs::create_directory_symlink(folder, folder + "/b.yaml");
    write("c.yaml");
    ASSERT_EQ(chmod((folder + "/c.yaml").c_str(), 0666), 0);
    const auto texts = read_policy_files(folder);
    ASSERT_FALSE(texts);
    EXPECT_EQ(texts.error().kind, ErrorKind::not_found);
    EXPECT_EQ(texts.error().message, "cannot open " + folder + "/a.yaml: No such file or directory; " +
                                         folder + "/b.yaml is not a file; " + folder +
                                         "/c.yaml can be written by anybody on this machine");
}

}  // namespace
}  // namespace rollcall::control
