#include "daemon/audit/csv.h"

#include "daemon/audit/tame_text.h"

namespace rollcall::audit {

std::string csv_field(std::string_view text) {
    std::string out = "\"";
    const bool call = text.starts_with('@') && text.find('(') != std::string_view::npos;
    if (!text.empty() && (std::string_view("=+-\t\r").find(text.front()) != std::string_view::npos || call))
        out += '\'';
    for (const char c : tame_text(text)) {
        if (c == '"') out += c;
        out += c;
    }
    return out + "\"";
}

}  // namespace rollcall::audit
