// Behind explain(): what the directory said that decided: which group's list changed last on the way to a
// rule, and which object and attribute an explanation's evidence names. Pure functions over the world.
#pragma once

#include "policy/explain.h"

namespace rollcall::policy {

// Of the groups that lead to `target` or would, the one whose list changed last: that is what brought the
// person in, or took them out.
[[nodiscard]] GroupId telling_group(const World& world, PersonId person, GroupId target, bool in);
// Fills in the evidence's object and attribute, from the reasons.
void attribute_that_decides(const World& world, Explanation& out);

}  // namespace rollcall::policy
