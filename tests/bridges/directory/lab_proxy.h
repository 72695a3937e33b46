// A TCP relay in front of the lab's controller, on the controller's own address so that its certificate fits:
// what tests cut, refuse and stall instead of stopping a server that others use.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bridges/directory/dial.h"

namespace rollcall::directory {

class LabProxy {
  public:
    LabProxy();
    ~LabProxy();
    LabProxy(const LabProxy&) = delete;
    LabProxy& operator=(const LabProxy&) = delete;
    [[nodiscard]] std::string url() const;
    // Ends every connection, and every new one until allow().
    void refuse();
    void allow() { refusing_ = false; }
    // Connections stay and say nothing more, either way.
    void stall(bool stalled) { stalled_ = stalled; }
    // While stalled: has somebody said something that was not passed on?
    [[nodiscard]] bool holding() const { return holding_; }
    [[nodiscard]] int accepted() const { return accepted_; }

  private:
    struct Pair {
        Socket client;
        Socket server;
    };
    void run(const std::stop_token& stop);
    void accept_one();
    [[nodiscard]] bool relay(const Pair& pair, bool client_ready, bool server_ready) const;

    Socket listener_;
    int port_ = 0;
    std::atomic<bool> refusing_ = false;
    std::atomic<bool> drop_ = false;
    std::atomic<bool> stalled_ = false;
    std::atomic<bool> holding_ = false;
    std::atomic<int> accepted_ = 0;
    Cutoff cutoff_;
    std::vector<Pair> pairs_;  // of the thread alone
    std::jthread thread_;      // last
};

}  // namespace rollcall::directory
