// A company of any size in memory, for benchmarks: people, groups nested three deep, a room for nine groups
// in ten.
//
//     person ── 7 leaf groups ── each in a middle one ── each in a top one        a person: about 20
//     memberships "Quarter" holds a twentieth of the people (25,000 of 500,000), three levels down
//
// Filled the way the store fills a world at start: rows directly, nothing marked.
#pragma once

#include <cstdint>
#include <string>

#include "policy/policy_file.h"
#include "policy/world.h"

namespace rollcall::policy::bench {

class BigCompany {
  public:
    explicit BigCompany(std::size_t people);

    [[nodiscard]] PersonEntry person_entry(std::size_t person) const;
    [[nodiscard]] GroupEntry group_entry(GroupId group) const;  // with its members as they are
    [[nodiscard]] std::size_t people() const { return people_; }
    [[nodiscard]] std::size_t leaf_of(std::size_t person, std::size_t nth) const;
    [[nodiscard]] GroupId leaf(std::size_t index) const { return GroupId(3 * index); }
    [[nodiscard]] GroupId quarter() const { return quarter_; }
    [[nodiscard]] GroupId staff() const { return staff_; }  // all employees
    [[nodiscard]] std::size_t rooms() const { return rooms_; }

    World world;
    PolicyFile policy;

  private:
    void make_directory();
    void make_policy();
    GroupId make_group(const std::string& name);
    void link(GroupId group, MemberRef member);
    [[nodiscard]] bool has_room(std::size_t group) const { return group % 10 != 9; }

    std::size_t people_, triples_, rooms_ = 0;
    GroupId staff_, contractors_, quarter_;
};

// Of this process until now. Not the time of day: on a machine with other work that says little.
[[nodiscard]] double cpu_ms();
[[nodiscard]] Guid numbered_guid(std::uint32_t kind, std::uint64_t number);

}  // namespace rollcall::policy::bench
