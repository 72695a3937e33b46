// Expectation: what an auditor has written down of a log, to hold it to that later (`audit verify --expect`):
// its name, a public key that was in force once, a checkpoint, and what each anchor was given. A JSON file:
//
//     {"anchors":[{"heads":41,"kind":"folder","name":"worm","newest":4213,"place":"/mnt/worm/rollcall"}],
//      "checkpoint":"…","key":"corp.example.com/rollcall+…","origin":"corp.example.com/rollcall","v":1}
//
// `v` alone must be there. Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/trail_basis.h"

namespace rollcall::audit {

struct Expectation {
    std::string origin, key, checkpoint;  // "" where it does not say
    std::vector<schema::TrailAnchor> anchors;
};

// A line a member and an anchor, so that people can read it.
[[nodiscard]] std::string write_expectation(const Expectation& expectation);
// invalid_input, with what is wrong.
[[nodiscard]] Result<Expectation> read_expectation(std::string_view text);

}  // namespace rollcall::audit
