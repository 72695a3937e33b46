// RawEntry: one entry as it came over the wire, nothing interpreted but its extended name. Values only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/guid.h"

namespace rollcall::directory {

// A name that the extended-names control made: "<GUID=…>;<SID=…>;CN=…" (MS-ADTS 3.1.1.3.4.1.5).
struct ExtendedName {
    std::optional<Guid> guid;
    std::string dn;
};
[[nodiscard]] ExtendedName parse_extended_name(std::string_view text);

struct RawEntry {
    std::string dn;
    std::optional<Guid> guid;  // from the extended name: known even where objectGUID may not be read
    std::map<std::string, std::vector<std::string>, std::less<>> values;  // lower-case names, with options

    // All values, or none. A name without values counts as absent.
    [[nodiscard]] const std::vector<std::string>& all(std::string_view name) const;
    [[nodiscard]] const std::string* first(std::string_view name) const;
    [[nodiscard]] std::string text(std::string_view name) const;
    // Compared without case.
    [[nodiscard]] bool has_value(std::string_view name, std::string_view value) const;
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const;
};

[[nodiscard]] std::string lower(std::string_view ascii);

}  // namespace rollcall::directory
