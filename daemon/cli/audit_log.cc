#include "daemon/cli/audit_log.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "daemon/cli/files.h"
#include "daemon/cli/times.h"
#include "daemon/control/audit_key.h"
#include "daemon/control/own_files.h"

namespace rollcall::cli {

std::optional<OpenedLog> open_log(const Session& session, int& exit) {
    exit = 2;
    std::optional<schema::Config> config = load_config(session);
    if (!config) return std::nullopt;
    if (const Status may = control::may_use_own_files(*config, "this"); !may) {
        exit = report(session.terminal, may.error());
        return std::nullopt;
    }
    const Result<schema::SignerKey> key = control::read_audit_key(config->audit);
    if (!key) {
        exit = report(session.terminal, key.error());
        return std::nullopt;
    }
    if (!exists(config->audit.folder)) {
        exit = report(session.terminal, Error{ErrorKind::not_found,
                                              fmt::format("there is no log in {} yet", config->audit.folder),
                                              "the daemon writes one, and so does every command that acts; "
                                              "run this as the daemon's user if it should be there"});
        return std::nullopt;
    }
    Result<audit::LogFolder> folder = audit::LogFolder::open(config->audit.folder);
    if (!folder) {
        exit = report(session.terminal, folder.error());
        return std::nullopt;
    }
    return OpenedLog{std::move(*config), key->verifier(), std::move(*folder)};
}

std::string entry_view(const json::Value& entry, const std::string& time_zone, const Look& look) {
    Table table(2);
    const auto line = [&](const std::string& name, const json::Value& value) {
        std::string text = value.text();
        if (name == "time") text = shown_time(text, time_zone);
        // Of whom it does not say more: whether they were erased, a proof does not tell.
        const std::string_view shown = name == "erased"          ? "pseudonym"
                                       : name == "erased_caller" ? "caller"
                                                                 : std::string_view(name);
        table.row({{shown, Tone::faint}, value.string() != nullptr ? text : json::write(value)});
    };
    // What people look for first, then the rest as it stands.
    constexpr std::array<std::string_view, 8> kFirst{"time",     "kind",   "action", "user",
                                                     "room_key", "result", "reason", "rule"};
    for (const std::string_view name : kFirst)
        if (!entry[name].is_null()) line(std::string(name), entry[name]);
    for (const auto& [name, value] : *entry.object())
        if (name != "v" && std::find(kFirst.begin(), kFirst.end(), name) == kFirst.end()) line(name, value);
    return table.text(look);
}

}  // namespace rollcall::cli
