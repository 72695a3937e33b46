#include "tests/policy/case_file.h"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "policy/base/text.h"

namespace rollcall::policy::test {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> out;
    std::size_t first = 0;
    for (std::size_t end = 0; end != std::string::npos; first = end + 1) {
        end = text.find(at, first);
        out.push_back(text.substr(first, end - first));
    }
    return out;
}

// "group=A,B" → "group", "A,B"
std::pair<std::string, std::string> parted(const std::string& word) {
    const std::size_t at = word.find('=');
    if (at == std::string::npos) return {word, ""};
    return {word.substr(0, at), word.substr(at + 1)};
}

[[noreturn]] void bad(const std::string& what) {
    throw std::invalid_argument("unknown in a case: " + what);
}

}  // namespace

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> out;
    bool quoted = false, open = false;
    for (const char c : text) {
        if (c == '\'') {
            quoted = !quoted;
            continue;
        }
        if (c == ' ' && !quoted) {
            open = false;
            continue;
        }
        if (!open) out.emplace_back();
        open = true;
        out.back() += c;
    }
    return out;
}

std::vector<Case> read_cases(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path);
    std::vector<Case> out;
    std::string text;
    for (int number = 1; std::getline(file, text); ++number) {
        if (text.empty() || text[0] == '#') continue;
        const std::size_t blank = text.find(' ');
        const std::string word = text.substr(0, blank);
        const std::string rest = blank == std::string::npos ? "" : text.substr(blank + 1);
        if (word == "case")
            out.push_back({rest, {}});
        else
            out.at(out.size() - 1).lines.push_back({number, word, rest});
    }
    return out;
}

CaseCompany::CaseCompany(const Case& wanted) {
    for (const CaseLine& at : wanted.lines) line(at);
    // What is gone or cannot be read now was there and could be read when the policy was applied.
    scene.world.directory_read = false;
    if (!scene.read().read_rooms.empty()) bad("a room");
    if (!scene.apply()) bad(scene.compiled.diagnostics.front().text());
    for (const std::string& name : unreadable_) scene.directory.group(name).members_known = false;
    for (const std::string& name : deleted_) {
        if (scene.directory.people.contains(name))
            scene.directory.people.at(name).deleted = true;
        else
            scene.directory.groups.at(name).deleted = true;
        scene.directory.wrote(name);
    }
    for (const std::string& name : unreadable_) scene.directory.wrote(name);
    for (const std::string& name : missing_) {  // links to an account end with it
        for (auto& [group, entry] : scene.directory.groups)
            std::erase(entry.members, scene.directory.people.at(name).guid);
        scene.directory.people.erase(name);
    }
    for (const std::string& name : hidden_) scene.directory.groups.erase(name);
    scene.read();
    move();
    for (const std::string& name : ordered_) scene.learn(DepartOrdered{scene.person(name), false});
    scene.world.directory_read = !unread_;
}

void CaseCompany::line(const CaseLine& line) {
    const std::vector<std::string> words = words_of(line.rest);
    if (line.word == "employees") {
        scene.policy.people->employees = expression(line.rest, "people.employees");
    } else if (line.word == "person") {
        person(words);
    } else if (line.word == "group") {
        group(words);
    } else if (line.word == "unread") {
        if (words.at(0) == "directory")
            unread_ = true;
        else
            std::erase(scene.directory.attributes, words.at(0));
    } else if (line.word == "room") {
        room(line.rest);
    } else if (line.word == "owners") {
        const std::size_t blank = line.rest.find(' ');
        for (RoomText& room : scene.policy.rooms)
            if (room.key == line.rest.substr(0, blank))
                room.owners = expression(line.rest.substr(blank + 1), "rooms." + room.key + ".owners");
    } else if (line.word == "moved") {
        moved_.emplace_back(words.at(0), words.at(1));
    } else if (line.word == "protected") {
        scene.policy.protected_ids.push_back({words.at(0), {}});
    } else if (line.word == "service") {
        scene.service("service", words.at(0), split(words.at(1), ','));
    } else if (line.word == "identity") {
        scene.policy.people->identities.push_back({{}, words.at(0), words.at(1)});
    } else if (line.word == "approval") {
        scene.approval("approval", words.at(0), split(words.at(1), ','), words.at(2),
                       at(words.at(3).c_str()));
    } else if (line.word != "expect") {
        bad(line.word);
    }
}

void CaseCompany::person(const std::vector<std::string>& words) {
    PersonEntry& entry = scene.directory.person(words.at(0));
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto [name, value] = parted(words[i]);
        if (name == "groups")
            for (const std::string& group : split(value, ',')) scene.directory.join(group, words[0]);
        else if (name == "primary")
            entry.primary_group =
                value == "unreadable" ? std::nullopt : std::optional(scene.directory.group(value).rid);
        else if (name == "disabled")
            entry.account_control = 514;
        else if (name == "uac")
            entry.account_control.reset();
        else if (name == "expires")
            entry.expires = value == "unreadable" ? std::nullopt : std::optional(at(value.c_str()));
        else if (name == "deleted")
            deleted_.push_back(words[0]);
        else if (name == "missing")
            missing_.push_back(words[0]);
        else if (name == "ordered")
            ordered_.push_back(words[0]);
        else if (name == "dn")
            entry.dn = value, scene.directory.container(std::string(dn_parent(value)));
        else if (!value.empty())
            entry.attributes[name] = split(value, '|');
        else
            bad(words[i]);
    }
}

void CaseCompany::group(const std::vector<std::string>& words) {
    scene.directory.group(words.at(0));
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto [name, value] = parted(words[i]);
        if (name == "in")
            for (const std::string& parent : split(value, ',')) scene.directory.join(parent, words[0]);
        else if (name == "unreadable")
            unreadable_.push_back(words[0]);
        else if (name == "deleted")
            deleted_.push_back(words[0]);
        else if (name == "hidden")
            hidden_.push_back(words[0]);
        else if (name == "unseen")
            scene.directory.group(words[0]).members.push_back(guid_of("hidden from us", words[0]));
        else
            bad(words[i]);
    }
}

// A container that moved, told by its own entry alone: `moved OU=… OU=…`.
void CaseCompany::move() {
    for (const auto& [from, to] : moved_) {
        const std::vector<std::string> told{from};
        scene.directory.move_container(from, to);
        scene.learn(scene.directory.changes(told));
    }
}

void CaseCompany::room(const std::string& rest) {
    const std::size_t blank = rest.find(' ');
    std::string members = rest.substr(blank + 1);
    const bool open = members.starts_with("outsiders ");
    if (open) members = members.substr(10);
    RoomText& text = scene.room(rest.substr(0, blank), members);
    if (open) text.outsiders = Outsiders::approved;
}

}  // namespace rollcall::policy::test
