// What an owner is shown of a review in Matrix, to be signed off there, and what the bot answers to their
// reaction: short, in plain words, as text and as HTML. A review is long and a message is not, so it has the
// first lines of each part. Engine thread.
#pragma once

#include <string>
#include <string_view>

#include "daemon/control/review.h"

namespace rollcall::control {

struct ReviewMessage {
    std::string text, html;
};

// `review` as review_json() makes it. `again`: it was shown before, and has changed since.
[[nodiscard]] ReviewMessage review_message(const Context& context, const json::Value& review,
                                           const ReviewHistory& history, bool again);

// “Engineering”; the key where the policy gives no name.
[[nodiscard]] std::string quoted_room(const json::Value& content);
// "43 people"; without the bot.
[[nodiscard]] std::string people_in(const json::Value& content);
// As much of a review's hash as people compare.
[[nodiscard]] std::string short_hash(const json::Value& review);

}  // namespace rollcall::control
