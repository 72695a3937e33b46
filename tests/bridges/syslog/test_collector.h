// A collector in a process of its own (collector.py), which goes with its owner.
#pragma once

#include <string>
#include <vector>

namespace rollcall::syslog {

class TestCollector {
  public:
    // In a folder that it makes itself, or, to come back with what it had, in that of another, on its port.
    explicit TestCollector(std::vector<std::string> options = {});
    TestCollector(const TestCollector& before, std::vector<std::string> options);
    ~TestCollector();
    TestCollector& operator=(const TestCollector&) = delete;

    // kill -9.
    void kill();
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::string ca_file() const { return folder_ + "/ca.pem"; }
    [[nodiscard]] std::string other_ca_file() const { return folder_ + "/other-ca.pem"; }
    // Whole messages so far.
    [[nodiscard]] std::vector<std::string> messages() const;
    // Until so many are there; false after twenty seconds.
    [[nodiscard]] bool has(std::size_t messages) const;

  private:
    void start(const std::vector<std::string>& options, int port);

    std::string folder_;
    bool owns_folder_ = true, plain_ = false;
    int pid_ = -1, port_ = 0;
};

}  // namespace rollcall::syslog
