// Witnesses: what other machines' clocks show, on its way to the engine. They show it with every answer; the
// engine is told now and then, and whenever one of them moved against this machine's own count of time.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "daemon/engine/message.h"

namespace rollcall::engine {

class Witnesses {
  public:
    explicit Witnesses(Mailbox& mailbox) : mailbox_(mailbox) {}
    // On any thread.
    void heard(std::string whose, Time says, Tick now);

  private:
    Mailbox& mailbox_;
    std::mutex mutex_;
    std::map<std::string, policy::ClockReading> told_;  // protected by mutex_
};

}  // namespace rollcall::engine
