#include "daemon/cli/status_view.h"

#include <fmt/format.h>
#include <algorithm>

#include "daemon/cli/action_words.h"
#include "daemon/cli/by_hand_view.h"
#include "daemon/cli/hold_view.h"
#include "daemon/cli/items.h"
#include "daemon/cli/people_view.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"
#include "daemon/control/hidden.h"

namespace rollcall::cli {
namespace {

constexpr std::size_t kMostFailures = 20;

std::size_t number(const json::Value& value) {
    return static_cast<std::size_t>(std::max<std::int64_t>(0, value.integer_or(0)));
}

std::string with_text(std::string what, const json::Value& text) {
    if (const std::string more = text.text(); !more.empty()) what += ": " + more;
    return what;
}

// What the homeserver was not seen to do, although it answers.
void ways_attention(const json::Value& homeserver, std::vector<std::string>& out) {
    const std::string events = homeserver["events"]["state"].text();
    if (events == "missing")
        out.push_back(with_text("Events of the homeserver do not arrive", homeserver["events"]["text"]));
    else if (events == "not seen")
        out.push_back("No event of the homeserver has arrived since the start");
    if (const std::string text = homeserver["mask_text"].text(); !text.empty())
        out.push_back("The mask registration: " + text);
    if (const std::string text = homeserver["sign_in_text"].text(); !text.empty())
        out.push_back("Sign-in: " + text);
}

std::string homeserver_text(const json::Value& homeserver, const std::string& zone) {
    std::string out = homeserver["health"].text();
    const std::string events = homeserver["events"]["state"].text(),
                      last = homeserver["events"]["last_seen"].text();
    // While it is away nothing can arrive, and what arrived before says nothing.
    const bool down = out == "down";
    if (down)
        out += last.empty() ? "" : ", last heard of " + shown_time(last, zone);
    else if (events == "arrive")
        out += ", events arrive";
    else if (events == "missing")
        out += ", events do not arrive";
    else if (events == "not seen")
        out += ", no event seen yet";
    if (!down && !last.empty()) out += fmt::format(" (last seen {})", shown_time(last, zone));
    if (!homeserver["mask"].boolean_or(true))
        out +=
            "; no mask registration: people are invited, and earlier messages stay readable after a removal";
    else if (!homeserver["mask_text"].text().empty())
        out += "; does not know the mask registration";
    return out;
}

// One cause is one line: what follows from a directory that cannot be asked is said with it. Is that so of
// the date too?
bool directory_attention(const json::Value& status, bool daemon, std::vector<std::string>& out) {
    const json::Value& directory = status["directory"];
    const std::string health = directory["health"].text(), text = directory["text"].text(),
                      frozen = directory["frozen"].text(), doubt = directory["doubt"].text();
    const bool away = health != "up" && health != "not asked";
    // Without a daemon nobody asks it, nor for the date: that is said already.
    const bool alone = !daemon && health == "not asked";
    const bool date_waits = (away || alone) && status["clock"]["waits"].boolean_or(false);
    if (away)
        out.push_back(
            with_text("The directory: " + health +
                          (!frozen.empty() && frozen == text ? ", and nobody is removed for now" : ""),
                      directory["text"]) +
            (date_waits ? "; no account and no approval ends by a date until it answers" : ""));
    else if (!text.empty())
        out.push_back("The directory answers, but: " + text);
    if (!away && !alone && !directory["current"].boolean_or(true))
        out.push_back("Who is not listed, or not known, stays until the directory answers");
    if (!frozen.empty() && !(away && frozen == text)) out.push_back("Nobody is removed for now: " + frozen);
    if (!doubt.empty()) out.push_back("The directory: " + doubt);
    if (health == "up" && !directory["read"].boolean_or(false))
        out.push_back("The directory has not been read completely yet");
    return date_waits;
}

void servers_attention(const json::Value& status, bool daemon, std::vector<std::string>& out) {
    if (status["disk_full"].boolean_or(false))
        out.push_back(
            "The store cannot be written, so nothing new is taken in: the disk is full, or another program "
            "holds rollcall.db; the log's RC-DISK-FULL says which it is");
    if (const std::string misplaced = status["store_text"].text(); !misplaced.empty())
        out.push_back("The store: " + misplaced +
                      "; put that file back under its name before the daemon ends");
    if (const std::int64_t lines = status["log_lines_waiting"].integer_or(0); lines > 0)
        out.push_back(fmt::format(
            "The log: {} not taken by what reads the daemon's standard error (journald, a log "
            "driver, a terminal); see why it does not",
            lines == 1 ? "1 line is" : with_separators(static_cast<std::size_t>(lines)) + " lines are"));
    const bool date_waits = directory_attention(status, daemon, out);
    const std::string homeserver = status["homeserver"]["health"].text();
    if (homeserver == "not asked") {
        if (daemon) out.push_back("The homeserver has not answered anything yet");
    } else if (homeserver != "up")
        out.push_back(with_text("The homeserver cannot be used", status["homeserver"]["text"]));
    else
        ways_attention(status["homeserver"], out);
    if (const std::string clock = status["clock"]["text"].text(); !clock.empty() && !date_waits)
        out.push_back("What date it is: " + clock);
}

// What hangs is not seen to work, whatever answered last.
void overdue_attention(const json::Value& overdue, std::vector<std::string>& out) {
    if (const std::size_t n = number(overdue["departed"]["count"]); n > 0) {
        std::vector<std::string> names;
        for (const json::Value& one : items(overdue["departed"]["first"]))
            names.push_back(fmt::format("{} since {}", one["user"].text(), one["since"].text()));
        const std::string more = n > names.size() ? fmt::format(" and {} more", n - names.size()) : "";
        out.push_back(
            fmt::format("{} out of everything yet: {}{}",
                        counted(n, "person who has departed is not", "people who have departed are not"),
                        joined(names, ", "), more));
    }
    if (const std::size_t n = number(overdue["requests"]["count"]); n > 0)
        out.push_back(fmt::format("{} the homeserver's answer, the longest for {}",
                                  counted(n, "request waits for", "requests wait for"),
                                  overdue["requests"]["longest"].text()));
}

void trail_attention(const json::Value& status, const std::string& zone, std::vector<std::string>& out) {
    if (const std::string trouble = status["trail"]["trouble"].text(); !trouble.empty())
        out.push_back("The audit log cannot be written, and waits in the store: " + trouble);
    for (const json::Value& anchor : items(status["trail"]["anchors"])) {
        const std::string trouble = anchor["trouble"].text(), last = anchor["at"].text();
        if (!trouble.empty())
            out.push_back(fmt::format("The anchor {} gets no checkpoints{}: {}", anchor["name"].text(),
                                      last.empty() ? "" : " since " + shown_time(last, zone), trouble));
    }
    const json::Value& collector = status["collector"];
    if (const std::string trouble = collector["trouble"].text(); !trouble.empty())
        out.push_back(fmt::format("The collector gets no entries since {}, {} in the log: {}",
                                  shown_time(collector["since"].text(), zone),
                                  number(collector["waiting"]) == 1
                                      ? std::string("1 waits")
                                      : with_separators(number(collector["waiting"])) + " wait",
                                  trouble));
}

void policy_attention(const json::Value& status, std::vector<std::string>& out) {
    const json::Value& policy = status["policy"];
    const bool in_force = policy["in_force"].boolean_or(false);
    if (const std::string fault = policy["fault"].text(); !fault.empty())
        out.push_back((in_force ? "The policy files were edited and have an error; what is in force stays: "
                                : "No policy is in force, and the policy files have an error: ") +
                      fault);
    else if (!in_force)
        out.push_back("No policy is in force: see `rollcall plan`, then `rollcall apply`");
    else if (policy["edited"].boolean_or(false)) {
        const std::string text = policy["edited_text"].text();
        out.push_back(text.empty() || text == "edited, not applied"
                          ? "The policy files were edited and not applied: see `rollcall plan`"
                          : "The policy files cannot be read: " + text);
    }
    if (const std::string pause = status["pause"].text(); pause != "none" && !pause.empty())
        out.push_back(with_text(pause == "all" ? "Paused, departures too" : "Paused, but for departures",
                                status["pause_text"]));
}

void count_attention(const json::Value& value, std::string_view one, std::string_view many,
                     std::string_view what, std::vector<std::string>& out) {
    if (const std::size_t n = items(value).size(); n > 0)
        out.push_back(fmt::format("{} {}", counted(n, one, many), what));
}

// Of a bot whose account is barred there is one line, however much is refused to it.
void failures_attention(const json::Value& status, std::vector<std::string>& out) {
    const std::string bot = status["bot_text"].text();
    const json::Array& all = items(status["failures"]);
    const auto count =
        static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&bot](const json::Value& one) {
            return bot.empty() || !one["barred"].boolean_or(false);
        }));
    if (!bot.empty()) out.push_back("The bot: " + bot);
    if (count > 0) out.push_back(counted(count, "action", "actions") + " could not be done");
}

std::string texts(const json::Value& values, std::string_view title, const std::string& zone,
                  const Look& look) {
    if (items(values).empty()) return {};
    std::string out = "\n" + paragraph(look, 0, Tone::strong, title);
    for (const json::Value& value : items(values))
        out += bullet(look, 2, "!", Tone::warning, with_local_times(value.text(), zone));
    return out;
}

std::string failures(const json::Value& status, const std::string& zone, const Look& look) {
    const json::Array& all = items(status["failures"]);
    if (all.empty()) return {};
    std::string out = "\n" + paragraph(look, 0, Tone::strong, "Could not be done");
    for (std::size_t i = 0; i < all.size() && i < kMostFailures; ++i) {
        const json::Value& one = all[i];
        const std::string next = one["next"].text();
        const std::string again =
            (one["refused"].boolean_or(false) ? "refused; tried again at " : "tried again at ") +
            shown_time(next, zone);
        out += bullet(look, 2, "!", Tone::bad, action_words(one["action"].text()));
        if (next.empty()) {
            out += paragraph(look, 4, Tone::plain, one["text"].text() + " (given up)");
            continue;
        }
        out += paragraph(look, 4, Tone::plain,
                         fmt::format("{} ({}, {})", one["text"].text(),
                                     counted(number(one["attempts"]), "attempt", "attempts"), again));
    }
    if (all.size() > kMostFailures)
        out += paragraph(
            look, 2, Tone::plain,
            fmt::format("… and {} more; --json lists them", with_separators(all.size() - kMostFailures)));
    return out;
}

std::string directory_text(const json::Value& directory, const std::string& zone) {
    std::string out = directory["health"].text();
    if (const std::string server = directory["server"].text(); !server.empty()) out += ", " + server;
    if (const std::string last = directory["last_answer"].text(); !last.empty())
        out += ", last answer " + shown_time(last, zone);
    return out + fmt::format(", {}, {}", counted(number(directory["people"]), "person", "people"),
                             counted(number(directory["groups"]), "group", "groups"));
}

std::string rooms_text(const json::Value& rooms) {
    std::string out = fmt::format("{} managed, {}", with_separators(number(rooms["managed"])),
                                  counted(number(rooms["members"]), "membership", "memberships"));
    if (const std::size_t missing =
            number(rooms["managed"]) - std::min(number(rooms["managed"]), number(rooms["created"]));
        missing > 0)
        out += fmt::format(", {} still to create", with_separators(missing));
    if (const std::size_t filling = number(rooms["filling"]); filling > 0)
        out += fmt::format(", {} being filled", with_separators(filling));
    if (const std::size_t released = number(rooms["released"]); released > 0)
        out += fmt::format(", {} let go of", with_separators(released));
    return out;
}

std::size_t actions_of(const json::Value& list) {
    std::size_t out = 0;
    for (const json::Value& one : items(list)) out += items(one["actions"]).size();
    return out;
}

// What a guard holds is to be done as well, but not by itself; what was rejected is not.
std::string backlog_text(const json::Value& backlog, const json::Value& holds,
                         const json::Value& rejections) {
    const std::size_t all = number(backlog["actions"]), flight = number(backlog["in_flight"]),
                      notices = number(backlog["notices"]), held = actions_of(holds),
                      rejected = std::min(all, actions_of(rejections)), actions = all - rejected;
    const std::string but = rejected == 0 ? "" : fmt::format(", {} rejected", with_separators(rejected));
    if (actions + flight + notices == 0) return "nothing to do" + but;
    std::string out = counted(actions, "action", "actions") + " to do";
    if (held > 0)
        out += fmt::format(" ({} held by a guard: see `rollcall holds`)",
                           held >= actions ? "all of them" : with_separators(held) + " of them");
    out += but;
    if (flight > 0) out += fmt::format(", {} in flight", with_separators(flight));
    if (notices > 0) out += ", " + counted(notices, "notice", "notices") + " to send";
    return out;
}

std::string policy_text(const json::Value& policy, const std::string& zone) {
    if (!policy["in_force"].boolean_or(false)) return "none in force";
    std::string out = fmt::format("{} in force since {}", policy["version"].text().substr(0, 12),
                                  shown_time(policy["applied"].text(), zone));
    if (const std::string by = policy["by"].text(); !by.empty()) out += ", applied by " + by;
    if (const std::string reason = policy["reason"].text(); !reason.empty()) out += ": " + reason;
    return out;
}

std::string trail_text(const json::Value& trail, const std::string& zone) {
    std::string out = counted(number(trail["entries"]), "entry", "entries");
    const std::size_t is_signed = number(trail["signed"]);
    out += is_signed == 0 ? std::string(", none signed yet")
                          : fmt::format(", signed up to {}", with_separators(is_signed));
    if (const std::string at = trail["signed_at"].text(); !at.empty()) out += " at " + shown_time(at, zone);
    if (const std::size_t held = number(trail["legal_holds"]); held > 0)
        out += fmt::format("; {} under a legal hold", counted(held, "person", "people"));
    if (items(trail["anchors"]).empty()) return out + "; no anchors: root could rewrite it";
    std::vector<std::string> anchors;
    const bool asked = items(trail["anchors"]).front()["asked"].boolean_or(true);
    for (const json::Value& anchor : items(trail["anchors"]))
        anchors.push_back(!asked
                              ? anchor["name"].text()
                              : fmt::format("{} up to {}{}", anchor["name"].text(),
                                            with_separators(number(anchor["signed"])),
                                            anchor["read_back"].boolean_or(true) ? "" : " (not read back)"));
    out += "; anchored in " + joined(anchors, ", ");
    if (!asked) out += ", which only the daemon asks how far";
    return out;
}

std::string collector_text(const json::Value& collector) {
    const std::size_t sent = number(collector["sent"]), waiting = number(collector["waiting"]);
    return fmt::format("{} of {} sent to {}", with_separators(sent),
                       counted(sent + waiting, "entry", "entries"), collector["to"].text());
}

std::string reviews_text(const json::Value& reviews, const std::string& zone) {
    return fmt::format("{} for an owner's word, asked since {}",
                       counted(number(reviews["waiting"]), "room waits", "rooms wait"),
                       shown_time(reviews["since"].text(), zone));
}

}  // namespace

std::size_t answerable_holds(const json::Value& status) {
    const json::Array& holds = items(status["holds"]);
    return static_cast<std::size_t>(std::count_if(holds.begin(), holds.end(), [](const json::Value& hold) {
        return hold["guard"].text() != "canaries";  // why removals are frozen is said
    }));
}

std::vector<std::string> needs_attention(const json::Value& status, bool daemon, const std::string& zone) {
    std::vector<std::string> out;
    if (!daemon)
        out.push_back("No daemon is running: changes are not followed; start it with `rollcall run`");
    servers_attention(status, daemon, out);
    overdue_attention(status["overdue"], out);
    trail_attention(status, zone, out);
    policy_attention(status, out);
    if (const std::size_t n = answerable_holds(status); n > 0)
        out.push_back(
            fmt::format("{} for an answer: see `rollcall holds`", counted(n, "hold waits", "holds wait")));
    count_attention(status["rejected"], "rejection keeps", "rejections keep",
                    "the rooms from being as the policy wants them: see `rollcall holds`", out);
    if (const std::string text = status["admin_room_text"].text();
        !text.empty() && status["bot_text"].text().empty())
        out.push_back("The admins are told nothing: " + text);
    failures_attention(status, out);
    if (const std::size_t unsent = number(status["reviews"]["unsent"]); unsent > 0)
        out.push_back(
            fmt::format("An owner could not be asked about the review of {}: see "
                        "`rollcall audit review`",
                        counted(unsent, "room", "rooms")));
    const std::size_t lost = number(status["rooms"]["lost"]), trouble = items(status["room_trouble"]).size();
    if (lost > 0)
        out.push_back(fmt::format("The bot is no longer in {}, and can do little there",
                                  counted(lost, "room", "rooms")));
    if (trouble > lost)  // of those that the bot is not in that is said
        out.push_back(fmt::format("{} be kept as the policy wants",
                                  counted(trouble - lost, "room cannot", "rooms cannot")));
    count_attention(status["stays"], "person who must be out", "people who must be out",
                    "of a room cannot be taken out of it", out);
    if (const std::size_t kicked = kicked_people(status); kicked > 0)
        out.push_back(fmt::format("{} out of a room in which they belong, by a kick",
                                  counted(kicked, "person is", "people are")));
    if (const std::size_t banned = number(status["banned"]); banned > 0)
        out.push_back(fmt::format("{} banned by an owner from a room in which they belong",
                                  counted(banned, "person is", "people are")));
    if (const std::size_t again = changed_again(status); again > 0)
        out.push_back(fmt::format("{} by hand again and again, against the policy",
                                  counted(again, "thing is changed", "things are changed")));
    count_attention(status["not_understood"], "event", "events",
                    "of the homeserver cannot be understood: nothing is concluded from what they are about",
                    out);
    count_attention(status["protected_departed"], "protected account belongs", "protected accounts belong",
                    "to somebody who has departed", out);
    count_attention(status["conflicts"], "conflict", "conflicts", "of Matrix IDs", out);
    count_attention(status["alias_conflicts"], "room address leads", "room addresses lead", "somewhere else",
                    out);
    count_attention(status["unremembered_rooms"], "room was", "rooms were",
                    "made by this state folder, which does not remember it: nothing is done there", out);
    // What the directory's own line says already is one cause, and named below.
    const json::Value& said = status["directory"]["text_says"];
    if (!said["groups"].boolean_or(false))
        count_attention(status["unreadable_groups"], "group", "groups",
                        "cannot be read: nothing changes for whoever depends on them", out);
    count_attention(status["gone"], "group or container that rules depend on was",
                    "groups or containers that rules depend on were", "deleted from the directory", out);
    const json::Value& unknown = status["unreadable_people"];
    if (const std::size_t n = number(unknown["not_shown"]["count"]); n > 0)
        out.push_back(fmt::format("{} not shown by the directory any more, and their sessions go on",
                                  counted(n, "person is", "people are")));
    if (said["people"].boolean_or(false)) return out;
    if (const std::size_t n = number(unknown["count"]) + number(unknown["odd_dates"]["count"]); n > 0)
        out.push_back(
            fmt::format("Of {} it is not known whether they have departed: nothing changes for them",
                        counted(n, "person", "people")));
    return out;
}

std::string status_view(const json::Value& status, bool daemon, const std::string& zone, const Look& look) {
    const std::vector<std::string> attention = needs_attention(status, daemon, zone);
    std::string out;
    if (attention.empty())
        out = paragraph(look, 0, Tone::good, "All is well");
    else
        out = paragraph(look, 0, Tone::bad,
                        counted(attention.size(), "thing needs", "things need") + " attention");
    for (const std::string& one : attention)
        out += bullet(look, 2, "!", Tone::bad, with_local_times(one, zone));
    Table table(2);
    table.row({{"directory", Tone::faint}, directory_text(status["directory"], zone)});
    table.row({{"homeserver", Tone::faint}, homeserver_text(status["homeserver"], zone)});
    table.row({{"rooms", Tone::faint}, rooms_text(status["rooms"])});
    table.row(
        {{"backlog", Tone::faint}, backlog_text(status["backlog"], status["holds"], status["rejected"])});
    table.row({{"policy", Tone::faint}, policy_text(status["policy"], zone)});
    if (status["trail"].is_object()) table.row({{"trail", Tone::faint}, trail_text(status["trail"], zone)});
    if (status["collector"].is_object())
        table.row({{"collector", Tone::faint}, collector_text(status["collector"])});
    if (number(status["reviews"]["waiting"]) > 0)
        table.row({{"reviews", Tone::faint}, reviews_text(status["reviews"], zone)});
    const std::string pause = status["pause"].text("none");
    table.row({{"pause", Tone::faint}, pause == "none" ? "no" : pause});
    out += "\n" + table.text(look);
    if (!items(status["holds"]).empty()) out += "\n" + paragraph(look, 0, Tone::strong, "Holds");
    for (const json::Value& hold : items(status["holds"])) out += hold_heading(hold, zone, look);
    if (!items(status["rejected"]).empty())
        out += "\n" + paragraph(look, 0, Tone::strong, "Rejected: not done; see `rollcall holds`") +
               rejections(status["rejected"], zone, 0, look);
    out += failures(status, zone, look);
    out += invited_section(status, look);
    out += texts(status["stays"],
                 "Must be out, and cannot be taken out: have them leave or give their power up", zone, look);
    out += people_sections(status, look);
    out += changed_again_section(status, zone, look);
    out += texts(status["room_trouble"], "Rooms that cannot be kept as the policy wants", zone, look);
    out += texts(status["not_understood"], "Events that cannot be understood", zone, look);
    out += texts(status["conflicts"], "Conflicts: left alone until somebody decides", zone, look);
    out += texts(status["alias_conflicts"],
                 "Room addresses taken by others: write another `alias`, or have them given up there", zone,
                 look);
    out += texts(status["protected_departed"], "Protected, although departed", zone, look);
    out += texts(status["gone"], "Deleted from the directory, and the rules depend on it", zone, look);
    out += texts(status["unreadable_groups"], "Groups that cannot be read", zone, look);
    out += texts(
        status["unremembered_rooms"],
        "Made by this state folder, which does not remember them (the database is an older copy, perhaps)",
        zone, look);
    for (const std::string& text : control::unreadable_people_texts(status["unreadable_people"]))
        out += "\n" + bullet(look, 0, "!", Tone::warning, text);
    out += texts(status["bans"], "Belong in a room, and are banned from it: an owner has to lift that", zone,
                 look);
    return out + texts(status["bans_of_approved"], "Banned by an owner, although an approval lets them stay",
                       zone, look);
}

}  // namespace rollcall::cli
