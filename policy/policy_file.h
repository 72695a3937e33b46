// A policy as people wrote it: every value with the place it stands at; the compiled form is program.h.
// schema/policy_reader fills it, compile.h reads it. Values only, no rules in here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/diagnostic.h"
#include "policy/base/time.h"
#include "policy/pattern.h"

namespace rollcall::policy {

struct Text {
    std::string value;
    Position at;
};

struct Expression;

// One condition of a mapping. Exactly the fields of its kind are set.
struct Condition {
    enum class Kind { group, user, attribute, under, any, all };
    enum class Test { is, in, matches };  // of an attribute
    Kind kind = Kind::group;
    Position at;
    std::string name;       // group or user as written, attribute name, or DN
    std::string directory;  // the `directory:` beside it; "" where there is one directory
    Test test = Test::is;
    std::vector<std::string> values;  // is: one; in: one or more; matches: the pattern as written
    Pattern pattern;                  // matches
    std::vector<Expression> list;     // any, all
};

// A word (`employees`, `nobody`) or a mapping, which holds when all of its conditions hold; `except` takes
// out again.
struct Expression {
    enum class Word { none, employees, nobody };
    Position at;
    std::string
        path;  // where it stands in the policy: "rooms.engineering.members"; why and test results name it
    Word word = Word::none;
    std::vector<Condition> conditions;
    std::shared_ptr<const Expression> except;  // may be null
};

enum class Admission { join, invite };
enum class History { joined, invited, shared };
enum class Outsiders { none, approved };
enum class WhoPosts { everyone, owners };
enum class WhoInvites { everyone, owners, nobody };
enum class Leaving { free, rejoin };

// A room or a space. Fields without a value were not written; compile.h fills the defaults in.
struct RoomText {
    Position at;
    std::string key;
    bool space = false;  // stands under `spaces:`
    std::string name;    // required
    Position name_at;
    std::optional<Text> alias;  // local part
    std::optional<Text> topic;
    std::optional<Text> parent;         // `space:`, the key of a space
    std::vector<Text> formerly;         // keys that it had before
    std::optional<Expression> members;  // required
    std::optional<Expression> owners;
    std::optional<Admission> admission;
    std::optional<History> history;
    std::optional<Outsiders> outsiders;
    std::optional<WhoPosts> who_posts;
    std::optional<WhoInvites> who_invites;
    std::optional<Leaving> leaving;
};

struct Identity {
    Position at;
    std::string user;  // login
    std::string matrix_id;
};

struct Service {
    Position at;
    std::string key;
    std::string who;          // a Matrix ID
    std::vector<Text> rooms;  // keys, globs, `all`
};

struct Approval {
    Position at;
    std::string key;  // "anna"
    std::string who;  // a Matrix ID, or a glob over its name part
    std::vector<Text> rooms;
    Text sponsor;  // an employee's login
    std::string reason;
    Time until;  // first moment at which it no longer holds (the reader applied time_zone)
    Position until_at;
    std::string until_text;  // as written: people are told that, and not the moment after it
};

enum class LeaveScope { every_room, managed_rooms };

struct People {
    Position at;
    Text matrix_id;  // template over directory attributes
    std::vector<Identity> identities;
    std::optional<Expression> employees;
    LeaveScope leave = LeaveScope::every_room;
    bool sign_out = true;
};

struct Rate {
    int at_most = 0;
    Duration within{};
};
struct Share {
    int percent = 0;
    int at_least = 0;
};

// Limits on what happens unasked. The figures are the defaults of docs/admins.md, "guards".
struct Guards {
    Rate removals{25, std::chrono::hours{1}};
    Rate departures{50, std::chrono::hours{1}};
    Share room_loses{50, 5};
    Share room_gains{100, 25};
    int rooms_created = 20;
    int rooms_released = 3;
    Duration rooms_within = std::chrono::hours{1};
    Duration grace = std::chrono::seconds{10};  // a removal that the directory brings about waits so long
    std::vector<Text> canaries;                 // logins
};

struct PolicyFile {
    PolicyFile();
    ~PolicyFile();
    PolicyFile(const PolicyFile&);
    PolicyFile& operator=(const PolicyFile&);
    PolicyFile(PolicyFile&&) noexcept;
    PolicyFile& operator=(PolicyFile&&) noexcept;
    std::optional<People> people;
    std::vector<Text> protected_ids;
    std::vector<Service> services;
    std::vector<RoomText> rooms;  // spaces first, then rooms, each in the order of the files
    std::vector<Approval> outsiders;
    Guards guards;
};

}  // namespace rollcall::policy
