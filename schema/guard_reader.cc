#include "schema/guard_reader.h"

#include "schema/fields.h"
#include "schema/name_reader.h"

namespace rollcall::schema {
namespace {

constexpr int kMostActions = 1'000'000;
constexpr Duration kLongestGrace = std::chrono::hours{1};
constexpr int kMostPercent = 1'000;  // a room may grow tenfold

void read_rate(const Node* node, const char* what, policy::Rate& into, const PolicyContext& context) {
    if (node == nullptr) return;
    Fields fields(*node, what, context.out);
    fields.number(fields.take("at_most"), 0, kMostActions, into.at_most);
    fields.duration(fields.take("within"), into.within);
    fields.finish();
}

void read_share(const Node* node, const char* what, int most, policy::Share& into,
                const PolicyContext& context) {
    if (node == nullptr) return;
    Fields fields(*node, what, context.out);
    fields.number(fields.take("percent"), 0, most, into.percent);
    fields.number(fields.take("at_least"), 0, kMostActions, into.at_least);
    fields.finish();
}

void read_rooms(const Node* node, policy::Guards& into, const PolicyContext& context) {
    if (node == nullptr) return;
    Fields fields(*node, "rooms", context.out);
    fields.number(fields.take("created"), 0, kMostActions, into.rooms_created);
    fields.number(fields.take("released"), 0, kMostActions, into.rooms_released);
    fields.duration(fields.take("within"), into.rooms_within);
    fields.finish();
}

// As a duration, and none is one too.
void read_grace(const Node* node, Duration& into, const PolicyContext& context) {
    if (node == nullptr) return;
    if (node->text == "0s") {
        into = {};
        return;
    }
    const std::optional<Duration> grace = read_duration(*node, context.out);
    if (!grace) return;
    if (*grace > kLongestGrace)
        report(context.out, node->at, "a removal cannot wait longer than 1h",
               "write 10s, or 0s so that none waits");
    else
        into = *grace;
}

}  // namespace

policy::Guards read_guards(const Node& node, const PolicyContext& context) {
    policy::Guards guards;
    Fields fields(node, "guards", context.out);
    read_rate(fields.take("removals"), "removals", guards.removals, context);
    read_rate(fields.take("departures"), "departures", guards.departures, context);
    read_share(fields.take("room_loses"), "room_loses", 100, guards.room_loses, context);
    read_share(fields.take("room_gains"), "room_gains", kMostPercent, guards.room_gains, context);
    read_rooms(fields.take("rooms"), guards, context);
    read_grace(fields.take("grace"), guards.grace, context);
    if (const Node* canaries = fields.take("canaries"))
        for (const Node& item : read_list(*canaries, context.out, 100))
            if (auto name = read_person(item, context))
                guards.canaries.push_back({std::move(*name), item.at});
    fields.finish();
    return guards;
}

}  // namespace rollcall::schema
