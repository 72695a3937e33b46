#include "schema/people_reader.h"

#include <fmt/format.h>
#include <map>

#include "policy/choices.h"
#include "schema/distinguished_name.h"
#include "schema/expression_reader.h"
#include "schema/fields.h"
#include "schema/matrix_id.h"
#include "schema/name_reader.h"

namespace rollcall::schema {
namespace {

enum class Accounts { wait, create };
enum class Account { nothing, lock, suspend, deactivate };

constexpr std::array<Choice<Accounts>, 2> kAccounts{{{"wait", Accounts::wait}, {"create", Accounts::create}}};
constexpr std::array<Choice<Account>, 4> kAccountSteps{{{"nothing", Account::nothing},
                                                        {"lock", Account::lock},
                                                        {"suspend", Account::suspend},
                                                        {"deactivate", Account::deactivate}}};
// "sAMAccountName|lower"
std::string placeholder_fault(std::string_view inside) {
    const std::size_t bar = inside.find('|');
    const std::string_view attribute = inside.substr(0, bar);
    if (!is_attribute_name(attribute))
        return fmt::format("{{{}}} does not begin with an attribute's name", inside);
    if (bar == std::string_view::npos) return {};
    const std::string_view filter = inside.substr(bar + 1);
    if (filter != "lower" && filter != "slug")
        return fmt::format("\"{}\" is no filter; the filters are lower and slug, one at a time", filter);
    return {};
}

class PeopleReader {
  public:
    explicit PeopleReader(const PolicyContext& context) : context_(context), out_(context.out) {}

    policy::People read(const Node& node) {
        policy::People people;
        people.at = node.at;
        if (node.kind == Node::Kind::list) {
            report_not_yet(out_, node.at, "a list of people", "write one mapping for the one directory");
            return people;
        }
        Fields fields(node, "people", out_);
        if (const Node* id =
                fields.need("matrix_id", "write matrix_id: \"@{sAMAccountName|lower}:corp.example.com\""))
            matrix_id(*id, people.matrix_id);
        if (const Node* list = fields.take("identities")) identities(*list, people.identities);
        if (const Node* accounts = fields.take("accounts"))
            if (read_choice(*accounts, kAccounts, out_) == Accounts::create)
                report_not_yet(out_, accounts->at, "accounts: create", "write wait");
        if (const Node* employees =
                fields.need("employees", "write who they are: employees: {group: All Staff}"))
            people.employees = read_expression(*employees, "people.employees", context_);
        if (people.employees) no_circle(*people.employees);
        if (const Node* departure = fields.take("on_departure")) on_departure(*departure, people);
        fields.not_yet("departed_when");
        fields.not_yet("on_return");
        fields.not_yet("directory", "take it out while there is one directory");
        fields.finish();
        return people;
    }

  private:
    void matrix_id(const Node& node, policy::Text& into) {
        const auto text = read_text(node, out_, kLongestId);
        if (!text) return;
        const std::string fault = template_fault(*text, context_.server_name);
        if (!fault.empty())
            report(out_, node.at, fault,
                   "write \"@{sAMAccountName|lower}:corp.example.com\" with your own server's name");
        into = {*text, node.at};
    }

    void identities(const Node& node, std::vector<policy::Identity>& into) {
        std::map<std::string, Position> users;
        std::map<std::string, Position> ids;
        const auto once = [&](std::map<std::string, Position>& seen, const std::string& name,
                              const Position& at) {
            const auto [first, fresh] = seen.emplace(name, at);
            if (!fresh)
                report(out_, at, fmt::format("\"{}\" has an identity already", name),
                       fmt::format("the first is in line {}", first->second.line));
        };
        for (const Node& item : read_list(node, out_)) {
            Fields fields(item, "an identity", out_);
            policy::Identity made{item.at, {}, {}};
            if (const Node* user = fields.need("user"))
                if (auto name = read_person(*user, context_)) once(users, made.user = *name, user->at);
            if (const Node* id = fields.need("matrix_id"))
                if (auto text = read_user_id(*id, context_)) {
                    once(ids, made.matrix_id = *text, id->at);
                    own_server(*id, *text);
                }
            if (made.user.starts_with('@'))
                report(out_, item.at, "an identity gives a login name its Matrix ID",
                       "write the login name as user");
            fields.finish();
            into.push_back(std::move(made));
        }
    }

    // Who is an employee cannot be asked while it is being said who is one.
    void no_circle(const policy::Expression& expression) {
        if (expression.word == policy::Expression::Word::employees)
            report(out_, expression.at, "employees cannot be defined by employees",
                   "write {group: All Staff}");
        for (const policy::Condition& condition : expression.conditions)
            for (const policy::Expression& entry : condition.list) no_circle(entry);
        if (expression.except) no_circle(*expression.except);
    }

    void own_server(const Node& node, std::string_view id) {
        if (context_.server_name.empty() || server_of(id) == context_.server_name) return;
        report(out_, node.at, fmt::format("{} is not on the own server", kind_name(node)),
               fmt::format("an employee's account is on {}", context_.server_name));
    }

    void on_departure(const Node& node, policy::People& into) {
        Fields fields(node, "on_departure", out_);
        if (const Node* leave = fields.take("leave"))
            into.leave = read_choice(*leave, policy::kLeaveScope, out_).value_or(into.leave);
        fields.boolean(fields.take("sign_out"), into.sign_out);
        if (const Node* account = fields.take("account"))
            if (read_choice(*account, kAccountSteps, out_).value_or(Account::nothing) != Account::nothing)
                report_not_yet(out_, account->at, fmt::format("account: {}", account->text), "write nothing");
        fields.not_yet("unmanaged_after");
        fields.finish();
    }

    const PolicyContext& context_;
    Diagnostics& out_;
};

}  // namespace

std::string template_fault(std::string_view text, std::string_view server_name) {
    std::string example;  // the template with x for what the directory will say
    bool varies = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '}') return "a } without its { in the template";
        if (text[i] != '{') {
            example += text[i];
            continue;
        }
        const std::size_t close = text.find('}', i);
        if (close == std::string_view::npos) return "a { without its } in the template";
        if (std::string fault = placeholder_fault(text.substr(i + 1, close - i - 1)); !fault.empty())
            return fault;
        if (example.find(':') != std::string::npos) return "the server's name cannot come from the directory";
        varies = true;
        example += 'x';
        i = close;
    }
    if (!is_user_id(example)) return fmt::format("\"{}\" does not make a Matrix ID", text);
    if (!varies) return fmt::format("\"{}\" would give everybody the same Matrix ID", text);
    if (!server_name.empty() && server_of(example) != server_name)
        return fmt::format("\"{}\" is not on the own server {}", text, server_name);
    return {};
}

policy::People read_people(const Node& node, const PolicyContext& context) {
    return PeopleReader(context).read(node);
}

}  // namespace rollcall::schema
