// What a directory says: entries as a bridge hands them over, and the evidence behind them. Values only.
//
// Rules: objectGUID is identity (MS-ADTS 3.1.1.1.3). "Could not be read" is its own value everywhere, never
// an empty one: an ACL that hides `member` or userAccountControl must not look like nobody or like enabled.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/guid.h"
#include "policy/base/time.h"

namespace rollcall::policy {

// Why something about the directory is believed.
struct Evidence {
    std::string directory;  // name in rollcall.yaml: "corp"
    std::string server;     // URL of the controller that said so
    std::uint64_t usn =
        0;  // uSNChanged of the object on that controller; of a snapshot, highestCommittedUSN before it
    std::string object;       // distinguished name
    Time time{};              // when the bridge read it
    Guid guid{};              // of the object; empty where it is about no single one
    std::string attribute{};  // which of its attributes decided: "member", "userAccountControl"; "" for none
    std::optional<Time> written{};    // when that attribute was written, wherever in the directory
    std::optional<Time> otherwise{};  // of a departure: when they were last known not to have departed
};

// When what decides about a departure was last written, wherever in the directory; nullopt: not told.
struct Written {
    std::optional<Time> account_control, expires, deleted;
};

// Attribute names are lower case; values as the directory sends them, in its order.
using Attributes = std::map<std::string, std::vector<std::string>, std::less<>>;

struct PersonEntry {
    Guid guid;
    std::string dn;
    std::string login;                             // sAMAccountName
    std::optional<std::uint32_t> account_control;  // userAccountControl; nullopt: not readable
    std::optional<Time> expires;                   // accountExpires; kNever for none; nullopt: not readable
    std::optional<std::uint32_t> primary_group;    // primaryGroupID, a RID in the domain's SID
    bool deleted = false;                          // a tombstone: only guid, login and dn mean something
    Attributes attributes;                         // those asked for that have a value
    std::optional<std::int64_t> odd_expires;  // accountExpires as it stands there, where no one can mean it
    std::vector<std::string> unreadable;      // those asked for that could not be read: unknown, not empty
    std::uint64_t usn = 0;
    Written written{};  // of an entry that a drain brought
    // What this is, a person or something else, could not be read: it is what it was known as.
    bool unclassed = false;
};

struct GroupEntry {
    Guid guid;
    std::string dn;
    std::string name;  // sAMAccountName
    std::string cn;
    std::uint32_t rid = 0;  // last part of objectSid: the primaryGroupID of those it is primary group of
    bool deleted = false;
    bool members_known = false;  // false: `member` could not be read, or not completely
    std::vector<Guid> members;   // people and groups alike, without the primary group's people; any order.
                                 // Left out is what is seen to be neither, such as a computer
    std::uint32_t members_unnamed =
        0;  // values of `member` that came without a GUID and are not in `members`
    std::vector<Guid> members_elsewhere{};  // those of `members` that stand in another domain
    std::uint64_t usn = 0;
};

// What people and groups stand below: an organisational unit, a container, the domain itself.
struct ContainerEntry {
    Guid guid;
    std::string dn;
    bool deleted = false;
    std::uint64_t usn = 0;
};

// An account that every complete read must contain, and that a connection must show before what it says of a
// group counts as verified.
struct Canary {
    Guid guid;
    std::string name;  // as the policy writes it
    auto operator<=>(const Canary&) const = default;
};

// A complete read of one directory, moved as one fact. Never made from a search that ended in anything but
// success.
struct DirectorySnapshot {
    Evidence evidence;  // usn: highestCommittedUSN read before the first search
    std::string
        invocation_id;  // of that controller's database; with the server and usn the cursor to go on from
    std::vector<std::string>
        attributes;  // lower-case names that were asked for: others are unknown, not empty
    std::vector<PersonEntry> people;
    std::vector<GroupEntry> groups;
    std::vector<ContainerEntry> containers{};  // as they were before and after people were read
    // What that controller has of the changes of each database: invocationId → USN up to which it has them
    // all (its up-to-dateness vector, MS-ADTS 3.1.1.1.9). Empty where it does not tell.
    std::map<std::string, std::uint64_t> seen{};
    bool put_back = false;  // its USN is below what the same database had told us before the read began
};

// Entries that a USN drain brought: positive evidence about each of them, and no statement about any other.
struct DirectoryChanges {
    Evidence evidence;  // usn: the highest one that this drain covers
    std::string invocation_id;
    std::vector<std::string> attributes;
    std::vector<PersonEntry> people;
    std::vector<GroupEntry> groups;
    // True where each group's `member` is a verified read (base read, complete, unmoved USN, canaries seen on
    // that connection): only then may somebody's absence from it be acted on.
    bool groups_verified = false;
    // Nothing tells of what a renamed or moved one carries along: people below it keep their old names here
    // until the next complete read.
    std::vector<ContainerEntry> containers{};
};

enum class DirectoryHealth { up, unreachable, wrong_credentials, untrusted_certificate, incomplete };

// What a complete read that ended well could not see, or saw and cannot believe: a cause each.
struct DirectoryRemark {
    enum class About : std::uint8_t { people, groups };  // of which world.h knows the single ones
    About about = About::people;
    std::string text;
    bool operator==(const DirectoryRemark&) const = default;
};

struct DirectoryStatus {
    std::string directory;
    DirectoryHealth health = DirectoryHealth::up;
    std::string server;
    std::string text;  // one sentence for people: what is wrong and what to do
    // Everything that has changed there was told before this, and what changes from now on is told at once.
    bool current = false;
    std::vector<DirectoryRemark> remarks{};  // while it is up
    // Text and remarks as one sentence.
    [[nodiscard]] std::string sentence() const;
    [[nodiscard]] bool remarks_on(DirectoryRemark::About about) const;
};

// The four things people know an account by.
inline constexpr std::uint32_t kAccountDisabled = 0x2;  // UF_ACCOUNTDISABLE, MS-ADTS 2.2.16

}  // namespace rollcall::policy
