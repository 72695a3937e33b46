// FakeDirectory: an Active Directory as the engine meets it through the bridge: changes as they are written,
// complete reads on request and now and then, a cursor to go on from after a restart; and what goes wrong:
// changes whose groups could not be verified, groups whose members cannot be read, reads that find nobody.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/engine/engine.h"
#include "tests/policy/world_builder.h"
#include "tests/sim/agenda.h"
#include "tests/sim/random.h"

namespace rollcall::sim {

class FakeDirectory : public engine::DirectoryPort {
  public:
    FakeDirectory(Agenda& agenda, Random& random) : agenda_(agenda), random_(random) {}

    // --- the port ---
    void request_sweep() override;
    bool try_now() override { return on_try && on_try(); }
    [[nodiscard]] std::optional<Tick> last_answer() const override { return answered; }
    [[nodiscard]] std::optional<std::size_t> people_shown() const override { return shown; }
    void want(std::vector<std::string> attributes, std::vector<policy::Canary> canaries) override;

    // --- the daemon's process ---
    std::function<void(engine::Message)> deliver;
    std::function<bool()> on_try;  // what is put off is to be tried
    void process_started(const policy::World::Cursor& cursor);
    void process_ended() { running_ = false; }

    // What stands in the directory: change it through these, which tell the daemon of it a little later.
    policy::test::Directory content;
    void hire(const std::string& login, const std::vector<std::string>& groups);
    std::optional<Tick> answered;      // last; nobody counts by itself
    std::optional<std::size_t> shown;  // by a read that lacked a canary, likewise
    bool tells_when = true;            // an attribute was written, of what has changed
    void disable(const std::string& login, bool disabled);
    void erase(const std::string& login);
    // A login that is changed, and in the same write perhaps disabled; known here as the one of before.
    void rename(const std::string& login, const std::string& to, bool disabled = false);
    void join(const std::string& group, const std::string& member);
    void leave(const std::string& group, const std::string& member);
    void hide_members(const std::string& group, bool hidden);
    void touched(const std::string& name) { touched(std::vector<std::string>{name}); }
    void touched(std::vector<std::string> names);

    struct Faults {
        unsigned unverified = 0;   // of 100 drains: who is missing from their groups proves nothing
        unsigned empty_read = 0;   // of 100 complete reads: success, and nobody
        unsigned unreachable = 0;  // of 100 complete reads: none, and a report instead
        unsigned partial = 0;      // of 100 complete reads: ends well, and lacks every other person
    } faults;
    // From now on `state`, a copy of `content` from before, answers in its place: as another controller, or
    // as this one, put back.
    void become(policy::test::Directory state, const std::string& invocation);

    Duration latency{20};
    std::size_t sweeps = 0;
    bool tells_time = true;                // with what it says, and every few minutes
    Duration clock_ahead{};                // its own clock
    std::vector<policy::Canary> canaries;  // as the daemon wants them

  private:
    [[nodiscard]] policy::DirectorySnapshot snapshot() const;
    void thin_out(policy::DirectorySnapshot& read) const;
    [[nodiscard]] policy::Evidence evidence() const;
    void tell(policy::DirectoryStatus status);
    void drain(std::uint64_t after);
    void tell_time();
    void tell_time_again();

    Agenda& agenda_;
    Random& random_;
    std::set<std::string> erased_;
    std::vector<std::string> attributes_{"samaccountname"};
    std::uint64_t process_ = 0;
    bool running_ = false;
    bool sweeping_ = false;
    std::optional<policy::DirectoryStatus> told_;
    bool put_back_ = false;  // the next complete read is the first since
};

}  // namespace rollcall::sim
