#include "schema/trail_entry.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>

namespace rollcall::schema {
namespace {

using json::Value;

constexpr std::uint64_t kMostExact = (std::uint64_t{1} << 53U) - 1;  // canonical JSON has no larger integers
constexpr std::string_view kCut = "… [cut]";

struct KindName {
    TrailKind kind;
    std::string_view name;
};
constexpr std::array<KindName, 13> kTrailKinds{{{TrailKind::intent, "intent"},
                                                {TrailKind::result, "result"},
                                                {TrailKind::hold, "hold"},
                                                {TrailKind::approve, "approve"},
                                                {TrailKind::reject, "reject"},
                                                {TrailKind::policy, "policy"},
                                                {TrailKind::directory, "directory"},
                                                {TrailKind::membership, "membership"},
                                                {TrailKind::command, "command"},
                                                {TrailKind::start, "start"},
                                                {TrailKind::stop, "stop"},
                                                {TrailKind::failure, "failure"},
                                                {TrailKind::notice, "notice"}}};

struct TextField {
    std::string_view name;
    std::string TrailEntry::*text;
};
constexpr std::array<TextField, 24> kTexts{{{"action", &TrailEntry::action},
                                            {"after", &TrailEntry::after},
                                            {"before", &TrailEntry::before},
                                            {"danger", &TrailEntry::danger},
                                            {"erased", &TrailEntry::erased},
                                            {"erased_caller", &TrailEntry::erased_caller},
                                            {"event", &TrailEntry::event},
                                            {"history", &TrailEntry::history},
                                            {"membership", &TrailEntry::membership},
                                            {"policy", &TrailEntry::policy},
                                            {"reason", &TrailEntry::reason},
                                            {"recovered", &TrailEntry::recovered},
                                            {"result", &TrailEntry::result},
                                            {"review", &TrailEntry::review},
                                            {"room", &TrailEntry::room},
                                            {"room_key", &TrailEntry::room_key},
                                            {"rotation", &TrailEntry::rotation},
                                            {"rule", &TrailEntry::rule},
                                            {"rule_path", &TrailEntry::rule_path},
                                            {"sender", &TrailEntry::sender},
                                            {"source", &TrailEntry::source},
                                            {"sponsor", &TrailEntry::sponsor},
                                            {"user", &TrailEntry::user},
                                            {"was", &TrailEntry::was}}};

void set_text(Value& into, std::string_view name, const std::string& text) {
    if (!text.empty()) into.set(std::string(name), text);
}

Value texts_json(const std::vector<std::string>& texts) {
    Value made{json::Array{}};
    for (const std::string& text : texts) made.push(text);
    return made;
}

Value evidence_json(const policy::Evidence& evidence) {
    Value made{json::Object{}};
    set_text(made, "attribute", evidence.attribute);
    set_text(made, "directory", evidence.directory);
    if (!evidence.guid.empty()) made.set("guid", evidence.guid.text());
    set_text(made, "object", evidence.object);
    if (evidence.otherwise) made.set("otherwise", to_rfc3339(*evidence.otherwise));
    set_text(made, "server", evidence.server);
    made.set("time", to_rfc3339(evidence.time));
    made.set("usn", std::to_string(evidence.usn));  // 64 bits: more than canonical JSON's integers have
    if (evidence.written) made.set("written", to_rfc3339(*evidence.written));
    return made;
}

Value caller_json(const TrailCaller& caller) {
    Value made{json::Object{}};
    made.set("login_uid", caller.login_uid);
    set_text(made, "text", caller.text);
    made.set("uid", caller.uid);
    return made;
}

Value checkout_json(const TrailCheckout& checkout) {
    Value made{json::Object{}};
    if (checkout.changed) made.set("changed", true);
    set_text(made, "commit", checkout.commit);
    set_text(made, "signature", checkout.signature);
    set_text(made, "signer", checkout.signer);
    return made;
}

// Takes the members of one object, each at most once, and remembers the first fault.
class Taker {
  public:
    Taker(const Value& value, std::string_view what) : value_(value), what_(what) {
        if (!value.is_object()) fault("is not an object");
    }
    void text(std::string_view name, std::string& into) {
        const Value& member = take(name);
        if (member.is_null()) return;
        if (const std::string* given = member.string(); given != nullptr && !given->empty())
            into = *given;
        else
            fault(name);
    }
    void integer(std::string_view name, std::int64_t& into) {
        if (const std::int64_t* given = take(name).integer())
            into = *given;
        else
            fault(name);
    }
    void time(std::string_view name, Time& into) {
        const auto given = parse_rfc3339(take(name).text());
        if (given && to_rfc3339(*given) == value_[name].text())
            into = *given;
        else
            fault(name);
    }
    void time(std::string_view name, std::optional<Time>& into) {
        if (!value_[name].is_null()) time(name, into.emplace());
    }
    void guid(std::string_view name, Guid& into) {
        const Value& member = take(name);
        if (member.is_null()) return;
        into = Guid::from_text(member.text()).value_or(Guid{});
        if (into.empty() || into.text() != member.text()) fault(name);
    }
    // Left out where it is false.
    void flag(std::string_view name, bool& into) {
        const Value& member = take(name);
        if (member.is_null()) return;
        into = member.boolean_or(false);
        if (!into) fault(name);
    }
    void texts(std::string_view name, std::vector<std::string>& into) {
        const Value& member = take(name);
        if (member.is_null()) return;
        const json::Array* items = member.array();
        if (items == nullptr || items->empty()) return fault(name);
        for (const Value& item : *items) {
            if (item.string() == nullptr || item.string()->empty()) return fault(name);
            into.push_back(*item.string());
        }
    }
    const Value& take(std::string_view name) {
        const Value& member = value_[name];
        if (!member.is_null()) ++taken_;
        return member;
    }
    void fault(std::string_view name) {
        if (fault_.empty()) fault_ = name;
    }
    [[nodiscard]] Status finish() {
        if (value_.is_object() && value_.object()->size() != taken_) fault("a member that is unknown");
        if (fault_.empty()) return {};
        return fail(ErrorKind::invalid_input,
                    fmt::format("not {} of version {}: {}", what_, kTrailVersion, fault_));
    }

  private:
    const Value& value_;
    std::string_view what_;
    std::string fault_;
    std::size_t taken_ = 0;
};

Result<policy::Evidence> read_evidence(const Value& value) {
    policy::Evidence made;
    Taker taker(value, "an entry's evidence");
    taker.text("attribute", made.attribute);
    taker.text("directory", made.directory);
    taker.guid("guid", made.guid);
    taker.text("object", made.object);
    taker.time("otherwise", made.otherwise);
    taker.text("server", made.server);
    taker.time("time", made.time);
    taker.time("written", made.written);
    const std::string usn = taker.take("usn").text();
    const auto [stop, error] = std::from_chars(usn.data(), usn.data() + usn.size(), made.usn);
    if (error != std::errc{} || stop != usn.data() + usn.size() || std::to_string(made.usn) != usn)
        taker.fault("usn");
    if (const auto status = taker.finish(); !status) return pass(status);
    return made;
}

Result<TrailCaller> read_caller(const Value& value) {
    TrailCaller made;
    Taker taker(value, "an entry's caller");
    taker.integer("login_uid", made.login_uid);
    taker.text("text", made.text);
    taker.integer("uid", made.uid);
    if (const auto status = taker.finish(); !status) return pass(status);
    return made;
}

Result<TrailCheckout> read_checkout(const Value& value) {
    TrailCheckout made;
    Taker taker(value, "an entry's checkout");
    taker.flag("changed", made.changed);
    taker.text("commit", made.commit);
    taker.text("signature", made.signature);
    taker.text("signer", made.signer);
    if (made.commit.empty()) taker.fault("commit");
    if (const auto status = taker.finish(); !status) return pass(status);
    return made;
}

// `text` shorter by at least `excess` bytes, with the mark, and whole characters only.
void cut(std::string& text, std::size_t excess) {
    std::size_t keep = text.size() - std::min(text.size(), excess + kCut.size());
    while (keep > 0 && (static_cast<unsigned char>(text[keep]) & 0xc0U) == 0x80) --keep;
    text.resize(keep);
    text += kCut;
}

}  // namespace

std::string_view to_text(TrailKind kind) {
    return std::find_if(kTrailKinds.begin(), kTrailKinds.end(),
                        [&](const KindName& k) { return k.kind == kind; })
        ->name;
}

Value to_json(const TrailEntry& entry) {
    Value made;
    made.set("v", kTrailVersion);
    made.set("time", to_rfc3339(entry.time));
    made.set("kind", to_text(entry.kind));
    if (entry.intent != 0) made.set("intent", static_cast<std::int64_t>(entry.intent));
    if (!entry.person.empty()) made.set("person", entry.person.text());
    for (const TextField& field : kTexts) set_text(made, field.name, entry.*field.text);
    if (entry.evidence) made.set("evidence", evidence_json(*entry.evidence));
    if (entry.caller) made.set("caller", caller_json(*entry.caller));
    if (entry.event_time) made.set("event_time", to_rfc3339(*entry.event_time));
    if (entry.until) made.set("until", to_rfc3339(*entry.until));
    if (entry.written) made.set("written", to_rfc3339(*entry.written));
    if (!entry.rooms.empty()) made.set("rooms", texts_json(entry.rooms));
    if (!entry.pseudonyms.empty()) made.set("pseudonyms", texts_json(entry.pseudonyms));
    if (entry.checkout) made.set("checkout", checkout_json(*entry.checkout));
    if (entry.basis) made.set("basis", to_json(*entry.basis));
    return made;
}

Result<TrailEntry> read_trail_entry(const Value& value) {
    TrailEntry made;
    Taker taker(value, "a trail entry");
    std::int64_t version = 0;
    taker.integer("v", version);
    if (version != kTrailVersion) taker.fault("v");
    taker.time("time", made.time);
    const std::string kind = taker.take("kind").text();
    const auto known = std::find_if(kTrailKinds.begin(), kTrailKinds.end(),
                                    [&](const KindName& k) { return k.name == kind; });
    if (known == kTrailKinds.end())
        taker.fault("kind");
    else
        made.kind = known->kind;
    if (const Value& intent = taker.take("intent"); !intent.is_null()) {
        made.intent = static_cast<std::uint64_t>(std::max<std::int64_t>(0, intent.integer_or(0)));
        if (made.intent == 0 || made.intent > kMostExact) taker.fault("intent");
    }
    taker.guid("person", made.person);
    for (const TextField& field : kTexts) taker.text(field.name, made.*field.text);
    taker.time("event_time", made.event_time);
    taker.time("until", made.until);
    taker.time("written", made.written);
    taker.texts("rooms", made.rooms);
    taker.texts("pseudonyms", made.pseudonyms);
    const Value& evidence = taker.take("evidence");
    const Value& caller = taker.take("caller");
    const Value& checkout = taker.take("checkout");
    const Value& basis = taker.take("basis");
    if (const auto status = taker.finish(); !status) return pass(status);
    if (!evidence.is_null()) {
        auto read = read_evidence(evidence);
        if (!read) return pass(read);
        made.evidence = std::move(*read);
    }
    if (!caller.is_null()) {
        auto read = read_caller(caller);
        if (!read) return pass(read);
        made.caller = std::move(*read);
    }
    if (!checkout.is_null()) {
        auto read = read_checkout(checkout);
        if (!read) return pass(read);
        made.checkout = std::move(*read);
    }
    if (!basis.is_null()) {
        auto read = read_trail_basis(basis);
        if (!read) return pass(read);
        made.basis = std::move(*read);
    }
    return made;
}

namespace {

// A reader has to find the same moment again.
bool can_be_read(Time time) {
    return parse_rfc3339(to_rfc3339(time)) == time;
}

void keep_times_readable(TrailEntry& entry) {
    if (!can_be_read(entry.time)) entry.time = Time{};
    if (entry.event_time && !can_be_read(*entry.event_time)) entry.event_time.reset();
    if (entry.until && !can_be_read(*entry.until)) entry.until.reset();
    if (entry.evidence && !can_be_read(entry.evidence->time)) entry.evidence->time = Time{};
}

// Texts of an entry that may be cut, in the order in which they are. What programs look up by its bytes is
// not among them.
std::vector<std::string*> texts_to_cut(TrailEntry& entry) {
    std::vector<std::string*> out{&entry.reason, &entry.result, &entry.action};
    for (const TextField& field : kTexts) {
        const bool kept = field.text == &TrailEntry::policy || field.text == &TrailEntry::review ||
                          field.text == &TrailEntry::rotation || field.text == &TrailEntry::recovered;
        std::string& text = entry.*field.text;
        if (!kept && std::find(out.begin(), out.end(), &text) == out.end()) out.push_back(&text);
    }
    if (entry.evidence) out.insert(out.end(), {&entry.evidence->object, &entry.evidence->attribute});
    return out;
}

}  // namespace

Result<TrailEntry> fit_trail_entry(TrailEntry entry) {
    if (entry.intent > kMostExact)
        return fail(ErrorKind::limit, fmt::format("the intent's number {} is above 2^53 - 1", entry.intent));
    keep_times_readable(entry);
    std::size_t size = json::write(to_json(entry)).size();
    for (std::string* text : texts_to_cut(entry)) {
        if (size <= kLongestWholeEntry) return entry;
        if (text->size() <= kCut.size()) continue;
        cut(*text, size - kLongestWholeEntry);
        size = json::write(to_json(entry)).size();
    }
    if (size <= kLongestWholeEntry) return entry;
    return fail(ErrorKind::limit,
                fmt::format("the entry has {} bytes without its texts; at most {} are allowed", size,
                            kLongestWholeEntry));
}

}  // namespace rollcall::schema
