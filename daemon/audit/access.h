// Access: who could read what in one room, when, and why, from entries of the trail alone.
//
// A fold: take() is given the room's entries in their order, then the questions can be asked, of any moment.
// What somebody can read hangs on three things: their membership, the room's history visibility while a
// message was sent, and, for an account of our own server that was removed, whether the past was taken from
// it by a forget (Matrix client-server API v1.19, "Room history visibility"; docs/carrying-on.md, "Traps").
//
// What is told of after what came of it (source "late") takes its place among what is known, at the
// homeserver's time, and does not change what is so now.
//
// Where the trail does not know something, the answer is the widest: a visibility as if the past were shared,
// a stay of which nobody saw the beginning (source "before") as if it had begun as early as it can have.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/guid.h"
#include "policy/base/time.h"
#include "schema/trail_entry.h"

namespace rollcall::audit {

// From the first moment to just before the second; kEver is before everything, kNever never.
inline constexpr Time kEver = Time::min();
struct Period {
    Time from = kEver, to = kNever;
    bool operator==(const Period&) const = default;
};

// On whose authority, as the entry of that number says.
struct Authority {
    std::uint64_t entry = 0;  // 0: the trail does not say
    std::string reason, rule, rule_path, policy;
    std::string by;  // Matrix ID of whoever did it; "" for the daemon
};

enum class Standing : std::uint8_t {
    invited,  // can come in
    joined,   // reads what is said
    left,     // out, and reads what was said before, until a forget
};
[[nodiscard]] std::string_view to_text(Standing standing);

// A stretch of time in which somebody stood in one way to the room.
struct Stay {
    Standing standing = Standing::joined;
    Period time;
    bool found = false;  // its beginning was not told as it happened but found later; `time` as the
                         // homeserver says
    Time earliest{};     // may have begun at any moment from then on, up to time.from; mostly the same
    Authority began, ended;
    bool again = false;  // put out by somebody else while they were out, by which they read up to there
};

struct Member {
    std::string user;
    Guid person;
    std::vector<Stay> stays;  // one after another
    // Where it is not known when a stay began, the earliest moment counts.
    [[nodiscard]] const Stay* at(Time time) const;
};

struct Visibility {
    Time from = kEver;
    std::string value;
    std::string sender;
};

struct Approval {
    std::uint64_t entry = 0;
    std::string who, key, reason, sponsor, given_by;  // key: its place in the policy
    Time until{};                                     // as given
    Period time;                                      // as it was: it may be taken back before
};

class Access {
  public:
    // `bot`: the daemon's own Matrix ID; users of its server are our own.
    Access(std::string room_key, std::string bot) : room_key_(std::move(room_key)), bot_(std::move(bot)) {}

    // Entries of other rooms say nothing here, but approvals that name this one.
    void take(std::uint64_t index, const schema::TrailEntry& entry);

    [[nodiscard]] Time known_since() const { return known_since_; }  // kNever: the room is unknown
    [[nodiscard]] const std::map<std::string, Member>& members() const { return members_; }
    [[nodiscard]] const std::vector<Visibility>& history() const { return history_; }
    [[nodiscard]] std::string history_at(Time time) const;  // "" unknown
    // When no policy named the room, so that the daemon let everybody be there. What its events told is known
    // all the same, as long as the daemon's own account was in it.
    [[nodiscard]] const std::vector<Period>& unmanaged() const { return unmanaged_; }
    [[nodiscard]] const Approval* approval(const std::string& user, Time at) const;
    [[nodiscard]] bool local(const std::string& user) const;

    // When the messages were sent that this member could read at that moment; in order, apart.
    [[nodiscard]] std::vector<Period> readable(const Member& member, Time at) const;

    // May an entry with this text matter here? Cheap, and never wrongly no.
    [[nodiscard]] static bool may_concern(std::string_view kind, std::string_view text);

  private:
    // Somebody stands in another way to the room from a moment on.
    struct Change {
        std::optional<Standing> to;  // none: out
        Time time{};
        bool found = false, before = false, forgotten = false;
        bool again = false;          // put out by somebody else: read the past again, if they were out
        bool by_invitation = false;  // on the authority of the invitation that they have, if there is one
        Authority why;
    };
    // Of one user, besides their stays.
    struct Open {
        Authority in, out;  // announced, and nothing has come of it yet
        std::uint64_t in_intent = 0, out_intent = 0;
        bool reads_past = false;  // was in, and no forget came since
        bool assumed = false;     // the last change only leads from what was told late to what is known
        // The past was taken away before it was told that the leave which was announced had been done.
        std::optional<Change> forgotten;
    };
    [[nodiscard]] Authority why(const schema::TrailEntry& entry, std::uint64_t index, bool in,
                                bool& by_invitation);
    void note_release(const schema::TrailEntry& entry);
    void change(const schema::TrailEntry& entry, std::uint64_t index);
    void late(const schema::TrailEntry& entry, std::uint64_t index);
    void late_history(const schema::TrailEntry& entry);
    [[nodiscard]] static Change change_of(std::string_view membership);
    [[nodiscard]] static std::vector<Change> changes_of(const Member& member);
    [[nodiscard]] static std::optional<Standing> standing_now(const Member& member);
    [[nodiscard]] bool left_before(const Member& member, const Change& change) const;
    [[nodiscard]] bool known(const Member& member, const Change& change) const;
    void stand(Member& member, Change change);
    void replay(Member& member, std::vector<Change> all);
    void forget_assumed(Member& member);
    void end(Member& member, Time time, const Authority& why);
    void take_approval(std::uint64_t index, const schema::TrailEntry& entry);
    [[nodiscard]] std::vector<Period> shared_until(Time limit) const;

    const std::string room_key_, bot_;
    Time known_since_ = kNever;
    std::map<std::string, Member> members_;
    std::map<std::string, Open> open_;
    std::vector<Visibility> history_;
    std::vector<Approval> approvals_;
    std::vector<Period> unmanaged_;
};

}  // namespace rollcall::audit
