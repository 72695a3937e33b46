// Transport: how a command reaches the handler, over the control socket or inside the same program. The
// command line asks through it and never knows which of the two it has. One thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "policy/base/result.h"
#include "schema/json.h"

namespace rollcall::control {

class Transport {
  public:
    virtual ~Transport() = default;
    // The answer as handler.h describes it, errors of the command included. An Error only where no answer
    // came.
    virtual Result<json::Value> ask(const json::Value& request) = 0;
};

// not_found when no daemon listens at that path; denied when the socket may not be used. A daemon that does
// not even say its status within `patience` does not answer: then ask() is an error, of the kind unavailable.
[[nodiscard]] Result<std::unique_ptr<Transport>> connect_daemon(
    const std::string& socket_path, std::chrono::milliseconds patience = std::chrono::seconds{5});

}  // namespace rollcall::control
