// Oracle: the verdicts once more, the slow and plain way, to check the Decider by.
//
// Room at a time and from scratch, straight from the policy as written: sets of people found downwards from a
// group, where the Decider walks upwards from a person; no stamps, no index, no compiled form, nothing kept
// between facts. Shares with it only the facts (World), the pins and the comparison of names. Is told whether
// the homeserver can be asked about accounts, which is no fact.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "policy/decide.h"

namespace rollcall::policy::test {

class Oracle {
  public:
    Oracle(const World& world, const PolicyFile& policy, const Pins& pins, bool mask);
    [[nodiscard]] Verdict verdict(const std::string& user, const RoomText& room);
    // Has everybody who may have this account departed for certain? Is anybody of them certainly there?
    [[nodiscard]] bool was_later_name_only(const std::string& user) const;
    [[nodiscard]] bool left_by_all(const std::string& user) const;
    [[nodiscard]] bool somebody_is_there(const std::string& user) const;

  private:
    using People = std::set<std::size_t>;
    struct Claims {
        std::vector<std::size_t> people;  // one: it is theirs
        bool disputed = false;
        bool perhaps = false;  // nobody's, and it may be that of one of several
    };
    [[nodiscard]] Claims claims_on(const std::string& user) const;
    [[nodiscard]] std::vector<std::size_t> candidates(const std::string& user) const;
    [[nodiscard]] People may_have(const std::string& user) const;
    [[nodiscard]] Guid pinned(const std::string& what, const std::string& name) const;
    [[nodiscard]] bool here(std::size_t person) const;
    [[nodiscard]] const People& people_of(std::size_t group);
    void gather(std::size_t group, std::set<std::size_t>& seen, People& out) const;
    [[nodiscard]] bool has_unread(std::size_t group, std::set<std::size_t>& seen) const;
    [[nodiscard]] Tri in_group(std::size_t person, const Guid& guid, bool excepting);
    [[nodiscard]] bool was_in_group(std::size_t person, std::size_t group) const;
    [[nodiscard]] Tri under(std::size_t person, const Guid& container, bool excepting) const;
    [[nodiscard]] Tri attribute(std::size_t person, const Condition& condition) const;
    [[nodiscard]] Tri holds(std::size_t person, const Condition& condition, bool excepting);
    // `excepting`: whoever it holds for is taken out.
    [[nodiscard]] Tri holds(std::size_t person, const Expression& expression, bool excepting = false);
    [[nodiscard]] Tri holds_without_except(std::size_t person, const Expression& expression,
                                           bool excepting = false);
    [[nodiscard]] Tri departed(std::size_t person) const;
    [[nodiscard]] std::string claim(std::size_t person) const;
    [[nodiscard]] const Identity* entry_of(std::size_t person) const;
    [[nodiscard]] bool is_given(std::size_t person, const std::string& id) const;
    [[nodiscard]] bool was_anothers(std::size_t person, const std::string& id) const;
    [[nodiscard]] std::size_t may_be_others(std::size_t person, const std::string& id) const;
    [[nodiscard]] bool waits_for_another(std::size_t person, const std::string& id) const;
    [[nodiscard]] bool approved(const std::string& user, const RoomText& room);
    [[nodiscard]] Verdict plain(const std::string& user, const RoomText& room);
    [[nodiscard]] Verdict employee(std::size_t person, const RoomText& room);

    const World& world_;
    const PolicyFile& policy_;
    const Pins& pins_;
    const bool mask_;
    std::map<std::size_t, People> groups_;
    std::map<std::string, std::vector<std::size_t>> claims_;
};

}  // namespace rollcall::policy::test
