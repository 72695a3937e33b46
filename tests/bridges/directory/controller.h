// A scripted domain controller as a process of its own: endless.py says how they talk.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "bridges/directory/settings.h"

namespace rollcall::directory {

class Controller {
  public:
    void start(const char* script) {
        folder_ = (std::filesystem::temp_directory_path() / "rollcall-controller-XXXXXX").string();
        ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe(ends.data()), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::execlp("python3", "python3", "-B", script, folder_.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        std::string said;
        for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\n';) said += c;
        ::close(ends[0]);
        port_ = std::atoi(said.c_str());
        ASSERT_GT(port_, 0) << script << " did not start";
    }
    void stop() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        std::filesystem::remove_all(folder_);
    }
    [[nodiscard]] Settings settings() const {
        Settings s;
        s.name = "corp";
        s.url = "ldaps://127.0.0.1:" + std::to_string(port_);
        s.base = "DC=corp,DC=example,DC=com";
        s.user = "svc";
        s.password = "not-for-anyone";
        s.ca_file = folder_ + "/ca.pem";
        return s;
    }

  private:
    std::string folder_;
    int pid_ = -1, port_ = 0;
};

}  // namespace rollcall::directory
