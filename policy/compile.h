// compile: PolicyFile → Program: names are looked up in the world and pinned to objectGUIDs, equal conditions
// merged.
//
// Pins: a name that the policy in force has pinned keeps its object. If it now leads
// elsewhere, that is a warning, and the old object stays meant; writing `guid:…` or removing and adding the
// name in two applies changes it.
#pragma once

#include <memory>

#include "policy/base/diagnostic.h"
#include "policy/program.h"
#include "policy/world.h"

namespace rollcall::policy {

struct Compiled {
    std::shared_ptr<const Program> program;  // null if there is an error among the diagnostics
    Diagnostics diagnostics;
};

// What becomes of an organisational unit that is neither pinned nor found: refused, where a policy is to be
// put in force. One that is in force already may come from a version that read no containers and pinned none:
// then its conditions are unknown, with a warning, until the policy is applied again.
enum class Unfound { refused, unknown };

// `version` is the hash of the policy's text. `pins` are those of the policy in force (empty for a first
// one).
[[nodiscard]] Compiled compile(const PolicyFile& file, const World& world, const Pins& pins,
                               std::string version, Unfound unfound = Unfound::refused);

}  // namespace rollcall::policy
