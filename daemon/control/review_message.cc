#include "daemon/control/review_message.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "schema/beginning.h"
#include "schema/time_zone.h"

namespace rollcall::control {
namespace {

constexpr std::size_t kMostLines = 30;       // of each part
constexpr std::size_t kMostNames = 10;       // in a sentence
constexpr std::size_t kLongestReason = 120;  // bytes; an event has 65,536 in all

// Plain text and HTML of the same message, written together so that they say the same.
class Writer {
  public:
    void paragraph(const std::string& text, const std::string& html) {
        if (!out_.text.empty()) out_.text += "\n";
        out_.text += text + "\n";
        out_.html += "<p>" + html + "</p>";
    }
    void begin_list() { out_.html += "<ul>"; }
    void line(const std::string& text, const std::string& html) {
        out_.text += "• " + text + "\n";
        out_.html += "<li>" + html + "</li>";
    }
    void end_list() { out_.html += "</ul>"; }
    ReviewMessage take() { return std::move(out_); }

  private:
    ReviewMessage out_;
};

// Names and reasons are others' text: no markup, no control characters, no line of their own.
std::string plain(const std::string& text) {
    std::string out;
    for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == '\x7f' ? ' ' : c;
    return out;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : plain(text)) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

std::string cut(const std::string& text) {
    return schema::beginning_of(text, kLongestReason);
}

bool is_bot(const json::Value& member) {
    return member["role"].text() == "bot";
}
bool out_of_place(const json::Value& member) {
    const std::string role = member["role"].text();
    return role == "to be removed" || role == "unknown";
}
bool from_outside(const json::Value& member) {
    return member["role"].text() == "outsider";
}

std::string name_of(const json::Value& member) {
    return plain(member["login"].text().empty() ? member["user"].text() : member["login"].text());
}

// What is said behind the name. Of who does not belong no reason: that is between them and their employer.
std::string remark(const json::Value& member) {
    const std::string role = member["role"].text();
    if (role == "to be removed") return " – is being removed";
    if (role == "unknown") return " – cannot be checked at the moment";
    std::string out;
    if (role != "member") out += fmt::format(" ({})", role == "outsider" ? "from outside" : role);
    if (member["membership"].text() == "invite") out += " – invited, not there yet";
    if (const std::string reason = member["reason"].text(); !reason.empty())
        out += " – " + cut(plain(reason));
    return out;
}

// A link to a person shows in clients as the name that they go by.
std::string linked(const json::Value& member) {
    return fmt::format("<a href=\"https://matrix.to/#/{}\">{}</a>", escaped(member["user"].text()),
                       escaped(name_of(member)));
}

// How many there are.
template <class Which>
std::size_t part(Writer& to, const std::string& title, const json::Array& members, Which which) {
    std::size_t count = 0;
    for (const json::Value& member : members) {
        if (is_bot(member) || !which(member)) continue;
        if (++count == 1) {
            to.paragraph(title, "<b>" + escaped(title) + "</b>");
            to.begin_list();
        }
        if (count <= kMostLines)
            to.line(name_of(member) + remark(member), linked(member) + escaped(remark(member)));
    }
    if (count > kMostLines) {
        const std::string more = fmt::format("and {} more", count - kMostLines);
        to.line(more, more);
    }
    if (count > 0) to.end_list();
    return count;
}

std::string names(const Context& context, const std::vector<std::string>& users) {
    std::string out;
    for (std::size_t i = 0; i < users.size() && i < kMostNames; ++i) {
        const std::string login = login_of(context, users[i]);
        out += (i == 0 ? "" : ", ") + plain(login.empty() ? users[i] : login);
    }
    if (users.size() > kMostNames) out += fmt::format(" and {} more", users.size() - kMostNames);
    return out;
}

std::string since_then(const Context& context, const json::Value& review, const ReviewHistory& history) {
    const json::Value& last = review["signed_off"];
    if (last.is_null()) return "It has not been signed off before.";
    const auto time = parse_rfc3339(last["time"].text());
    std::string out =
        fmt::format("Last signed off on {} by {}.",
                    time ? schema::local_time(*time, context.config.time_zone).substr(0, 10) : "?",
                    names(context, {last["by"].text("?")}));
    const ReviewChanges changes = changes_since_sign_off(review["content"], history);
    if (!changes.came.empty()) out += fmt::format(" New since then: {}.", names(context, changes.came));
    if (!changes.left.empty()) out += fmt::format(" No longer there: {}.", names(context, changes.left));
    if (changes.came.empty() && changes.left.empty()) out += " Nobody has come or gone since then.";
    return out;
}

}  // namespace

std::string quoted_room(const json::Value& content) {
    return fmt::format(
        "“{}”", plain(content["name"].text().empty() ? content["room"].text() : content["name"].text()));
}

std::string people_in(const json::Value& content) {
    const json::Array& members = *content["members"].array();
    const auto count =
        std::count_if(members.begin(), members.end(), [](const auto& member) { return !is_bot(member); });
    return count == 1 ? "1 person" : fmt::format("{} people", count);
}

std::string short_hash(const json::Value& review) {
    return review["hash"].text().substr(0, 12);
}

ReviewMessage review_message(const Context& context, const json::Value& review, const ReviewHistory& history,
                             bool again) {
    const json::Value& content = review["content"];
    const json::Array& members = *content["members"].array();
    const std::string room = quoted_room(content);
    Writer to;
    if (again) {
        const std::string text = fmt::format(
            "{} has changed since you were asked, so your {} was not counted. This is how it is now.", room,
            engine::kSigningReaction);
        to.paragraph(text, escaped(text));
    }
    const std::string title = fmt::format("Access review of {}: is everybody right who is there?", room);
    to.paragraph(title, "<b>" + escaped(title) + "</b>");
    const std::string people = people_in(content);
    const std::string about =
        fmt::format("You are an owner of this room. {} {} in it. {}", people,
                    people == "1 person" ? "is" : "are", since_then(context, review, history));
    to.paragraph(about, escaped(about));
    if (const json::Array* remarks = content["remarks"].array())
        for (const json::Value& one : *remarks) {
            const std::string text = fmt::format("Not all is known: {}.", plain(one.text()));
            to.paragraph(text, escaped(text));
        }
    const bool apart = part(to, "They do not belong there:", members, out_of_place) +
                           part(to, "From outside of the company:", members, from_outside) >
                       0;
    part(to, apart ? "Everybody else:" : "Who they are:", members,
         [](const json::Value& member) { return !out_of_place(member) && !from_outside(member); });
    const std::string yes = fmt::format(
        "Is that right? Then react to this message with {}. That signs the review off in your name, "
        "and is kept on record.",
        engine::kSigningReaction);
    to.paragraph(yes, escaped(yes));
    const std::string no =
        "Should somebody not be there, or are you not sure? Then do not react, and tell your IT department. "
        "They put it right, and you are asked again.";
    to.paragraph(no, escaped(no));
    const std::string mark = fmt::format("Review {}", short_hash(review));
    to.paragraph(mark, "<sub>" + mark + "</sub>");
    return to.take();
}

}  // namespace rollcall::control
