#include "daemon/audit/verify_trail.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "daemon/audit/recovery.h"

#include "daemon/audit/kept_policies.h"

namespace rollcall::audit {
namespace {

using schema::Party;
using schema::PartyMark;
using store::TrailRowRead;

constexpr std::size_t kRowsAtOnce = 1'000;

class StoreCheck {
  public:
    StoreCheck(store::TrailReader& reader, TrailVerification& out) : reader_(reader), out_(out) {}

    // One entry of the log beside its row.
    void entry(std::uint64_t number, const std::string& leaf) {
        const TrailRowRead* row = row_of(number);
        if (row == nullptr) {
            if (failed_) fault(number, "the store lacks it");
            return;
        }
        note_time(*row);
        if (!row->row.leaf.text.empty() && row->row.leaf.text != leaf)
            fault(number, "the store has another than the log");
        const Result<json::Value> event = json::parse(leaf);
        if (!event || !(*event)["unmapped"].is_object()) return fault(number, "it is no entry of a trail");
        const json::Value& ours = (*event)["unmapped"];
        if (ours["number"].integer_or(0) != static_cast<std::int64_t>(number))
            fault(number, fmt::format("it calls itself entry {}", ours["number"].integer_or(0)));
        compare(number, row->row, *event);
        for (const Party party : {Party::subject, Party::caller})
            check_party(*row, party, schema::party_mark(*event, party));
        note_erasures(number, ours);
        note_recovery(number, ours);
        follow_intent(number, ours);
        note_policy(number, ours);
        out_.basis.take(number, ours);
    }

    // What is in the store and in no checkpoint yet.
    Status rest(std::uint64_t size) {
        while (true) {
            const TrailRowRead* row = row_of(size + out_.unsigned_entries + 1);
            if (row == nullptr) return status_;
            if (row->row.leaf.text.empty()) {
                fault(row->row.number,
                      "the store has given it and what follows to the log, and no checkpoint there covers "
                      "it: the "
                      "log was rolled back");
                return status_;
            }
            ++out_.unsigned_entries;
            entry(row->row.number, std::string(row->row.leaf.text));
        }
    }

    // Every intent that is announced has ended, or is under way.
    Status intents() {
        const auto in_flight = reader_.in_flight();
        if (!in_flight) return pass(in_flight);
        for (const auto& [intent, number] : open_) {
            if (std::find(in_flight->begin(), in_flight->end(), intent) != in_flight->end())
                ++out_.in_flight;
            else
                fault(number, fmt::format("intent {} has no result", intent));
        }
        for (const auto& [number, party] : missing_)
            if (recovered(number))
                ++out_.lost;
            else
                fault(number, fmt::format("what it says of its {} is missing, and nobody was erased",
                                          to_text(party)));
        for (const auto& [pseudonym, number] : gone_)
            if (!erased_.contains(pseudonym) && !recovered(number))
                fault(number,
                      "what it says of somebody was destroyed, and no entry says that they were erased");
        for (const auto& [pseudonym, number] : kept_)
            if (erased_.contains(pseudonym)) fault(number, "it still says what was to be erased");
        check_names();
        if (Status times = check_times(); !times) return times;
        for (const auto& [intent, number] : orphans_)
            fault(number, fmt::format("a result without its intent {}", intent));
        std::erase_if(policies_, [this](const auto& policy) { return recovered(policy.second); });
        auto kept = check_kept_policies(reader_, policies_);
        if (!kept) return pass(kept);
        out_.policies = kept->whole;
        out_.faults.insert(out_.faults.end(), kept->faults.begin(), kept->faults.end());
        return {};
    }

  private:
    void fault(std::uint64_t number, std::string text) {
        if (faults_ < kMostFaults)
            out_.faults.push_back({store::kDatabaseFile, fmt::format("entry {}: {}", number, text)});
        ++faults_;
    }

    const TrailRowRead* row_of(std::uint64_t number) {
        if (!status_) return nullptr;
        if (rows_.empty() || number < rows_.front().row.number || number > rows_.back().row.number) {
            auto read = reader_.rows(number - 1, kRowsAtOnce);
            if (!read) {
                status_ = pass(read);
                return nullptr;
            }
            rows_ = std::move(*read);
        }
        const auto at = std::lower_bound(
            rows_.begin(), rows_.end(), number,
            [](const TrailRowRead& row, std::uint64_t wanted) { return row.row.number < wanted; });
        failed_ = at == rows_.end() || at->row.number != number;
        return failed_ ? nullptr : &*at;
    }

    // The columns by which questions find an entry.
    void compare(std::uint64_t number, const store::TrailRow& row, const json::Value& event) {
        const json::Value& ours = event["unmapped"];
        const auto same = [&](const char* what, const std::string& in_store, std::string_view member) {
            if (in_store != ours[member].text())
                fault(number, fmt::format("the store finds it under another {} than it has", what));
        };
        if (to_ms(row.time) != event["time"].integer_or(-1)) fault(number, "the store has another time");
        same("kind", row.kind, "kind");
        same("action", row.action, "action");
        same("room", row.room, "room_key");
        same("rule", row.rule, "rule");
        same("outcome", row.outcome, "outcome");
    }

    void check_party(const TrailRowRead& row, Party party, const std::optional<PartyMark>& mark) {
        const auto at = static_cast<std::size_t>(party);
        const std::uint64_t number = row.row.number;
        const std::uint64_t key = party == Party::subject ? row.row.subject : row.row.caller;
        const bool kept =
            std::any_of(row.row.leaf.personal.begin(), row.row.leaf.personal.end(),
                        [party](const schema::PersonalPart& part) { return part.party == party; });
        if (!mark && key == 0 && !kept) return;
        if (!mark || key == 0)
            return fault(number, fmt::format("store and log differ in whether it has a {}", to_text(party)));
        if (row.erased[at]) {
            ++out_.erased;
            gone_.try_emplace(mark->id, number);
            return;
        }
        const auto part = std::find_if(row.row.leaf.personal.begin(), row.row.leaf.personal.end(),
                                       [party](const schema::PersonalPart& p) { return p.party == party; });
        if (part == row.row.leaf.personal.end() || !row.keys[at])
            return static_cast<void>(missing_.emplace_back(number, party));
        if (row.filed_under[at] != key)
            return fault(number,
                         fmt::format("the store finds it under another {} than it has", to_text(party)));
        if (schema::pseudonym(*row.keys[at]) != mark->id)
            return fault(number, fmt::format("its {} is somebody else", to_text(party)));
        if (schema::personal_mac(schema::entry_key(*row.keys[at], number), part->text) != mark->mac)
            return fault(number, fmt::format("what it says of its {} was changed", to_text(party)));
        ++out_.personal;
        kept_.try_emplace(mark->id, number);
        check_found_by(row, party, key, *part);
    }

    // By which a question about a time finds entries (store/trail_times.h).
    void note_time(const TrailRowRead& row) {
        const std::uint64_t block = (row.row.number - 1) / store::kTimeBlock;
        if (times_.empty() || times_.back().block != block)
            times_.push_back({block, row.row.time, row.row.time});
        times_.back().earliest = std::min(times_.back().earliest, row.row.time);
        times_.back().latest = std::max(times_.back().latest, row.row.time);
        last_ = row.row.number;
    }
    Status check_times() {
        const auto held = reader_.times();
        if (!held) return pass(held);
        if (!times_.empty() && last_ % store::kTimeBlock != 0) times_.pop_back();  // not full yet
        for (std::size_t i = 0; i < std::max(held->size(), times_.size()); ++i)
            if (i >= held->size() || i >= times_.size() || (*held)[i] != times_[i]) {
                fault(i * store::kTimeBlock + 1,
                      "it and those after it are looked for at another time than theirs");
                break;
            }
        return {};
    }

    void note_erasures(std::uint64_t number, const json::Value& ours) {
        if (ours["kind"].text() != "command" || ours["action"].text() != "erase") return;
        const json::Array* pseudonyms = ours["pseudonyms"].array();
        if (pseudonyms == nullptr) return fault(number, "it erases nobody");
        for (const json::Value& pseudonym : *pseudonyms) erased_.insert(pseudonym.text());
    }

    // Of these entries the store has what the log says, and no more.
    void note_recovery(std::uint64_t number, const json::Value& ours) {
        if (ours["kind"].text() != "command" || ours["action"].text() != "recover") return;
        const auto range = read_range(ours["recovered"].text());
        if (!range || range->second != number - 1) return fault(number, "it does not say what was recovered");
        recovered_.push_back(*range);
    }
    [[nodiscard]] bool recovered(std::uint64_t number) const {
        return std::any_of(recovered_.begin(), recovered_.end(), [number](const auto& range) {
            return range.first <= number && number <= range.second;
        });
    }

    // Of many entries one after another the same.
    void note_policy(std::uint64_t number, const json::Value& ours) {
        const std::string policy = ours["policy"].text();
        if (policy.empty() || policy == last_policy_) return;
        policies_.try_emplace(policy, number);
        last_policy_ = policy;
    }

    // A key is found by a GUID or a name; each must stand in entries that lie under it (audit/trail.h).
    struct FoundBy {
        std::uint64_t number = 0;  // its first entry
        Guid guid;
        std::string name;
        bool guid_seen = false, name_seen = false;
    };
    void check_found_by(const TrailRowRead& row, Party party, std::uint64_t key,
                        const schema::PersonalPart& part) {
        const auto at = static_cast<std::size_t>(party);
        FoundBy& found = found_by_[key];
        if (found.number == 0) found = {row.row.number, row.guids[at], row.names[at], false, false};
        // The MACs say that all of it was written under this key: what says the same again need not be read.
        const bool seen = found.name_seen && (found.guid_seen || found.guid.empty()) && !found.name.empty();
        if (seen && (party == Party::caller ||
                     part.text.find(fmt::format(R"("user":"{}")", found.name)) != std::string::npos))
            return;
        const Result<json::Value> says = json::parse(part.text);
        if (!says) return;  // the MAC holds: it was written so
        if (party == Party::caller) {
            const json::Value& caller = (*says)["caller"];
            const std::int64_t login = caller["login_uid"].integer_or(-1);
            const std::string name =
                fmt::format("unix:{}", login >= 0 ? login : caller["uid"].integer_or(-1));
            if (row.names[at] != name) fault(row.row.number, "its caller is found under another name");
            found.name_seen = true;
            return;
        }
        const std::string person = (*says)["person"].text(), user = (*says)["user"].text();
        const std::string name = user.starts_with('@') ? user
                                 : person.empty()      ? (*says)["sender"].text()
                                                       : "";
        if (!person.empty() && row.guids[at].text() != person)
            fault(row.row.number, "its subject is found under another GUID than it has");
        if (person.empty() && row.names[at] != name)
            fault(row.row.number, "its subject is found under another name than it has");
        found.guid_seen = found.guid_seen || !person.empty();
        found.name_seen = found.name_seen || row.names[at] == name;
        if (!person.empty() && !name.empty()) together_.insert(std::hash<std::string>{}(person + name));
    }

    // What no entry of a key's own has shown: the GUID of a key that was made by name may stand in an entry
    // under the person's other key.
    void check_names() {
        for (const auto& [key, found] : found_by_) {
            if (!found.name.empty() && !found.name_seen)
                fault(found.number, "the key of its subject is found under a name that is in no entry");
            if (!found.guid.empty() && !found.guid_seen &&
                !together_.contains(std::hash<std::string>{}(found.guid.text() + found.name)))
                fault(found.number, "the key of its subject is found under a GUID that is in no entry");
        }
    }

    void follow_intent(std::uint64_t number, const json::Value& ours) {
        const auto intent = static_cast<std::uint64_t>(ours["intent"].integer_or(0));
        if (intent == 0) return;
        if (ours["kind"].text() == "intent") {
            if (!open_.emplace(intent, number).second)
                fault(number, fmt::format("intent {} is announced twice", intent));
            return;
        }
        // What was only accepted may be followed by what was seen of it.
        const bool accepted = ours["outcome"].text() == "accepted";
        if (open_.erase(intent) == 1) {
            ++out_.intents;
            if (accepted) accepted_.insert(intent);
        } else if (!accepted && accepted_.erase(intent) == 1) {
            return;
        } else if (intent > former()) {
            orphans_.emplace(intent, number);
        }
    }
    // Those were announced in a trail of the form before this one.
    std::uint64_t former() {
        if (!former_) former_ = reader_.last_former_intent().value_or(0);
        return *former_;
    }

    store::TrailReader& reader_;
    TrailVerification& out_;
    Status status_;
    std::vector<TrailRowRead> rows_;
    std::map<std::uint64_t, std::uint64_t> open_, orphans_;  // intent → entry
    std::set<std::uint64_t> accepted_;                       // intents whose effect may still be told
    std::map<std::string, std::uint64_t> gone_;              // pseudonym → its first entry
    std::unordered_map<std::string, std::uint64_t> kept_;
    std::set<std::string> erased_;                   // by an entry
    std::map<std::string, std::uint64_t> policies_;  // hash → the first entry that names it
    std::string last_policy_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> recovered_;
    std::vector<std::pair<std::uint64_t, Party>> missing_;
    std::unordered_map<std::uint64_t, FoundBy> found_by_;  // by person key
    std::unordered_set<std::size_t> together_;             // GUID and name of one entry, hashed
    std::optional<std::uint64_t> former_;
    std::vector<store::TimeBlock> times_;
    std::uint64_t last_ = 0;  // entry
    std::size_t faults_ = 0;
    bool failed_ = false;
};

// One look at both.
Result<TrailVerification> look_at(const LogFolder& folder, store::TrailReader& reader,
                                  VerifyOptions options) {
    TrailVerification out;
    StoreCheck check(reader, out);
    options.check_entry = [&, theirs = std::move(options.check_entry)](
                              std::uint64_t index, const std::string& leaf) -> std::optional<std::string> {
        std::optional<std::string> wrong = theirs ? theirs(index, leaf) : std::nullopt;
        check.entry(index + 1, leaf);
        return wrong;
    };
    // The store's first row is read after the checkpoint: what the checkpoint covers, the store holds then.
    const Status done = reader.snapshot([&]() -> Status {
        out.log = verify_log(folder, options);
        if (!out.log.head) return {};
        if (Status rest = check.rest(out.log.head->size); !rest) return rest;
        const bool whole = out.log.entries == out.log.head->size;  // otherwise not every intent was seen
        return whole ? check.intents() : Status{};
    });
    if (!done) return pass(done);
    out.faults.insert(out.faults.begin(), out.log.faults.begin(), out.log.faults.end());
    return out;
}

// What its last head was signed as; what cannot be read is nothing, and named by whoever verifies.
std::string last_head(const LogFolder& folder) {
    std::string out;
    for (const char* name : {kSignedFile, kCheckpointFile})
        if (const auto note = folder.read_note(name); note && *note) out += **note + "\n";
    return out;
}

}  // namespace

// A daemon that runs may sign, and take what it signed out of the store, between two files that are read
// here, or between them and the store. What is wrong then is looked at again; what is wrong still, is.
Result<TrailVerification> verify_trail(const LogFolder& folder, store::TrailReader& reader,
                                       const VerifyOptions& options) {
    constexpr int kLooks = 4;
    for (int looks = 1;; ++looks) {
        const std::string before = last_head(folder);
        Result<TrailVerification> out = look_at(folder, reader, options);
        if (!out || out->faults.empty() || looks == kLooks || last_head(folder) == before) return out;
    }
}

}  // namespace rollcall::audit
