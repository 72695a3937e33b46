#include "daemon/audit/publication.h"

#include <fmt/format.h>

#include "daemon/audit/key_history.h"
#include "daemon/failpoint.h"
#include "daemon/thread_signals.h"

namespace rollcall::audit {
namespace {

constexpr std::size_t kLeavesAtOnce = 1'024;  // entries: some megabytes at most
constexpr auto kWrittenTogether =
    std::chrono::milliseconds{500};  // what comes within this is written at once
constexpr auto kRetry = std::chrono::seconds{2};
constexpr auto kLookAtAnchors = std::chrono::seconds{30};  // how often to see whether an anchor hangs
constexpr Duration kAnchors = std::chrono::seconds{5};     // a start and an end wait so long for them

LogState state_of(const Publisher& publisher) {
    LogState out;
    out.published = publisher.published();
    out.signed_size = publisher.head().size;
    out.root = schema::to_base64(publisher.head().root);
    out.verifier = publisher.verifier().text();
    return out;
}

}  // namespace

Publication::Publication(PublicationSettings settings, std::unique_ptr<store::TrailReader> reader,
                         Publisher publisher, schema::KeyChain keys)
    : settings_(std::move(settings)),
      reader_(std::move(reader)),
      publisher_(std::move(publisher)),
      keys_(std::move(keys)),
      state_(state_of(publisher_)) {}

Publication::~Publication() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
}

Result<std::unique_ptr<Publication>> Publication::open(PublicationSettings settings, Anchors anchors) {
    if (settings.key.verifier().name != settings.origin)
        return fail(ErrorKind::conflict,
                    fmt::format("the audit key is named {}, and audit.origin is {}",
                                settings.key.verifier().name, settings.origin),
                    "audit.origin and audit.key_file must be those with which this log was begun");
    auto reader = store::TrailReader::open(settings.state);
    if (!reader) return pass(reader);
    const auto committed = (*reader)->trail_size();
    if (!committed) return pass(committed);
    auto folder = LogFolder::open(settings.folder);
    if (!folder) return pass(folder);
    (*reader)->read_leaves_with(log_reader(*folder));
    auto keys = key_history(**reader);
    if (!keys) return pass(keys);
    auto publisher =
        Publisher::open(std::move(*folder), settings.key, settings.origin, *committed, keys->keys());
    if (!publisher) return pass(publisher);
    if (Status goes_on = go_on_with(*keys, settings.key_files, *publisher); !goes_on) return pass(goes_on);
    std::unique_ptr<Publication> out(
        new Publication(std::move(settings), std::move(*reader), std::move(*publisher), std::move(*keys)));
    if (Status same = out->same_log(); !same) return pass(same);
    out->anchoring_ = std::make_unique<Anchoring>(std::move(anchors),
                                                  AnchoredLog{out->settings_.folder, out->settings_.origin},
                                                  [publication = out.get()] {
                                                      const std::lock_guard lock(publication->mutex_);
                                                      publication->anchored_ = true;
                                                      publication->changed_.notify_all();
                                                  });
    // Store and log may both come from one old backup. Only what was kept elsewhere shows that; an anchor
    // that does not answer now is compared when it does.
    out->offer();
    if (Status same = out->anchoring_->settle(kAnchors); !same) return pass(same);
    const Status caught_up = out->settings_.reads_only ? Status{} : out->append();
    if (!caught_up && caught_up.error().kind == ErrorKind::conflict) return pass(caught_up);
    out->note(caught_up);
    return out;
}

// Entries that store and log both have must be equal: a store from a backup may have grown beyond the log.
Status Publication::same_log() {
    const auto first = reader_->first_leaf();
    if (!first) return pass(first);
    const store::LeafReader published = log_reader(publisher_.folder());
    for (std::uint64_t next = *first; next != 0 && next <= publisher_.published();) {
        const auto leaves = reader_->leaves(next - 1, kLeavesAtOnce);
        if (!leaves) return pass(leaves);
        for (const std::string& leaf : *leaves) {
            if (next > publisher_.published()) return {};
            const Result<std::string> entry = published(next);
            if (!entry) return pass(entry);
            if (*entry != leaf)
                return fail(
                    ErrorKind::conflict,
                    fmt::format("entry {} is another in the store than in the log in {}: going on would "
                                "fork it",
                                next, settings_.folder),
                    "the store was restored from a backup; see docs/trail.md, \"After a restore\"");
            ++next;
        }
    }
    return {};
}

Status Publication::append() {
    while (true) {
        const auto leaves = reader_->leaves(publisher_.published(), kLeavesAtOnce);
        if (!leaves) return pass(leaves);
        if (leaves->empty()) return {};
        if (Status handed = hand_on(publisher_.published(), *leaves); !handed) return handed;
        if (Status appended = publisher_.append(*leaves); !appended) return appended;
    }
}

// An entry that was committed meanwhile may hand the log on to another key.
Status Publication::hand_on(std::uint64_t after, const std::vector<std::string>& leaves) {
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        const std::optional<std::string> note = schema::key_rotation_in(leaves[i]);
        const std::uint64_t number = after + i + 1;
        if (!note || (!keys_.empty() && keys_.links().back().number >= number)) continue;
        schema::KeyChain keys = keys_;
        if (Status added = keys.add(number, *note); !added) return added;
        if (Status next = go_on_with(keys, settings_.key_files, publisher_); !next) return next;
        keys_ = std::move(keys);
    }
    return {};
}

Status Publication::step(bool sign_now) {
    if (Status appended = append(); !appended) return appended;
    if (publisher_.done()) return publisher_.cosign(anchoring_->cosignatures(publisher_.head().size));
    const bool fresh = publisher_.published() != publisher_.head().size;
    if (fresh && !sign_now && !publisher_.handing_on() && signed_last_ &&
        Clock::now() < *signed_last_ + settings_.checkpoint_every)
        return {};
    failpoint("before_sign");
    if (const auto note = publisher_.sign(); !note) return pass(note);
    signed_last_ = Clock::now();
    const std::lock_guard lock(mutex_);
    state_.signed_at = std::chrono::floor<Duration>(std::chrono::system_clock::now());
    return {};
}

void Publication::offer() {
    std::vector<schema::VerifierKey> keys = keys_.keys();
    keys.push_back(publisher_.verifier());
    anchoring_->offer({publisher_.head().size, publisher_.note(), std::move(keys)});
}

void Publication::note(const Status& done) {
    LogState now = state_of(publisher_);
    if (!done) now.trouble = done.error().message;
    {
        const std::lock_guard lock(mutex_);
        now.signed_at = state_.signed_at;
        state_ = now;
    }
    now.anchors = anchoring_->states();
    LogState news = now;
    news.published = 0;  // every tile would be too much to tell
    if (!tell_ || told_ == news) return;
    told_ = std::move(news);
    tell_(now);
}

void Publication::start(Tell tell) {
    tell_ = std::move(tell);
    woken_ = true;
    thread_ = std::jthread([this] { run(); });
}

void Publication::run() {
    leave_signals_to_the_engine();
    std::unique_lock lock(mutex_);
    bool failed = false;
    while (!ending_) {
        const auto news = [this] { return woken_ || anchored_ || ending_; };
        if (failed)
            changed_.wait_for(lock, kRetry, [this] { return ending_; });
        else if (publisher_.done())
            changed_.wait_for(lock, kLookAtAnchors, news);
        else
            changed_.wait_until(
                lock, signed_last_ ? *signed_last_ + settings_.checkpoint_every : Clock::now(), news);
        if (woken_) changed_.wait_for(lock, kWrittenTogether, [this] { return ending_; });
        if (ending_) return;
        woken_ = anchored_ = false;
        lock.unlock();
        const Status done = step(false);
        offer();
        note(done);
        lock.lock();
        failed = !done;
    }
}

void Publication::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    changed_.notify_one();
}

Status Publication::finish() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    Status done = step(true);
    offer();
    static_cast<void>(anchoring_->settle(kAnchors));  // a fork is told in their states
    if (done) done = publisher_.cosign(anchoring_->cosignatures(publisher_.head().size));
    note(done);
    return done;
}

LogState Publication::state() const {
    std::vector<AnchorState> anchors = anchoring_->states();
    const std::lock_guard lock(mutex_);
    LogState out = state_;
    out.anchors = std::move(anchors);
    return out;
}

store::LeafReader log_reader(const LogFolder& folder) {
    struct Bundle {
        std::uint64_t bundle = 0;
        std::vector<std::string> entries;
    };
    const auto kept = std::make_shared<Bundle>();
    return [folder, kept](std::uint64_t number) -> Result<std::string> {
        const std::uint64_t bundle = (number - 1) / schema::kTileWidth,
                            at = (number - 1) % schema::kTileWidth;
        if (kept->bundle != bundle || kept->entries.size() <= at) {
            auto read = folder.longest_bundle(bundle);
            if (!read) return pass(read);
            *kept = {bundle, std::move(*read)};
        }
        if (kept->entries.size() > at) return kept->entries[at];
        return fail(ErrorKind::not_found, fmt::format("entry {} is missing in {}", number, folder.path()),
                    "`rollcall audit verify` says what is wrong");
    };
}

Result<std::unique_ptr<store::TrailSource>> open_trail(const std::string& state, const std::string& folder) {
    auto reader = store::TrailReader::open(state);
    if (!reader) return pass(reader);
    const auto log = LogFolder::open(folder);
    if (!log) return pass(log);
    (*reader)->read_leaves_with(log_reader(*log));
    return std::unique_ptr<store::TrailSource>(std::move(*reader));
}

}  // namespace rollcall::audit
