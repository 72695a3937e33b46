// audit recover: a database from an older backup goes on where its log is.
#include <fmt/format.h>

#include "daemon/cli/audit_log.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {
namespace {

json::Value to_json(const audit::Recovered& recovered) {
    json::Value out, orders{json::Array{}};
    for (const auto& [name, count] : {std::pair("first", recovered.first), std::pair("last", recovered.last),
                                      std::pair("people_lost", std::uint64_t{recovered.people}),
                                      std::pair("erased_again", std::uint64_t{recovered.erased}),
                                      std::pair("unknown_requests", std::uint64_t{recovered.unknown})})
        out.set(name, static_cast<std::int64_t>(count));
    for (const audit::LostOrder& order : recovered.orders) {
        json::Value one;
        one.set("entry", static_cast<std::int64_t>(order.number));
        one.set("time", to_rfc3339(order.time));
        one.set("order", order.action);
        if (!order.room.empty()) one.set("room", order.room);
        orders.push(std::move(one));
    }
    out.set("orders", std::move(orders));
    return out;
}

std::string orders_view(const std::vector<audit::LostOrder>& orders, const std::string& time_zone,
                        const Look& look) {
    if (orders.empty()) return {};
    Table table(2);
    for (const audit::LostOrder& order : orders)
        table.row({{with_separators(order.number), Tone::faint},
                   shown_time(to_rfc3339(order.time), time_zone),
                   printable(order.action),
                   printable(order.room)});
    return paragraph(look, 0, Tone::warning,
                     "These were ordered since, and are not in force. Give them again where they are still "
                     "wanted; a policy: rollcall apply.") +
           table.text(look) + "\n";
}

std::string view(const audit::Recovered& recovered, const std::string& time_zone, const Look& look) {
    const std::uint64_t count = recovered.last - recovered.first + 1;
    std::string out =
        paragraph(look, 0, Tone::good,
                  fmt::format("Recovered from the log: {}, {} to {}.", counted(count, "entry", "entries"),
                              with_separators(recovered.first), with_separators(recovered.last)));
    Table table(2);
    const auto line = [&](const char* what, std::size_t number, const char* one, const char* more) {
        if (number > 0) table.row({{what, Tone::faint}, counted(number, one, more)});
    };
    line("not known any more", recovered.people, "pseudonym", "pseudonyms");
    line("erased again", recovered.erased, "person", "people");
    line("end not known", recovered.unknown, "request", "requests");
    out += table.text(look) + "\n" + orders_view(recovered.orders, time_zone, look);
    return out +
           paragraph(look, 0, Tone::plain,
                     "What these entries say of people was in the lost database alone. The daemon will start "
                     "paused, departures too: look at rollcall plan, then rollcall resume.");
}

}  // namespace

int audit_recover(const Session& session) {
    int exit = 1;
    const std::optional<OpenedLog> log = open_log(session, exit);
    if (!log) return exit;
    std::function<void(std::uint64_t, std::uint64_t)> progress;
    if (session.terminal.shows_progress())
        progress = [&](std::uint64_t done, std::uint64_t of) {
            if (done % 25'600 == 0)
                session.terminal.err(
                    fmt::format("\r{} of {} entries checked", with_separators(done), with_separators(of)));
        };
    const auto recovered = session.doors.recover_store(log->config, session.arguments.reason, progress);
    wipe_progress(session.terminal);
    if (!recovered) return report(session.terminal, recovered.error());
    if (!*recovered) {
        show(session, json::Value{json::Object{}}, [](const Look& look) {
            return paragraph(look, 0, Tone::good,
                             "The database has all that its log has: nothing was recovered.");
        });
        return 0;
    }
    show(session, to_json(**recovered),
         [&](const Look& look) { return view(**recovered, log->config.time_zone, look); });
    return 0;
}

}  // namespace rollcall::cli
