// search(): one complete search, page by page. Complete, or an Error: never a shorter answer.
//
// A directory that stops half way (size limit, lost line, page refused) must not look like one with fewer
// people, so anything but success in the final message of every page is an Error. References to other domains
// are ignored. Runs on the thread that owns the connection.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bridges/directory/connection.h"
#include "bridges/directory/control.h"
#include "bridges/directory/raw_entry.h"

namespace rollcall::directory {

struct Query {
    std::string base;
    int scope = LDAP_SCOPE_SUBTREE;
    std::string filter = "(objectClass=*)";
    std::vector<std::string> attributes;
    bool deleted = false;  // tombstones too
    bool dacl = false;     // nTSecurityDescriptor is asked for
    bool paged = true;     // a base search is not
    bool controls = true;  // the rootDSE is read without any: it tells which there are
};

inline constexpr int kPageSize = 1000;  // what a domain controller allows by default (MaxPageSize)

// Returning an Error ends the search with it.
using EntrySink = std::function<Status(RawEntry&&)>;

[[nodiscard]] Status search(Connection& connection, const Query& query, const EntrySink& sink);
// A base search; ErrorKind::not_found where there is no such object or it does not match.
[[nodiscard]] Result<RawEntry> read_one(Connection& connection, Query query);

// The entry in `message`. Values larger than the limits allow are an Error.
[[nodiscard]] Result<RawEntry> to_raw_entry(const Connection& connection, LDAPMessage* message);

// RFC 4515: a value as it may stand in a filter.
[[nodiscard]] std::string filter_value(std::string_view value);
// The name under which a domain controller finds an object whatever it is called: "<GUID=…>".
[[nodiscard]] std::string guid_name(const Guid& guid);

}  // namespace rollcall::directory
