#include "daemon/store/doubt_rows.h"

#include <utility>

#include "daemon/store/meta.h"
#include "daemon/store/numbers.h"
#include "schema/json.h"

namespace rollcall::store {
namespace {

using policy::GroupEntry;
using policy::PersonEntry;

// Nobody else writes it, and it is as large as what differs.
constexpr json::Limits kWhatWeWrote{1U << 30U, 64, 200'000'000};

json::Value texts(const std::vector<std::string>& list) {
    json::Value out{json::Array{}};
    for (const std::string& text : list) out.push(text);
    return out;
}

std::vector<std::string> texts_of(const json::Value& value) {
    std::vector<std::string> out;
    if (const json::Array* array = value.array())
        for (const json::Value& text : *array) out.push_back(text.text());
    return out;
}

// LDAP values are bytes; JSON is text.
std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        out += kDigits[static_cast<unsigned char>(c) >> 4U];
        out += kDigits[static_cast<unsigned char>(c) & 15U];
    }
    return out;
}

std::string from_hex(std::string_view text) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        out += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
    return out;
}

json::Value to_json(const PersonEntry& entry) {
    json::Value attributes{json::Object{}};
    for (const auto& [name, values] : entry.attributes) {
        std::vector<std::string> coded;
        for (const std::string& value : values) coded.push_back(hex(value));
        attributes.set(name, texts(coded));
    }
    json::Value out;
    out.set("dn", hex(entry.dn)).set("login", hex(entry.login)).set("deleted", entry.deleted);
    if (entry.account_control) out.set("account_control", std::int64_t{*entry.account_control});
    if (entry.expires) out.set("expires", to_ms(*entry.expires));
    if (entry.primary_group) out.set("primary_group", std::int64_t{*entry.primary_group});
    out.set("attributes", std::move(attributes)).set("unreadable", texts(entry.unreadable));
    return out;
}

PersonEntry person_of(const json::Value& value) {
    PersonEntry out;
    out.dn = from_hex(value["dn"].text());
    out.login = from_hex(value["login"].text());
    out.deleted = value["deleted"].boolean_or(false);
    if (const std::int64_t* control = value["account_control"].integer())
        out.account_control = static_cast<std::uint32_t>(*control);
    if (const std::int64_t* expires = value["expires"].integer()) out.expires = from_ms(*expires);
    if (const std::int64_t* group = value["primary_group"].integer())
        out.primary_group = static_cast<std::uint32_t>(*group);
    if (const json::Object* attributes = value["attributes"].object())
        for (const auto& [name, values] : *attributes)
            for (const std::string& coded : texts_of(values)) out.attributes[name].push_back(from_hex(coded));
    out.unreadable = texts_of(value["unreadable"]);
    return out;
}

json::Value to_json(const GroupEntry& entry) {
    std::vector<std::string> members;
    for (const Guid& guid : entry.members) members.push_back(guid.text());
    json::Value out;
    out.set("deleted", entry.deleted).set("members_known", entry.members_known);
    out.set("members", texts(members));
    return out;
}

GroupEntry group_of(const json::Value& value) {
    GroupEntry out;
    out.deleted = value["deleted"].boolean_or(false);
    out.members_known = value["members_known"].boolean_or(false);
    for (const std::string& text : texts_of(value["members"]))
        if (const auto guid = Guid::from_text(text)) out.members.push_back(*guid);
    return out;
}

template <typename Entry>
json::Value bases_json(const std::map<Guid, std::optional<Entry>>& bases) {
    json::Value out{json::Object{}};
    for (const auto& [guid, base] : bases) out.set(guid.text(), base ? to_json(*base) : json::Value{});
    return out;
}

// False: damaged.
template <typename Entry>
bool read_bases(const json::Value& value, std::map<Guid, std::optional<Entry>>& bases,
                Entry (*read)(const json::Value&)) {
    const json::Object* all = value.object();
    if (all == nullptr) return false;
    for (const auto& [text, one] : *all) {
        const auto guid = Guid::from_text(text);
        if (!guid) return false;
        auto& base = bases[*guid];
        if (one.is_null()) continue;
        base = read(one);
        base->guid = *guid;
    }
    return true;
}

}  // namespace

Status save_doubt(Database& database, const policy::World& world) {
    const policy::Doubt& doubt = world.doubt;
    if (!doubt.any()) return put_meta(database, "doubt", "");
    json::Value must_know{json::Object{}};
    for (const auto& [invocation_id, usn] : doubt.must_know)
        must_know.set(invocation_id, static_cast<std::int64_t>(usn));
    json::Value out;
    out.set("why", doubt.why).set("invocation_id", doubt.invocation_id);
    out.set("must_know", std::move(must_know));
    out.set("people", bases_json(doubt.people)).set("groups", bases_json(doubt.groups));
    return put_meta(database, "doubt", json::write(out));
}

Status load_doubt(Database& database, policy::World& world) {
    const auto stored = get_meta(database, "doubt");
    if (!stored) return pass(stored);
    if (!*stored || (*stored)->empty()) return {};
    const Result<json::Value> value = json::parse(**stored, kWhatWeWrote);
    policy::Doubt& doubt = world.doubt;
    const json::Object* must_know = value ? (*value)["must_know"].object() : nullptr;
    if (must_know == nullptr || !read_bases((*value)["people"], doubt.people, person_of) ||
        !read_bases((*value)["groups"], doubt.groups, group_of))
        return damaged(database, "meta", "the doubt");
    doubt.why = (*value)["why"].text();
    doubt.invocation_id = (*value)["invocation_id"].text();
    for (const auto& [invocation_id, usn] : *must_know)
        doubt.must_know[invocation_id] = static_cast<std::uint64_t>(usn.integer_or(0));
    return {};
}

}  // namespace rollcall::store
