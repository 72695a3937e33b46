// The access review of a room: who is in it, why, on whose authority and since when, as it is signed off.
// Engine thread, but for review_history().
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/audit/access.h"
#include "daemon/control/audit_question.h"

namespace rollcall::control {

inline constexpr std::size_t kMostReviewed = 100'000;  // memberships in one answer
inline constexpr const char* kSignOff = "sign-off";    // actions of the trail
inline constexpr const char* kAskReview = "ask sign-off";

struct SignOff {
    std::uint64_t entry = 0;
    Time time{};
    std::string by, reason, review;
    std::string reaction;  // the Matrix event by which an owner signed; "": a command
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

// {"hash", "content", "signed_off"?: the last one, "asked"?: owners who have not answered, "not_read"?: what
// could not be read of it at the moment}
[[nodiscard]] json::Value review_json(const Context& context, std::uint32_t room,
                                      const ReviewHistory& history);

// Who came and who left since the last sign-off, by Matrix ID.
struct ReviewChanges {
    std::vector<std::string> came, left;
};
[[nodiscard]] ReviewChanges changes_since_sign_off(const json::Value& content, const ReviewHistory& history);

}  // namespace rollcall::control
