// FakeHomeserver: a Matrix homeserver as the engine meets it: rooms with their state, accounts, aliases, an
// application service's transactions; and what goes wrong with one.
//
//     send(call) ─► (latency) ─► carried out, or not ─► (latency) ─► CallDone, or the answer is lost
//     events of rooms the bot is in ─► transactions, one open at a time, again until answered
//
// It keeps to what was seen on Synapse (docs/carrying-on.md, "Traps"): a kick answers without an event ID, a
// transaction that the daemon left unanswered when it died may come after later ones, createRoom repeated
// makes a second room, whoever has left a room is shown its state as of then until they forget it. It breaks
// the test itself (fault()) where the daemon does what it never may: asks for something that the store does
// not hold as announced, has too much in flight, or says that a transaction is kept that is not.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/engine/call.h"
#include "daemon/engine/message.h"
#include "tests/sim/agenda.h"
#include "tests/sim/random.h"

namespace rollcall::sim {

// Chances in percent of what becomes of one call.
struct CallFaults {
    unsigned unreachable = 0;  // not carried out, and the homeserver is as good as down
    unsigned torn_before = 0, torn_after = 0;
    unsigned retry = 0, retry_after = 0;
    unsigned refused = 0;
    unsigned repeat_transaction = 0;  // the answer to a transaction is lost
    unsigned garbled = 0;             // a read is answered with something that is no answer
    unsigned hollow = 0;              // a change is said to be done, and is not
};

struct Account {
    int sessions = 1;
    bool deactivated = false;
};

struct FakeRoom {
    using Slot = std::pair<std::string, std::string>;  // event type, state key
    std::map<Slot, policy::RoomEvent> state;
    std::string name, marker;
    bool direct = false;
    std::vector<std::pair<std::string, std::string>> messages;  // marker, text
    std::map<std::string, std::string> message_events;          // marker → event ID
    std::set<std::string> past_readers;                         // out, and not made to forget
    std::map<std::string, std::map<Slot, policy::RoomEvent>>
        as_left;                           // of whom, and of the bot: the state then
    std::set<std::string> left_by_choice;  // out because they wanted to be
    std::set<Slot> unusable;               // of whose events a part that decides cannot be used
    int garbled_reads = 0;  // so many reads of its state are answered with something that is no answer
};

class FakeHomeserver : public engine::Homeserver {
  public:
    FakeHomeserver(Agenda& agenda, Random& random, std::string server_name, std::string bot);
    void send(std::uint64_t id, engine::Call call) override;

    // --- the daemon's process ---
    std::function<void(engine::Message)> deliver;              // into the mailbox of the process that runs
    std::function<bool(std::uint64_t intent)> announced;       // does the store hold it?
    std::function<bool(const std::string& transaction)> kept;  // likewise
    std::function<void(std::uint64_t, const engine::Call&)> on_send;  // may throw: the process ends there
    // What a call brings about is so; its answer arrives. Either may end the process.
    std::function<void(const engine::Call&)> on_carried_out;
    std::function<void(const engine::CallResult&)> on_answer;
    // The process has ended: its answers are lost, its transactions are sent again, perhaps after later ones.
    void process_ended();
    void process_started();

    CallFaults faults;
    bool down = false;
    bool deaf = false;  // what happens is never told: a bridge that lost its events
    std::function<bool(const policy::RoomEvent&)> swallows{};  // … of events that something in between drops
    std::set<std::string> purged;                              // rooms that its administrator deleted
    void count_anew() { next_transaction_ = 0; }               // its transactions
    bool reaches_us = true;                                    // false: neither pings nor events come
    bool has_ping = true;
    bool knows_mask = true;                        // false: its token is not known
    bool sign_in_elsewhere = false;                // people sign in by another service
    bool makes_half = false;                       // of a room: its own configuration forbids the rest
    Duration create_takes{0};                      // createRoom goes on although its client has given up
    Duration patience = std::chrono::seconds{30};  // of the client: then the answer is lost
    // These changes are said to be done, and are not.
    std::function<bool(const engine::Call&)> hollow;
    bool keeps_the_past = false;                     // whoever forgot a room reads it all the same (Dendrite)
    std::function<bool(const engine::Call&)> hangs;  // these are carried out when nobody waits any more
    // An answer of the test's own, instead of carrying the call out.
    std::function<std::optional<engine::CallResult>(const engine::Call&)> answer_instead;
    Duration latency{10};
    bool tells_time = true;  // with its answers
    Duration clock_ahead{};  // its own clock
    std::size_t events_a_transaction = 3;
    std::string room_version = "12";  // before that a creator's power stands in the power levels

    // --- what people do; nothing happens where the rules of Matrix forbid it ---
    void add_account(const std::string& user);
    std::string make_room(const std::string& creator, const std::string& name);
    bool invite(const std::string& room, const std::string& by, const std::string& user);
    bool join(const std::string& room, const std::string& user);
    bool leave(const std::string& room, const std::string& user);
    bool kick(const std::string& room, const std::string& by, const std::string& user);
    bool ban(const std::string& room, const std::string& by, const std::string& user);
    bool unban(const std::string& room, const std::string& by, const std::string& user);
    bool rename_self(const std::string& room, const std::string& user);
    bool set_state(const std::string& room, const std::string& by, const policy::RoomContent& content,
                   const std::string& state_key = {});
    // The event ID of the reaction; "" where they are not in that room. Nobody looks whether `event` is
    // there.
    std::string react(const std::string& room, const std::string& user, const std::string& event,
                      const std::string& key);
    // What that state event says is taken from it; its ID stays.
    bool redact(const std::string& room, const std::string& by, const std::string& type,
                const std::string& state_key = {});
    // What only an administrator of the server, or a fault of it, can do.
    void force_state(const std::string& room, const policy::RoomContent& content,
                     const std::string& state_key = {});
    // The bot is out, by whomever; where nobody tells, only a look shows it.
    void put_bot_out(const std::string& room, bool told = true);
    // Of this event, now and until it is made usable again, something cannot be used.
    void spoil(const std::string& room, const std::string& type, const std::string& key, bool spoilt = true);
    void take_alias(const std::string& alias) { aliases[alias] = "!elsewhere"; }

    // --- what is ---
    [[nodiscard]] policy::MembershipState membership(const std::string& room, const std::string& user) const;
    [[nodiscard]] const policy::RoomEvent* state(const std::string& room, const std::string& type,
                                                 const std::string& key = {}) const;
    [[nodiscard]] std::int64_t power(const std::string& room, const std::string& user) const;
    [[nodiscard]] bool quiet() const { return outgoing_.empty() && open_.id.empty() && late_.empty(); }
    [[nodiscard]] std::vector<std::string> rooms_of(const std::string& user, bool invited_too) const;

    std::map<std::string, FakeRoom> rooms;           // by room ID
    std::map<std::string, std::string> aliases;      // → room ID
    std::map<std::string, schema::StateSize> large;  // by room ID: as a read says
    std::map<std::string, Account> accounts;         // local users
    std::set<std::string> not_covered;               // by the mask: nobody can act as them
    std::vector<std::string> complaints;             // what the daemon never may do, and did
    std::map<engine::CallKind, std::size_t> calls;
    std::size_t sent = 0, in_flight = 0, most_in_flight = 0, elsewhere_in_flight = 0;
    bool keep_log = false;
    std::vector<std::pair<Time, engine::Call>> log;  // of what arrived, where a test wants to know

  private:
    struct Transaction {
        std::string id;
        std::vector<policy::RoomEvent> events;
    };
    void answer(std::uint64_t id, Duration wait, engine::CallResult result, const engine::Call& call);
    [[nodiscard]] bool may_wait_for_others(const engine::Call& call) const;
    [[nodiscard]] engine::CallResult fate(const engine::Call& call, bool& carried_out);
    [[nodiscard]] engine::CallResult perform(const engine::Call& call);
    [[nodiscard]] engine::CallResult hollow_answer(const engine::Call& call);
    [[nodiscard]] static engine::CallResult of_no_room(const engine::Call& call);
    [[nodiscard]] engine::CallResult as_user(const engine::Call& call);
    [[nodiscard]] engine::CallResult look_at_sessions(const std::string& user);
    [[nodiscard]] engine::CallResult look_at_past(const engine::Call& call);
    [[nodiscard]] engine::CallResult put_member(const engine::Call& call);
    [[nodiscard]] engine::CallResult put_member_as_bot(const engine::Call& call);
    [[nodiscard]] engine::CallResult create_room(const engine::Call& call);
    [[nodiscard]] engine::CallResult put_state(const engine::Call& call);
    [[nodiscard]] engine::CallResult probe(const engine::Call& call);
    [[nodiscard]] engine::CallResult read_room(const engine::Call& call);
    [[nodiscard]] engine::CallResult read_member(const engine::Call& call);
    [[nodiscard]] const std::map<FakeRoom::Slot, policy::RoomEvent>* seen_by(const std::string& room,
                                                                             const std::string& user) const;
    [[nodiscard]] bool touches_equals(const std::string& room, const policy::PowerLevels& next) const;
    [[nodiscard]] bool spoilt(const policy::RoomEvent& event) const;
    [[nodiscard]] engine::TransactionIn as_read(const Transaction& transaction) const;
    [[nodiscard]] bool may_join(const std::string& room, const std::string& user) const;
    const policy::RoomEvent& emit(const std::string& room, const std::string& sender,
                                  policy::RoomContent content, const std::string& state_key = {});
    void tell_time();
    void pump();
    void push(Transaction transaction);
    void answered(const std::string& id, bool durable);
    void complain(std::string text) { complaints.push_back(std::move(text)); }

    Agenda& agenda_;
    Random& random_;
    const std::string server_name_, bot_;
    std::uint64_t next_event_ = 0, next_room_ = 0, next_transaction_ = 0;
    std::uint64_t process_ = 0;  // counts starts: an answer to an earlier process is lost
    bool running_ = false;
    std::deque<policy::RoomEvent> outgoing_;
    std::optional<Tick> told_time_;
    Transaction open_;  // id "": none
    bool pumping_ = false;
    std::deque<Transaction> late_;  // were open when the process ended
};

}  // namespace rollcall::sim
