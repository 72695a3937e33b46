#include "daemon/cli/doubtful_rules.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "policy/acl_size.h"
#include "policy/base/text.h"
#include "schema/matrix_id.h"

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

bool names(const policy::Approval& approval, const policy::RoomText& room) {
    return std::any_of(approval.rooms.begin(), approval.rooms.end(), [&](const policy::Text& selector) {
        return selector.value == "all" || glob_match(selector.value, room.key);
    });
}

bool has_capitals(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// A Matrix ID is what it is, letter by letter, and homeservers make none with capitals (Matrix specification,
// user identifiers): those that have some are of long ago.
void look_at_letters(const policy::Approval& approval, Diagnostics& out) {
    if (!has_capitals(approval.who)) return;
    out.push_back({approval.at,
                   fmt::format("the approval {} is for {}, with capital letters: it fits nobody whose Matrix "
                               "ID has small ones",
                               approval.key, approval.who),
                   "write it as the person's own client shows it, in small letters as a rule",
                   Severity::warning});
}

// The servers that rooms let in, of approvals in force and of people who have their Matrix ID elsewhere.
void look_at_servers(const policy::PolicyFile& policy, Time now, Diagnostics& out) {
    std::set<std::string> given;
    if (policy.people)
        for (const policy::Identity& one : policy.people->identities)
            given.emplace(schema::server_of(one.matrix_id));
    const auto servers_of = [&](const policy::RoomText* room) {
        std::set<std::string> servers = given;
        for (const policy::Approval& approval : policy.outsiders)
            if (approval.until > now && (room == nullptr || names(approval, *room)))
                servers.emplace(schema::server_of(approval.who));
        return std::vector<std::string>(servers.begin(), servers.end());
    };
    if (policy::fits_one_event(servers_of(nullptr))) return;  // then every room's does
    for (const policy::RoomText& room : policy.rooms)
        if (room.outsiders == policy::Outsiders::approved)
            if (auto large = policy::acl_too_large(room.at, room.key, servers_of(&room)))
                out.push_back(std::move(*large));
}

}  // namespace

Diagnostics doubtful_rules(const policy::PolicyFile& policy, Time now) {
    Diagnostics out;
    for (const policy::Approval& approval : policy.outsiders)
        if (approval.until <= now)
            out.push_back({approval.until_at,
                           fmt::format("the approval {} ended on {}: it lets nobody stay", approval.key,
                                       approval.until_text),
                           "write a later date, or take the approval out", Severity::warning});
    for (const policy::Approval& approval : policy.outsiders) look_at_letters(approval, out);
    for (const policy::RoomText& room : policy.rooms) look(room, out);
    look_at_servers(policy, now, out);
    return out;
}

}  // namespace rollcall::cli
