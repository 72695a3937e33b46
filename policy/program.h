// Program: a policy compiled against a directory: names pinned to objectGUIDs, expressions as nodes over
// numbered conditions. The written form is policy_file.h. Constant after compile(); shared as
// `shared_ptr<const Program>`.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/diagnostic.h"
#include "policy/base/guid.h"
#include "policy/base/id.h"
#include "policy/base/short_text.h"
#include "policy/directory.h"
#include "policy/policy_file.h"

namespace rollcall::policy {

using ConditionId = Id<struct ConditionTag>;
using NodeId = Id<struct NodeTag>;

// One question about one person. Equal questions share an id, so each is answered once a person.
struct CompiledCondition {
    Condition::Kind kind = Condition::Kind::group;  // group, user, attribute or under
    std::string name;                               // as written
    Guid guid;                                      // group, user, under: what the name was pinned to
    std::string attribute;                          // lower case
    Condition::Test test = Condition::Test::is;
    std::vector<std::string> values;  // folded; for `matches` the pattern as written
    Pattern pattern;
};

// A node of an expression: three-valued (yes, no, unknown).
struct Node {
    enum class Op : std::uint8_t { no, employees, condition, any, all, except };
    Op op = Op::no;
    std::uint32_t first =
        0;  // condition: its id; any, all: first child in Program::children; except: taken from
    std::uint32_t count = 0;  // any, all: children; except: the node that takes out
    Position at;              // where it was written
    ShortText path;           // expressions only: "rooms.engineering.members.any[2]"; "" in `any` and `all`
};

struct CompiledRoom {
    std::string key;
    bool space = false;
    Position at;
    std::string name, topic, alias;  // alias: local part
    std::string parent;              // key of the space that it stands in; ""
    std::vector<Text> formerly;      // keys that it had before: see room_rename.h
    NodeId members;                  // without `except`
    NodeId owners;                   // may be invalid: nobody
    NodeId except;                   // may be invalid
    Position members_at, owners_at, except_at;
    bool whole_employees = false;  // members are exactly `employees`
    Admission admission = Admission::join;
    History history = History::shared;
    Outsiders outsiders = Outsiders::none;
    WhoPosts who_posts = WhoPosts::everyone;
    WhoInvites who_invites = WhoInvites::nobody;
    Leaving leaving = Leaving::free;
};

struct CompiledApproval {
    std::string key, who, reason;
    std::vector<std::uint32_t> rooms;  // indices into Program::rooms, sorted
    std::string sponsor;               // as written
    Guid sponsor_guid;
    Time until;
    Position at;
    std::string until_text;  // as written
};

struct CompiledService {
    std::string key, who;
    std::vector<std::uint32_t> rooms;
    Position at;
};

// One piece of a matrix_id template: literal text, or an attribute with a filter.
struct TemplatePart {
    std::string literal;
    std::string attribute;  // lower case; "" for a literal
    enum class Filter { none, lower, slug } filter = Filter::none;
};

// Names that were pinned to an object when the policy was applied: "group:engineering" → objectGUID. Folded
// names.
using Pins = std::map<std::string, Guid>;

struct Program {
    std::string version;  // hash of the policy's text, hex
    std::vector<CompiledCondition> conditions;
    std::vector<Node> nodes;
    std::vector<NodeId> children;  // of any and all
    NodeId employees;
    Position employees_at;
    std::vector<CompiledRoom> rooms;  // sorted by key
    std::vector<CompiledApproval> approvals;
    std::vector<CompiledService> services;
    std::map<Guid, std::string> identities;  // person → Matrix ID
    std::vector<TemplatePart> matrix_id;
    std::vector<std::string> protected_ids;  // sorted
    Guards guards;
    std::vector<Canary> canaries;
    LeaveScope leave = LeaveScope::every_room;
    bool sign_out = true;
    Pins pins;
    std::vector<std::string> attributes;  // that conditions and the template read; lower case, sorted

    [[nodiscard]] const CompiledRoom* room(std::string_view key) const;
    [[nodiscard]] int room_index(std::string_view key) const;  // -1: none
};

}  // namespace rollcall::policy
