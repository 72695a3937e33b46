// What the sender to the collector tells the engine, for status and metrics.
#pragma once

#include <cstdint>
#include <string>

#include "policy/base/time.h"

namespace rollcall::audit {

struct CollectorState {
    std::string to;          // its address; "": the configuration names none
    std::uint64_t sent = 0;  // entries up to this one were handed over; less again after a broken connection
    std::string trouble;     // why no more can be sent now; "" all is well
    Time since{};            // when the trouble began
    bool operator==(const CollectorState&) const = default;
};

}  // namespace rollcall::audit
