#include "daemon/control/hidden.h"

#include <fmt/format.h>
#include <algorithm>

#include "policy/doubts.h"

namespace rollcall::control {
namespace {

// "a, b and 3 more"
std::string first_of(const std::vector<std::string>& names, std::size_t most, std::size_t count) {
    const std::size_t shown = std::min(most, names.size());
    std::string out;
    for (std::size_t i = 0; i < shown; ++i) out += (i == 0 ? "" : ", ") + names[i];
    return count > shown ? fmt::format("{} and {} more", out, count - shown) : out;
}

}  // namespace

namespace {

// The first canary that was seen to be deleted; "": none was.
std::string deleted_canary(const policy::Decider& decider) {
    const policy::World& world = decider.world();
    for (const policy::Canary& canary : decider.program().canaries) {
        const PersonId person = world.person(canary.guid);
        if (person.valid() && world.people[person.index()].deleted) return canary.name;
    }
    return {};
}

}  // namespace

std::string frozen_words(const engine::Engine& engine, const std::string& text) {
    const std::optional<std::size_t> shown = engine.directory().people_shown();
    if (engine.decider() == nullptr || text.empty() || text != engine.decider()->world().frozen) return text;
    if (const std::string gone = deleted_canary(*engine.decider()); !gone.empty())
        return fmt::format(
            "the canary '{}' was deleted from the directory: name another account in guards.canaries and "
            "apply that (one made anew under its name is another one: write its guid:…)",
            gone);
    if (!shown) return text;
    const auto& people = engine.decider()->world().people;
    const auto known = static_cast<std::size_t>(
        std::count_if(people.begin(), people.end(),
                      [](const policy::Person& person) { return person.present && !person.deleted; }));
    if (known < *shown + 2) return text;
    return fmt::format("{} of {} people are not shown any more: {}", known - *shown, known, text);
}

std::vector<std::string> unreadable_groups(const policy::World& world) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < world.groups.size(); ++i) {
        const policy::Group& group = world.groups[i];
        if (group.deleted) continue;
        const auto unseen = world.unresolved.find(GroupId(i));
        if (!group.members_known)
            out.push_back(group.name);
        else if (unseen != world.unresolved.end())
            out.push_back(
                fmt::format("{} (members that cannot be seen: {})", group.name, unseen->second.size()));
    }
    return out;
}

namespace {

json::Value counted(std::size_t count, const char* list, const std::vector<std::string>& names) {
    json::Value out, named{json::Array{}};
    for (const std::string& name : names) named.push(name);
    out.set("count", static_cast<std::int64_t>(count));
    out.set(list, std::move(named));
    return out;
}

}  // namespace

json::Value unreadable_people_json(const policy::World& world) {
    constexpr std::size_t kMostNamed = 20;
    const policy::Unreadable found = policy::unreadable_people(world, kMostNamed);
    json::Value out = counted(found.count, "logins", found.logins);
    out.set("odd_dates", counted(found.odd_count, "people", found.odd));
    out.set("not_shown", counted(found.not_shown_count, "logins", found.not_shown));
    return out;
}

std::vector<std::string> unreadable_people_texts(const json::Value& people) {
    constexpr std::size_t kEach = 20;
    const auto number = [](const json::Value& value) {
        return static_cast<std::size_t>(std::max<std::int64_t>(0, value.integer_or(0)));
    };
    const auto names = [](const json::Value& list, std::size_t count) {
        std::vector<std::string> out;
        if (list.array() != nullptr)
            for (const json::Value& name : *list.array()) out.push_back(name.text());
        return first_of(out, kEach, count);
    };
    const auto have = [](std::size_t count) {
        return count == 1 ? "1 person has" : fmt::format("{} people have", count);
    };
    std::vector<std::string> out;
    if (const std::size_t count = number(people["count"]); count > 0)
        out.push_back(fmt::format(
            "Whether {} departed cannot be read, and nothing changes for them: {}; let the bind account read "
            "all properties of them (of administrators, whom AdminSDHolder protects, on "
            "CN=AdminSDHolder,CN=System below the base)",
            have(count), names(people["logins"], count)));
    const json::Value& odd = people["odd_dates"];
    if (const std::size_t count = number(odd["count"]); count > 0)
        out.push_back(
            fmt::format("Whether {} departed is not known, and nothing changes for them: accountExpires is a "
                        "date that nobody can mean: {}; set it right in the directory, 0 for never",
                        have(count), names(odd["people"], count)));
    const json::Value& gone = people["not_shown"];
    if (const std::size_t count = number(gone["count"]); count > 0)
        out.push_back(fmt::format(
            "{} not shown any more: deleted, or where the bind account may not look. They have lost their "
            "groups, and their sessions go on: {}; let the bind account list CN=Deleted Objects and where "
            "they are, or end the sessions by `rollcall depart`",
            count == 1 ? "1 person is" : fmt::format("{} people are", count), names(gone["logins"], count)));
    return out;
}

std::vector<Seen> hidden_parts(const policy::World& world) {
    std::vector<Seen> out;
    constexpr std::size_t kMostNamed = 5;
    const std::vector<std::string> groups = unreadable_groups(world);
    if (!groups.empty())
        out.push_back({"groups", false,
                       fmt::format("{} cannot be read, and nothing changes for whoever depends on that: {}; "
                                   "let the bind account read `member` there, and see the members",
                                   groups.size() == 1 ? "1 group" : fmt::format("{} groups", groups.size()),
                                   first_of(groups, kMostNamed, groups.size()))});
    for (std::string& text : unreadable_people_texts(unreadable_people_json(world)))
        out.push_back({"people", false, std::move(text)});
    return out;
}

}  // namespace rollcall::control
