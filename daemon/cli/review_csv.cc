// audit review --format csv: RFC 4180.
#include <string_view>

#include "daemon/audit/csv.h"
#include "daemon/cli/audit_answers.h"

namespace rollcall::cli {
using audit::csv_field;

namespace {

constexpr const char* kMembers[] = {"user",  "login", "person", "role", "membership",
                                    "since", "by",    "reason", "rule", "rule_path"};

}  // namespace

std::string review_csv(const json::Value& result) {
    std::string out = std::string(audit::kByteOrderMark) + "\"room\",\"name\"";
    for (const char* name : kMembers) out += "," + csv_field(name);
    out += ",\"entry\",\"review\"\r\n";
    for (const json::Value& review : items(result["rooms"])) {
        const json::Value& content = review["content"];
        for (const json::Value& member : items(content["members"])) {
            out += csv_field(content["room"].text()) + "," + csv_field(content["name"].text());
            for (const std::string_view name : kMembers) {
                const bool before = name == "since" && member["since_before"].boolean_or(false);
                out += "," + csv_field((before ? "before " : "") + member[name].text());
            }
            out += "," + csv_field(std::to_string(member["entry"].integer_or(0))) + "," +
                   csv_field(review["hash"].text()) + "\r\n";
        }
    }
    return out;
}

}  // namespace rollcall::cli
