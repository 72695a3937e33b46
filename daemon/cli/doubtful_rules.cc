#include "daemon/cli/doubtful_rules.h"

#include <fmt/format.h>

namespace rollcall::cli {
namespace {

bool has_owners(const policy::RoomText& room) {
    return room.owners && room.owners->word != policy::Expression::Word::nobody;
}

void look(const policy::RoomText& room, Diagnostics& out) {
    if (has_owners(room)) return;
    const auto say = [&](const std::string& what) {
        out.push_back({room.name_at, fmt::format("{} has no owners, and {}", room.key, what),
                       "write owners: with those who answer for it, or leave that out", Severity::warning});
    };
    if (room.who_posts == policy::WhoPosts::owners) say("only owners may post: nobody can");
    if (room.who_invites == policy::WhoInvites::owners)
        say("only owners may invite: nobody can");
    else if (room.outsiders == policy::Outsiders::approved && !room.who_invites)
        say("outsiders are invited by owners: those who are approved cannot come in");
}

}  // namespace

Diagnostics doubtful_rules(const policy::PolicyFile& policy, Time now) {
    Diagnostics out;
    for (const policy::Approval& approval : policy.outsiders)
        if (approval.until <= now)
            out.push_back({approval.until_at,
                           fmt::format("the approval {} is over since {}: it lets nobody stay", approval.key,
                                       to_rfc3339(approval.until)),
                           "write a later date, or take the approval out", Severity::warning});
    for (const policy::RoomText& room : policy.rooms) look(room, out);
    return out;
}

}  // namespace rollcall::cli
