#include "bridges/directory/directory.h"

#include <algorithm>
#include <utility>

#include "bridges/directory/connection.h"
#include "bridges/directory/cutoff.h"
#include "bridges/directory/sweep.h"
#include "bridges/directory/sweeper.h"
#include "bridges/directory/watch.h"

namespace rollcall::directory {

using policy::DirectoryHealth;

Directory::Directory(Settings settings, Sink sink)
    : settings_(std::move(settings)), sink_(std::move(sink)), wanted_(settings_.wanted) {}

Directory::~Directory() {
    stop();
}

void Directory::start(std::optional<Cursor> cursor, bool read_all) {
    stands_ = cursor;
    if (read_all) cursor.reset();
    sweeper_ = std::make_unique<Sweeper>(
        settings_,
        Sweeper::Hooks{[this](policy::DirectorySnapshot snapshot) {
                           const Cursor read{settings_.url, snapshot.invocation_id, snapshot.evidence.usn};
                           const bool put_back = snapshot.put_back;
                           remember_odd(snapshot);
                           sink_(std::move(snapshot));
                           ++whole_reads_;
                           if (put_back) stand_anew(read);
                           close_gap(read);
                       },
                       [this](DirectoryHealth health, const std::string& text,
                              std::vector<policy::DirectoryRemark> remarks) {
                           report(&Directory::sweep_health_, {health, text, std::move(remarks)});
                       },
                       [this](std::optional<std::size_t> shown) { people_shown_ = shown.value_or(0); },
                       [this] { return wanted(); }, [this] { return stands(); }});
    Sweeper* const sweeper = sweeper_.get();
    watch_ = std::make_unique<Watch>(
        settings_,
        Watch::Hooks{[this, sweeper](policy::DirectoryChanges changes) {
                         const bool odd = are_odd(changes), remarked = were_remarked(changes);
                         sink_(std::move(changes));
                         if (remarked) sweeper->soon();
                         if (odd) sweeper->request();
                     },
                     [this, sweeper](DirectoryHealth health, const std::string& text) {
                         report(&Directory::watch_health_, {health, text, {}});
                         sweeper->allow(health == DirectoryHealth::up ||
                                        health == DirectoryHealth::incomplete);
                     },
                     [this, sweeper](std::optional<Cursor> gap) {
                         if (gap) open_gap(std::move(*gap));
                         sweeper->request();
                     },
                     [this] { return wanted(); },
                     [this](Time time) {
                         sink_(policy::ClockReading{"the domain controller " + settings_.url, time, {}});
                     },
                     [this](const Cursor& at) { stand(at); }, [this] { return whole_reads_.load(); }},
        std::move(cursor));
}

void Directory::stop() {
    watch_.reset();
    sweeper_.reset();
}

void Directory::request_sweep() {
    if (sweeper_) sweeper_->request();
}

bool Directory::try_now() {
    if (!watch_) return false;
    sweeper_->soon();
    const DirectoryHealth health = watch_now_;
    if (health == DirectoryHealth::up || health == DirectoryHealth::wrong_credentials) return false;
    tell_again_ = true;
    watch_->try_now();
    return true;
}

void Directory::set_attributes(std::vector<std::string> attributes) {
    {
        const std::lock_guard lock(mutex_);
        if (wanted_.attributes == attributes) return;
        wanted_.attributes = std::move(attributes);
    }
    request_sweep();
}

void Directory::set_canaries(std::vector<policy::Canary> canaries) {
    const std::lock_guard lock(mutex_);
    wanted_.canaries = std::move(canaries);
}

Wanted Directory::wanted() const {
    const std::lock_guard lock(mutex_);
    return wanted_;
}

// What is odd about somebody is said by a complete read, and that it is no more too.
void Directory::remember_odd(const policy::DirectorySnapshot& snapshot) {
    const std::lock_guard lock(mutex_);
    odd_.clear();
    for (const policy::PersonEntry& person : snapshot.people)
        if (person.odd_expires) odd_.insert(person.guid);
    remarked_.clear();
    for (const Guid& guid : remarked(snapshot)) remarked_.insert(guid);
}

// What a complete read could not see may be seen again: only another one says how much is left.
bool Directory::were_remarked(const policy::DirectoryChanges& changes) const {
    const std::lock_guard lock(mutex_);
    const auto is_one = [this](const auto& entry) { return remarked_.contains(entry.guid); };
    return std::any_of(changes.people.begin(), changes.people.end(), is_one) ||
           std::any_of(changes.groups.begin(), changes.groups.end(), is_one);
}

bool Directory::are_odd(const policy::DirectoryChanges& changes) const {
    const std::lock_guard lock(mutex_);
    return std::any_of(changes.people.begin(), changes.people.end(), [this](const auto& person) {
        return person.odd_expires || odd_.contains(person.guid);
    });
}

std::optional<Cursor> Directory::stands() const {
    const std::lock_guard lock(mutex_);
    return stands_;
}

// A lower USN of the same database is not taken: it was put back, and until a complete read has told that to
// whoever goes by USNs, it must not pass for a read that was merely early.
void Directory::stand(const Cursor& at) {
    const std::lock_guard lock(mutex_);
    if (!stands_ || stands_->invocation_id != at.invocation_id || stands_->usn < at.usn) stands_ = at;
}

void Directory::stand_anew(const Cursor& at) {
    const std::lock_guard lock(mutex_);
    stands_ = at;
}

// The watch's trouble comes first: while it has any, the sweeper's is old news.
void Directory::report(Health Directory::*part, Health now) {
    const std::lock_guard lock(report_mutex_);
    const bool watch = part == &Directory::watch_health_;
    const DirectoryHealth health = now.health;
    this->*part = std::move(now);
    reached_ = reached_ || watch;
    if (watch) watch_now_ = health;
    const bool asked = watch && tell_again_.exchange(false);
    // A refused sweep is told each time: one that was believed may have come since the last one.
    const bool refused = part == &Directory::sweep_health_ && health == DirectoryHealth::incomplete;
    tell(refused || asked);
}

void Directory::open_gap(Cursor gap) {
    const std::lock_guard lock(report_mutex_);
    gap_ = std::move(gap);
    if (reported_) tell(false);
}

// A read that was under way when the gap opened may be of another database, or of before.
void Directory::close_gap(const Cursor& read) {
    const std::lock_guard lock(report_mutex_);
    if (!gap_ || read.invocation_id != gap_->invocation_id || read.usn < gap_->usn) return;
    gap_.reset();
    if (reported_) tell(false);
}

// `again`: even if it was told before.
void Directory::tell(bool again) {
    Health now = watch_health_.health != DirectoryHealth::up ? watch_health_ : sweep_health_;
    if (now.health == DirectoryHealth::up) now.text = watch_health_.text;
    now.current = reached_ && !gap_ && watch_health_.health == DirectoryHealth::up;
    if (reported_ == now && !again) return;
    reported_ = now;
    sink_(policy::DirectoryStatus{settings_.name, now.health, settings_.url, now.text, now.current,
                                  now.remarks});
}

Result<policy::DirectorySnapshot> read_all(const Settings& settings) {
    Cutoff cutoff;
    auto connection = Connection::open(settings, cutoff);
    if (!connection) return pass(connection);
    return sweep(*connection, settings, settings.wanted);
}

}  // namespace rollcall::directory
