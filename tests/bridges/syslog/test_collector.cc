#include "tests/bridges/syslog/test_collector.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "schema/json.h"
#include "tests/wait.h"

namespace rollcall::syslog {

TestCollector::TestCollector(std::vector<std::string> options) {
    folder_ = (std::filesystem::temp_directory_path() / "rollcall-collector-XXXXXX").string();
    if (::mkdtemp(folder_.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    start(options, 0);
}

TestCollector::TestCollector(const TestCollector& before, std::vector<std::string> options)
    : folder_(before.folder_), owns_folder_(false) {
    start(options, before.port_);
}

TestCollector::~TestCollector() {
    kill();
    if (owns_folder_) std::filesystem::remove_all(folder_);
}

void TestCollector::kill() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    pid_ = -1;
}

void TestCollector::start(const std::vector<std::string>& options, int port) {
    plain_ = std::find(options.begin(), options.end(), "--plain") != options.end();
    std::vector<std::string> words{"python3", "-B",     SYSLOG_COLLECTOR,
                                   folder_,   "--port", std::to_string(port)};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> raw;
    for (std::string& word : words) raw.push_back(word.data());
    raw.push_back(nullptr);
    const std::string log = folder_ + "/log";
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::dup2(ends[1], STDOUT_FILENO);
        if (std::freopen(log.c_str(), "a", stderr) == nullptr) ::_exit(126);
        ::close(ends[0]);
        ::close(ends[1]);
        ::execvp(raw[0], raw.data());
        ::_exit(127);
    }
    ::close(ends[1]);
    std::string said;
    for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\n';) said += c;
    ::close(ends[0]);
    port_ = std::atoi(said.c_str());
    ASSERT_GT(port_, 0) << "the collector did not start; see " << log;
}

std::string TestCollector::url() const {
    return (plain_ ? "tcp://127.0.0.1:" : "tls://127.0.0.1:") + std::to_string(port_);
}

std::vector<std::string> TestCollector::messages() const {
    std::vector<std::string> out;
    std::ifstream file(folder_ + "/received");
    for (std::string line; std::getline(file, line) && !file.eof();)
        out.push_back(json::parse("{\"m\":" + line + "}").value()["m"].text());
    return out;
}

bool TestCollector::has(std::size_t messages) const {
    return eventually([&] { return this->messages().size() >= messages; }, std::chrono::seconds{20});
}

}  // namespace rollcall::syslog
