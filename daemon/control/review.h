// The access review of a room: who is in it, why, on whose authority and since when, as it is signed off.
// Engine thread, but for review_history().
#pragma once

#include <map>
#include <string>

#include "daemon/audit/access.h"
#include "daemon/control/audit_question.h"

namespace rollcall::control {

struct SignOff {
    std::uint64_t entry = 0;
    Time time{};
    std::string by, reason, review;
};

// What the trail says beside the world, of some rooms.
struct ReviewHistory {
    std::map<std::string, audit::Access> access;  // by room key
    std::map<std::string, SignOff> signed_off;    // the last of each
};
// `key`: of one room; "" of all.
[[nodiscard]] Result<ReviewHistory> review_history(TrailReading& trail, const std::string& key,
                                                   const std::string& bot);

// What an owner or auditor answers for: nothing in it changes with the time alone.
[[nodiscard]] json::Value review_content(const Context& context, std::uint32_t room,
                                         const ReviewHistory& history);
// SHA-256 of its canonical JSON, in hex.
[[nodiscard]] std::string review_hash(const json::Value& content);

}  // namespace rollcall::control
