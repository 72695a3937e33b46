#include "policy/hold_cause.h"

#include <fmt/format.h>
#include <set>

namespace rollcall::policy {
namespace {

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

// What would happen, and in what time.
std::string would(const HeldBy& by, std::size_t count, const std::string& when) {
    const std::string people = counted(count, "person", "people"), rooms = counted(count, "room", "rooms");
    switch (by.guard) {
        case Guard::departures:
            return fmt::format("{} would depart{}", people, when);
        case Guard::removals:
            return fmt::format("{} would lose a room{} without having departed", people, when);
        case Guard::outsiders:
            return fmt::format("{} whose approval is over would lose a room{}",
                               counted(count, "outsider", "outsiders"), when);
        case Guard::room_loses:
            return fmt::format("{} would lose {}{}", by.room, people, when);
        case Guard::room_gains:
            return fmt::format("{} would gain {}{}", by.room, people, when);
        case Guard::rooms_created:
            return fmt::format("{} would be created{}", rooms, when);
        case Guard::rooms_released:
            return fmt::format("{} would be let go of{}", rooms, when);
        case Guard::canaries:
            break;
    }
    return {};
}

}  // namespace

std::size_t things_of(const std::vector<ActionKey>& actions) {
    std::set<std::string_view> things;
    for (const ActionKey& key : actions) things.insert(key.user.empty() ? key.room : key.user);
    return things.size();
}

std::string overrun_cause(const HeldBy& by, const Overrun& overrun) {
    if (overrun.given_up)
        return would(by, overrun.people, "") +
               ", by the first read after the policy gave up a canary that was not shown; only an approval "
               "lets it happen";
    std::string when = " within " + duration_text(overrun.within);
    if (overrun.passed > 0) when += fmt::format(", after {}", counted(overrun.passed, "other", "others"));
    if (overrun.elsewhere > 0)
        when += fmt::format(", besides {} of another hold", counted(overrun.elsewhere, "action", "actions"));
    if (overrun.passed + overrun.elsewhere > 0) when += ",";
    std::string out = would(by, overrun.people, when);
    if (out.ends_with(',')) out.pop_back();
    const bool share = by.guard == Guard::room_loses || by.guard == Guard::room_gains;
    return out + (share ? fmt::format("; at most {} % may unasked, or fewer than {}", overrun.at_most,
                                      overrun.at_least)
                        : fmt::format("; at most {} may unasked", overrun.at_most));
}

std::string left_over_cause(const HeldBy& by, std::size_t people) {
    return would(by, people, "") + ", of what this guard has stopped before; only an approval lets it happen";
}

}  // namespace rollcall::policy
