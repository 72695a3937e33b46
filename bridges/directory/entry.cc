#include "bridges/directory/entry.h"

#include <fmt/format.h>
#include <algorithm>
#include <limits>

#include "bridges/directory/replication.h"

namespace rollcall::directory {
namespace {

std::optional<std::uint32_t> flags_of(const RawEntry& entry, std::string_view name) {
    const auto number = entry.integer(name);
    if (!number || *number < std::numeric_limits<std::int32_t>::min() ||
        *number > std::numeric_limits<std::uint32_t>::max())
        return std::nullopt;
    return static_cast<std::uint32_t>(*number);  // an LDAP INTEGER is signed, the flags are not
}

Result<Guid> guid_of(const RawEntry& entry) {
    auto guid = entry.guid;
    if (!guid) guid = Guid::from_bytes(entry.text("objectguid"));
    if (guid && !guid->empty()) return *guid;
    return fail(ErrorKind::io, fmt::format("objectGUID of {} cannot be read", entry.dn),
                "let the bind account read it");
}

std::optional<std::uint64_t> usn_of(const RawEntry& entry) {
    const auto usn = entry.integer("usnchanged");
    if (!usn || *usn < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*usn);
}

// Past 1500 values a controller sends `name;range=0-1499` beside an empty `name`.
bool is_ranged(const RawEntry& entry, const std::string& name) {
    const auto next = entry.values.lower_bound(name + ";range=");
    return next != entry.values.end() && next->first.starts_with(name + ";range=");
}

bool is_name(std::string_view text) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
           std::all_of(text.begin(), text.end(), plain);
}

}  // namespace

EntryKind kind_of(const RawEntry& entry) {
    if (entry.has_value("objectclass", "group")) return EntryKind::group;
    if (entry.has_value("objectclass", "computer")) return EntryKind::other;
    if (entry.has_value("objectclass", "user")) return EntryKind::person;
    for (const char* name : {"organizationalUnit", "container", "domainDNS", "builtinDomain", "lostAndFound"})
        if (entry.has_value("objectclass", name)) return EntryKind::container;
    return EntryKind::other;
}

std::vector<std::string> person_attributes(const std::vector<std::string>& wanted) {
    std::vector<std::string> names = {"objectGUID",         "objectClass",    "sAMAccountName",
                                      "userAccountControl", "accountExpires", "primaryGroupID",
                                      "uSNChanged",         "isDeleted"};
    names.insert(names.end(), wanted.begin(), wanted.end());
    if (!wanted.empty()) names.emplace_back("nTSecurityDescriptor");
    return names;
}

std::vector<std::string> group_attributes() {
    return {"objectGUID", "objectClass", "sAMAccountName", "cn", "objectSid", "uSNChanged", "isDeleted"};
}

std::vector<std::string> normal_attributes(const std::vector<std::string>& names) {
    std::vector<std::string> out;
    for (const std::string& name : names)
        if (std::string plain = lower(name); is_name(plain)) out.push_back(std::move(plain));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

Result<policy::PersonEntry> to_person(const RawEntry& entry, const std::vector<std::string>& wanted,
                                      const Rights& rights, std::uint64_t read_at) {
    const auto guid = guid_of(entry);
    if (!guid) return pass(guid);
    policy::PersonEntry person;
    person.guid = *guid;
    const auto usn = usn_of(entry);
    person.usn = usn.value_or(read_at);
    if (!usn) person.unreadable.emplace_back("usnchanged");
    person.dn = entry.dn;
    person.login = entry.text("samaccountname");
    person.account_control = flags_of(entry, "useraccountcontrol");
    if (const auto expires = entry.integer("accountexpires")) {
        person.expires = from_file_time(*expires);
        if (!person.expires) person.odd_expires = *expires;
    }
    person.primary_group = flags_of(entry, "primarygroupid");
    person.deleted = entry.has_value("isdeleted", "TRUE");
    if (const std::string* metadata = entry.first("replpropertymetadata"))
        person.written = written(*metadata);
    for (const std::string& name : wanted) {
        if (is_ranged(entry, name)) {
            person.unreadable.push_back(name);
        } else if (const auto& values = entry.all(name); !values.empty()) {
            person.attributes.emplace(name, values);
        } else if (!person.deleted && (!person.account_control || !rights.shows(entry, name))) {
            person.unreadable.push_back(name);
        }
    }
    return person;
}

Result<policy::GroupEntry> to_group(const RawEntry& entry, std::uint64_t read_at) {
    const auto guid = guid_of(entry);
    if (!guid) return pass(guid);
    policy::GroupEntry group;
    group.guid = *guid;
    group.usn = usn_of(entry).value_or(read_at);
    group.dn = entry.dn;
    group.name = entry.text("samaccountname");
    group.cn = entry.text("cn");
    group.rid = rid_of(entry.text("objectsid")).value_or(0);
    group.deleted = entry.has_value("isdeleted", "TRUE");
    return group;
}

std::optional<policy::ContainerEntry> to_container(const RawEntry& entry, std::uint64_t read_at) {
    const auto guid = guid_of(entry);
    if (!guid) return std::nullopt;
    return policy::ContainerEntry{*guid, entry.dn, entry.has_value("isdeleted", "TRUE"),
                                  usn_of(entry).value_or(read_at)};
}

std::optional<Time> from_file_time(std::int64_t file_time) {
    if (file_time == 0 || file_time == std::numeric_limits<std::int64_t>::max()) return kNever;
    constexpr std::int64_t kTicksPerMs = 10'000;
    constexpr std::int64_t kEpochMs = 11'644'473'600'000;  // 1601-01-01 to 1970-01-01
    constexpr std::int64_t kFirst = 946'684'800'000;       // 2000-01-01; Active Directory came in February
    const std::int64_t ms = file_time / kTicksPerMs - kEpochMs;
    if (file_time < 0 || ms < kFirst) return std::nullopt;
    return from_ms(ms);
}

std::optional<std::uint32_t> rid_of(std::string_view sid) {
    if (sid.size() < 12) return std::nullopt;
    const std::size_t parts = static_cast<std::uint8_t>(sid[1]);
    if (sid[0] != 1 || parts == 0 || sid.size() != 8 + 4 * parts) return std::nullopt;
    std::uint32_t rid = 0;
    for (std::size_t i = 4; i-- > 0;) rid = rid << 8U | static_cast<std::uint8_t>(sid[sid.size() - 4 + i]);
    return rid;
}

}  // namespace rollcall::directory
