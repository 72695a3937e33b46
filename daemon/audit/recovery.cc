#include "daemon/audit/recovery.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

namespace rollcall::audit {
namespace {

using schema::Party;
using store::TrailRow;

constexpr std::uint64_t kCompared = 1'000;  // last entries of the store that are held against the log's

// What people ordered, so that it was in the store that was lost. What a policy changed came with its apply.
bool is_order(std::string_view kind, std::string_view action) {
    if (action == "change policy" || action == schema::kRenameRoom) return false;
    constexpr std::array<std::string_view, 3> kKinds{"approve", "reject", "policy"};
    constexpr std::array<std::string_view, 6> kActions{"pause",  "pause --all", "resume",
                                                       "depart", "legal hold",  "release legal hold"};
    return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end() ||
           (kind == "command" && std::find(kActions.begin(), kActions.end(), action) != kActions.end());
}

class Recovery {
  public:
    Recovery(store::Store& store, store::TrailReader& reader, const LogFolder& folder,
             const RecoverySettings& settings)
        : store_(store), reader_(reader), folder_(folder), settings_(settings) {}

    Result<std::optional<Recovered>> run() {
        const auto size = store_.trail_size();
        if (!size) return pass(size);
        if (Status read = read_log(*size); !read) return pass(read);
        if (leaves_.empty()) return std::optional<Recovered>{};
        if (Status same = same_log(*size); !same) return pass(same);
        if (Status known = know_keys(); !known) return pass(known);
        out_.first = *size + 1;
        out_.last = *size + leaves_.size();
        for (std::size_t i = 0; i < leaves_.size(); ++i)
            if (Status adopted = adopt(out_.first + i, leaves_[i]); !adopted) return pass(adopted);
        if (Status settled = settle(); !settled) return pass(settled);
        if (Status done = commit(); !done) return pass(done);
        return std::optional(std::move(out_));
    }

  private:
    // All that is signed, checked from its root, and what lies behind it in the files.
    Status read_log(std::uint64_t size) {
        VerifyOptions options;
        options.origin = settings_.origin;
        options.keys = settings_.keys;
        options.progress = settings_.progress;
        options.check_entry = [&](std::uint64_t index, const std::string& leaf) {
            take(index, size, leaf);
            return std::optional<std::string>{};
        };
        const Verification found = verify_log(folder_, options);
        if (!found.faults.empty() || !found.head)
            return fail(ErrorKind::conflict,
                        found.faults.empty()
                            ? fmt::format("the log in {} has no checkpoint", folder_.path())
                            : fmt::format("the log is not whole: {}: {}", found.faults.front().place,
                                          found.faults.front().text),
                        "restore the audit folder first; `rollcall audit verify` names what is wrong");
        for (std::uint64_t next = found.head->size;;) {
            const auto bundle = folder_.longest_bundle(next / schema::kTileWidth);
            if (!bundle && bundle.error().kind != ErrorKind::not_found) return pass(bundle);
            const std::uint64_t first = next - next % schema::kTileWidth;
            if (!bundle || first + bundle->size() <= next) return {};
            for (; next < first + bundle->size(); ++next) take(next, size, (*bundle)[next - first]);
        }
    }
    void take(std::uint64_t index, std::uint64_t size, const std::string& leaf) {
        if (index >= size)
            leaves_.push_back(leaf);
        else if (index + kCompared >= size)
            shared_.push_back(leaf);
    }

    // The last entries that both have must be the same, to the byte where the store has them whole.
    Status same_log(std::uint64_t size) {
        const auto rows = reader_.rows(size - shared_.size(), shared_.size());
        if (!rows) return pass(rows);
        std::size_t same = 0;
        while (same < std::min(rows->size(), shared_.size()) && is(shared_[same], (*rows)[same].row)) ++same;
        if (same == std::min(size, kCompared)) return {};
        return fail(ErrorKind::conflict,
                    fmt::format("entry {} is another in the store than in the log in {}",
                                size - shared_.size() + same + 1, folder_.path()),
                    "this store went on by itself, or is of another log: restore another copy of it");
    }
    static bool is(const std::string& text, const TrailRow& row) {
        if (!row.leaf.text.empty()) return row.leaf.text == text;
        const Result<json::Value> leaf = json::parse(text);
        if (!leaf) return false;
        const json::Value& ours = (*leaf)["unmapped"];
        return (*leaf)["time"].integer_or(-1) == to_ms(row.time) && ours["kind"].text() == row.kind &&
               ours["action"].text() == row.action && ours["room_key"].text() == row.room &&
               ours["outcome"].text() == row.outcome;
    }

    Status know_keys() {
        const auto keys = store_.person_keys();
        const auto last = store_.last_person_key();
        if (!keys) return pass(keys);
        if (!last) return pass(last);
        for (const store::StoredPersonKey& key : *keys) keys_.emplace(schema::pseudonym(key.key), key.id);
        last_key_ = *last;
        return {};
    }

    // A pseudonym whose key was in the lost store alone is as that of somebody erased.
    std::uint64_t key_of(const std::optional<schema::PartyMark>& mark) {
        if (!mark) return 0;
        const auto [at, lost] = keys_.emplace(mark->id, last_key_ + 1);
        if (!lost) return at->second;
        ++out_.people;
        turn_.person_keys.push_back({++last_key_, {}, {}, {}});
        turn_.erased_keys.push_back(last_key_);
        return last_key_;
    }

    Status adopt(std::uint64_t number, const std::string& leaf) {
        const Result<json::Value> event = json::parse(leaf);
        const json::Value& ours = event ? (*event)["unmapped"] : leafless_;
        if (static_cast<std::uint64_t>(ours["number"].integer_or(0)) != number)
            return fail(ErrorKind::conflict,
                        fmt::format("entry {} of the log is no entry of a trail", number));
        TrailRow row;
        row.number = number;
        row.time = from_ms((*event)["time"].integer_or(0));
        row.kind = ours["kind"].text();
        row.action = ours["action"].text();
        row.room = ours["room_key"].text();
        row.rule = ours["rule"].text();
        row.outcome = ours["outcome"].text();
        row.subject = key_of(schema::party_mark(*event, Party::subject));
        row.caller = key_of(schema::party_mark(*event, Party::caller));
        row.leaf.text = leaf;
        follow(row, ours);
        turn_.trail.push_back(std::move(row));
        return {};
    }

    void follow(const TrailRow& row, const json::Value& ours) {
        const auto intent = static_cast<std::uint64_t>(ours["intent"].integer_or(0));
        highest_ = std::max(highest_, intent);
        if (row.kind == "intent")
            open_[intent] = {row, ours["room"].text()};
        else if (intent != 0 && open_.erase(intent) == 0)
            turn_.finished.push_back(intent);  // announced before
        const json::Array* erased = row.kind == "command" ? ours["pseudonyms"].array() : nullptr;
        if (row.action == "erase" && erased != nullptr)
            for (const json::Value& pseudonym : *erased) erase(pseudonym.text());
        else if (is_order(row.kind, row.action))
            out_.orders.push_back(
                {row.number, row.time, row.action.empty() ? row.kind : row.action, row.room});
    }

    void erase(const std::string& pseudonym) {
        const auto key = keys_.find(pseudonym);
        if (key == keys_.end() || std::find(turn_.erased_keys.begin(), turn_.erased_keys.end(),
                                            key->second) != turn_.erased_keys.end())
            return;
        turn_.erased_keys.push_back(key->second);
        ++out_.erased;
    }

    // What the entries after these say.
    Status settle() {
        Trail trail(store_, system_random());
        trail.start_after(out_.last, last_key_);
        schema::TrailEntry entry;
        entry.time = settings_.now;
        entry.kind = schema::TrailKind::command;
        entry.action = "recover";
        entry.caller = settings_.caller;
        entry.reason = settings_.reason;
        entry.recovered = fmt::format("{}-{}", out_.first, out_.last);
        trail.add(entry);
        out_.unknown = open_.size();
        for (const auto& [intent, lost] : open_) {
            entry = {};
            entry.time = settings_.now;
            entry.kind = schema::TrailKind::result;
            entry.intent = intent;
            entry.action = lost.row.action;
            entry.room_key = lost.row.room;
            entry.room = lost.room;
            entry.result = "unknown: the database that knew was lost";
            trail.add(entry);
        }
        return trail.take_into(turn_);
    }

    Status commit() {
        if (highest_ > 0) {  // so that no number is given again
            turn_.intents.push_back({highest_, "{}"});
            turn_.finished.push_back(highest_);
        }
        turn_.erased_at = settings_.now;
        turn_.marks.push_back({"pause", "some", std::nullopt});
        turn_.marks.push_back(
            {"pause", "all",
             fmt::format("the database was recovered: look at `rollcall plan`, then resume ({})",
                         settings_.caller.text)});
        return store_.commit(turn_);
    }

    struct LostIntent {
        TrailRow row;
        std::string room;
    };

    store::Store& store_;
    store::TrailReader& reader_;
    const LogFolder& folder_;
    const RecoverySettings& settings_;
    const json::Value leafless_;
    std::uint64_t last_key_ = 0, highest_ = 0;
    std::vector<std::string> shared_, leaves_;   // of the log: what the store has too, and what it lacks
    std::map<std::string, std::uint64_t> keys_;  // by pseudonym
    std::map<std::uint64_t, LostIntent> open_;   // announced and not ended
    store::Turn turn_;
    Recovered out_;
};

}  // namespace

std::optional<std::pair<std::uint64_t, std::uint64_t>> read_range(std::string_view text) {
    std::pair<std::uint64_t, std::uint64_t> out;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, out.first);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-') return std::nullopt;
    const auto last = std::from_chars(first.ptr + 1, end, out.second);
    if (last.ec != std::errc{} || last.ptr != end || out.first == 0 || out.second < out.first)
        return std::nullopt;
    return out;
}

Result<std::optional<Recovered>> recover(store::Store& store, store::TrailReader& reader,
                                         const LogFolder& folder, const RecoverySettings& settings) {
    return Recovery(store, reader, folder, settings).run();
}

}  // namespace rollcall::audit
