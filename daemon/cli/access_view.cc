// audit access, for people.
#include <fmt/format.h>
#include <set>

#include "daemon/cli/audit_answers.h"
#include "daemon/cli/text.h"
#include "daemon/cli/times.h"
#include "policy/base/time.h"

namespace rollcall::cli {
namespace {

Time time_of(const json::Value& text) {
    return parse_rfc3339(text.text()).value_or(Time{});
}

class AccessView {
  public:
    AccessView(const json::Value& result, const std::string& zone, const Look& look)
        : result_(result), zone_(zone), look_(look) {}

    std::string room() {
        const std::string room = result_["room"].text();
        std::string out = paragraph(look_, 0, Tone::strong, fmt::format("Access to {} {}", room, asked()));
        out += known();
        if (before_the_trail() && items(result_["people"]).empty()) return out;
        out += paragraph(look_, 2, Tone::plain, history(result_["history"]));
        out += unmanaged(result_, "It");
        out += room_remarks(result_["remarks"], look_);
        Table table(2);
        std::size_t inside = 0;
        for (const json::Value& person : items(result_["people"])) {
            const bool bot = person["bot"].boolean_or(false);
            for (const json::Value& stay : items(person["stays"]))
                table.row(row(name_of(person), person, stay, bot ? "the daemon itself" : why(stay)));
            ++inside;
        }
        if (inside == 0) return out + paragraph(look_, 2, Tone::plain, "Nobody could read it.");
        out += "\n" + table.text(look_) + "\n";
        return out + paragraph(look_, 0, Tone::faint, notes());
    }

    std::string person() {
        std::string out =
            paragraph(look_, 0, Tone::strong, fmt::format("Access of {} {}", name_of(result_), asked()));
        Table table(2);
        for (const json::Value& room : items(result_["rooms"]))
            for (const json::Value& stay : items(room["stays"]))
                table.row(row(place(room), room, stay, why(stay)));
        std::set<std::string> said;  // a person of two Matrix IDs may have been in a room as both
        for (const json::Value& room : items(result_["rooms"])) {
            if (!said.insert(room["room"].text()).second) continue;
            out += unmanaged(room, room["room"].text());
            for (const json::Value& one : items(room["remarks"]))
                out += paragraph(look_, 2, Tone::warning,
                                 fmt::format("Of {} not all is known: {}.", room["room"].text(), one.text()));
        }
        if (table.empty()) return out + paragraph(look_, 2, Tone::plain, "None that the trail knows of.");
        return out + "\n" + table.text(look_) + "\n" + paragraph(look_, 0, Tone::faint, notes());
    }

  private:
    // As whom, where it is another Matrix ID of theirs than the one that was asked about.
    [[nodiscard]] std::string place(const json::Value& room) const {
        const std::string user = room["user"].text(result_["user"].text());
        return user == result_["user"].text() ? room["room"].text()
                                              : fmt::format("{} (as {})", room["room"].text(), user);
    }
    [[nodiscard]] std::string shown(const json::Value& time) const { return shown_time(time.text(), zone_); }

    [[nodiscard]] std::string asked() const {
        const json::Value &from = result_["from"], &to = result_["to"];
        if (!from.is_null() && !to.is_null() && time_of(to) - time_of(from) == Duration{1})
            return "at " + shown(from);
        std::string out = from.is_null() ? "from the beginning" : "from " + shown(from);
        return out + (to.is_null() ? " until now" : " to " + shown(to));
    }

    [[nodiscard]] bool before_the_trail() const {
        const json::Value &since = result_["known_since"], &to = result_["to"];
        return !since.is_null() && !to.is_null() && time_of(to) <= time_of(since);
    }

    // What the trail cannot know is said first.
    [[nodiscard]] std::string known() const {
        const json::Value &since = result_["known_since"], &from = result_["from"];
        if (since.is_null())
            return paragraph(look_, 2, Tone::warning, "Nothing about this room stands in the trail yet.");
        if (before_the_trail())
            return paragraph(look_, 2, Tone::warning,
                             fmt::format("The trail knows this room since {} only: {}.", shown(since),
                                         items(result_["people"]).empty()
                                             ? "who could read it before that is not known"
                                             : "whoever was in it then may have been in it before"));
        if (from.is_null() || time_of(from) < time_of(since))
            return paragraph(look_, 2, Tone::plain,
                             fmt::format("The trail knows this room since {}.", shown(since)));
        return {};
    }

    [[nodiscard]] std::string history(const json::Value& list) const {
        if (items(list).empty())
            return "History visibility: not known; everything is taken to be readable by whoever joins.";
        std::string out;
        for (const json::Value& one : items(list)) {
            out += out.empty() ? "History visibility: " : "; ";
            out += one["value"].text();
            if (!one["from"].is_null())
                out += fmt::format(" since {} (set by {})", shown(one["from"]), one["sender"].text("?"));
        }
        return out + ".";
    }

    // While no policy named a room, nobody was taken out of it.
    [[nodiscard]] std::string unmanaged(const json::Value& room, const std::string& name) const {
        std::string out;
        for (const json::Value& period : items(room["unmanaged"]))
            out += paragraph(
                look_, 2, Tone::warning,
                fmt::format("{} was let go of by the policy at {}{}: whoever was in it stayed, nobody was "
                            "removed, and only what the room's own events told is known.",
                            name, shown(period["from"]),
                            period["to"].is_null() ? "" : ", until " + shown(period["to"])));
        return out;
    }

    [[nodiscard]] std::string why(const json::Value& stay) const {
        const json::Value& began = stay["why"];
        std::string out = with_rule(began);
        if (const std::string by = began["by"].text(); !by.empty())
            out += (out.empty() ? "" : ", ") + fmt::format("by {}", by);
        if (const json::Value& approval = stay["approval"]; !approval.is_null()) {
            const json::Value& ended = approval["ended"];
            out += fmt::format("{}approved by {}, asked for by {}, until {}{}: {}", out.empty() ? "" : "; ",
                               approval["given_by"].text("?"), approval["sponsor"].text(),
                               shown_end(approval["until"].text(), zone_),
                               ended.is_null() ? "" : fmt::format(" (ended {})", shown(ended)),
                               approval["reason"].text());
        }
        if (stay["since_before"].boolean_or(false))
            out += fmt::format("{}since when is not known", out.empty() ? "" : "; ");
        if (stay["found"].boolean_or(false))
            out += fmt::format("{}learned of later, the time is the homeserver's", out.empty() ? "" : "; ");
        if (const std::int64_t entry = began["entry"].integer_or(0); entry > 0)
            out += fmt::format(" [{}]", entry);
        return out;
    }

    // Which messages, in words.
    [[nodiscard]] std::string reads(const json::Value& stay) const {
        const std::string standing = stay["standing"].text();
        const json::Array& periods = items(stay["reads"]);
        if (standing == "invited") return "nothing until joining";
        if (periods.empty()) return "nothing";
        const bool all = periods.front()["from"].is_null();
        std::string out = all ? "everything"
                          : periods.front()["from"] == stay["from"]
                              ? "what is sent after joining"
                              : fmt::format("what is sent from {}", shown(periods.front()["from"]));
        if (standing == "left")
            out = all                           ? "all that was sent before"
                  : stay["only"].text().empty() ? "what was sent while in the room"
                                                : "what was sent while invited";
        if (periods.size() > 1) out += fmt::format(", in {} stretches", periods.size());
        return out;
    }

    [[nodiscard]] static std::string standing_words(const json::Value& stay) {
        const std::string standing = stay["standing"].text(), only = stay["only"].text();
        if (standing != "left") return standing;
        return only.empty() ? "left, reads on" : only + ", never joined";
    }

    // `whose`: a name that was invited, or put out, need not be anybody's.
    [[nodiscard]] std::vector<Cell> row(const std::string& name, const json::Value& whose,
                                        const json::Value& stay, const std::string& reason) const {
        const std::string shown_standing = standing_words(stay);
        const Tone tone = stay["standing"].text() == "joined" ? Tone::plain : Tone::warning;
        const bool nobody = whose["no_account"].boolean_or(false) && !stay["only"].text().empty();
        const bool perhaps = stay["perhaps"].boolean_or(false);
        return {name,
                {perhaps ? "perhaps " + shown_standing : shown_standing, perhaps ? Tone::warning : tone},
                {span(stay), Tone::faint},
                fmt::format(
                    "{} {}; {}",
                    nobody ? "no such account is known; whoever gets it, until it is made to forget, reads"
                           : "reads",
                    reads(stay), reason)};
    }

    // "since 2026-03-03 09:00:02 CET", "2026-03-03 09:00:02 – 16:00:00 CET", "since before 2026-03-03 …".
    [[nodiscard]] std::string span(const json::Value& stay) const {
        const std::string from = shown(stay["from"]);
        if (stay["since_before"].boolean_or(false)) {
            const bool moment = stay["to"] == stay["from"];  // all that is known is that it is over
            const std::string until = stay["to"].is_null() || moment ? "" : " – " + shown(stay["to"]);
            return (moment ? "before " : "since before ") + from + until;
        }
        if (stay["to"].is_null()) return "since " + from;
        const std::string to = shown(stay["to"]);
        const bool same_day = from.substr(0, 10) == to.substr(0, 10) && from.substr(19) == to.substr(19);
        return same_day ? fmt::format("{} – {}", from.substr(0, 19), to.substr(11))
                        : fmt::format("{} – {}", from, to);
    }

    [[nodiscard]] static std::string notes() {
        return "Numbers in brackets are entries: `rollcall audit show N`. What a person had read, copied or "
               "received on another server stays with them.";
    }

    const json::Value& result_;
    const std::string& zone_;
    const Look& look_;
};

}  // namespace

std::string access_view(const json::Value& result, const std::string& zone, const Look& look) {
    AccessView view(result, zone, look);
    return result["room"].is_null() ? view.person() : view.room();
}

}  // namespace rollcall::cli
