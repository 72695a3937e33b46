// Live changes on a real controller: each kind of change arrives, lost connections are made again, latency is
// printed.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <algorithm>
#include <functional>

#include "bridges/directory/access.h"
#include "bridges/directory/directory.h"
#include "bridges/directory/entry.h"
#include "bridges/directory/sweep.h"
#include "tests/bridges/directory/lab_admin.h"
#include "tests/bridges/directory/lab_proxy.h"
#include "tests/bridges/directory/lab_recorder.h"
#include "tests/wait.h"

namespace rollcall::directory {
namespace {

using namespace std::chrono_literals;
using policy::DirectoryHealth;
constexpr const char* kPerson = "CN=rc-watch,OU=Staff";
constexpr const char* kGroup = "CN=rc-crew,OU=Groups";

class LabWatch : public testing::Test {
  protected:
    void SetUp() override {
        SKIP_WITHOUT_LAB();
        admin_ = std::make_unique<LabAdmin>();
        admin_->add_person(kPerson, "rc-watch");
        admin_->add_group(kGroup, "rc-crew");
        person_ = guid_of(kPerson);
        group_ = guid_of(kGroup);
    }
    void TearDown() override {
        if (!admin_) return;
        directory_.reset();
        for (const char* where :
             {kPerson, kGroup, "CN=rc-renamed,OU=Staff", "CN=rc-watch,OU=Leavers", "CN=rc-watch,OU=rc-unit",
              "CN=rc-watch,OU=rc-unit,OU=Leavers", "OU=rc-unit", "OU=rc-unit,OU=Leavers"})
            admin_->remove(where);
    }
    Guid guid_of(const std::string& where) {
        return Guid::from_bytes(admin_->value(where, "objectGUID")).value();
    }
    // A running directory whose first complete read has come.
    void start(Settings settings, std::optional<Cursor> cursor = std::nullopt) {
        directory_ = std::make_unique<Directory>(std::move(settings), recorder_.sink());
        directory_->start(std::move(cursor));
    }
    policy::DirectorySnapshot start_and_sweep(const Settings& settings) {
        start(settings);
        auto snapshot = recorder_.snapshot();
        EXPECT_TRUE(snapshot);
        return snapshot.value_or(policy::DirectorySnapshot{});
    }
    std::unique_ptr<LabAdmin> admin_;
    Guid person_;
    Guid group_;
    Recorder recorder_;
    std::unique_ptr<Directory> directory_;
};

// Of the group either a plain member or by the primary group, however quickly that changes: each drain that
// brings one of the two brings what fits.
TEST_F(LabWatch, APrimaryGroupThatIsSwitchedTakesNobodyOut) {
    const std::uint32_t crew = rid_of(admin_->value(kGroup, "objectSid")).value();
    start_and_sweep(Lab::get().service());
    admin_->add_member(kGroup, kPerson);
    ASSERT_TRUE(recorder_.group(group_, [](const auto& group) { return group.members.size() == 1; }));
    for (int i = 0; i < 60; ++i)
        admin_->replace(kPerson, "primaryGroupID", {i % 2 == 0 ? std::to_string(crew) : "513"});
    admin_->replace(kPerson, "userAccountControl", {"546"});
    bool plain = true, primary = false;
    int drains = 0, outs = 0;
    const auto all = [&](const Fact& fact) {
        const auto* changes = std::get_if<policy::DirectoryChanges>(&fact);
        if (changes == nullptr) return false;
        bool left = false;
        for (const policy::PersonEntry& person : changes->people) {
            if (person.guid != person_) continue;
            primary = person.primary_group == crew;
            left = (person.account_control.value_or(0) & policy::kAccountDisabled) != 0;
        }
        for (const policy::GroupEntry& group : changes->groups)
            if (group.guid == group_ && changes->groups_verified) plain = !group.members.empty();
        ++drains;
        outs += plain || primary ? 0 : 1;
        return left;
    };
    EXPECT_TRUE(recorder_.wait(all, 60s));
    EXPECT_EQ(outs, 0) << "of " << drains << " drains";
}

TEST_F(LabWatch, BringsWhatHappensToAPerson) {
    start_and_sweep(Lab::get().service());
    admin_->replace(kPerson, "userAccountControl", {"546"});
    auto entry = recorder_.person(person_);
    ASSERT_TRUE(entry);
    EXPECT_NE(entry->account_control.value() & policy::kAccountDisabled, 0U);
    EXPECT_EQ(recorder_.changes().evidence.directory, "corp");
    EXPECT_GE(recorder_.changes().evidence.usn, entry->usn);

    admin_->replace(kPerson, "accountExpires", {"133485408000000000"});
    entry = recorder_.person(person_);
    ASSERT_TRUE(entry);
    EXPECT_EQ(to_rfc3339(entry->expires.value()), "2024-01-01T00:00:00.000Z");

    admin_->replace(kPerson, "department", {});
    entry = recorder_.person(person_);
    ASSERT_TRUE(entry);
    EXPECT_FALSE(entry->attributes.contains("department"));

    admin_->move(kPerson, "CN=rc-watch", "OU=Leavers");
    entry = recorder_.person(person_);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->dn, Lab::get().dn("CN=rc-watch,OU=Leavers"));

    admin_->move("CN=rc-watch,OU=Leavers", "CN=rc-renamed", "OU=Staff");
    entry = recorder_.person(person_);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->dn, Lab::get().dn("CN=rc-renamed,OU=Staff"));

    admin_->remove("CN=rc-renamed,OU=Staff");
    entry = recorder_.person(person_, [](const auto& person) { return person.deleted; });
    ASSERT_TRUE(entry) << "may the bind account list CN=Deleted Objects?";
    EXPECT_EQ(entry->login, "rc-watch");
}

// Until everything that changed has been told, nobody may be taken for a stranger.
TEST_F(LabWatch, IsCurrentOnceItHasToldEverything) {
    const auto first_status = [this](bool current) {
        return recorder_.wait([current](const Fact& f) {
            const auto* status = std::get_if<policy::DirectoryStatus>(&f);
            return status != nullptr && status->current == current;
        });
    };
    start(Lab::get().service());
    ASSERT_TRUE(first_status(false)) << "without a cursor it answers before anything was read";
    const auto snapshot = recorder_.snapshot();
    ASSERT_TRUE(snapshot);
    ASSERT_TRUE(first_status(true)) << "and after the complete read it is";
    directory_->stop();
    start(Lab::get().service(),
          Cursor{Lab::get().service().url, snapshot->invocation_id, snapshot->evidence.usn});
    const auto status = recorder_.wait([](const Fact& f) {
        return std::holds_alternative<policy::DirectoryStatus>(f) ||
               std::holds_alternative<policy::DirectorySnapshot>(f);
    });
    ASSERT_TRUE(status);
    ASSERT_TRUE(std::holds_alternative<policy::DirectoryStatus>(*status)) << "no complete read is needed";
    EXPECT_TRUE(std::get<policy::DirectoryStatus>(*status).current) << "what has changed since was told";
}

TEST_F(LabWatch, ReadsAChangedGroupVerified) {
    start_and_sweep(Lab::get().service());
    admin_->add_member(kGroup, kPerson);
    auto group = recorder_.group(group_);
    ASSERT_TRUE(group);
    EXPECT_TRUE(group->members_known);
    EXPECT_EQ(group->members, std::vector<Guid>{person_});
    EXPECT_TRUE(recorder_.changes().groups_verified);
    const auto usn = group->usn;

    admin_->remove_member(kGroup, kPerson);
    group = recorder_.group(group_);
    ASSERT_TRUE(group);
    EXPECT_TRUE(group->members_known) << "truly empty";
    EXPECT_TRUE(group->members.empty());
    EXPECT_TRUE(recorder_.changes().groups_verified);
    EXPECT_GT(group->usn, usn);

    admin_->add_member(kGroup, kPerson);
    ASSERT_TRUE(recorder_.group(group_));
    admin_->deny(kGroup, &member_property().attribute);
    group = recorder_.group(group_);
    ASSERT_TRUE(group);
    EXPECT_FALSE(group->members_known) << "hidden is not empty";

    admin_->remove(kGroup);
    group = recorder_.group(group_, [](const auto& g) { return g.deleted; });
    ASSERT_TRUE(group);
}

TEST_F(LabWatch, WithoutItsCanaryNoGroupIsVerified) {
    start_and_sweep(Lab::get().service());
    directory_->set_canaries({{Guid{{1, 2, 3}}, "no-such-canary"}});
    admin_->add_member(kGroup, kPerson);
    ASSERT_TRUE(recorder_.group(group_));
    EXPECT_FALSE(recorder_.changes().groups_verified);
    ASSERT_TRUE(recorder_.status(DirectoryHealth::incomplete));
    directory_->set_canaries({});
    admin_->remove_member(kGroup, kPerson);
    ASSERT_TRUE(recorder_.group(group_));
    EXPECT_TRUE(recorder_.changes().groups_verified);
    EXPECT_TRUE(recorder_.snapshot()) << "what changed out of sight is read again";
    directory_->request_sweep();
    EXPECT_TRUE(recorder_.snapshot());
}

// Rights count from the bind on: whoever asks, or a complete read that shows the canary, leads to a new one.
TEST_F(LabWatch, ACanaryThatShowsAgainIsSeenAtOnce) {
    const Settings settings = Lab::get().service();
    const std::vector<policy::Canary> none{{Guid{{1, 2, 3}}, "no-such-canary"}};
    start_and_sweep(settings);
    directory_->set_canaries(none);
    admin_->add_member(kGroup, kPerson);
    ASSERT_TRUE(recorder_.status(DirectoryHealth::incomplete));
    directory_->set_canaries(settings.wanted.canaries);
    EXPECT_TRUE(directory_->try_now());
    EXPECT_TRUE(recorder_.status(DirectoryHealth::up, 10s));
    directory_->set_canaries(none);
    admin_->remove_member(kGroup, kPerson);
    ASSERT_TRUE(recorder_.status(DirectoryHealth::incomplete));
    directory_->set_canaries(settings.wanted.canaries);
    directory_->request_sweep();
    EXPECT_TRUE(recorder_.status(DirectoryHealth::up, 15s)) << "the complete read has shown it";
}

TEST_F(LabWatch, AChangeOfWhatACompleteReadCouldNotSeeLeadsToAnother) {
    Settings settings = Lab::get().service();
    settings.pauses.read_again = 0ms;
    admin_->deny(kGroup, &member_property().attribute);
    const policy::DirectorySnapshot snapshot = start_and_sweep(settings);
    EXPECT_NE(remarks_text(snapshot).find("`member` of 1 of"), std::string::npos) << remarks_text(snapshot);
    while (recorder_.snapshot(2s)) continue;  // what a start asks for besides
    admin_->remove(kGroup);
    const std::optional<policy::DirectorySnapshot> again = recorder_.snapshot();
    ASSERT_TRUE(again);
    EXPECT_EQ(remarks_text(*again), "");
}

TEST_F(LabWatch, AMovedUnitAsksForACompleteRead) {
    admin_->add_unit("OU=rc-unit");
    admin_->move(kPerson, "CN=rc-watch", "OU=rc-unit");
    start_and_sweep(Lab::get().service());
    admin_->move("OU=rc-unit", "OU=rc-unit", "OU=Leavers");
    const auto snapshot = recorder_.snapshot();
    ASSERT_TRUE(snapshot);
    const auto at = std::find_if(snapshot->people.begin(), snapshot->people.end(),
                                 [&](const auto& person) { return person.guid == person_; });
    ASSERT_NE(at, snapshot->people.end());
    EXPECT_EQ(at->dn, Lab::get().dn("CN=rc-watch,OU=rc-unit,OU=Leavers"));
}

TEST_F(LabWatch, BringsAContainerThatIsMadeRenamedOrDeleted) {
    start_and_sweep(Lab::get().service());
    admin_->add_unit("OU=rc-unit");
    const Guid unit = guid_of("OU=rc-unit");
    const auto told = [&](const std::function<bool(const policy::ContainerEntry&)>& fits) {
        return recorder_.wait([&](const Fact& f) {
            const auto* changes = std::get_if<policy::DirectoryChanges>(&f);
            return changes != nullptr &&
                   std::any_of(changes->containers.begin(), changes->containers.end(),
                               [&](const auto& entry) { return entry.guid == unit && fits(entry); });
        });
    };
    EXPECT_TRUE(told([](const auto& entry) { return entry.dn == Lab::get().dn("OU=rc-unit"); }));
    admin_->move("OU=rc-unit", "OU=rc-unit", "OU=Leavers");
    EXPECT_TRUE(told([](const auto& entry) { return entry.dn == Lab::get().dn("OU=rc-unit,OU=Leavers"); }));
    admin_->remove("OU=rc-unit,OU=Leavers");
    EXPECT_TRUE(told([](const auto& entry) { return entry.deleted; }));
}

TEST_F(LabWatch, GoesOnFromACursor) {
    const auto snapshot = start_and_sweep(Lab::get().service());
    directory_.reset();
    admin_->replace(kPerson, "userAccountControl", {"546"});
    Cursor cursor{snapshot.evidence.server, snapshot.invocation_id, snapshot.evidence.usn};
    start(Lab::get().service(), cursor);
    EXPECT_TRUE(recorder_.person(person_));
    EXPECT_TRUE(recorder_.snapshot()) << "it may have been put back meanwhile, and have gone on since";
    directory_.reset();
    cursor.invocation_id = "another database";
    start(Lab::get().service(), cursor);
    EXPECT_TRUE(recorder_.snapshot());
    directory_.reset();
    cursor.invocation_id = snapshot.invocation_id;
    cursor.usn += 1'000'000;  // the database was put back
    start(Lab::get().service(), cursor);
    EXPECT_TRUE(recorder_.snapshot());
}

TEST_F(LabWatch, BridgesALostConnection) {
    LabProxy proxy;
    auto settings = Lab::get().service();
    settings.url = proxy.url();
    start_and_sweep(settings);
    proxy.refuse();
    const auto down = recorder_.status(DirectoryHealth::unreachable);
    ASSERT_TRUE(down);
    admin_->replace(kPerson, "userAccountControl", {"546"});
    proxy.allow();
    const auto entry = recorder_.person(person_);
    ASSERT_TRUE(entry);
    EXPECT_NE(entry->account_control.value() & policy::kAccountDisabled, 0U);
    EXPECT_TRUE(recorder_.status(DirectoryHealth::up));
}

TEST_F(LabWatch, StopsAtOnceWhateverItWaitsFor) {
    LabProxy proxy;
    auto settings = Lab::get().service();
    settings.url = proxy.url();
    for (const bool stalled : {false, true}) {
        start_and_sweep(settings);
        proxy.stall(stalled);
        directory_->request_sweep();
        admin_->replace(kPerson, "department", {stalled ? "One" : "Two"});
        if (stalled) {
            ASSERT_TRUE(eventually([&] { return proxy.holding(); })) << "somebody waits for an answer";
        } else {
            ASSERT_TRUE(recorder_.person(person_));
        }
        const auto begin = Recorder::Clock::now();
        directory_.reset();
        EXPECT_LT(Recorder::Clock::now() - begin, 1s) << stalled;
        proxy.stall(false);
    }
}

// Not a limit, since other work shares the machine: the figure is printed, the bound is generous.
TEST_F(LabWatch, DeliversWithinMoments) {
    start_and_sweep(Lab::get().service());
    const auto measure = [&](const char* what, const std::function<void(int)>& change,
                             const std::function<bool()>& came) {
        std::vector<double> times;
        std::vector<double> after;  // since the server had answered the modify
        for (int i = 0; i < 100; ++i) {
            const auto begin = Recorder::Clock::now();
            change(i);
            const auto answered = Recorder::Clock::now();
            ASSERT_TRUE(came()) << what << i;
            times.push_back(std::chrono::duration<double, std::milli>(recorder_.arrived() - begin).count());
            after.push_back(
                std::chrono::duration<double, std::milli>(recorder_.arrived() - answered).count());
        }
        std::sort(times.begin(), times.end());
        std::sort(after.begin(), after.end());
        fmt::print(
            "{}: from sending the modify median {:.1f} ms, 95 % {:.1f} ms, worst {:.1f} ms; from its answer "
            "median "
            "{:.1f} ms, 95 % {:.1f} ms\n",
            what, times[50], times[95], times[99], after[50], after[95]);
        EXPECT_LT(times[95], 5'000.0) << what;
    };
    measure(
        "disable to delivered",
        [&](int i) { admin_->replace(kPerson, "userAccountControl", {i % 2 == 0 ? "546" : "544"}); },
        [&] { return recorder_.person(person_).has_value(); });
    measure(
        "group change to verified read delivered",
        [&](int i) {
            if (i % 2 == 0) {
                admin_->add_member(kGroup, kPerson);
            } else {
                admin_->remove_member(kGroup, kPerson);
            }
        },
        [&] { return recorder_.group(group_).has_value(); });
}

}  // namespace
}  // namespace rollcall::directory
