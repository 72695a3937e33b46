// What another machine's clock showed: a second witness of the date. Values only.
#pragma once

#include <string>

#include "policy/base/time.h"

namespace rollcall::policy {

struct ClockReading {
    std::string whose;  // for people: "the homeserver"
    Time time{};
    Tick tick{};  // when it was heard
};

}  // namespace rollcall::policy
