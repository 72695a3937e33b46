// The trail at scale: entries in turns of 50 through store, publisher and log, beside the same bytes written
// and synced by a plain loop; then a whole check, one proof, who could read one room, and one person erased.
//
//     bench_trail [ENTRIES] [FOLDER]      1,000,000 entries if not said; FOLDER decides most of the times
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/audit/access.h"
#include "daemon/audit/kept_policies.h"
#include "daemon/audit/publication.h"
#include "daemon/audit/trail.h"
#include "daemon/audit/verify_trail.h"
#include "schema/tlog_proof.h"

namespace {

using namespace rollcall;
using namespace rollcall::audit;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kTurn = 50, kPeople = 20'000, kRooms = 1'000;
constexpr const char* kLogName = "corp.example.com/rollcall";

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

template <class T>
T must(Result<T> result) {
    if (result) return std::move(*result);
    fmt::print(stderr, "{}\n", result.error().text());
    std::exit(1);
}
void must(const Status& status) {
    if (status) return;
    fmt::print(stderr, "{}\n", status.error().text());
    std::exit(1);
}

// The one that all entries name.
const store::StoredPolicy& policy() {
    static const store::StoredPolicy made = [] {
        store::StoredPolicy out;
        out.files = {{"policy/company.yaml", "rooms: {}\n"}};
        out.version = policy_version(out.files);
        return out;
    }();
    return made;
}

// A join or a leave of one of the people in one of the rooms, its intent and then its result.
schema::TrailEntry entry(std::uint64_t number) {
    const std::uint64_t request = (number + 1) / 2, person = request * 7919 % kPeople;
    schema::TrailEntry made;
    made.time = from_ms(1'795'000'000'000 + static_cast<std::int64_t>(number) * 100);
    made.intent = request;
    made.action = request / kPeople % 2 == 0 ? "join" : "leave";
    for (std::size_t i = 0; i < 4; ++i)
        made.person.bytes[i] = static_cast<std::uint8_t>((person + 1) >> (8 * i));
    made.user = fmt::format("@first.last{}:corp.example.com", person);
    made.room_key = fmt::format("room{}", request * 31 % kRooms);
    made.room = fmt::format("!29AL51qRmBO2fVaoYHe3dz3yvpoLKXhJveBGP{}", request * 31 % kRooms);
    made.policy = policy().version;
    if (number % 2 == 1) {
        made.kind = schema::TrailKind::intent;
        made.reason = "group Project Apollo › Storage Squad";
        made.rule = "policy/company.yaml:22";
        made.rule_path = "rooms.apollo.members";
        made.evidence = policy::Evidence{};
        made.evidence->directory = "corp";
        made.evidence->server = "ldaps://dc1.corp.example.com";
        made.evidence->usn = number;
        made.evidence->time = made.time;
    } else {
        made.kind = schema::TrailKind::result;
        made.result = "done";
        made.membership = request / kPeople % 2 == 0 ? "join" : "leave";
        made.event = fmt::format("$29AL51qRmBO2fVaoYHe3dz3yvpoLKXhJveBGP{}", number);
    }
    return made;
}

double megabytes_below(const std::string& folder) {
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder))
        if (file.is_regular_file()) bytes += file.file_size();
    return static_cast<double>(bytes) / 1e6;
}

// The same bytes, appended to one file and synced as often.
double plain_loop(const std::string& path, std::size_t entries, std::size_t bytes) {
    const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    const std::string turn(bytes * kTurn, 'x');
    const auto start = Clock::now();
    for (std::size_t i = 0; i < entries; i += kTurn)
        if (::write(file, turn.data(), turn.size()) < 0 || ::fdatasync(file) < 0) std::exit(1);
    const double took = seconds_since(start);
    ::close(file);
    std::filesystem::remove(path);
    return took;
}

struct Written {
    double seconds = 0;
    std::size_t bytes = 0;  // of an entry: leaf and personal parts
};

Written append(store::Store& store, Publication& publication, std::uint64_t entries) {
    Trail trail(store, system_random());
    must(trail.start());
    Written out;
    std::uint64_t covered = 0, bytes = 0;
    const auto start = Clock::now();
    for (std::uint64_t number = 1; number <= entries;) {
        for (std::size_t i = 0; i < kTurn && number <= entries; ++i) trail.add(entry(number++));
        store::Turn turn;
        if (number <= kTurn + 1) turn.policy = policy();
        must(trail.take_into(turn));
        for (const store::TrailRow& row : turn.trail) {
            bytes += row.leaf.text.size();
            for (const schema::PersonalPart& part : row.leaf.personal) bytes += part.text.size();
        }
        if (const std::uint64_t now = publication.state().signed_size; now > covered)
            turn.trail_covered = covered = now;  // as the engine does
        must(store.commit(turn));
        trail.committed();
        publication.wake();
        if (const std::uint64_t done = number - 1; done % 1'000'000 == 0)
            fmt::print(stderr, "{} M in {:.0f} s\n", done / 1'000'000, seconds_since(start));
    }
    out.seconds = seconds_since(start);
    out.bytes = bytes / entries;
    return out;
}

void check(const std::string& folder, const schema::VerifierKey& key, std::uint64_t entries) {
    const LogFolder log = must(LogFolder::open(folder + "/audit"));
    auto reader = must(store::TrailReader::open(folder));
    VerifyOptions options;
    options.origin = kLogName;
    options.keys = {key};
    auto start = Clock::now();
    const TrailVerification found = must(verify_trail(log, *reader, options));
    const double took = seconds_since(start);
    fmt::print("verify, files and store: {:.1f} s, {:.0f} entries a second; {} faults\n", took,
               static_cast<double>(entries) / took, found.faults.size());
    start = Clock::now();
    static_cast<void>(must(schema::tlog_inclusion(log.reader(entries), entries / 2, entries)));
    fmt::print("the proof of one entry: {:.1f} ms\n", 1000 * seconds_since(start));
}

void ask(store::Store& store) {
    Access access("room31", "@rollcall:corp.example.com");
    store::TrailFilter room;
    room.room = "room31";
    std::uint64_t read = 0;
    const auto start = Clock::now();
    must(store.each_trail(room, [&](const store::StoredTrailEntry& stored) -> Status {
        ++read;
        if (!Access::may_concern(stored.kind, stored.text)) return {};
        access.take(stored.index, must(schema::read_trail_entry(must(json::parse(stored.text)))));
        return {};
    }));
    fmt::print("who could read one room: {} of its entries, {} people, {:.0f} ms\n", read,
               access.members().size(), 1000 * seconds_since(start));
}

// How long the engine is held up when a person is erased.
void erase(store::Store& store) {
    const std::vector<store::StoredPersonKey> keys = must(store.person_keys());
    store::Turn turn;
    turn.erased_keys = {keys[keys.size() / 2].id};
    turn.erased_at = from_ms(1'800'000'000'000);
    const auto start = Clock::now();
    must(store.commit(turn));
    fmt::print("one of {} people erased: {:.0f} ms\n", keys.size(), 1000 * seconds_since(start));
}

// The entries around one in the middle, by their times.
void ask_time(store::Store& store, std::uint64_t entries) {
    store::TrailFilter filter;
    filter.from = entry(entries / 2).time;
    filter.to = entry(std::min(entries, entries / 2 + 500)).time;
    std::uint64_t read = 0;
    const auto start = Clock::now();
    must(store.each_trail(filter, [&](const store::StoredTrailEntry&) {
        ++read;
        return Status{};
    }));
    fmt::print("what was written in a certain time: {} entries, {:.1f} ms\n", read,
               1000 * seconds_since(start));
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t entries = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    std::string folder =
        (std::filesystem::path(argc > 2 ? argv[2] : "/var/tmp") / "bench-trail-XXXXXX").string();
    if (entries == 0 || ::mkdtemp(folder.data()) == nullptr) return 1;
    const schema::SignerKey key = must(schema::SignerKey::generate(kLogName));
    auto store = must(store::open_sqlite_store(folder));
    auto publication =
        must(Publication::open({folder, folder + "/audit", kLogName, key, std::chrono::seconds{10}}, {}));
    store->read_leaves_with(log_reader(must(LogFolder::open(folder + "/audit"))));
    publication->start([](const LogState&) {});
    const Written written = append(*store, *publication, entries);
    const double plain = plain_loop(folder + "/plain", entries, written.bytes);
    fmt::print(
        "{} entries of {} bytes in turns of {}: {:.1f} s, {:.0f} a second; the same bytes written and "
        "synced: "
        "{:.1f} s, ratio {:.1f}\n",
        entries, written.bytes, kTurn, written.seconds, static_cast<double>(entries) / written.seconds, plain,
        written.seconds / plain);
    const auto start = Clock::now();
    must(publication->finish());
    store::Turn last;
    last.trail_covered = publication->state().signed_size;
    must(store->commit(last));
    fmt::print("then until all of it is signed: {:.1f} s\n", seconds_since(start));
    fmt::print("on disk: log {:.0f} MB, with the store {:.0f} MB\n", megabytes_below(folder + "/audit"),
               megabytes_below(folder));
    check(folder, key.verifier(), entries);
    ask(*store);
    ask_time(*store, entries);
    erase(*store);
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    fmt::print("peak memory {:.0f} MB\n", static_cast<double>(used.ru_maxrss) / 1000);
    store.reset();
    std::filesystem::remove_all(folder);
    return 0;
}
