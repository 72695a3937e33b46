// Engine: the one loop through which everything goes, in turns.
//
//     mailbox ─► take: messages become facts ─► step(world, fact) ─► backlog derived anew, guards count
//                                                                          │
//          release: answers, requests ◄─ ONE commit {facts, results, next intents} ◄─ dispatch: what fits the
//          lanes
//
// One turn drains the mailbox, steps, chooses the next requests, commits once, and only then answers the
// homeserver's transactions, the commands, and sends the requests. A commit that fails for want of disk space
// is tried again, whole, every second; until it succeeds no new fact is taken and nothing is released. An
// fsync error ends the process.
//
// All of it runs on the engine thread. It never waits: not on a queue, a server or a lock. The parts: take.cc
// (messages → facts), holds.cc (what guards stop), lost.cc (rooms that the bot is not in, events that cannot
// be used), by_hand.cc (what people change again and again), departed_again.cc (who is signed in again after
// a backup), dispatch.cc and rooms.cc (backlog → calls), send.cc (their announcement), results.cc (results →
// facts), accepted.cc (until they are seen), settle.cc (what a crash left in flight), reads.cc, ways.cc (do
// events come back, is the mask known), notices.cc, direct_rooms.cc (where they are sent), told.cc (what the
// admins were told, until it is over), gone.cc (what rules name and the directory has deleted), reviews.cc
// (what owners are asked to sign), marks.cc (what is remembered), renames.cc (rooms that get another key),
// accounts.cc (is there an account of that name), orders.cc (what commands ask), on_demand.cc (what is tried
// now because somebody asks), rights.cc (erasure, legal holds, and the log's key), baseline.cc (what was so
// before the trail).
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/audit/trail.h"
#include "daemon/engine/addresses.h"
#include "daemon/engine/admin_room.h"
#include "daemon/engine/after_closing.h"
#include "daemon/engine/baseline.h"
#include "daemon/engine/departed_again.h"
#include "daemon/engine/grace.h"
#include "daemon/engine/intent.h"
#include "daemon/engine/message.h"
#include "daemon/engine/overdue.h"
#include "daemon/engine/put_backs.h"
#include "daemon/engine/reach.h"
#include "daemon/engine/read_again.h"
#include "daemon/engine/review_ask.h"
#include "daemon/engine/trusted_time.h"
#include "daemon/engine/unreadable.h"
#include "daemon/engine/way_back.h"
#include "daemon/log.h"
#include "daemon/store/store.h"
#include "policy/backlog.h"
#include "policy/guard.h"
#include "policy/room_rename.h"
#include "policy/step.h"

namespace rollcall::engine {

// What the engine asks of the directory bridge. Calls return at once, on any thread.
class DirectoryPort {
  public:
    virtual ~DirectoryPort() = default;
    virtual void request_sweep() = 0;
    virtual void want(std::vector<std::string> attributes, std::vector<policy::Canary> canaries) = 0;
    // Somebody wants to know whether it can be read now: what is put off is tried. Does a status follow?
    virtual bool try_now() { return false; }
    // How many people a complete read showed that lacked a canary, the last one. Any thread. nullopt: there
    // was none, or one since that could be believed.
    [[nodiscard]] virtual std::optional<std::size_t> people_shown() const { return std::nullopt; }
    // When it last answered anything, at least every directory::kLookEvery while all is well. Any thread.
    // nullopt: it has not, or nobody keeps count.
    [[nodiscard]] virtual std::optional<Tick> last_answer() const { return std::nullopt; }
};

// What is said while the mask registration is not there any more; and while the homeserver does not know it.
inline constexpr std::string_view kMaskGone =
    "registrations/rollcall-mask.yaml was there when the daemon last ran, and is gone: people are only "
    "invited, and of whoever departs the sessions go on; put it back and restart the daemon (where you do "
    "without it on purpose, the next `rollcall apply` ends this)";
inline constexpr std::string_view kMaskUnknown =
    "the homeserver does not know registrations/rollcall-mask.yaml: nobody is joined, signed out or made to "
    "forget; add the file to app_service_config_files and restart the homeserver";

// What is said where people sign in by another service than the homeserver.
inline constexpr std::string_view kSignInElsewhere =
    "people sign in by another service than the homeserver (it answers /auth_metadata): the sessions of "
    "whoever departs are not ended; end them there (Matrix Authentication Service: lock or deactivate the "
    "user)";

// What is said of such a room, without its name.
[[nodiscard]] std::string large_text(const schema::StateSize& size);

class Engine;

struct Settings {
    std::string server_name;
    std::string bot;         // Matrix ID
    std::string sender;      // … of the registration's own sender, which is nobody's account
    std::string admin_room;  // full alias, or room ID; "" for none
    policy::Abilities abilities;
    // Does the mask registration, as it was read at the start, cover that Matrix ID? Not set: nobody is asked
    // about.
    std::function<bool(const std::string&)> mask_covers{};
    bool one_shot = false;  // a command without a daemon: reads, and acts only when told to converge
    // … which only asks something: nothing that is learned on the way is kept, and the trail says nothing of
    // it. The next process learns it again.
    bool reads_only = false;
    Duration verify_every = std::chrono::hours{6};
    Duration look_for_accounts_every = std::chrono::minutes{5};
    audit::RandomBytes random;  // the system's where not set; for people's keys in the trail
    schema::TrailBasis basis;   // what the trail rests on; without a program in it the trail does not say
    // Erases whom nothing keeps in the trail any more, at most so many, and says how many there were. Called
    // once a day, when directory and rooms have been read, and again soon after an error of the kind
    // unavailable: something is looked up beside the engine. Not set: nobody is erased by time.
    std::function<Result<std::size_t>(Engine&, std::size_t at_most)> retention;
    // Reads what the trail says of a room, away from the engine's thread, and has the reactions to its review
    // looked at in a later turn (reactions_looked_at). Not set: they wait.
    std::function<void(std::string room_key)> read_review{};
    std::function<void()> entries_committed;  // called after a commit that held entries of the trail
};

// A policy read from files and compiled, ready to be put in force.
struct PolicyToApply {
    std::shared_ptr<const policy::Program> program;
    std::vector<std::pair<std::string, std::string>> files;
    schema::TrailCaller caller;
    std::string reason;
    std::optional<schema::TrailCheckout> checkout{};  // what the files came from
};

// Something that could not be done, for status: kept until it is done or no longer wanted.
struct Failure {
    std::string action;  // "remove engineering @anna:example.org"
    std::string text;
    int attempts = 0;
    Time next{};  // when it is tried again
    bool refused = false;
    bool invited = false;  // to be put into a room, which was refused: whoever it is can accept by themselves
    bool as_bot = false;   // tried in the bot's own name
};

// Refused because the homeserver's administrator has suspended, locked or deactivated the bot's account.
[[nodiscard]] bool is_of_the_barred(bool as_bot, const std::string& text);

struct Counters {
    std::uint64_t requests = 0, requests_failed = 0, transactions = 0, events = 0, events_repeated = 0,
                  events_unreadable = 0, turns = 0, commits = 0, mismatches = 0;
    std::array<std::uint64_t, 24> actions{};  // done, by ActionKind
};

class Engine {
  public:
    Engine(store::Store& store, Homeserver& homeserver, DirectoryPort& directory, Log& log,
           Settings settings);

    // Loads what the store holds, binds the policy in force, and lists what must be settled. Once, before the
    // first turn.
    [[nodiscard]] Status start(Moment now, const std::function<Result<std::shared_ptr<const policy::Program>>(
                                               const store::StoredPolicy&, policy::World&)>& compile);

    // An orderly end, after the last turn: the trail says so. What is in flight stays announced, and is
    // settled by the next start.
    [[nodiscard]] Status stop(std::string_view why, Moment now);
    // After that, once the log is signed: what the anchors were given.
    [[nodiscard]] Status note_last_heads(audit::LogState state);

    // One turn. An error is fatal: the process must end and recover. Want of disk space is no error (see
    // blocked()).
    [[nodiscard]] Status turn(std::vector<Message> messages, Moment now);
    // When the next turn is due without any message; kNoTick: only when something arrives. Tick::min(): at
    // once.
    [[nodiscard]] Tick wake() const;
    // Nothing in flight, nothing waiting that may be done now.
    [[nodiscard]] bool quiet() const;
    // As quiet(), and what is left in the backlog is held, put off or waits for others: nothing more comes by
    // itself.
    [[nodiscard]] bool settled_down() const {
        return quiet() && !blocked_ && open_.empty() && calls_.empty() && !dispatched_ && !hidden_rooms() &&
               (settings_.one_shot || grace_.next(world_.tick) == kNoTick);
    }
    // Directory and rooms have been read since the start, and whose accounts something hangs on have been
    // asked for, so that a plan speaks of now.
    [[nodiscard]] bool fresh() const {
        return read_since_start_ && rooms_to_read_.empty() && members_to_read_.empty() && reading_.empty() &&
               !accounts_unasked() && !reach_.in_doubt() && !reach_.away();
    }
    // Accounts of people who have departed of which the homeserver has not said yet whether they are there:
    // what is to be done about them is not known.
    [[nodiscard]] std::vector<UserId> accounts_awaited() const;
    // What the directory says now is known: nobody has to be taken for a stranger whom it has gained since.
    [[nodiscard]] bool directory_current() const {
        return settings_.one_shot ? read_since_start_ : directory_status_.current;
    }
    // It was said since the start what the directory says now, or that it cannot be read.
    [[nodiscard]] bool directory_tried() const { return directory_tried_ || directory_current(); }
    // Of a directory that cannot be read, for a command that has waited so long: was it tried since then?
    // It is tried now where it was not.
    [[nodiscard]] bool directory_looked_at(Duration waited);
    [[nodiscard]] std::optional<Tick> directory_told() const { return directory_told_; }
    // Lets a one-shot engine act.
    void converge() { converging_ = true, more_ = true; }
    [[nodiscard]] bool blocked() const { return blocked_; }

    // --- for commands, inside a turn ---
    [[nodiscard]] policy::World& world() { return world_; }
    [[nodiscard]] const policy::Decider* decider() const { return decider_.get(); }
    [[nodiscard]] const policy::Backlog& backlog() const { return backlog_; }
    [[nodiscard]] const policy::GuardState& guards() const { return guards_; }
    [[nodiscard]] const policy::GuardMemory& memory() const { return memory_; }
    [[nodiscard]] const Settings& settings() const { return settings_; }
    // How far this machine's clock is believed; world().now is its earliest().
    [[nodiscard]] const TrustedTime& clock() const { return clock_; }
    // For people and for records: the best that can be said of what date it is.
    [[nodiscard]] Time date() const { return clock_.shown(); }
    [[nodiscard]] const Counters& counters() const { return counters_; }
    [[nodiscard]] const std::optional<store::StoredPolicy>& policy() const { return policy_; }
    [[nodiscard]] const policy::DirectoryStatus& directory_status() const { return directory_status_; }
    // Whether the homeserver as a whole answers.
    [[nodiscard]] const Reach& reach() const { return reach_; }
    [[nodiscard]] const WayBack& way_back() const { return way_back_; }
    // Does the homeserver know the mask registration? not_seen: it has not said so yet.
    enum class Mask : std::uint8_t { none, not_seen, known, unknown };
    [[nodiscard]] Mask mask() const { return mask_; }
    // Had the process before a mask registration that this one does not find? Until a policy is applied.
    [[nodiscard]] bool mask_gone() const { return had_mask_ && !settings_.abilities.mask; }
    // Is it known that sessions are another service's?
    [[nodiscard]] bool sign_in_elsewhere() const { return sign_in_elsewhere_; }
    // Asks for a ping and for the mask now, and says whether both have been answered since, or lately. Only
    // of an engine that hears events, or that was told whether its listener is open. What did not work is
    // tried anew for a command that has waited so long, and for nobody oftener than about once a second.
    // `anew`: what was seen before the command began does not count.
    [[nodiscard]] bool ways_looked_at(Duration waited, bool anew = false);
    // Asks where these addresses lead, and says whether that has been answered since, or lately; or cannot
    // be, because the homeserver is away.
    [[nodiscard]] bool addresses_looked_at(const std::vector<std::string>& addresses);
    [[nodiscard]] const Addresses& addresses() const { return addresses_; }
    void listening(const Status& listener);
    [[nodiscard]] bool hears() const { return hears_; }
    [[nodiscard]] std::vector<Failure> failures() const;
    [[nodiscard]] const Unreadable& unreadable() const { return unreadable_; }
    // That the database's name does not lead to what is written any more; "" where it does. Looked at anew.
    [[nodiscard]] std::string store_trouble() const { return store_.misplaced(); }
    // By GUID: what rules name and the directory has deleted, for people.
    [[nodiscard]] const std::map<std::string, std::string>& gone() const { return gone_; }
    // By room ID: whose state is more than it should be.
    [[nodiscard]] const std::map<std::string, schema::StateSize>& large_rooms() const { return large_rooms_; }
    [[nodiscard]] const ReadAgain& unread() const { return read_again_; }
    [[nodiscard]] const Overdue& overdue() const { return overdue_; }
    [[nodiscard]] const PutBacks& put_backs() const { return put_backs_; }
    // Of a room that the bot is not in: the member in whose name it sees who comes in; "": nobody.
    [[nodiscard]] std::string seen_through(RoomId room) const;
    // Why nothing is told to the admins, for people; "" where nothing is known to be wrong.
    [[nodiscard]] const std::string& admin_room_trouble() const { return admin_room_.trouble; }
    // The room that the bot went into to write to the admins; "": it has not yet.
    [[nodiscard]] std::string admin_room_id() const {
        const auto at = direct_rooms_.find(settings_.admin_room);
        return at == direct_rooms_.end() ? std::string() : at->second;
    }
    // Lets somebody who belongs into a room again; an error says why not.
    enum class Readmitted : std::uint8_t { put_back, invited };
    [[nodiscard]] Result<Readmitted> readmit(UserId user, std::uint32_t room,
                                             const schema::TrailCaller& caller, const std::string& reason);
    // How long a removal waits still, unless its cause is gone before.
    [[nodiscard]] Duration grace_left(UserId user, const policy::UserAction& action) const;
    // It would be done in their name, and the homeserver does not know the mask registration.
    [[nodiscard]] bool waits_for_mask(UserId user, const policy::UserAction& action) const;
    [[nodiscard]] const std::set<std::string>& suspect_rooms() const { return suspect_rooms_; }
    // Room IDs: made by this state folder, which does not remember it. They are left alone.
    [[nodiscard]] std::vector<std::string> unremembered_rooms() const;
    [[nodiscard]] std::size_t in_flight() const { return in_flight_.size() + reading_.size(); }
    [[nodiscard]] std::size_t notices_owed() const { return notices_.size(); }
    [[nodiscard]] store::Store& store() { return store_; }
    [[nodiscard]] const audit::LogState& log_state() const { return log_state_; }
    [[nodiscard]] const audit::CollectorState& collector_state() const { return collector_state_; }
    [[nodiscard]] std::uint64_t trail_size() const { return trail_.size(); }
    [[nodiscard]] DirectoryPort& directory() { return directory_; }
    [[nodiscard]] const DirectoryPort& directory() const { return directory_; }
    [[nodiscard]] Log& log() { return log_; }

    enum class Pause : std::uint8_t { none, all_but_departures, all };
    [[nodiscard]] Pause paused() const { return pause_; }
    [[nodiscard]] const std::string& pause_text() const { return pause_text_; }
    void pause(Pause pause, const schema::TrailCaller& caller, const std::string& reason);
    void apply(PolicyToApply policy);
    void depart(PersonId person, bool taken_back, const schema::TrailCaller& caller,
                const std::string& reason);
    // Actions of the hold that are still wanted, and those that are not any more.
    struct Answered {
        std::string id;  // the whole of it
        std::vector<policy::ActionKey> wanted, unwanted;
    };
    // Approves or rejects a hold, or a rejection taken back by its hold's id. Of an id four characters or
    // more are enough where no other begins so.
    [[nodiscard]] Result<Answered> answer(bool yes, const std::string& hold,
                                          const schema::TrailCaller& caller, const std::string& reason);
    // Have guards counted the whole plan? Until then nobody knows what a hold's actions still are.
    [[nodiscard]] bool counted() const { return decider_ && !whole_pass_ && backlog_.complete(); }
    // Destroys those keys of one person with all that the trail says under them. No caller: the engine
    // itself.
    void erase(const std::vector<store::StoredPersonKey>& keys,
               const std::optional<schema::TrailCaller>& caller, const std::string& reason);
    // Something about this user is under way or still to be done: the trail will say more of them.
    [[nodiscard]] bool busy_with(UserId user) const;
    // Legal holds: nobody who is under one is erased. By identity: "guid:…", or a Matrix ID of which the
    // directory knows nobody.
    struct LegalHold {
        Time since{};
        std::string by, reason;
    };
    [[nodiscard]] const std::map<std::string, LegalHold>& legal_holds() const { return legal_holds_; }
    // `entry`: about whom it is, who asked and why; its kind and action are filled in.
    void hold(const std::string& identity, bool released, schema::TrailEntry entry);
    // The log is handed on to another key by `entry`, which carries the rotation. One at a time: until the
    // publisher says that it signs with `verifier`, the log is being handed on.
    void rotate_key(const std::string& verifier, schema::TrailEntry entry);
    [[nodiscard]] bool rotating_key() const { return !next_verifier_.empty(); }
    // Reviews that owners were asked to sign off, and who has reacted. At most kMostReviewAsks.
    static constexpr std::size_t kMostReviewAsks = 2'000;
    [[nodiscard]] const std::map<ReviewKey, ReviewAsk>& review_asks() const { return review_asks_; }
    [[nodiscard]] bool may_ask(std::size_t more) const;
    // `text` and `html`: the message. It takes the place of an earlier one to them about that room.
    void ask_review(ReviewAsk ask, std::string text, std::string html);
    void forget_review_ask(const ReviewKey& key);
    [[nodiscard]] std::vector<ReviewAsk> reactions_to(const std::string& room_key) const;
    void forget_reaction(const ReviewKey& key);        // it does not count; another one may
    void reactions_looked_at(bool read);               // what read_review() was asked for is over
    void review_settled(const std::string& room_key);  // signed off, by whomever
    // What a room is called now that had this key before; the key itself where none had, or one has it.
    [[nodiscard]] const std::string& key_now(const std::string& key) const;
    // It was asked for, and whether it is there is not known yet.
    [[nodiscard]] bool being_made(const std::string& key) const;
    // A message to somebody in the bot's direct room with them; one of each `id` waits at most.
    void tell(const std::string& user, std::string_view id, const std::string& text);
    void verify_rooms();
    // Runs the command again in the next turn: something that it needs is still being read.
    void defer(Command command) { deferred_.push_back(std::move(command)); }
    // Under what the store remembers a transaction that was taken in.
    [[nodiscard]] static std::string identity(const TransactionIn& message);
    // A line for the trail, in this turn's commit.
    void record(schema::TrailEntry entry);
    // Carries out every fact through step() and keeps its effects.
    void learn(const policy::Fact& fact);
    void believe(const policy::Fact& fact);
    void tell_doubt(const policy::Note& note);
    // Has this process seen whether the bot is in the room in which it writes to the admins?
    [[nodiscard]] AdminRoom::There bot_in_admin_room() const { return admin_room_.there; }
    // The sponsor for whose own removals that of an outsider waits; not valid: it waits for nobody's.
    [[nodiscard]] UserId awaited_sponsor(UserId user, const policy::UserAction& action) const {
        return waits_for_sponsor(user, action)
                   ? decider_->user_of(decider_->lapsed_sponsor(user, action.room))
                   : UserId{};
    }

  private:
    enum class ReadKind : std::uint8_t { room, member, account, clock };
    struct Reading {
        ReadKind kind = ReadKind::room;
        std::string room;  // room ID
        std::string user;
        RoomId room_ref;
        // When it was asked: of a room, what had changed in it; of a member, the event that was held.
        std::uint64_t changes = 0;
        bool as_them = false;   // of a member: asked in their own name
        std::string seen_by{};  // of a room: asked in the name of that member
    };
    // A message owed: to a person in a direct room, or to the admin room (`to` is how it is named then).
    struct NoticeDebt {
        std::string key, to, text, html;
        bool busy = false;
        bool room_made = false;  // a direct room was made for it: no other one is
        std::string trouble{};   // why it is not in the one that there was
    };
    // Direct rooms that were made for somebody, and until when these count.
    struct RoomsMade {
        int count = 0;
        Tick until{};
    };
    // A message that was given up: what status says of it, and until when.
    struct Untold {
        std::string text;
        Tick until{};
    };
    // A room that an intent of ours made, and that is not known as one of ours (yet).
    struct Stray {
        std::string marker;
        Tick not_before{};
        int refusals = 0;           // to leave it
        bool unremembered = false;  // this store never gave that marker out: nothing is done there
        std::string left{};         // whoever it is made for left it before its request was answered
    };
    // Said to be done, and neither seen nor looked at yet.
    struct Accepted {
        Intent intent;
        Tick since{}, look_at{};
        bool by_room = false;  // the whole room is being read
    };
    struct Retry {
        int attempts = 0;
        Tick not_before{};
        std::string text;
        bool refused = false;
        bool half_made = false;   // each attempt leaves half a room behind
        bool unanswered = false;  // perhaps because the homeserver was away: once it is back, at once
        bool as_bot = false;      // in the bot's own name
        bool nobody = false;      // about a name that no account has
    };

    // take.cc
    void take(TransactionIn& message);
    void look_for_a_backup(const std::string& transaction);
    [[nodiscard]] bool is_a_later_deed(const policy::RoomEvent& event) const;
    void look_for_later_deeds(const policy::RoomRead& read);
    void take(CallDone& message);
    void take(Command& message);
    bool answer_blocked(Command& command);
    void take(policy::DirectorySnapshot& message);
    void take(policy::DirectoryChanges& message);
    void take(policy::DirectoryStatus& message);
    void take(policy::ClockReading& message);
    void take(audit::LogState& message);
    void take(audit::CollectorState& message);
    void take(PingIn& message);
    void take(TransactionRefused& message);
    void effects(policy::Effects&& effects);
    [[nodiscard]] bool expected(const policy::RoomEvent& event) const;

    // clock.cc
    void load_alive(const std::string& value);
    void begin_clock(Moment now);
    void pass_time(Moment now);
    void learn_date();
    void keep_up_with(Duration step);
    void say_clock();
    void clock_entry(bool ok, const std::string& text);
    void keep_alive();
    void look_at_store();
    void ask_the_time();
    [[nodiscard]] std::string gap_text() const;

    // holds.cc
    void ledger(policy::Guard guard, std::string user, std::string room);
    void keep_ledger(const policy::LedgerEntry& entry, Time time);
    void set_canary_given_up(bool given_up);
    void keep_held_since(const std::pair<policy::Guard, std::string>& guard, Time time);
    void trim_ledger();
    // A hold that was shown, and when in the order of all of them.
    struct KeptHold {
        policy::Hold hold;
        std::uint64_t order = 0;
    };
    void keep_holds();
    void keep_held();
    [[nodiscard]] bool is_newest(const KeptHold& kept) const;
    void new_hold(const policy::Hold& hold);
    void hold_is_over(const policy::Hold& hold, const std::string& how);
    void drop_former_holds();
    [[nodiscard]] Result<std::string> hold_of(const std::string& beginning) const;
    [[nodiscard]] std::vector<policy::ActionKey> actions_of(const std::string& hold) const;
    // Why the plan wants this action now; nullopt: it does not.
    [[nodiscard]] std::optional<policy::Basis> wanted_basis(const policy::ActionKey& key) const;
    [[nodiscard]] bool still_held(policy::Guard held_by, const policy::ActionKey& key) const;
    void set_answer(policy::Answers& answers, const char* kind, const policy::ActionKey& key,
                    std::optional<policy::Answer> answer);
    void drop_answers();
    void approve_ordered();
    void drop_rejections();
    [[nodiscard]] bool load_guard_mark(const store::StoredMark& row);

    // dispatch.cc
    void decide();
    void count_departures();
    bool count();  // did guards count anew?
    void dispatch();
    void dispatch_before_directory(bool all);
    void dispatch_lanes(std::initializer_list<policy::Lane> lanes);
    [[nodiscard]] int round_of(UserId user, const policy::UserAction& action) const;
    void dispatch_round(policy::Lane lane, int round);
    void look_anew();
    bool dispatch_user(UserId user, const policy::UserAction& action);
    [[nodiscard]] bool slot_free(policy::Lane lane, int round = 0) const;
    [[nodiscard]] bool waits_for_sponsor(UserId user, const policy::UserAction& action) const;
    [[nodiscard]] bool enough_of(CallKind kind) const;
    [[nodiscard]] bool may_wait_for_others(const Call& call) const;
    [[nodiscard]] bool takes_turn_in_room(const Call& call) const;
    [[nodiscard]] bool place_elsewhere(const Call& call, policy::Lane lane) const;
    [[nodiscard]] bool ready(const policy::ActionKey& key) const;
    [[nodiscard]] bool room_busy(const std::string& room_id, policy::Lane lane) const;
    [[nodiscard]] bool state_may_change(const std::string& room_id);
    void drop_unwanted();
    void recheck();

    // rooms.cc
    void close_rooms();
    void close(RoomId room);
    void go_on_with_first_fills();
    [[nodiscard]] bool fill_is_over(RoomId room) const;
    [[nodiscard]] bool may_fill(std::uint32_t index) const;
    void begin_fill(RoomId id);
    [[nodiscard]] bool hidden_rooms() const;
    void dispatch_rooms();
    bool dispatch_room(std::uint32_t room, const policy::RoomAction& action);
    void dispatch_released();

    // strays.cc
    void look_for_strays(const TransactionIn& message);
    void dispatch_strays();
    void stray_left(const Intent& intent, const CallResult& result);
    [[nodiscard]] bool waited_for(Stray& stray);
    bool look_first(const policy::ActionKey& key, const std::string& wanted);
    [[nodiscard]] std::string new_marker() const;
    void ended(const Intent& intent, bool carried_out);
    void give_up(const std::string& marker);
    void leave_alone(const std::string& room, Stray& stray);
    void leave_double(const std::string& room, const policy::ActionKey& key);
    void half_made(const std::string& room, const policy::ActionKey& create);
    void make_half_made_again();
    void forget_stray(const std::string& room);
    void load_given_up(const store::StoredMark& row);

    // send.cc
    void announce(const Intent& intent);
    void send(Intent intent, const policy::ActionKey& key);

    // notices.cc
    void owe(const policy::Notice& notice);
    [[nodiscard]] bool full_for(const std::string& to) const;
    bool owe(std::string key, std::string to, std::string text, std::string html = {});
    void keep(const NoticeDebt& debt);
    void load_notice(const store::StoredMark& row);
    void dispatch_notices();
    void drop_notices_to_departed();
    void drop_untrue_notices();
    [[nodiscard]] std::optional<std::pair<UserId, RoomId>> not_removed_yet(const NoticeDebt& debt) const;
    [[nodiscard]] bool meeting(const std::string& user) const;
    void finish_notice(Intent& intent, const CallResult& result);

    // direct_rooms.cc
    void watch_direct_room(const policy::RoomEvent& event);
    void forget_direct_room(const std::string& user, const std::string& why);
    void direct_room_made(const std::string& user, const std::string& room);
    void notice_refused(const Intent& intent, const CallResult& result);
    [[nodiscard]] std::string why_no_room(const NoticeDebt& debt) const;
    void give_up_notices();
    void give_up(const NoticeDebt& debt, const std::string& why);
    void look_whether_left(const std::string& user, const std::string& room);
    void settled_direct_room(Intent intent, const CallResult& result);
    [[nodiscard]] bool load_direct_room(const store::StoredMark& row);

    // told.cc
    void tell_admins(const std::string& id, const std::string& text);
    bool tell_admins_over(std::string_view id, const std::string& text);
    void take_back_from_admins(const std::string& id);
    void tell_trouble(std::string id, std::string text);
    void forget_trouble(const std::string& id);
    [[nodiscard]] std::size_t told_of(std::string_view what) const;
    void load_trouble(const store::StoredMark& row);
    void say_what_is_over();
    void say_what_waits();
    [[nodiscard]] std::optional<std::string> over(const std::string& id) const;
    [[nodiscard]] std::optional<std::string> more_over(std::string_view what) const;
    [[nodiscard]] std::optional<std::string> room_over(std::string_view what, const policy::Room& room) const;
    [[nodiscard]] std::optional<std::string> stay_over(RoomId room, const std::string& user) const;

    // admin_room.cc
    void take_back_notice(std::string_view key);
    [[nodiscard]] static bool about_admin_room(const policy::ActionKey& key);
    [[nodiscard]] policy::ActionKey way_to_admins() const;
    void redirect_to_admins();
    void go_to_admin_room();
    void try_admin_room_again();
    void watch_invitation(const policy::RoomEvent& event);
    void seen_in_admin_room(bool in);
    void ask_for_admin_room();
    void take_admin_room(const CallResult& result);
    [[nodiscard]] bool believed_of_admin_room(const std::string& maker) const;
    void in_admin_room(Intent& intent, const CallResult& result);
    void not_in_admin_room(const CallResult& result, const std::string& room);

    // reviews.cc
    void keep(const ReviewAsk& ask);
    void forget_review_asks_of(const std::string& user);
    void forget_released_reviews();
    [[nodiscard]] bool awaits_message(const std::string& user) const;
    [[nodiscard]] ReviewAsk* asked_by(const std::string& notice, const std::string& user);
    void review_sent(const std::string& notice, const std::string& user, const std::string& room,
                     const std::string& event);
    bool review_not_sent(const std::string& notice, const std::string& user, const std::string& why);
    void take_reaction(const policy::RoomEvent& event);
    void take_early_reaction(const policy::RoomEvent& event, const std::string& message);
    void drop_early_reactions(const std::string& user);
    [[nodiscard]] bool to_be_read(const std::string& room_key) const;
    void look_at_reactions();
    void load_review_mark(const store::StoredMark& row);

    // lost.cc
    void lost(RoomId room);
    void regained(RoomId room);
    void replaced(RoomId room);
    void tell_of_again(RoomId room);
    void look_at_lost_rooms();
    void go_back_to(RoomId room);
    void cannot_use(const policy::UnreadableEvent& event);
    void tell_who_stays(const Intent& intent, const CallResult& result);

    [[nodiscard]] UserId who_may_look(RoomId room) const;
    void look_through_somebody(RoomId room);
    [[nodiscard]] std::string next_looker(RoomId room);
    void room_read_as_member(const Reading& reading, const CallResult& result);

    // departed_again.cc
    void look_for_the_departed();
    void look_at_the_departed();
    [[nodiscard]] bool take_departed(const CallDone& message);

    // by_hand.cc
    void changed_by_hand(const policy::ByHand& one);
    void say_changed_again(const policy::ActionKey& key, const std::string& by);
    void put_back_entry(const policy::ActionKey& key, schema::TrailKind kind, const std::string& text,
                        const std::string& by);
    void put_back(const Intent& intent);
    void look_at_put_backs();
    [[nodiscard]] std::optional<std::string> changed_again_over(const std::string& id) const;

    // large_rooms.cc
    void look_at_size(RoomId room, const std::optional<schema::StateSize>& size);
    void tell_of_size(RoomId room, const schema::StateSize& size);
    [[nodiscard]] bool load_large_room(const store::StoredMark& row);
    [[nodiscard]] bool reading_a_large_room() const;

    // reads.cc
    void dispatch_reads();
    void room_read(const Reading& reading, const CallResult& result);
    void member_read(const Reading& reading, const CallResult& result);
    void not_answered(const Reading& reading, const CallResult& result);
    void answered(const Reading& reading);
    void look_after_refusal(RoomId room);
    [[nodiscard]] std::uint64_t held_event(const std::string& room, const std::string& user) const;
    void heard_from(const std::string& room_id, Time when);
    [[nodiscard]] Status recall_activity();
    void read_room(RoomId room);
    void read_room_later(RoomId room);
    void read_done(const Reading& reading, const CallResult& result);
    void heard_of_it(const CallDone& message);
    void homeserver_away();
    void homeserver_back();

    // results.cc
    void finish(Intent& intent, const CallResult& result);
    void look_at_member(const std::string& room, const std::string& user);
    [[nodiscard]] bool is_under_way(const std::string& room, const std::string& user) const;
    void look_where_listed(const Intent& intent, const std::vector<std::string>& rooms);
    [[nodiscard]] std::vector<std::string> outside_the_policy(const std::vector<std::string>& rooms) const;
    void achieved(Intent intent, const CallResult& result);
    void not_covered(Intent intent, const CallResult& result);
    void cannot_leave(Intent intent, const CallResult& result);
    void put_off(Intent intent, const CallResult& result, bool nobody = false);
    [[nodiscard]] Duration wait_for_an_account() const;
    void result_entry(const Intent& intent, const std::string& result, const std::string& event, bool ok);
    void try_later(const policy::ActionKey& key, const CallResult& result, int attempts, bool urgent);
    void keep_retry(const policy::ActionKey& key, Retry& retry, Duration wait);
    void not_too_often(const policy::ActionKey& key, const CallResult& result);
    void forget_retry(const policy::ActionKey& key);

    // on_demand.cc
    void try_what_is_red();
    [[nodiscard]] bool trying() const;
    [[nodiscard]] std::vector<policy::ActionKey> refused_to_the_bot() const;
    void over_for_the_bot(const policy::ActionKey& done);

    // ways.cc
    void ask(CallKind kind, std::string marker);
    void ask(Call call);
    void ask_whether_it_answers();
    void look_at_ways();
    void set_had_mask(bool had);
    void look_at_addresses();
    std::string alias_answered(const Intent& intent, const CallResult& result, std::string text);
    [[nodiscard]] bool take_address(const CallDone& message);
    [[nodiscard]] bool take_asked(const CallDone& message);
    void probe_the_way_back();
    void take_probe(const CallResult& result);
    void way_back_changed(const std::string& before);
    void mask_seen(bool known);
    void sign_in_seen(const CallResult& result);
    [[nodiscard]] bool may_act_as_users() const { return mask_ != Mask::unknown; }
    [[nodiscard]] policy::Abilities abilities_now() const;

    // settle.cc
    void settle_by_reading(Intent intent);
    [[nodiscard]] bool sees_now(RoomId room) const;
    [[nodiscard]] bool sees_as_themselves(RoomId room, const std::string& user) const;
    bool cannot_act_as(const std::string& user, const CallResult& result);
    void seen_by_themselves(const Intent& intent);
    void settled_member(Intent intent, const CallResult& result);
    void not_carried_out(Intent intent, const CallResult& result);
    void settled(Intent intent, const CallResult& result);
    void send_again(Intent intent);
    void look_later(Intent intent, const CallResult& result);
    void keep_open(Intent intent);
    void keep_before(Intent& intent) const;
    void recall_before(const Intent& intent);

    // accepted.cc
    [[nodiscard]] bool was_seen(const Intent& intent, const CallResult& result) const;
    void await_event(const Intent& intent, const std::string& event);
    void await_effect(Intent intent, const std::string& event);
    void saw(const policy::RoomEvent& event);
    void effect_seen(const Intent& intent, const std::string& result, const std::string& event);
    void say_accepted(Intent& intent, const std::string& text);
    [[nodiscard]] bool due(Accepted& accepted) const;
    void look_for_effects();
    void not_told(Accepted& accepted);
    [[nodiscard]] bool overtaken(const Intent& intent) const;
    void look_at_effect(Intent intent);
    void look_at_effects_in(RoomId id, bool read);
    [[nodiscard]] bool is_so(const Intent& intent) const;
    void found_not_so(Intent intent);

    // basis.cc
    [[nodiscard]] bool load_basis(const store::StoredMark& row);
    [[nodiscard]] std::string anchor_room(const schema::TrailAnchor& anchor) const;
    [[nodiscard]] schema::TrailBasis basis_now() const;
    void begin_basis(schema::TrailEntry entry);
    void record_basis(const schema::TrailBasis& before, bool whole);
    void keep_basis();
    void count_heads(const audit::AnchorState& at, std::uint64_t before);
    void keep_heads();

    // gone.cc
    void keep_deleted_group(GroupId group);
    bool load_gone(const store::StoredMark& row);
    void look_at_gone();

    // marks.cc
    void load_marks(const std::vector<store::StoredMark>& marks);
    [[nodiscard]] Tick waits_until(Time when) const;
    void mark(std::string kind, std::string key, std::optional<std::string> value);

    // accounts.cc
    void load_in_question(const store::StoredMark& row);
    void keep_in_question(UserId user);
    void keep_departed_unknown(const Guid& person);
    [[nodiscard]] bool in_question(UserId user) const;
    [[nodiscard]] bool awaited_for_departure(UserId user, const policy::Departing& left) const;
    [[nodiscard]] bool awaited(UserId user) const;
    [[nodiscard]] bool accounts_unasked() const;
    void look_for_accounts();
    void look_for_accounts_at_start();
    void look_for_made_up_accounts();
    void look_for_awaited_accounts();
    void account_read(UserId user, const CallResult& result);

    // rights.cc
    void load_legal_hold(const store::StoredMark& row);
    void load_retention(const std::string& value);
    void keep_retention();

    // baseline.cc
    void keep_baseline();
    void come_before(const schema::TrailEntry& entry);
    void record_before(schema::TrailEntry entry);
    void give_up_baseline(const Error& error);

    // orders.cc
    void failures_of_uncovered(UserId user, std::vector<Failure>& out) const;
    void record_approvals(const PolicyToApply& wanted, const std::vector<policy::RoomRename>& renames);
    void record_changes(const PolicyToApply& wanted, const std::vector<policy::RoomRename>& renames);

    // renames.cc
    void rename_rooms(const policy::Program& program, const std::vector<policy::RoomRename>& renames);
    void rename_room(const policy::RoomRename& one, const policy::CompiledRoom& spec,
                     const std::string& version);
    void rename_requests(bool notice, const std::string& from, const std::string& to);
    void rename_held(const std::string& from, const std::string& to);
    void mark_held(const std::string& room, bool goes);
    void rename_told(const std::string& from, const std::string& to);
    void rename_reviews(const std::string& from, const std::string& to);
    void remember_former_key(const std::string& from, const std::string& to);
    void forget_former_key(const std::string& key);
    [[nodiscard]] bool load_former_key(const store::StoredMark& row);

    // engine.cc
    void bind(std::shared_ptr<const policy::Program> program);
    [[nodiscard]] Time time_of(Tick tick) const { return date() + (tick - world_.tick); }
    void look_at_overdue();
    [[nodiscard]] Status collect();
    [[nodiscard]] Status commit();
    void release();
    void answer_reads();

    store::Store& store_;
    Homeserver& homeserver_;
    DirectoryPort& directory_;
    Log& log_;
    const Settings settings_;

    policy::World world_;
    TrustedTime clock_;
    struct Alive {
        Time earliest{}, shown{};  // as the process before believed
    };
    std::optional<Alive> alive_before_;
    Time began_{};                  // this process, by its own clock
    bool older_state_ = false;      // was found, and said
    std::optional<Tick> alive_at_;  // when the store was told last
    Tick ask_the_time_at_{};
    std::optional<Time> doubt_from_;  // dates of the ledger from then on may be too early
    Tick started_{};
    struct {
        Tick set_at = Tick::min();
        std::string trouble;
    } clock_said_;  // to the log and the trail
    bool clock_to_ask_ = false;
    std::shared_ptr<const policy::Program> program_;
    std::unique_ptr<policy::Decider> decider_;
    policy::Backlog backlog_;
    policy::GuardState guards_;
    policy::GuardState departures_guard_;  // of a pass that is not over: has seen all departures, and no more
    bool departures_counted_ = false;
    std::string counted_frozen_;  // world_.frozen when guards counted last
    // By `rollcall depart`, in this turn.
    std::vector<std::pair<UserId, policy::Answer>> ordered_;
    bool answers_changed_ = false, memberships_changed_ = false;  // since then
    policy::GuardMemory memory_;
    Grace grace_;
    Time ledger_trimmed_{};                           // entries before this are gone
    std::map<std::string, KeptHold> holds_;           // by id, every one that was seen and not answered
    std::uint64_t last_hold_ = 0;                     // order of the newest
    std::map<std::string, std::string> former_keys_;  // of rooms, and what each is called now
    bool whole_pass_ = true;  // a pass over everybody is under way: guards have not seen it all

    std::optional<store::StoredPolicy> policy_;
    policy::DirectoryStatus directory_status_;
    Reach reach_;
    WayBack way_back_;
    std::uint64_t last_transaction_ = 0;  // its number, where they have numbers
    bool look_everywhere_ = false;        // all rooms are to be read, once those are that are being read
    bool hears_ = false;                  // there is a listener
    Mask mask_ = Mask::none;
    bool had_mask_ = false;                    // since it was seen first, over restarts
    std::map<std::uint64_t, CallKind> asked_;  // pings, the mask, the admin room, whether it answers
    Tick next_mask_{}, next_sign_in_{};
    bool sign_in_elsewhere_ = false;
    std::optional<Tick> ways_looked_at_;
    std::optional<Tick> directory_told_, directory_asked_;  // its last status; that it was to be tried now
    bool directory_tries_ = false;                          // and a status follows
    Addresses addresses_;
    std::map<std::string, std::string> gone_;        // see gone()
    std::string store_trouble_;                      // when it was looked at last
    std::map<std::string, std::string> alias_from_;  // wanted, and leads to this other room of ours
    DepartedAgain departed_again_;
    bool look_at_ways_now_ = false;
    // What was put off and is tried now because somebody asks; since when.
    std::vector<policy::ActionKey> tried_now_;
    Tick tried_since_{};
    std::string probe_room_;        // of the bot's own, to try whether events come (probe.h); ""
    bool probe_room_lost_ = false;  // … and made once more, in this process
    Pause pause_ = Pause::none;
    std::string pause_text_;
    Counters counters_;

    std::uint64_t next_intent_ = 1;
    std::uint64_t next_read_ = std::uint64_t{1} << 62U;  // sendings without an intent: reads
    std::map<std::uint64_t, Intent> in_flight_;          // by intent id
    std::map<policy::ActionKey, Intent>
        open_;                       // announced, not in flight, result unknown or to be tried again
    std::vector<Intent> to_settle_;  // left by a crash
    std::map<std::uint64_t, Accepted> accepted_;  // by intent id; way_back_ knows their events
    std::set<policy::ActionKey> busy_;
    std::map<std::string, int> room_members_;  // room ID → membership calls in flight
    std::set<std::string> room_state_;         // room IDs whose state is being written or read
    std::set<std::string> state_waits_;  // … is to be, once no membership changes: no new ones meanwhile
    struct Filling {
        Tick since{}, last_join{};
    };
    std::map<RoomId, Filling> filling_;  // rooms that are still hidden, and admit openly
    struct {
        Tick since{};  // when the first of them was made, and how many have joined any of them since
        std::int64_t joins = 0;
    } fill_pace_;
    std::set<RoomId> first_fills_;          // of which were not over when they had to be closed
    std::set<RoomId> closing_;              // those of them whom nobody may join any more
    std::map<std::string, Stray> strays_;   // by room ID
    std::map<std::string, Time> given_up_;  // markers of which a room would be one too many; since when
    // Markers of rooms whose making the homeserver refused: one that is there all the same is half a room.
    std::map<std::string, policy::ActionKey> refused_rooms_;
    std::string folder_;  // random, of this state folder: no other's marker is like ours
    std::string run_;     // … of this process: nor like one that a database gave out which a copy replaced
    std::vector<Time> room_activity_;  // by RoomId: when something was last heard from it
    std::map<policy::ActionKey, Retry> retries_;
    std::map<policy::ActionKey, int> repeats_;  // how often done since a minute ago at most
    Tick repeats_until_{};
    std::set<std::pair<std::string, std::string>> by_mask_;  // (room key, user): the kick was refused
    std::map<std::uint64_t, Reading> reading_;
    std::deque<RoomId> rooms_to_read_;
    std::deque<std::pair<std::string, std::string>> members_to_read_;
    std::deque<UserId> accounts_to_find_;
    ReadAgain read_again_;
    AfterClosing after_closing_;
    Unreadable unreadable_;
    Overdue overdue_;
    PutBacks put_backs_;
    std::map<std::string, schema::StateSize> large_rooms_;  // by room ID
    // Rooms that the bot is not in: when each is looked at again, and when it may try to go back; in whose
    // name it is looked at next, and was; and who could not look.
    struct Lost {
        Tick look{}, go_back{};
        UserId looker{}, seen_by{};
        std::set<UserId> cannot{};
        int tries = 0;
    };
    std::map<RoomId, Lost> lost_;
    std::map<RoomId, Tick> looked_after_refusal_;  // when that may be done again
    Tick next_verify_{}, next_accounts_{}, next_awaited_{};
    std::size_t next_made_up_ = 0;         // where the next look for accounts of made-up names goes on
    std::size_t recheck_ = 0;              // the next user to be decided again in an idle moment
    std::set<std::string> suspect_rooms_;  // keys: a decision there was found stale, removals wait
    std::map<std::string, LegalHold> legal_holds_;
    std::deque<NoticeDebt> notices_;
    std::map<ReviewKey, ReviewAsk> review_asks_;
    std::map<std::string, ReviewKey> review_messages_;      // by event ID: which of them it shows
    std::map<std::string, EarlyReaction> early_reactions_;  // by event ID of the message
    std::set<ReviewKey> reacted_;                           // whose reaction is to be looked at
    std::string reading_review_;                            // key of the room that is being read for; ""
    Tick look_at_reactions_{};                              // not before: the trail could not be read
    std::map<std::string, std::string> direct_rooms_;  // Matrix ID, or how the admin room is named → room ID
    std::map<std::string, RoomsMade> rooms_made_;      // by Matrix ID
    std::map<std::string, Untold> untold_;             // by Matrix ID
    // What the admins were told is wrong, and not yet that it is over: by what it is, what must be seen for
    // that.
    std::map<std::string, std::string> told_;
    std::map<std::string, std::string> to_tell_;  // by what it is: what waits for its place among the debts
    AdminRoom admin_room_;
    // How far the people of a lane have been looked at in a round, and how many are left: of very many not
    // all are looked at in one turn.
    struct Lap {
        std::size_t next = 0, left = 0;
    };
    static constexpr std::size_t kRounds = 3;
    std::array<std::array<Lap, kRounds>, policy::kLanes> laps_{};
    bool look_on_ = false;     // not all were looked at since something changed, and places are free
    Tick looked_from_{};       // when it changed
    bool dispatched_ = false;  // something was sent in this turn
    bool read_since_start_ = false;
    bool directory_heard_ = false;  // it is current, or cannot be reached
    bool directory_tried_ = false;  // the same; a complete read alone does not say so
    bool converging_ = false;
    bool more_ = false;  // another turn has work although no message comes

    // This turn, until its commit.
    store::Turn turn_;
    audit::Trail trail_;
    Baseline baseline_;
    bool baseline_made_ = false;
    std::optional<Time> retained_;             // when retention was looked at last
    Time retain_at_{};                         // … and is again
    bool retention_waits_ = false;             // for something that is looked up beside the engine
    std::string next_verifier_;                // to which the log is being handed on; "": it is not
    audit::LogState log_state_;                // as its publisher said last
    std::optional<schema::TrailBasis> basis_;  // as the trail says it
    std::map<std::string, schema::TrailAnchor> anchors_;  // what each was given, by its name
    std::set<std::string> counted_anew_;                  // of whom the store does not know yet
    audit::CollectorState collector_state_;
    std::vector<std::function<void(bool)>> answers_;
    std::vector<std::function<void()>> replies_;
    std::vector<std::function<void()>> read_replies_;  // promise nothing: given even if the disk is full
    std::vector<std::pair<std::uint64_t, Call>> calls_;
    std::vector<Command> deferred_;
    std::vector<Message> waiting_;  // arrived while the disk was full
    bool blocked_ = false;
    Tick try_again_{};  // when the blocked turn's commit is tried again
};

}  // namespace rollcall::engine
