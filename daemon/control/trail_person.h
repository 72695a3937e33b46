// Whom somebody means who asks for a right in the trail, and everything in it that is theirs. Engine thread.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/control/commands.h"
#include "daemon/control/unix_names.h"

namespace rollcall::control {

struct TrailPerson {
    Guid guid;                    // empty: nobody of the directory
    PersonId person;              // of the directory, where it still knows them
    std::set<std::string> names;  // Matrix IDs, and "unix:" and the uids of their login on this machine
    std::vector<store::StoredPersonKey> keys;

    // Under what a legal hold of theirs is kept.
    [[nodiscard]] std::string identity() const;
    // A Matrix ID of theirs; "".
    [[nodiscard]] std::string user() const;
};

// Everybody whom the trail has a key of, found quickly: of half a million keys one is wanted.
class TrailPeople {
  public:
    [[nodiscard]] static Result<TrailPeople> read(const Context& context);
    // As whom it knows callers of this machine, to be looked up; who they are is known then.
    [[nodiscard]] std::vector<std::string> unix_names() const;
    void know(UnixNames names) { unix_names_ = std::move(names); }

    // `name` is a login, a Matrix ID, guid:… or a pseudonym of the log. Whoever the directory has forgotten
    // is found by what the trail has of them. Error not_found where neither knows them.
    [[nodiscard]] Result<TrailPerson> find(const Context& context, const std::string& name) const;
    // Whose key that is.
    [[nodiscard]] TrailPerson owner(const Context& context, const store::StoredPersonKey& key) const;
    [[nodiscard]] const std::vector<store::StoredPersonKey>& keys() const { return keys_; }

  private:
    explicit TrailPeople(std::vector<store::StoredPersonKey> keys);
    [[nodiscard]] Result<TrailPerson> begin_with(const Context& context, const std::string& name) const;
    void complete(const Context& context, TrailPerson& out) const;

    std::vector<store::StoredPersonKey> keys_;  // by id
    std::unordered_map<Guid, std::vector<std::size_t>, GuidHash> by_guid_;
    std::unordered_map<std::string, std::vector<std::size_t>> by_name_;
    UnixNames unix_names_;
};

}  // namespace rollcall::control
