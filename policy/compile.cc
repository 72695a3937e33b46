#include "policy/compile.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>
#include <unordered_map>

#include "policy/base/text.h"
#include "policy/object_names.h"
#include "policy/room_rename.h"

namespace rollcall::policy {
namespace {

class Compiler {
  public:
    Compiler(const PolicyFile& file, const World& world, const Pins& pins, Unfound unfound)
        : file_(file),
          world_(world),
          unfound_(unfound),
          names_(world, program_, pins, unfound, diagnostics_) {}

    Compiled run(std::string version) {
        program_.version = std::move(version);
        program_.guards = file_.guards;
        if (file_.people) people(*file_.people);
        for (const RoomText& room : file_.rooms) program_.rooms.push_back(compile_room(room));
        std::sort(program_.rooms.begin(), program_.rooms.end(),
                  [](const CompiledRoom& a, const CompiledRoom& b) { return a.key < b.key; });
        // One that is in force was put there when this could be said.
        if (unfound_ == Unfound::refused)
            for (Diagnostic& one : rename_conflicts(world_, program_)) diagnostics_.push_back(std::move(one));
        for (const Text& id : file_.protected_ids) program_.protected_ids.push_back(id.value);
        std::sort(program_.protected_ids.begin(), program_.protected_ids.end());
        for (const Service& service : file_.services)
            program_.services.push_back({service.key, service.who, rooms_of(service.rooms), service.at});
        for (const Approval& approval : file_.outsiders) compile_approval(approval);
        for (const Text& canary : file_.guards.canaries)
            program_.canaries.push_back({names_.person(canary.value, canary.at), canary.value});
        program_.pins = names_.take_pins();
        program_.attributes.assign(attributes_.begin(), attributes_.end());
        program_.conditions.shrink_to_fit();
        program_.nodes.shrink_to_fit();
        program_.rooms.shrink_to_fit();
        Compiled out;
        out.diagnostics = std::move(diagnostics_);
        if (!has_errors(out.diagnostics)) out.program = std::make_shared<const Program>(std::move(program_));
        return out;
    }

  private:
    void complain(const Position& at, std::string message, std::string suggestion) {
        diagnostics_.push_back({at, std::move(message), std::move(suggestion), Severity::error});
    }

    void people(const People& people) {
        parse_template(people.matrix_id);
        program_.leave = people.leave;
        program_.sign_out = people.sign_out;
        for (const Identity& identity : people.identities) {
            const Guid guid = names_.person(identity.user, identity.at);
            if (guid.empty()) continue;
            if (!program_.identities.emplace(guid, identity.matrix_id).second)
                complain(identity.at, fmt::format("'{}' has two identities", identity.user),
                         "keep one of them");
        }
        if (people.employees) {
            program_.employees = expression(*people.employees);
            program_.employees_at = people.employees->at;
        }
    }

    void parse_template(const Text& text) {
        std::string_view rest = text.value;
        while (!rest.empty()) {
            const std::size_t open = rest.find('{');
            if (open != 0) program_.matrix_id.push_back({std::string(rest.substr(0, open)), {}, {}});
            if (open == std::string_view::npos) return;
            const std::size_t close = rest.find('}', open);
            if (close == std::string_view::npos) {
                complain(text.at, "'{' without '}' in the template",
                         "write \"@{sAMAccountName|lower}:server\"");
                return;
            }
            const std::string_view inside = rest.substr(open + 1, close - open - 1);
            const std::size_t bar = inside.find('|');
            const std::string_view filter = bar == std::string_view::npos ? "" : inside.substr(bar + 1);
            TemplatePart part{{}, fold(inside.substr(0, bar)), TemplatePart::Filter::none};
            if (filter == "lower")
                part.filter = TemplatePart::Filter::lower;
            else if (filter == "slug")
                part.filter = TemplatePart::Filter::slug;
            else if (!filter.empty())
                complain(text.at, fmt::format("unknown filter '{}'", filter),
                         "the filters are 'lower' and 'slug'");
            attributes_.insert(part.attribute);
            program_.matrix_id.push_back(std::move(part));
            rest.remove_prefix(close + 1);
        }
    }

    CompiledRoom compile_room(const RoomText& text) {
        CompiledRoom room;
        room.key = text.key;
        room.space = text.space;
        room.at = text.at;
        room.name = text.name;
        room.topic = text.topic ? text.topic->value : "";
        room.alias = text.alias ? text.alias->value : text.key;
        room.parent = text.parent ? text.parent->value : "";
        room.formerly = text.formerly;
        if (text.members) {
            room.members = body(*text.members);
            room.members_at = text.members->at;
            room.whole_employees = text.members->word == Expression::Word::employees && !text.members->except;
            if (text.members->except) {
                room.except = expression(*text.members->except);
                room.except_at = text.members->except->at;
            }
        }
        if (text.owners) {
            room.owners = expression(*text.owners);
            room.owners_at = text.owners->at;
        }
        room.admission = text.admission.value_or(Admission::join);
        room.outsiders = text.outsiders.value_or(Outsiders::none);
        const bool closed = room.outsiders == Outsiders::none;
        room.history = text.history.value_or(closed ? History::shared : History::joined);
        room.who_posts = text.who_posts.value_or(WhoPosts::everyone);
        room.who_invites = text.who_invites.value_or(closed ? WhoInvites::nobody : WhoInvites::owners);
        room.leaving = text.leaving.value_or(Leaving::free);
        return room;
    }

    void compile_approval(const Approval& text) {
        CompiledApproval approval{text.key, text.who,   text.reason, rooms_of(text.rooms), text.sponsor.value,
                                  Guid{},   text.until, text.at,     text.until_text};
        approval.sponsor_guid = names_.person(text.sponsor.value, text.sponsor.at);
        // A list such as `all` means those rooms that are open to outsiders; the reader warns of a closed one
        // that is named.
        std::erase_if(approval.rooms, [this](std::uint32_t index) {
            return program_.rooms[index].outsiders == Outsiders::none;
        });
        program_.approvals.push_back(std::move(approval));
    }

    std::vector<std::uint32_t> rooms_of(const std::vector<Text>& wanted) {
        std::set<std::uint32_t> found;
        for (const Text& text : wanted)
            for (std::size_t i = 0; i < program_.rooms.size(); ++i)
                if (text.value == "all" || glob_match(text.value, program_.rooms[i].key))
                    found.insert(static_cast<std::uint32_t>(i));
        return {found.begin(), found.end()};
    }

    NodeId add(Node node) {
        program_.nodes.push_back(std::move(node));
        return NodeId(program_.nodes.size() - 1);
    }

    NodeId combine(Node::Op op, const std::vector<NodeId>& kids, const Position& at) {
        if (kids.size() == 1) return kids.front();
        if (kids.empty())
            complain(at, "an empty condition holds for nobody", "write 'nobody' if that is meant");
        Node node{op,
                  static_cast<std::uint32_t>(program_.children.size()),
                  static_cast<std::uint32_t>(kids.size()),
                  at,
                  {}};
        program_.children.insert(program_.children.end(), kids.begin(), kids.end());
        return add(std::move(node));
    }

    NodeId expression(const Expression& text) {
        const NodeId inner = body(text);
        if (!text.except) return inner;
        const NodeId out = expression(*text.except);
        return add({Node::Op::except, inner.value, out.value, text.at, text.path});
    }

    // The expression without its `except`.
    NodeId body(const Expression& text) {
        if (text.word == Expression::Word::nobody) return add({Node::Op::no, 0, 0, text.at, text.path});
        if (text.word == Expression::Word::employees)
            return add({Node::Op::employees, 0, 0, text.at, text.path});
        std::vector<NodeId> kids;
        for (const Condition& condition : text.conditions)
            kids.push_back(compile_condition(condition, text.path));
        return combine(Node::Op::all, kids, text.at);
    }

    NodeId compile_condition(const Condition& text, const std::string& path) {
        if (text.kind == Condition::Kind::any || text.kind == Condition::Kind::all) {
            std::vector<NodeId> kids;
            for (const Expression& inner : text.list) kids.push_back(expression(inner));
            return combine(text.kind == Condition::Kind::any ? Node::Op::any : Node::Op::all, kids, text.at);
        }
        CompiledCondition condition;
        condition.kind = text.kind;
        condition.name = text.name;
        std::string identity;
        switch (text.kind) {
            case Condition::Kind::group:
                condition.guid = names_.group(text.name, text.at);
                identity = "g" + condition.guid.text();
                break;
            case Condition::Kind::user:
                condition.guid = names_.person(text.name, text.at);
                identity = "u" + condition.guid.text();
                break;
            case Condition::Kind::under:
                condition.guid = names_.container(text.name, text.at);
                identity = "c" + condition.guid.text();
                break;
            default:
                identity = attribute(text, condition);
        }
        const auto [at, fresh] = conditions_.try_emplace(identity, ConditionId(program_.conditions.size()));
        if (fresh) program_.conditions.push_back(std::move(condition));
        return add({Node::Op::condition, at->second.value, 0, text.at, path});
    }

    std::string attribute(const Condition& text, CompiledCondition& condition) {
        condition.attribute = fold(text.name);
        condition.test = text.test;
        attributes_.insert(condition.attribute);
        std::string identity = fmt::format("a{}\x01{}", condition.attribute, static_cast<int>(text.test));
        if (text.test == Condition::Test::matches) {
            condition.values = text.values;
            condition.pattern = text.pattern;
        } else {
            for (const std::string& value : text.values) condition.values.push_back(fold(value));
            std::sort(condition.values.begin(), condition.values.end());
        }
        for (const std::string& value : condition.values) identity += "\x01" + value;
        return identity;
    }

    const PolicyFile& file_;
    const World& world_;
    const Unfound unfound_;
    Program program_;
    Diagnostics diagnostics_;
    ObjectNames names_;
    std::unordered_map<std::string, ConditionId> conditions_;
    std::set<std::string> attributes_;
};

}  // namespace

Compiled compile(const PolicyFile& file, const World& world, const Pins& pins, std::string version,
                 Unfound unfound) {
    return Compiler(file, world, pins, unfound).run(std::move(version));
}

const CompiledRoom* Program::room(std::string_view key) const {
    const int index = room_index(key);
    return index < 0 ? nullptr : &rooms[static_cast<std::size_t>(index)];
}

int Program::room_index(std::string_view key) const {
    const auto at =
        std::lower_bound(rooms.begin(), rooms.end(), key,
                         [](const CompiledRoom& room, std::string_view k) { return room.key < k; });
    return at == rooms.end() || at->key != key ? -1 : static_cast<int>(at - rooms.begin());
}

}  // namespace rollcall::policy
