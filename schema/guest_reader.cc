#include "schema/guest_reader.h"

#include <fmt/format.h>

#include "schema/fields.h"
#include "schema/matrix_id.h"
#include "schema/name_reader.h"
#include "schema/time_zone.h"

namespace rollcall::schema {
namespace {

// Keys, globs and `all`; whether they lead anywhere is checked when every file is read.
std::vector<policy::Text> read_selectors(const Node& node, const PolicyContext& context) {
    std::vector<policy::Text> made;
    for (const Node& item : read_list(node, context.out))
        if (auto text = read_text(item, context.out, 64)) made.push_back({std::move(*text), item.at});
    if (node.kind == Node::Kind::list && node.items.empty())
        report(context.out, node.at, "the list of rooms is empty", "write keys of rooms, globs or all");
    return made;
}

void read_until(const Node& node, policy::Approval& into, const PolicyContext& context) {
    into.until_at = node.at;
    const auto text = read_text(node, context.out, 64);
    if (!text) return;
    into.until_text = *text;
    if (const auto end = end_of_day(*text, context.time_zone))
        into.until = *end;
    else if (const auto moment = parse_rfc3339(*text))
        into.until = *moment;
    else
        report(context.out, node.at, fmt::format("{} is not a day", kind_name(node)),
               "write 2027-01-31, the last day that counts, or a moment such as 2027-01-31T17:00:00+01:00");
}

void read_outsider(const Node& node, std::string& into, const PolicyContext& context) {
    auto who = read_text(node, context.out);
    if (!who) return;
    if (!is_user_glob(*who))
        report(context.out, node.at,
               fmt::format("{} is neither a Matrix ID nor a glob over its name part", kind_name(node)),
               "write \"@anna:partner.example.org\" or \"@*:partner.example.org\"");
    else if (!context.server_name.empty() && server_of(*who) == context.server_name)
        report(context.out, node.at, fmt::format("{} is on the own server", kind_name(node)),
               "list bots under services, and let the directory say who is an employee");
    into = std::move(*who);
}

}  // namespace

void read_protected(const Node& node, std::vector<policy::Text>& into, const PolicyContext& context) {
    for (const Node& item : read_list(node, context.out))
        if (auto id = read_user_id(item, context)) into.push_back({std::move(*id), item.at});
}

policy::Service read_service(const Entry& entry, const PolicyContext& context) {
    (void)check_key(entry, "a service", context);
    policy::Service service;
    service.at = entry.key_at;
    service.key = entry.key;
    Fields fields(entry.value, "a service", context.out);
    if (const Node* who = fields.need("who", "write its Matrix ID in quotes"))
        service.who = read_user_id(*who, context).value_or("");
    if (const Node* rooms = fields.need("rooms", "write [all] or the keys of its rooms"))
        service.rooms = read_selectors(*rooms, context);
    fields.finish();
    return service;
}

policy::Approval read_approval(const Entry& entry, const PolicyContext& context) {
    (void)check_key(entry, "an approval", context);
    policy::Approval approval;
    approval.at = entry.key_at;
    approval.key = entry.key;
    Fields fields(entry.value, "an approval", context.out);
    if (const Node* who = fields.need("who", "write a Matrix ID in quotes"))
        read_outsider(*who, approval.who, context);
    if (const Node* rooms = fields.need("rooms", "write the keys of the rooms it is for"))
        approval.rooms = read_selectors(*rooms, context);
    if (const Node* sponsor =
            fields.need("sponsor", "write the login name of the employee who answers for it"))
        approval.sponsor = {read_person(*sponsor, context).value_or(""), sponsor->at};
    fields.text(fields.need("reason", "write why, for those who will read the trail"), approval.reason,
                kLongestReason);
    if (const Node* until = fields.need("until", "write the last day that counts: until: 2027-01-31"))
        read_until(*until, approval, context);
    fields.finish();
    return approval;
}

}  // namespace rollcall::schema
