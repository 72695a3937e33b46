#include "daemon/audit/export_format.h"

#include <fmt/format.h>
#include <array>

#include "daemon/audit/csv.h"
#include "policy/base/text.h"
#include "policy/base/time.h"
#include "schema/ocsf.h"

namespace rollcall::audit {
namespace {

using json::Value;

constexpr std::string_view kProduct = "Rollcall";

struct Name {
    ExportFormat format;
    std::string_view name;
};
constexpr std::array<Name, 5> kNames{{{ExportFormat::jsonl, "jsonl"},
                                      {ExportFormat::csv, "csv"},
                                      {ExportFormat::ocsf, "ocsf"},
                                      {ExportFormat::cef, "cef"},
                                      {ExportFormat::syslog, "syslog"}}};

constexpr std::array<const char*, 16> kColumns{
    "index",  "time",   "kind", "action",    "user",   "person", "room_key", "membership",
    "result", "reason", "rule", "rule_path", "policy", "sender", "intent",   "event"};

// Later ones stand at the end, so that nobody's columns move.
constexpr std::array<const char*, 6> kLaterColumns{"room", "sponsor", "until", "before", "after", "danger"};

// Whoever was erased has a pseudonym where names stand.
Value with_pseudonyms(Value entry) {
    if (!entry["erased"].is_null()) entry.set("user", entry["erased"]);
    if (entry["erased_caller"].is_null()) return entry;
    Value caller;
    caller.set("text", entry["erased_caller"]);
    entry.set("caller", std::move(caller));
    return entry;
}

bool failed(const Value& entry) {
    return entry["kind"].text() == "failure";
}

// --- csv ---

std::string csv_line(const Value& entry) {
    std::string out;
    for (const char* column : kColumns) {
        const Value& member = entry[column];
        out += (out.empty() ? "" : ",") +
               (member.integer() != nullptr ? std::to_string(*member.integer()) : csv_field(member.text()));
    }
    out +=
        "," + csv_field(entry["caller"]["text"].text()) + "," + csv_field(entry["evidence"]["object"].text());
    for (const char* column : kLaterColumns) out += "," + csv_field(entry[column].text());
    return out + "\r\n";
}

// --- OCSF ---

schema::OcsfKind kind_of(const Value& entry, const std::string& kind, const std::string& action,
                         const std::string& membership, const std::string& result) {
    const bool room = !entry["room_key"].is_null() || !entry["room"].is_null();
    return schema::ocsf_kind({kind, action, membership, result, room, !entry["user"].is_null()});
}

std::string_view class_name(int class_uid) {
    switch (class_uid) {
        case 3001:
            return "Account Change";
        case 3005:
            return "User Access Management";
        case 3006:
            return "Group Management";
        default:
            return "Base Event";
    }
}

std::string_view activity_name(const schema::OcsfKind& is) {
    switch (is.class_uid * 100 + is.activity_id) {
        case 300102:
            return "Enable";
        case 300105:
            return "Disable";
        case 300501:
            return "Assign Privileges";
        case 300603:
            return "Add User";
        case 300604:
            return "Remove User";
        case 300606:
            return "Create";
        default:
            return "Other";
    }
}

// What the schema knows in an event of a class by way of a profile only: the actor of a base event, and the
// policy of whatever is no account change.
json::Array profiles_of(const schema::OcsfKind& is, bool policy) {
    json::Array out;
    if (is.class_uid == 0) out.emplace_back("host");
    if (policy && is.class_uid != 3001) out.emplace_back("security_control");
    return out;
}

Value room_json(const Value& entry) {
    Value out;
    if (!entry["room_key"].is_null()) out.set("name", entry["room_key"]);
    if (!entry["room"].is_null()) out.set("uid", entry["room"]);
    out.set("type", "Matrix room");
    return out;
}

Value user_json(const Value& entry) {
    Value out;
    out.set("name", entry["user"].text());
    if (!entry["person"].is_null()) out.set("uid", entry["person"]);
    return out;
}

Value actor_json(const Value& entry) {
    Value out, user;
    const std::string by = entry["caller"]["text"].text(entry["sender"].text());
    if (by.empty()) {
        out.set("app_name", kProduct);
        return out;
    }
    user.set("name", by);
    if (!entry["caller"]["uid"].is_null())
        user.set("uid", std::to_string(entry["caller"]["uid"].integer_or(-1)));
    out.set("user", std::move(user));
    return out;
}

std::string message_of(const Value& entry) {
    std::string out = entry["kind"].text();
    for (const char* name : {"action", "user", "room_key", "result", "reason"})
        if (const std::string text = entry[name].text(); !text.empty()) out += " " + text;
    return out;
}

std::int64_t ms_of(const Value& entry) {
    const auto time = parse_rfc3339(entry["time"].text());
    return time ? to_ms(*time) : 0;
}

std::string ocsf_line(const Value& entry, std::string_view host) {
    const std::string kind = entry["kind"].text();
    const schema::OcsfKind is =
        kind_of(entry, kind, entry["action"].text(), entry["membership"].text(), entry["result"].text());
    Value out, metadata, product, unmapped;
    product.set("name", kProduct);
    product.set("vendor_name", kProduct);
    metadata.set("version", schema::kOcsfVersion);
    metadata.set("product", std::move(product));
    metadata.set("log_provider", host);
    metadata.set("sequence", entry["index"]);
    metadata.set("uid", std::to_string(entry["index"].integer_or(0)));
    if (json::Array profiles = profiles_of(is, !entry["rule"].is_null()); !profiles.empty())
        metadata.set("profiles", std::move(profiles));
    out.set("metadata", std::move(metadata));
    out.set("class_uid", is.class_uid);
    out.set("class_name", class_name(is.class_uid));
    out.set("category_uid", is.class_uid / 1000);
    out.set("category_name", is.class_uid == 0 ? "Uncategorized" : "Identity & Access Management");
    out.set("activity_id", is.activity_id);
    out.set("activity_name", activity_name(is));
    out.set("type_uid", is.class_uid * 100 + is.activity_id);
    out.set("time", ms_of(entry));
    out.set("severity_id", is.severity_id);
    out.set("status_id", is.status_id);
    if (kind == "intent") out.set("status", "announced");
    if (!entry["result"].is_null()) out.set("status_detail", entry["result"]);
    out.set("message", message_of(entry));
    out.set("actor", actor_json(entry));
    if (is.class_uid == 3006) out.set("group", room_json(entry));
    if (is.class_uid == 3005) {
        out.set("privileges", json::Array{Value("power level")});
        out.set("resources", json::Array{room_json(entry)});
    }
    if (is.class_uid != 0 && !entry["user"].is_null()) out.set("user", user_json(entry));
    if (!entry["rule"].is_null()) {
        Value policy;
        policy.set("name", entry["rule"]);
        policy.set("uid", entry["policy"].text());
        policy.set("desc", entry["rule_path"].text());
        out.set("policy", std::move(policy));
    }
    unmapped.set("rollcall", entry);
    out.set("unmapped", std::move(unmapped));
    return json::write(out) + "\n";
}

// --- CEF ---

std::string escaped(const std::string& text, std::string_view special) {
    std::string out;
    for (const char c : text) {
        if (c == '\n' || c == '\r')
            out += special.find('=') == std::string_view::npos ? " " : "\\n";
        else if (special.find(c) != std::string_view::npos)
            out += std::string("\\") + c;
        else
            out += c;
    }
    return out;
}

std::string cef_line(const Value& entry, std::string_view host) {
    const std::string kind = entry["kind"].text(), action = entry["action"].text(kind);
    std::string out = fmt::format("CEF:0|{}|{}|1|{}|{}|{}|", kProduct, kProduct, escaped(kind, "\\|"),
                                  escaped(tame_text(action), "\\|"),
                                  failed(entry)    ? 6
                                  : kind == "hold" ? 5
                                                   : 2);
    const auto add = [&out](std::string_view key, const std::string& text) {
        if (text.empty()) return;
        if (out.back() != '|') out += ' ';
        out += fmt::format("{}={}", key, escaped(tame_text(text), "\\="));
    };
    add("rt", std::to_string(ms_of(entry)));
    add("externalId", std::to_string(entry["index"].integer_or(0)));
    add("dvchost", std::string(host));
    add("act", action);
    add("duser", entry["user"].text());
    add("duid", entry["person"].text());
    add("suser", entry["caller"]["text"].text(entry["sender"].text()));
    add("outcome", entry["result"].text());
    add("reason", entry["reason"].text());
    const std::pair<const char*, std::string> custom[] = {{"room", entry["room_key"].text()},
                                                          {"rule", entry["rule"].text()},
                                                          {"policy", entry["policy"].text()},
                                                          {"membership", entry["membership"].text()}};
    int number = 0;
    for (const auto& [label, text] : custom) {
        ++number;
        if (text.empty()) continue;
        add(fmt::format("cs{}Label", number), label);
        add(fmt::format("cs{}", number), text);
    }
    return out + "\n";
}

// --- syslog ---

// HOSTNAME and MSGID are printable ASCII without blanks (RFC 5424, 6).
std::string ascii(std::string_view text, std::size_t most) {
    std::string out;
    for (const char c : text.substr(0, most)) out += c > ' ' && c < '\x7f' ? c : '-';
    return out.empty() ? "-" : out;
}

std::string syslog_line(const Value& entry, std::string_view host) {
    constexpr int kAudit = 13, kNotice = 5, kWarning = 4;
    return fmt::format("<{}>1 {} {} rollcall - {} - \xEF\xBB\xBF{}\n",
                       kAudit * 8 + (failed(entry) ? kWarning : kNotice), entry["time"].text("-"),
                       ascii(host, 255), ascii(entry["kind"].text(), 32), json::write(entry));
}

}  // namespace

std::optional<ExportFormat> export_format(std::string_view name) {
    for (const Name& one : kNames)
        if (one.name == name) return one.format;
    return std::nullopt;
}

std::string export_header(ExportFormat format) {
    if (format != ExportFormat::csv) return {};
    std::string out(kByteOrderMark);
    for (const char* column : kColumns)
        out += fmt::format("{}\"{}\"", column == kColumns[0] ? "" : ",", column);
    out += ",\"caller\",\"object\"";
    for (const char* column : kLaterColumns) out += fmt::format(",\"{}\"", column);
    return out + "\r\n";
}

std::string export_line(ExportFormat format, const Value& whole, std::string_view host) {
    if (format == ExportFormat::jsonl) return json::write(whole) + "\n";
    const Value entry = with_pseudonyms(whole);
    switch (format) {
        case ExportFormat::jsonl:
            break;
        case ExportFormat::csv:
            return csv_line(entry);
        case ExportFormat::ocsf:
            return ocsf_line(entry, host);
        case ExportFormat::cef:
            return cef_line(entry, host);
        case ExportFormat::syslog:
            return syslog_line(entry, host);
    }
    return {};
}

}  // namespace rollcall::audit
