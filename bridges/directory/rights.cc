#include "bridges/directory/rights.h"

#include <algorithm>
#include <iterator>

#include "bridges/directory/search.h"
#include "policy/base/text.h"

namespace rollcall::directory {
namespace {

constexpr const char* kInEverySchema = "useraccountcontrol";
constexpr std::int64_t kConfidential = 0x80;  // fCONFIDENTIAL of searchFlags (MS-ADTS 2.2.9)

}  // namespace

Status Rights::learn(Connection& connection, const Root& root, const std::vector<std::string>& names) {
    if (of_ != root.invocation_id || sids_ != root.sids) *this = {};
    of_ = root.invocation_id;
    sids_ = root.sids;
    std::vector<std::string> fresh;
    std::set_difference(names.begin(), names.end(), looked_up_.begin(), looked_up_.end(),
                        std::back_inserter(fresh));
    if (fresh.empty()) return {};
    Query query;
    query.base = root.schema;
    query.filter = "(|";
    for (const std::string& name : fresh) query.filter += "(lDAPDisplayName=" + filter_value(name) + ")";
    query.filter += std::string("(lDAPDisplayName=") + kInEverySchema + "))";
    query.attributes = {"lDAPDisplayName", "schemaIDGUID", "attributeSecurityGUID", "searchFlags"};
    schema_hidden_ = true;
    const Status read = search(connection, query, [&](RawEntry&& entry) -> Status {
        const std::string name = fold(entry.text("ldapdisplayname"));
        const auto attribute = Guid::from_bytes(entry.text("schemaidguid"));
        if (!attribute) return {};
        if (name == kInEverySchema) schema_hidden_ = false;
        const auto set = Guid::from_bytes(entry.text("attributesecurityguid"));
        const std::int64_t flags = entry.integer("searchflags").value_or(0);
        properties_[name] = {*attribute, set.value_or(*attribute), (flags & kConfidential) != 0};
        return {};
    });
    if (!read) return read;
    looked_up_ = names;
    return {};
}

bool Rights::shows(const RawEntry& entry, const std::string& name) const {
    if (schema_hidden_) return false;
    const auto property = properties_.find(name);
    return property == properties_.end() ||
           may_read(entry.text("ntsecuritydescriptor"), sids_, property->second) == Access::yes;
}

}  // namespace rollcall::directory
