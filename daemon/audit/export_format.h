// Entries in the forms of other programs, one line each. An export is a copy with names in it: what is erased
// in the trail later stays in it. Pure; any thread.
//
//     jsonl   the entry's own JSON with its number as "index"
//     csv     RFC 4180 with a header line; columns in export_header()
//     ocsf    Open Cybersecurity Schema Framework, Identity & Access Management where a class fits, the whole
//             entry under "unmapped"
//     cef     ArcSight Common Event Format 0
//     syslog  RFC 5424, facility 13 (log audit), the entry's JSON as the message
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/json.h"

namespace rollcall::audit {

enum class ExportFormat : std::uint8_t { jsonl, csv, ocsf, cef, syslog };
[[nodiscard]] std::optional<ExportFormat> export_format(std::string_view name);

// What stands before the first line, its own line break in it; "" for none.
[[nodiscard]] std::string export_header(ExportFormat format);
// `entry`: with its number as "index". `host`: whose trail it is. With the line break at its end.
[[nodiscard]] std::string export_line(ExportFormat format, const json::Value& entry, std::string_view host);

}  // namespace rollcall::audit
