// bench_policy [PEOPLE]…: what deciding costs for a company of that many people, one core, all in memory.
//
// Each size runs in a process of its own (fork), so that the peak memory is that of its company.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "policy/backlog.h"
#include "policy/compile.h"
#include "policy/guard.h"
#include "policy/step.h"
#include "tests/bench/big_company.h"
#include "tests/bench/settled_rooms.h"

namespace rollcall::policy::bench {
namespace {

// What is allocated, without the holes that freed texts left behind.
double in_use_mb() {
    const auto held = mallinfo2();
    return static_cast<double>(held.uordblks + held.hblkhd) / (1 << 20);
}

double peak_mb() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

template <class Work>
double milliseconds(Work work) {
    const double start = cpu_ms();
    work();
    return cpu_ms() - start;
}

void say(const char* what, double ms, const std::string& more = {}) {
    fmt::print("  {:<46} {:>12.3f} ms  {}\n", what, ms, more);
}

class Bench {
  public:
    explicit Bench(std::size_t people) : company_(people), world_(company_.world) {}

    void run() {
        fmt::print("{} people, {} groups, {} rooms; directory and policy as written {:.0f} MB in use\n",
                   company_.people(), world_.groups.size(), company_.rooms(), in_use_mb());
        bind();
        fmt::print("  with program and decider {:.0f} MB, peak until now {:.0f} MB\n", in_use_mb(),
                   peak_mb());
        first_fill();
        memberships_ = bring_in(world_, *decider_);
        fmt::print("  with memberships {:.0f} MB in use, peak {:.0f} MB\n", in_use_mb(), peak_mb());
        furnish(world_, *decider_);
        fmt::print("  with the state of all rooms {:.0f} MB in use, peak {:.0f} MB\n", in_use_mb(),
                   peak_mb());
        whole_plans();
        one_person();
        one_group();
        fmt::print("  peak memory {:.0f} MB\n", peak_mb());
    }

  private:
    void bind() {
        Compiled compiled;
        say("compile", milliseconds([&] { compiled = compile(company_.policy, world_, {}, "bench"); }));
        if (!compiled.program) {
            fmt::print("{}\n", compiled.diagnostics.front().text());
            std::exit(1);
        }
        company_.policy = {};
        fmt::print("  with program, without the policy as written {:.0f} MB in use\n", in_use_mb());
        open_rooms(world_, *compiled.program);
        say("Decider", milliseconds([&] { decider_ = std::make_unique<Decider>(world_, compiled.program); }));
        for (Person& person : world_.people) person.departed_seen = false;
        forget_changes(world_);
    }

    std::size_t stream() {
        std::size_t count = 0;
        stream_plan(*decider_, abilities_, [&count](UserId, const UserAction&) { ++count; });
        return count;
    }

    void first_fill() {
        std::size_t actions = 0;
        const double ms = milliseconds([&] { actions = stream(); });
        say("first fill, streamed", ms, fmt::format("{} actions", actions));
    }

    void whole_plans() {
        std::size_t actions = 0;
        double best = 1e9;
        for (int i = 0; i < 3; ++i) best = std::min(best, milliseconds([&] { actions = stream(); }));
        say("plan pass without change, streamed", best,
            fmt::format("{} memberships, {} actions", memberships_, actions));
        say("backlog of everybody", milliseconds([&] {
                backlog_.reset(*decider_, abilities_);
                backlog_.refresh(*decider_, abilities_, static_cast<std::size_t>(-1));
            }),
            fmt::format("{} user actions", backlog_.user_actions()));
        GuardState guards;
        say("guards", milliseconds([&] { guards.evaluate(*decider_, backlog_, {}); }),
            fmt::format("{} holds", guards.holds().size()));
    }

    void learn(const Fact& fact) {
        (void)step(world_, decider_.get(), fact);
        world_.touched = {};
        backlog_.take(*decider_, abilities_, world_.dirty);
        backlog_.refresh(*decider_, abilities_, static_cast<std::size_t>(-1));
    }

    DirectoryChanges changes() {
        DirectoryChanges out;
        out.evidence = {"corp", "ldaps://dc1", ++usn_, "", world_.now};
        out.invocation_id = "db-1";
        out.attributes = {"department", "samaccountname"};
        out.groups_verified = true;
        return out;
    }

    void one_person() {
        constexpr std::size_t kTimes = 200;
        double leaver = 0, joiner = 0, mover = 0;
        for (std::size_t i = 0; i < kTimes; ++i) {
            const std::size_t person = i * 37 % company_.people();
            DirectoryChanges gone = changes();
            gone.people.push_back(company_.person_entry(person));
            gone.people[0].account_control = 514;
            gone.people[0].usn = usn_;
            leaver += milliseconds([&] { learn(gone); });
            DirectoryChanges come = changes();
            come.people.push_back(company_.person_entry(company_.people() + i));
            come.people[0].usn = usn_;
            come.people[0].primary_group = world_.groups[company_.staff().index()].rid;
            for (std::size_t n = 0; n < 3; ++n) {
                GroupEntry group =
                    company_.group_entry(company_.leaf(company_.leaf_of(company_.people() + i, n)));
                group.members.push_back(come.people[0].guid);
                group.usn = usn_;
                come.groups.push_back(std::move(group));
            }
            const std::size_t before = backlog_.user_actions();
            joiner += milliseconds([&] { learn(come); });
            if (backlog_.user_actions() < before + 4) std::exit(1);  // into the common rooms and their own
            DirectoryChanges moved = changes();
            GroupEntry group = company_.group_entry(company_.leaf(i));
            if (!group.members.empty()) group.members.pop_back();
            group.usn = usn_;
            moved.groups.push_back(std::move(group));
            mover += milliseconds([&] { learn(moved); });
        }
        say("leaver, each", leaver / kTimes, "disabled: step and actions");
        say("joiner, each", joiner / kTimes, "new, in three groups");
        say("mover, each", mover / kTimes, "out of one group");
    }

    void one_group() {
        GroupEntry contractors = company_.group_entry(GroupId(company_.quarter().index() - 1));
        const auto change = [&](const char* what) {
            DirectoryChanges nested = changes();
            contractors.usn = usn_;
            nested.groups.push_back(contractors);
            say(what, milliseconds([&] { learn(nested); }), fmt::format("{} people", company_.people() / 20));
        };
        contractors.members.push_back(world_.groups[company_.quarter().index()].guid);
        change("group above a twentieth nested into another");
        contractors.members.pop_back();
        change("and taken out again");
    }

    BigCompany company_;
    World& world_;
    std::unique_ptr<Decider> decider_;
    Backlog backlog_;
    Abilities abilities_;
    std::size_t memberships_ = 0;
    std::uint64_t usn_ = 10'000'000;
};

}  // namespace
}  // namespace rollcall::policy::bench

int main(int argc, char** argv) {
    mallopt(M_MMAP_THRESHOLD, 1 << 20);  // as the daemon does
    std::vector<std::size_t> sizes;
    for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
    if (sizes.empty()) sizes = {10'000, 100'000, 500'000};
    if (sizes.size() == 1) {  // no other process: profilers see it
        rollcall::policy::bench::Bench(sizes[0]).run();
        return 0;
    }
    for (const std::size_t people : sizes) {
        const pid_t child = fork();
        if (child == 0) {
            rollcall::policy::bench::Bench(people).run();
            return 0;
        }
        int status = 1;
        if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) return 1;
    }
    return 0;
}
