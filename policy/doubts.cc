#include "policy/doubts.h"

#include <fmt/format.h>
#include <algorithm>

#include "policy/base/text.h"
#include "policy/held_text.h"

namespace rollcall::policy {
namespace {

// Of one attribute that conditions ask for: what people hold of it.
struct Looked {
    bool any_value = false, unreadable = false;
};

std::string tested(const CompiledCondition& condition) {
    switch (condition.test) {
        case Condition::Test::matches:
            return fmt::format("nobody's {} matches '{}'", condition.name, condition.values.front());
        case Condition::Test::in:
            return fmt::format("nobody's {} is one of these", condition.name);
        case Condition::Test::is:
            break;
    }
    return fmt::format("nobody's {} is '{}'", condition.name,
                       condition.values.empty() ? "" : condition.values.front());
}

void say(const CompiledCondition& condition, Position at, const Looked& attribute, Diagnostics& out) {
    if (!attribute.any_value)
        out.push_back(
            {at, fmt::format("nobody in the directory has a value for '{}'", condition.name),
             "write the attribute's LDAP name as the schema has it, such as title or department; if it "
             "is right, the bind account may not be able to read it",
             Severity::warning});
    else
        out.push_back({at, tested(condition),
                       condition.test == Condition::Test::matches
                           ? "a pattern must match the whole value: write '.*Engineer.*' for a part of it"
                           : "compare with `rollcall why` of somebody who should be meant",
                       Severity::warning});
}

// Of each condition, where it is written first.
std::vector<const Node*> first_places(const Program& program) {
    std::vector<const Node*> out;
    std::vector<bool> seen(program.conditions.size(), false);
    for (const Node& node : program.nodes) {
        if (node.op != Node::Op::condition || seen[node.first]) continue;
        seen[node.first] = true;
        out.push_back(&node);
    }
    return out;
}

}  // namespace

Diagnostics doubtful_conditions(const Decider& decider) {
    const World& world = decider.world();
    const Program& program = decider.program();
    std::vector<bool> fulfilled(program.conditions.size(), false);
    std::vector<Looked> looked(world.attribute_names.size());  // by AttributeId
    for (std::size_t i = 0; i < world.people.size(); ++i) {
        if (!world.people[i].present || world.people[i].deleted) continue;
        for (const ConditionId condition : decider.fulfils(PersonId(i))) fulfilled[condition.index()] = true;
        for (const AttributeValue& held : world.person_attributes.row(i)) {
            Looked& attribute = looked[held.attribute.index()];
            attribute.any_value = true;
            attribute.unreadable |= world.attribute_values.text(held.value) == kUnreadable;
        }
    }
    Diagnostics out;
    for (const Node* where : first_places(program)) {
        const Node& node = *where;
        const CompiledCondition& condition = program.conditions[node.first];
        if (condition.kind == Condition::Kind::attribute && !fulfilled[node.first]) {
            const AttributeId attribute = world.attribute_names.find(condition.attribute);
            const Looked held = condition.attribute == "samaccountname" ? Looked{true, false}
                                : attribute.valid()                     ? looked[attribute.index()]
                                                                        : Looked{};
            const bool read = condition.attribute == "samaccountname" ||
                              world.attributes_read.contains(condition.attribute);
            if (read && !held.unreadable) say(condition, node.at, held, out);
        }
        if (condition.kind != Condition::Kind::user) continue;
        const PersonId person = world.person(condition.guid);
        if (person.valid() && decider.departed(person) == Tri::yes)
            out.push_back({node.at, fmt::format("{} has departed", condition.name),
                           "name somebody else, or take the entry out", Severity::warning});
    }
    for (const CompiledService& service : program.services) {
        const UserId user = world.users.find(service.who);
        const PersonId person = user.valid() ? decider.person_of(user) : PersonId{};
        if (person.valid() && decider.employee(person) == Tri::yes)
            out.push_back(
                {service.at,
                 fmt::format("{} is {}'s: as a service account they are in no other room than these",
                             service.who, world.people[person.index()].login.view()),
                 "give the service a Matrix ID of its own", Severity::warning});
    }
    return out;
}

Unreadable unreadable_people(const World& world, std::size_t most) {
    Unreadable out;
    const auto name = [most](std::vector<std::string>& names, std::string one) {
        const auto at = std::lower_bound(names.begin(), names.end(), one);
        if (names.size() == most && at == names.end()) return;
        names.insert(at, std::move(one));
        if (names.size() > most) names.pop_back();
    };
    for (std::size_t i = 0; i < world.people.size(); ++i) {
        const Person& person = world.people[i];
        if (person.deleted) continue;
        if (!person.present) {
            if (!person.kept.valid() || person.departed_seen || person.depart_ordered) continue;
            ++out.not_shown_count;
            name(out.not_shown, std::string(person.login.view()));
            continue;
        }
        if (person.account_control && person.expires) continue;
        const std::string odd = odd_expiry(world, PersonId(i));
        if (person.account_control && !odd.empty()) {
            ++out.odd_count;
            name(out.odd, fmt::format("{} ({})", person.login.view(), odd));
        } else {
            ++out.count;
            name(out.logins, std::string(person.login.view()));
        }
    }
    return out;
}

std::string odd_expiry(const World& world, PersonId person) {
    if (world.people[person.index()].expires) return {};
    for (const AttributeValue& held : world.person_attributes.row(person.index()))
        if (world.attribute_names.text(held.attribute) == kExpiresAttribute &&
            world.attribute_values.text(held.value) != kUnreadable)
            return told_value(world.attribute_values.text(held.value));
    return {};
}

std::string undecided_departure(const World& world, PersonId person) {
    const Person& known = world.people[person.index()];
    if (const std::string odd = odd_expiry(world, person); known.account_control && !odd.empty())
        return fmt::format("accountExpires is {}, a date that nobody can mean; set it right, 0 for never",
                           odd);
    if (!known.account_control || !known.expires)
        return fmt::format("{} cannot be read; let the bind account read it",
                           known.account_control ? "accountExpires"
                           : known.expires       ? "userAccountControl"
                                                 : "the account's state");
    return fmt::format("the account ends on {}, and it is not certain what date it is",
                       to_rfc3339(*known.expires).substr(0, 10));
}

}  // namespace rollcall::policy
