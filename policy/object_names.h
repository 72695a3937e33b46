// ObjectNames: names of groups, people and organisational units in a policy → the objects that they are
// pinned to (compile.h says how). Behind compile(); lives for one call of it and keeps indices over every
// name of the directory, made at the first question: a policy may hold as many names as the directory has
// groups.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policy/base/diagnostic.h"
#include "policy/compile.h"

namespace rollcall::policy {

class ObjectNames {
  public:
    // `program`: for people named by their Matrix ID, once its template and identities are known. Complaints
    // go to `diagnostics`. All of them must outlive this.
    ObjectNames(const World& world, const Program& program, const Pins& pins, Unfound unfound,
                Diagnostics& diagnostics)
        : world_(world), program_(program), old_pins_(pins), unfound_(unfound), diagnostics_(diagnostics) {}

    // All zero, and a complaint, where the name does not lead to one object.
    Guid group(const std::string& name, const Position& at);
    Guid container(const std::string& name, const Position& at);
    Guid person(const std::string& name, const Position& at);
    [[nodiscard]] Pins take_pins() { return std::move(pins_); }

  private:
    // What a name can lead to: `pin` begins its pins, `what` is what people read.
    struct Kind {
        const char* pin;
        const char* what;
    };
    // Hashes and not texts: an index over half a million names that lives for one compile() must be small.
    template <class IdType>
    using NameIndex = std::vector<std::pair<std::size_t, IdType>>;

    template <class IdType, class Objects, class Names>
    Guid resolve(const Kind& kind, const std::string& name, const Position& at,
                 const std::vector<IdType>& found, const Objects& objects, Names names);
    void complain(const Position& at, std::string message, std::string suggestion,
                  Severity severity = Severity::error);
    std::vector<GroupId> groups_named(const std::string& name);
    std::vector<PersonId> people_named(const std::string& name);
    [[nodiscard]] std::string matrix_id(PersonId id) const;
    void index_matrix_ids();
    void index_groups();
    void index_people();

    const World& world_;
    const Program& program_;
    const Pins& old_pins_;
    const Unfound unfound_;
    Diagnostics& diagnostics_;
    std::size_t guessed_ = 0, errors_ = 0;
    Pins pins_;
    std::unordered_map<std::string, Guid> groups_, people_, containers_;
    NameIndex<GroupId> group_index_;
    NameIndex<PersonId> person_index_, matrix_index_;
};

}  // namespace rollcall::policy
