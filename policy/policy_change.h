// What a policy changes of the one in force, besides who moves: every setting, as it was and as it would be.
// A plan without it hides what a reviewer must see: guards that are widened, an approval for a whole server,
// a canary less move nobody today.
//
// The words are those of the policy file, so that they can be found there. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "policy/program.h"
#include "policy/room_rename.h"

namespace rollcall::policy {

struct PolicyChange {
    std::string path;           // "guards.removals", "rooms.apollo.history", "outsiders.anna"
    std::string room;           // the key of the one room that it concerns; ""
    std::string before, after;  // "" where there was nothing, or is nothing any more
    Position at;                // in the new files; line 0 where it is not kept, or nothing is left there
    std::string danger;         // what may come of it that nobody wants; "" if nothing
    std::string hint;           // what is probably meant, and how to say it; ""
    std::string former;         // the key of the room of which the hint says that it may be the same; ""
    std::string renamed_from;   // the key that this room has until then; "" for every other change
};

// In the order of the file: people, protected, services, spaces and rooms, outsiders, guards, then names that
// lead to another object than before. `before` is null for a first policy: it is compared with the defaults,
// where there are any, and of its rooms, since the plan makes each, only those stand here about which there
// is a danger. `renames`: rooms that the world knows by another key until then.
[[nodiscard]] std::vector<PolicyChange> policy_changes(const Program* before, const Program& after,
                                                       const std::vector<RoomRename>& renames = {});

// Is it the same approval still, in the same rooms? Whatever words it is written in.
[[nodiscard]] bool same_approval(const Program& was, const CompiledApproval& old, const Program& is,
                                 const CompiledApproval& now, const std::vector<RoomRename>& renames);

}  // namespace rollcall::policy
