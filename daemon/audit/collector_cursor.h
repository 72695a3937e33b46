// How many entries the collector surely has: one small file in the state folder, replaced whole and synced.
//
//     {"entries":4213,"to":"tls://siem.corp.example.com:6514"}
//
// Any thread, one at a time. Without the file, or where it is of another collector or cannot be read,
// everything is sent again from the first entry: twice is allowed, never is not.
#pragma once

#include <cstdint>
#include <string>

#include "policy/base/result.h"

namespace rollcall::audit {

class CollectorCursor {
  public:
    // `folder`: the state folder. `to`: the collector's address.
    CollectorCursor(std::string folder, std::string to) : folder_(std::move(folder)), to_(std::move(to)) {}

    [[nodiscard]] std::uint64_t read() const;
    // Errors: limit where the disk is full, io.
    [[nodiscard]] Status write(std::uint64_t entries) const;

  private:
    std::string folder_, to_;
};

}  // namespace rollcall::audit
