#include "bridges/directory/root.h"

#include <fmt/format.h>

#include "bridges/directory/little_endian.h"
#include "bridges/directory/search.h"
#include "policy/base/text.h"

namespace rollcall::directory {
namespace {

Query root_query(std::vector<std::string> attributes) {
    Query query;
    query.attributes = std::move(attributes);
    query.controls = false;
    return query;
}

Result<std::uint64_t> usn_of(const Connection& connection, const RawEntry& root) {
    const auto usn = root.integer("highestcommittedusn");
    if (!usn || *usn < 0)
        return fail(ErrorKind::io, fmt::format("{} does not tell its highestCommittedUSN", connection.url()),
                    "is it an Active Directory domain controller?");
    return static_cast<std::uint64_t>(*usn);
}

std::optional<Time> time_of(const RawEntry& root) {
    return parse_generalized_time(root.text("currenttime"));
}

Result<std::string> read_invocation_id(Connection& connection, const std::string& service) {
    Query query;
    query.base = service;
    query.attributes = {"invocationId"};
    const auto entry = read_one(connection, query);
    if (!entry) return pass(entry);
    const auto guid = Guid::from_bytes(entry->text("invocationid"));
    if (!guid)
        return fail(ErrorKind::io, fmt::format("{} does not tell its invocationId", connection.url()),
                    "the bind account must be able to read the configuration partition");
    return guid->text();
}

// The Deleted Objects container, by its well-known GUID (MS-ADTS 6.1.1.4). Without rights it is there but
// empty, and no error says so (seen); the right to list it is given together with the one to read it, and
// this one shows.
bool sees_tombstones(Connection& connection, const std::string& base) {
    Query query;
    query.base = "<WKGUID=18E2EA80684F11D2B9AA00C04F79F805," + base + ">";
    query.attributes = {"isDeleted"};
    query.deleted = true;
    const auto entry = read_one(connection, query);
    return entry && entry->has_value("isdeleted", "TRUE");
}

// What changes of other controllers it has. Where that is hidden, nothing is known of it, which is no error.
std::map<std::string, std::uint64_t> read_seen(Connection& connection, const std::string& base) {
    Query query;
    query.base = base;
    query.attributes = {"replUpToDateVector"};
    const auto entry = read_one(connection, query);
    return entry ? read_vector(entry->text("repluptodatevector")) : std::map<std::string, std::uint64_t>{};
}

}  // namespace

std::map<std::string, std::uint64_t> read_vector(std::string_view bytes) {
    constexpr std::size_t kHead = 16, kGuid = 16, kMost = 10'000;
    if (bytes.size() < kHead) return {};
    const std::uint64_t version = little_endian(bytes, 0, 4), count = little_endian(bytes, 8, 4);
    const std::size_t size = version == 1 ? 24 : 32;  // with or without the time
    if ((version != 1 && version != 2) || count > kMost || bytes.size() < kHead + count * size) return {};
    std::map<std::string, std::uint64_t> out;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = kHead + i * size;
        if (const auto guid = Guid::from_bytes(bytes.substr(at, kGuid)))
            out.emplace(guid->text(), little_endian(bytes, at + kGuid, 8));
    }
    return out;
}

Result<Root> read_root(Connection& connection, const Settings& settings) {
    const auto entry =
        read_one(connection, root_query({"highestCommittedUSN", "currentTime", "dsServiceName",
                                         "defaultNamingContext", "schemaNamingContext", "tokenGroups"}));
    if (!entry) return pass(entry);
    const auto usn = usn_of(connection, *entry);
    if (!usn) return pass(usn);
    const std::string context = entry->text("defaultnamingcontext");
    if (fold_dn(context) != fold_dn(settings.base))
        return fail(ErrorKind::invalid_input,
                    fmt::format("{} serves {}, not {}", settings.url, context, settings.base),
                    fmt::format("write `base: {}`; a rule narrows it with `under`", context));
    auto invocation_id = read_invocation_id(connection, entry->text("dsservicename"));
    if (!invocation_id) return pass(invocation_id);
    return Root{*usn,
                std::move(*invocation_id),
                entry->text("schemanamingcontext"),
                entry->all("tokengroups"),
                sees_tombstones(connection, settings.base),
                time_of(*entry),
                read_seen(connection, settings.base)};
}

Result<Position> read_position(Connection& connection) {
    const auto entry = read_one(connection, root_query({"highestCommittedUSN", "currentTime"}));
    if (!entry) return pass(entry);
    const auto usn = usn_of(connection, *entry);
    if (!usn) return pass(usn);
    return Position{*usn, time_of(*entry)};
}

}  // namespace rollcall::directory
