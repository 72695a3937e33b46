// Message: what reaches the engine thread, and the bounded mailbox that it comes through.
//
// Rules of docs/carrying-on.md: producers never wait for room while the engine waits for them. A transaction
// is one open HTTP request a registration, a call's completion has its place reserved by the call itself, a
// complete directory read is one moved snapshot; only those three and commands come here, so the bound is
// reached by commands alone, and a command that finds the mailbox full is told "busy".
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "daemon/audit/collector_state.h"
#include "daemon/audit/log_state.h"
#include "daemon/engine/call.h"
#include "policy/clock_reading.h"
#include "policy/directory.h"

namespace rollcall::engine {

class Engine;

// A transaction of the homeserver. `answer(true)` says it is durable, `answer(false)` that it must be sent
// again; called exactly once, on the engine thread, after the turn's commit.
struct TransactionIn {
    std::string id;
    std::vector<policy::RoomEvent> events;
    std::function<void(bool)> answer;
    std::vector<policy::UnreadableEvent> unreadable{};  // the first of those that cannot be used
    std::size_t unusable = 0;                           // how many these are
};
// The homeserver has reached our listener, as it was asked to.
struct PingIn {
    std::string id;
};
// It sends a transaction that can never be taken, again and again, and nothing after it.
struct TransactionRefused {
    std::string why;
};
struct CallDone {
    std::uint64_t id = 0;
    CallResult result;
};
// Something asked by a person. run() is called on the engine thread and returns the answer to give after the
// commit.
struct Command {
    std::function<std::function<void()>(Engine&)> run;
    bool reads_only = false;  // may be answered while the disk is full
    // … and what is no longer only read is answered by this then, and not carried out: whoever gave the order
    // may have given up, or thought better of it, before there is room. Not set: it waits.
    std::function<void()> disk_full{};
};

using MessageVariant = std::variant<TransactionIn, CallDone, Command, policy::DirectorySnapshot,
                                    policy::DirectoryChanges, policy::DirectoryStatus, policy::ClockReading,
                                    audit::LogState, audit::CollectorState, PingIn, TransactionRefused>;
// A type of its own, so that what moves and destroys all of them is compiled once.
struct Message : MessageVariant {
    using MessageVariant::operator=;
    using MessageVariant::variant;
    Message();
    ~Message();
    Message(const Message&);
    Message& operator=(const Message&);
    Message(Message&&) noexcept;
    Message& operator=(Message&&) noexcept;
};

// Any thread puts, the engine thread takes. `fd` becomes readable when there is something to take.
class Mailbox {
  public:
    Mailbox();
    ~Mailbox();
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    void put(Message message);                  // always taken: bounded by what is in flight
    [[nodiscard]] bool offer(Command command);  // false: full, say "busy"
    [[nodiscard]] std::vector<Message> take();
    [[nodiscard]] int fd() const { return fd_; }

    static constexpr std::size_t kMostCommands = 64;

  private:
    void wake() const;
    int fd_ = -1;
    std::mutex mutex_;
    std::vector<Message> messages_;  // protected by mutex_
    std::size_t commands_ = 0;       // protected by mutex_
};

}  // namespace rollcall::engine
