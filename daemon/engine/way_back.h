// WayBack: whether what happens on the homeserver reaches us. Only what was seen counts: a ping that came to
// our own listener and was answered well, an event, the event of a change of ours.
//
//     change of ours accepted ─► its event is awaited ─► came: it is done, and events of that kind arrive
//                                                   ├─► it was looked at, and is not so: there is none
//                                                   └─► did not come: they are missing, until one of that
//                                                       kind comes, of whomever, or of the bot's own making
//                                                       (a probe, again and again, and for whoever asks)
//     a transaction that can never be taken ─► nothing comes, until one was taken
//     start, outage over, nothing heard for minutes ─► ping ─► at the listener, and answered: the way is
//     there
//
// While events are missing the engine reads all rooms, again and again (look_due()). A homeserver without
// pings leaves "not seen" until an event comes. Owned by the engine, on its thread; it asks nobody itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/engine/call.h"
#include "daemon/engine/intent.h"
#include "policy/base/time.h"
#include "policy/room_event.h"

namespace rollcall::engine {

// Is this the bot's kick of somebody, or an invitation that it took back?
[[nodiscard]] bool is_kick(const policy::RoomEvent& event, const std::string& bot);
// Is it the next one after the event with this digest, as far as it says? 0: there was none.
[[nodiscard]] bool comes_after(const policy::RoomEvent& event, std::uint32_t before);
// "m.room.member (leave)": of other events the kind is their type.
[[nodiscard]] std::string member_kind(policy::MembershipState state);

class WayBack {
  public:
    enum class State : std::uint8_t { not_seen, arrives, broken };
    [[nodiscard]] State state() const;
    // Why nothing, or not all, arrives, and what to mend; "" while it is not known to be broken.
    [[nodiscard]] std::string trouble() const;
    // When something came last; Time{}: never since the start.
    [[nodiscard]] Time last_seen() const { return last_seen_; }

    // Nothing can come: the listener could not be opened.
    void cannot_listen(std::string why);

    // --- pings ---
    [[nodiscard]] bool ping_due(Tick now) const;
    [[nodiscard]] std::string begin_ping(Tick now);  // its transaction ID
    void ping_soon() { next_ping_ = Tick{}; }
    [[nodiscard]] bool pinging() const { return !ping_.empty(); }
    void ping_arrived(const std::string& id);
    void ping_ended(const CallResult& result, Moment now);

    // --- events ---
    // The homeserver said that it did this, and its event has not come yet. It is known by its ID, or of a
    // kick, whose answer names none, by what it says and what it comes after. Where it may have come without
    // being known it does not have to (`must_come`).
    void await(const Intent& intent, const std::string& event, bool must_come, Tick now);
    void not_so(const Intent& intent);  // it was looked at: nothing is there to be told
    // The id of the intent whose doing this is, if it was awaited.
    std::optional<std::uint64_t> event_came(const policy::RoomEvent& event, const std::string& bot,
                                            Moment now);
    void heard(Moment now);  // a transaction, whatever is in it
    // One that can never be taken: nothing comes until another one does.
    void refused(std::string why, Tick now);
    [[nodiscard]] Tick last_event() const { return last_event_; }

    // Kinds of events that were missing, a line each; and what the process before said of these. Where such
    // were missing then, they have to come before all is said to be well again.
    [[nodiscard]] std::string kinds_missing() const;
    void were_missing(const std::string& kinds);
    [[nodiscard]] bool well_again() const { return state() == State::arrives && missing_before_.empty(); }
    // … that came again since, for people; "": none was missing.
    [[nodiscard]] std::string came_again() const;

    // --- the bot makes an event of each kind that is missing (probe.h) ---
    [[nodiscard]] bool probe_due(Tick now) const;
    [[nodiscard]] std::vector<std::string> begin_probe();  // the kinds
    void probe_ended(const CallResult& result, Tick now);
    void probe_soon() { next_probe_ = Tick{}; }
    // Is one under way, or made a moment ago, so that what it made may still come?
    [[nodiscard]] bool probing(Tick now) const;

    void notice_missing(Tick now);  // awaited events that are overdue are missing from now on
    // While something is missing, all rooms are read, again and again, and more and more seldom.
    [[nodiscard]] bool look_due(Tick now) const;
    void looked(Tick now);
    // When one of the three above, or a ping, is due; kNoTick.
    [[nodiscard]] Tick next() const;

    // What is more than this is looked at all the same, and not missed where it does not come.
    static constexpr std::size_t kMostAwaited = 10'000;

  private:
    struct Awaited {
        std::uint64_t intent = 0;
        std::string kind;
        std::uint32_t after = 0;  // of a kick: digest of the event that it comes after
        bool must_come = true;
        Tick since{};
    };
    [[nodiscard]] Tick overdue(Tick since) const;
    [[nodiscard]] std::set<std::string> all_missing() const;
    void probe_in_vain(Tick now);
    [[nodiscard]] Tick next_of_probe() const;
    static bool is_it(const policy::RoomEvent& event, Awaited& awaited, const std::string& bot);
    void broken_at(Tick now);

    std::string ping_;  // transaction ID of the one under way; ""
    Tick pinged_at_{};
    bool ping_came_ = false;
    int doubts_ = 0;  // how many were lost one after the other, and sent again
    std::uint64_t pings_ = 0;
    int failed_pings_ = 0;
    Tick next_ping_{};
    std::string ping_trouble_;  // of the last ping; "" where it went well or none ended
    std::string no_listener_;
    std::string refused_;     // why the transaction that it sends cannot be taken; ""
    bool ping_seen_ = false;  // the last one went well
    Time last_seen_{};        // for people
    Tick last_heard_{}, last_event_{};
    Tick told_until_{};                       // when the latest of what came of ours was accepted
    std::map<std::string, Awaited> awaited_;  // by what tells the event: its ID, or of a kick room and user
    std::set<std::string> missing_;           // kinds of events
    std::set<std::string> missing_before_;    // … in the process before, and none has come since
    std::set<std::string> came_again_;        // … and have come since
    std::size_t missed_ = 0;                  // how many, since the first of them
    bool probing_ = false;                    // the bot makes such events
    std::optional<Tick> probed_;              // … has made them, and they have not all come
    std::string probe_trouble_;               // what became of the last time; ""
    Tick next_probe_{};
    int probes_ = 0;
    Tick next_look_{};  // while broken
    int looks_ = 0;
};

}  // namespace rollcall::engine
