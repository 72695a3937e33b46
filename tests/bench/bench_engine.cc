// bench_engine [PEOPLE]: what one turn of the engine costs in a company of that many people, without disk and
// network: the store keeps nothing, the homeserver says yes at once.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "daemon/engine/engine.h"
#include "policy/compile.h"
#include "tests/bench/big_company.h"
#include "tests/bench/settled_rooms.h"

namespace rollcall::engine {
namespace {

using policy::bench::BigCompany;

class EmptyStore : public store::Store {
  public:
    explicit EmptyStore(policy::World world) : world_(std::move(world)) {}
    Status commit(const store::Turn&) override { return {}; }
    [[nodiscard]] bool fatal() const override { return false; }
    Status load(policy::World& world) override {
        world = std::move(world_);
        return {};
    }
    Result<std::optional<store::StoredPolicy>> policy() override {
        return std::optional<store::StoredPolicy>(store::StoredPolicy{});
    }
    Result<std::vector<store::StoredIntent>> intents() override { return std::vector<store::StoredIntent>{}; }
    Result<std::vector<store::StoredMark>> marks() override {
        return std::vector<store::StoredMark>{{"baseline", "made", "0"}};
    }
    Result<bool> seen_transaction(const std::string&) override { return false; }
    Result<std::vector<store::StoredTrailEntry>> trail(const store::TrailFilter&) override {
        return std::vector<store::StoredTrailEntry>{};
    }
    Status each_trail(const store::TrailFilter&, const store::TrailVisit&) override { return {}; }
    Result<std::uint64_t> trail_size() override { return std::uint64_t{0}; }
    void read_leaves_with(store::LeafReader) override {}
    Result<std::optional<store::StoredPersonKey>> person_key(const Guid&, const std::string&) override {
        return std::optional<store::StoredPersonKey>{};
    }
    Result<std::vector<store::StoredPersonKey>> person_keys() override {
        return std::vector<store::StoredPersonKey>{};
    }
    Result<std::map<std::uint64_t, Time>> departures() override { return {}; }
    Result<std::uint64_t> last_person_key() override { return std::uint64_t{0}; }
    Result<std::uint64_t> last_intent() override { return std::uint64_t{0}; }

  private:
    policy::World world_;
};

// Answers what changes a membership or a room's state; reads stay unanswered.
class YesHomeserver : public Homeserver {
  public:
    void send(std::uint64_t id, Call call) override {
        if (call.kind != CallKind::put_member && call.kind != CallKind::put_state) return;
        CallDone done{id, {}};
        done.result.event = fmt::format("$answer{:037}", id);
        answers.emplace_back(std::move(done));
    }
    std::vector<Message> answers;
};

class SilentDirectory : public DirectoryPort {
  public:
    void request_sweep() override {}
    void want(std::vector<std::string>, std::vector<policy::Canary>) override {}
};

class Bench {
  public:
    Bench(std::size_t people, bool filled) : log_(static_cast<LogLevel>(4), LogFormat::text) {
        BigCompany company(people);
        policy::Compiled compiled = policy::compile(company.policy, company.world, {}, "bench");
        if (!compiled.program) std::exit(1);
        program_ = compiled.program;
        policy::bench::open_rooms(company.world, *program_);
        policy::Decider decider(company.world, program_);
        if (filled) policy::bench::bring_in(company.world, decider);
        policy::bench::furnish(company.world, decider);
        now_.wall = company.world.now;
        for (std::size_t i = 0; i < kTurns; ++i) joiners_.push_back(joiner(company, i));
        settings_.server_name = company.world.server_name;
        settings_.bot = company.world.bot;
        store_ = std::make_unique<EmptyStore>(std::move(company.world));
    }

    void run(const char* what) {
        engine_ = std::make_unique<Engine>(*store_, homeserver_, directory_, log_, settings_);
        const auto compile = [this](const store::StoredPolicy&,
                                    policy::World&) -> Result<std::shared_ptr<const policy::Program>> {
            return program_;
        };
        say(what, "start", time([&] {
                if (!engine_->start(now_, compile)) std::exit(1);
            }),
            1);
        std::size_t turns = 0;
        const double pass = time([&] {
            do turn({}), ++turns;
            while (!engine_->backlog().complete());
        });
        say(what, fmt::format("a pass over everybody, in {} turns", turns).c_str(), pass, 1);
        fmt::print("{}: {} user actions and {} room actions waiting, {} holds\n", what,
                   engine_->backlog().user_actions(), engine_->backlog().room_actions(),
                   engine_->guards().holds().size());
        for (const policy::RoomAction& action : engine_->backlog().actions(100))
            fmt::print("{}: room 100 wants {}\n", what, policy::to_text(action.kind));
        answers(what);
        events(what);
        joins(what);
    }

  private:
    // Somebody in one group more.
    static policy::DirectoryChanges joiner(const BigCompany& company, std::size_t i) {
        policy::DirectoryChanges out;
        out.evidence = {"corp", "ldaps://dc1", 10'000'000 + i, "", {}};
        out.invocation_id = "db-1";
        out.attributes = {"department", "samaccountname"};
        out.groups_verified = true;
        policy::GroupEntry group = company.group_entry(company.leaf(company.leaf_of(i, 0) + 1));
        group.members.push_back(company.person_entry(i).guid);
        group.usn = out.evidence.usn;
        out.groups.push_back(std::move(group));
        return out;
    }

    template <class Work>
    static double time(Work work) {
        const double start = policy::bench::cpu_ms();
        work();
        return policy::bench::cpu_ms() - start;
    }
    static void say(const char* what, const char* part, double ms, std::size_t times) {
        fmt::print("{}: {:<58} {:>10.3f} ms\n", what, part, ms / static_cast<double>(times));
    }

    void turn(std::vector<Message> messages) {
        now_.wall += Duration{1}, now_.tick += Duration{1};
        if (!engine_->turn(std::move(messages), now_)) std::exit(1);
        (void)engine_->wake();
    }

    // Turns that bring what the homeserver answered, and send as much again.
    void answers(const char* what) {
        if (homeserver_.answers.empty()) return;
        std::size_t calls = 0;
        const double ms = time([&] {
            for (std::size_t i = 0; i < kTurns; ++i) {
                calls += homeserver_.answers.size();
                turn(std::exchange(homeserver_.answers, {}));
            }
        });
        say(what, fmt::format("a turn with {:.1f} answers", static_cast<double>(calls) / kTurns).c_str(), ms,
            kTurns);
    }

    // An outsider joins; the turn sends the kick.
    void events(const char* what) {
        std::size_t kicks = 0;
        double ms = 0, worst = 0;
        for (std::size_t i = 0; i < kTurns; ++i) {
            policy::RoomEvent event;
            event.room = engine_->world().rooms[100 + i].id;
            event.event = fmt::format("$outsider{}", i);
            event.sender = fmt::format("@outsider{}:elsewhere.example", i);
            event.state = true;
            event.content = policy::MemberContent{event.sender, policy::MembershipState::join, ""};
            std::vector<Message> messages;
            messages.emplace_back(TransactionIn{fmt::format("{}", i), {event}, [](bool) {}});
            homeserver_.answers.clear();
            const double took = time([&] { turn(std::move(messages)); });
            ms += took;
            worst = std::max(worst, took);
            kicks += homeserver_.answers.size();
            turn(std::exchange(homeserver_.answers, {}));
        }
        say(what,
            fmt::format("a turn with one event ({} calls after {}, worst {:.1f} ms)", kicks, kTurns, worst)
                .c_str(),
            ms, kTurns);
    }

    // Additions appear, so that guards count.
    void joins(const char* what) {
        const std::size_t before = engine_->backlog().user_actions();
        double ms = 0, worst = 0;
        for (policy::DirectoryChanges& joiner : joiners_) {
            std::vector<Message> messages;
            messages.emplace_back(std::move(joiner));
            const double took = time([&] { turn(std::move(messages)); });
            ms += took;
            worst = std::max(worst, took);
            homeserver_.answers.clear();
        }
        say(what,
            fmt::format("a turn in which somebody joins a group ({} actions more, worst {:.1f} ms)",
                        engine_->backlog().user_actions() - before, worst)
                .c_str(),
            ms, kTurns);
    }

    static constexpr std::size_t kTurns = 50;
    std::vector<policy::DirectoryChanges> joiners_;
    Log log_;
    std::shared_ptr<const policy::Program> program_;
    Settings settings_;
    Moment now_{};
    std::unique_ptr<EmptyStore> store_;
    YesHomeserver homeserver_;
    SilentDirectory directory_;
    std::unique_ptr<Engine> engine_;
};

}  // namespace
}  // namespace rollcall::engine

int main(int argc, char** argv) {
    const std::size_t people = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 500'000;
    for (const bool filled : {true, false}) {
        const pid_t child = fork();
        if (child == 0) {
            rollcall::engine::Bench(people, filled).run(filled ? "everybody in" : "all to fill ");
            return 0;
        }
        int status = 1;
        if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) return 1;
    }
    return 0;
}
