#include "policy/doubts.h"

#include <fmt/format.h>
#include <re2/re2.h>
#include <algorithm>

#include "policy/base/text.h"
#include "policy/held_text.h"

namespace rollcall::policy {
namespace {

// Of one attribute condition, while people are gone through.
struct Looked {
    const CompiledCondition* condition = nullptr;
    Position at;
    bool any_value = false, unreadable = false, fulfilled = false;
};

bool fulfils(const CompiledCondition& condition, std::string_view value) {
    if (condition.test == Condition::Test::matches) return RE2::FullMatch(value, *condition.pattern);
    return std::find(condition.values.begin(), condition.values.end(), fold(value)) != condition.values.end();
}

void look(Looked& one, const World& world, std::size_t person) {
    const auto value = [&one](std::string_view text) {
        one.any_value = true;
        one.fulfilled = one.fulfilled || fulfils(*one.condition, text);
    };
    if (one.condition->attribute == "samaccountname") value(world.people[person].login.text());
    for (const AttributeValue& held : world.person_attributes.row(person)) {
        if (world.attribute_names.text(held.attribute) != one.condition->attribute) continue;
        const std::string& text = world.attribute_values.text(held.value);
        if (text == kUnreadable)
            one.unreadable = true;
        else
            value(text);
    }
}

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

void say(const Looked& one, Diagnostics& out) {
    if (one.fulfilled || one.unreadable) return;
    const std::string& name = one.condition->name;
    if (!one.any_value)
        out.push_back(
            {one.at, fmt::format("nobody in the directory has a value for '{}'", name),
             "write the attribute's LDAP name as the schema has it, such as title or department; if it "
             "is right, the bind account may not be able to read it",
             Severity::warning});
    else
        out.push_back({one.at, tested(*one.condition),
                       one.condition->test == Condition::Test::matches
                           ? "a pattern must match the whole value: write '.*Engineer.*' for a part of it"
                           : "compare with `rollcall why` of somebody who should be meant",
                       Severity::warning});
}

}  // namespace

Diagnostics doubtful_conditions(const Decider& decider) {
    const World& world = decider.world();
    const Program& program = decider.program();
    Diagnostics out;
    std::vector<Looked> open;
    std::vector<bool> seen(program.conditions.size(), false);
    for (const Node& node : program.nodes) {
        if (node.op != Node::Op::condition || seen[node.first]) continue;
        seen[node.first] = true;
        const CompiledCondition& condition = program.conditions[node.first];
        if (condition.kind == Condition::Kind::attribute &&
            (condition.attribute == "samaccountname" || world.attributes_read.contains(condition.attribute)))
            open.push_back({&condition, node.at});
        if (condition.kind != Condition::Kind::user) continue;
        const PersonId person = world.person(condition.guid);
        if (person.valid() && decider.departed(person) == Tri::yes)
            out.push_back({node.at, fmt::format("{} has departed", condition.name),
                           "name somebody else, or take the entry out", Severity::warning});
    }
    for (std::size_t i = 0; i < world.people.size() && !open.empty(); ++i) {
        if (!world.people[i].present || world.people[i].deleted) continue;
        for (Looked& one : open) look(one, world, i);
        std::erase_if(open, [](const Looked& one) { return one.fulfilled; });
    }
    for (const Looked& one : open) say(one, out);
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
        if (!person.present || person.deleted || (person.account_control && person.expires)) continue;
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
