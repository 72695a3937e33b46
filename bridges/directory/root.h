// Root: which controller this is, how far its database has got, and as whom it knows us.
//
// Read once for each connection, before any search: the USN of a complete read must be older than everything
// in it (MS-ADTS 3.1.1.3.2, rootDSE; 3.1.1.1.9, invocationId). Values only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/directory/connection.h"

namespace rollcall::directory {

struct Root {
    std::uint64_t usn = 0;            // highestCommittedUSN
    std::string invocation_id;        // GUID text
    std::string schema;               // schemaNamingContext
    std::vector<std::string> sids;    // of the bind account and its groups, binary; empty where not told
    bool tombstones_visible = false;  // may the account list CN=Deleted Objects?
    std::optional<Time> time;         // currentTime: what the controller's clock shows
    std::map<std::string, std::uint64_t> seen{};  // its up-to-dateness vector; empty where it may not be read
};

// How far its database has got, and what its clock shows.
struct Position {
    std::uint64_t usn = 0;
    std::optional<Time> time;
};

// replUpToDateVector (MS-ADTS 3.1.1.1.9; MS-DRSR 5.166, UPTODATE_VECTOR_V1_EXT and V2_EXT): invocationId →
// USN. Empty for anything else.
[[nodiscard]] std::map<std::string, std::uint64_t> read_vector(std::string_view bytes);

// Also checks that `settings.base` is the domain's naming context: with a part of the domain as base,
// somebody who is moved out of it would look deleted.
[[nodiscard]] Result<Root> read_root(Connection& connection, const Settings& settings);
[[nodiscard]] Result<Position> read_position(Connection& connection);

}  // namespace rollcall::directory
