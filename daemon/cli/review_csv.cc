// audit review --format csv: RFC 4180.
#include "daemon/cli/audit_answers.h"

namespace rollcall::cli {
namespace {

// Quoted; what a spreadsheet would take for a formula (=, +, -, or a call behind @) begins with an
// apostrophe.
std::string field(const std::string& text) {
    std::string out = "\"";
    const bool call = text.starts_with('@') && text.find('(') != std::string::npos;
    if (!text.empty() && (std::string_view("=+-\t\r").find(text.front()) != std::string_view::npos || call))
        out += '\'';
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

constexpr const char* kMembers[] = {"user",  "login", "person", "role", "membership",
                                    "since", "by",    "reason", "rule", "rule_path"};

}  // namespace

std::string review_csv(const json::Value& result) {
    std::string out = "\"room\",\"name\"";
    for (const char* name : kMembers) out += "," + field(name);
    out += ",\"entry\",\"review\"\r\n";
    for (const json::Value& review : items(result["rooms"])) {
        const json::Value& content = review["content"];
        for (const json::Value& member : items(content["members"])) {
            out += field(content["room"].text()) + "," + field(content["name"].text());
            for (const char* name : kMembers) out += "," + field(member[name].text());
            out += "," + field(std::to_string(member["entry"].integer_or(0))) + "," +
                   field(review["hash"].text()) + "\r\n";
        }
    }
    return out;
}

}  // namespace rollcall::cli
