// Whom somebody means who asks for a right in the trail, and everything in it that is theirs. Engine thread.
#pragma once

#include "daemon/control/commands.h"

namespace rollcall::control {

struct TrailPerson {
    Guid guid;                    // empty: nobody of the directory
    PersonId person;              // of the directory, where it still knows them
    std::set<std::string> names;  // Matrix IDs, and "unix:" and the uid of their login on this machine
    std::vector<store::StoredPersonKey> keys;

    // Under what a legal hold of theirs is kept.
    [[nodiscard]] std::string identity() const;
    // A Matrix ID of theirs; "".
    [[nodiscard]] std::string user() const;
};

// PERSON is a login, a Matrix ID, guid:… or a pseudonym of the log. Whoever the directory has forgotten is
// found by what the trail has of them. Error not_found where neither knows them.
[[nodiscard]] Result<TrailPerson> trail_person(const Context& context, const std::string& name);
// The same among keys that were read already.
[[nodiscard]] Result<TrailPerson> trail_person(const Context& context, const std::string& name,
                                               const std::vector<store::StoredPersonKey>& keys);

}  // namespace rollcall::control
