#include "bridges/directory/watch.h"

#include <fmt/format.h>
#include <utility>

#include "bridges/directory/connection.h"
#include "bridges/directory/pace.h"
#include "bridges/directory/sweep.h"

namespace rollcall::directory {
namespace {

using namespace std::chrono_literals;
using policy::DirectoryHealth;

constexpr auto kPollEvery = 3s;  // without a notification; with one: kLookEvery
constexpr auto kSignInAgain =
    30s;  // while a canary is missing: rights that come by a group count from the bind on
constexpr auto kListenAgain = 60s;  // a notification that ended is asked for again
constexpr auto kReadWholeAgain = 10s;
constexpr auto kGlance = 1s;  // while a canary is missing: whether somebody asks, or has seen it

const char* const kBlindToDeletions =
    "deleted accounts show only in the next complete read; let the bind account list CN=Deleted Objects";

}  // namespace

Watch::Watch(Settings settings, Hooks hooks, std::optional<Cursor> cursor)
    : settings_(std::move(settings)),
      hooks_(std::move(hooks)),
      cursor_(std::move(cursor)),
      backoff_(settings_.pauses.first, settings_.pauses.longest),
      refused_backoff_(settings_.pauses.refused_first, settings_.pauses.refused_longest),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Watch::~Watch() {
    thread_.request_stop();
    cutoff_.cut();
}

void Watch::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const auto ended = session(stop);
        if (stop.stop_requested()) return;
        if (std::exchange(anew_, false)) continue;
        const auto health = health_of(ended.error());
        hooks_.health(health, ended.error().text());
        const bool refused = health == DirectoryHealth::wrong_credentials;
        if (refused) asked_before_ = asked_;  // that is tried for nobody: it locks the account out
        pause(stop, refused ? refused_backoff_.next() : backoff_.next());
    }
}

// One connection's life. Returns only with an Error.
Status Watch::session(const std::stop_token& stop) {
    asked_before_ = asked_;
    read_before_ = hooks_.whole_reads();
    auto connection = Connection::open(settings_, cutoff_);
    if (!connection) return pass(connection);
    const auto root = read_root(*connection, settings_);
    if (!root) return pass(root);
    if (root->time) hooks_.clock(*root->time);
    auto notification = Notification::start(*connection, settings_);  // before any state is read
    if (!notification) return pass(notification);
    if (const auto joined = join(*connection, *root); !joined) return joined;
    const auto began = std::chrono::steady_clock::now();
    bool listening = true;
    auto ended_at = began;
    for (;;) {
        if (const auto taken = take_changes(*connection, *root); !taken) return taken;
        look_whole();
        if (missing_canary_.empty()) asked_before_ = asked_;  // this is what was asked for
        backoff_.reset();
        refused_backoff_.reset();
        const auto now = std::chrono::steady_clock::now();
        if (!missing_canary_.empty() && now - began > kSignInAgain)
            return tl::unexpected<Error>(canary_error());
        if (!listening && now - ended_at > kListenAgain) {
            notification = Notification::start(*connection, settings_);
            if (!notification) return pass(notification);
            listening = true;
        }
        if (!listening) {
            pause(stop, kPollEvery);
            if (stop.stop_requested()) return fail(ErrorKind::unavailable, "stopped");
            if (signs_in_anew()) return sign_in_anew();
            continue;
        }
        const auto event = wait(*notification);
        if (!event) return pass(event);
        if (signs_in_anew()) return sign_in_anew();
        if (*event != Notification::Event::ended) continue;
        listening = false;
        ended_at = std::chrono::steady_clock::now();
    }
}

// What a connection needs to know before its first drain.
Status Watch::join(Connection& connection, const Root& root) {
    join_cursor(root);
    if (const auto learned = learn_containers(connection); !learned) return learned;
    unseen_since_ = true;
    auto missing = find_missing_canary(connection, hooks_.wanted());
    if (!missing) return pass(missing);
    note_canary(std::move(*missing));
    return {};
}

// A controller may have been put back to a copy of itself while nobody was connected, and have counted beyond
// the cursor again since: of what it changed below that, changes tell nothing.
void Watch::look_whole() {
    const auto now = std::chrono::steady_clock::now();
    if (!unseen_since_ || (looked_whole_ && now - *looked_whole_ < kReadWholeAgain)) return;
    unseen_since_ = false;
    looked_whole_ = now;
    hooks_.need_sweep(std::nullopt);
}

// Whatever changed out of our sight is behind the cursor by now.
void Watch::note_canary(std::string missing) {
    if (missing.empty() && !missing_canary_.empty()) hooks_.need_sweep(std::nullopt);
    missing_canary_ = std::move(missing);
    read_shows_it_ = read_shows_it_ && !missing_canary_.empty();
}

void Watch::try_now() {
    {
        const std::lock_guard lock(mutex_);
        ++asked_;
    }
    wake_.notify_all();
}

// Rights that come by a group count from the bind on. A complete read binds anew each time: one that shows
// the canary leads here once, and where it is missing all the same, to nothing more.
bool Watch::signs_in_anew() const {
    return !missing_canary_.empty() &&
           (asked_ != asked_before_ || (!read_shows_it_ && hooks_.whole_reads() != read_before_));
}

Status Watch::sign_in_anew() {
    anew_ = true;
    read_shows_it_ = asked_ == asked_before_;
    return tl::unexpected<Error>(canary_error());
}

Result<Notification::Event> Watch::wait(Notification& notification) const {
    if (missing_canary_.empty()) return notification.wait(kLookEvery);
    for (std::chrono::seconds waited{0}; waited < kLookEvery; waited += kGlance) {
        auto event = notification.wait(kGlance);
        if (!event || *event != Notification::Event::quiet || signs_in_anew()) return event;
    }
    return Notification::Event::quiet;
}

Error Watch::canary_error() const {
    return lacks_canary(settings_, missing_canary_);
}

void Watch::join_cursor(const Root& root) {
    const bool fits = cursor_ && cursor_->server == settings_.url &&
                      cursor_->invocation_id == root.invocation_id && cursor_->usn <= root.usn;
    if (fits) {
        hooks_.stands(*cursor_);
        containers_unsure_ = containers_.empty();
        return;
    }
    // From here on; what was before is for the sweep, which starts later and so reads a USN at least as high.
    cursor_ = Cursor{settings_.url, root.invocation_id, root.usn};
    hooks_.stands(*cursor_);
    hooks_.need_sweep(cursor_);
}

Status Watch::learn_containers(Connection& connection) {
    const auto list = read_containers(connection, settings_, cursor_->usn);
    if (!list) return pass(list);
    bool moved = false;
    for (const policy::ContainerEntry& container : *list) {
        const auto [at, fresh] = containers_.try_emplace(container.guid, container.dn);
        moved = moved || at->second != container.dn;
        at->second = container.dn;
    }
    containers_moved_ = false;
    if (moved) hooks_.need_sweep(std::nullopt);
    return {};
}

Status Watch::take_changes(Connection& connection, const Root& root) {
    auto drained = drain(connection, settings_, hooks_.wanted(), root, rights_, cursor_->usn);
    if (!drained) {
        if (drained.error().kind == ErrorKind::conflict)
            cursor_.reset();  // the next session asks for a sweep
        return pass(drained);
    }
    if (drained->time) hooks_.clock(*drained->time);
    follow_containers(*drained);
    cursor_->usn = drained->changes.evidence.usn;
    hooks_.stands(*cursor_);
    if (!drained->changes.groups.empty()) note_canary(drained->missing_canary);
    if (!drained->empty()) hooks_.changes(std::move(drained->changes));
    if (missing_canary_.empty()) {
        hooks_.health(DirectoryHealth::up, root.tombstones_visible ? "" : kBlindToDeletions);
    } else {
        hooks_.health(DirectoryHealth::incomplete, canary_error().text());
    }
    if (containers_moved_) return learn_containers(connection);
    return {};
}

void Watch::follow_containers(const Drained& drained) {
    const auto& changed = drained.changes.containers;
    if (containers_unsure_ && !changed.empty()) hooks_.need_sweep(std::nullopt);
    containers_unsure_ = false;
    for (const policy::ContainerEntry& container : changed) {
        if (container.deleted) continue;
        const auto [at, fresh] = containers_.try_emplace(container.guid, container.dn);
        if (fresh || at->second == container.dn) continue;
        at->second = container.dn;
        containers_moved_ = true;
    }
    if (containers_moved_) hooks_.need_sweep(std::nullopt);
}

void Watch::pause(const std::stop_token& stop, std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, wait, [this] { return asked_ != asked_before_; });
}

}  // namespace rollcall::directory
