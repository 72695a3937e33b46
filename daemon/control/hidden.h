// What the directory has and does not show, although it answers: nothing changes for whom that is about.
// Engine thread; the words are made on any.
#pragma once

#include <string>
#include <vector>

#include "daemon/control/seen.h"

namespace rollcall::control {

// What is said of why removals are frozen, which is this text: that a canary was deleted, where that was
// seen; else behind how many people are not shown with it: of one alone it may be gone, of many their places
// are hidden. Another text stays as it is.
[[nodiscard]] std::string frozen_words(const engine::Engine& engine, const std::string& text);

// Groups whose members are not known, or not all of them: by their names, with how many cannot be seen.
[[nodiscard]] std::vector<std::string> unreadable_groups(const policy::World& world);
// {"count", "logins": the first twenty, "odd_dates"}: people of whom nobody can know whether they have
// departed; and what is said of them, a sentence a cause.
[[nodiscard]] json::Value unreadable_people_json(const policy::World& world);
[[nodiscard]] std::vector<std::string> unreadable_people_texts(const json::Value& people);
// All of that as lines of what was not seen; none where nothing is hidden.
[[nodiscard]] std::vector<Seen> hidden_parts(const policy::World& world);

}  // namespace rollcall::control
