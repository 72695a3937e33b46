#include "schema/expression_reader.h"

#include <fmt/format.h>
#include <utility>

#include "schema/beginning.h"
#include "schema/distinguished_name.h"
#include "schema/fields.h"
#include "schema/name_reader.h"

namespace rollcall::schema {
namespace {

using policy::Condition;
using policy::Expression;

constexpr std::size_t kLongestValue = 1024;

class ExpressionReader {
  public:
    explicit ExpressionReader(const PolicyContext& context) : context_(context), out_(context.out) {}

    std::optional<Expression> read(const Node& node, const std::string& path, std::size_t depth) {
        if (depth > kDeepestExpression) {
            report(out_, node.at, fmt::format("conditions nested deeper than {} levels", kDeepestExpression),
                   "write it flatter, or make a group in the directory");
            return std::nullopt;
        }
        switch (node.kind) {
            case Node::Kind::scalar:
                return word(node, path);
            case Node::Kind::mapping:
                return mapping(node, path, depth);
            case Node::Kind::list:
                break;
        }
        report(out_, node.at, "expected a word or a mapping, found a list",
               "write {any: [...]} or {all: [...]}");
        return std::nullopt;
    }

  private:
    std::optional<Expression> word(const Node& node, const std::string& path) {
        if (node.text == "employees")
            return Expression{node.at, path, Expression::Word::employees, {}, nullptr};
        if (node.text == "nobody") return Expression{node.at, path, Expression::Word::nobody, {}, nullptr};
        const std::string near = nearest(node.text, {"employees", "nobody"});
        report(
            out_, node.at, fmt::format("expected employees, nobody or a mapping, found {}", kind_name(node)),
            !near.empty()    ? fmt::format("did you mean \"{}\"?", near)
            : node.missing() ? "write {group: …}"
                             : fmt::format("write {{group: {0}}} or {{user: {0}}}", beginning_of(node.text)));
        return std::nullopt;
    }

    std::optional<Expression> mapping(const Node& node, const std::string& path, std::size_t depth) {
        Expression made{node.at, path, Expression::Word::none, {}, nullptr};
        const std::size_t before = out_.size();
        Fields fields(node, "a condition", out_);
        const std::string directory = directory_of(fields);
        if (const Node* value = fields.take("group"))
            if (auto name = read_group(*value, context_))
                add(made, Condition::Kind::group, *value, *name, directory);
        if (const Node* value = fields.take("user"))
            if (auto name = read_person(*value, context_))
                add(made, Condition::Kind::user, *value, *name, directory);
        attribute(fields, made, directory);
        if (const Node* value = fields.take("under"))
            if (auto dn = read_container(*value)) add(made, Condition::Kind::under, *value, *dn, directory);
        if (const Node* value = fields.take("any"))
            list(made, Condition::Kind::any, *value, path + ".any", depth);
        if (const Node* value = fields.take("all"))
            list(made, Condition::Kind::all, *value, path + ".all", depth);
        if (const Node* value = fields.take("except"))
            if (auto except = read(*value, path + ".except", depth + 1))
                made.except = std::make_shared<const Expression>(std::move(*except));
        fields.finish();
        if (out_.size() == before && made.conditions.empty())
            report(out_, node.at, "this mapping names nobody",
                   "write group, user, attribute, under, any or all; all: [employees] for everyone");
        if (has_errors({out_.begin() + static_cast<std::ptrdiff_t>(before), out_.end()})) return std::nullopt;
        return made;
    }

    static Condition& add(Expression& into, Condition::Kind kind, const Node& value, std::string name = {},
                          std::string directory = {}) {
        Condition& made = into.conditions.emplace_back();
        made.kind = kind;
        made.at = value.at;
        made.name = std::move(name);
        made.directory = std::move(directory);
        return made;
    }

    std::string directory_of(Fields& fields) {
        const Node* const node = fields.take("directory");
        if (node == nullptr) return {};
        const auto name = read_text(*node, out_);
        if (!name || *name == context_.directory) return name.value_or("");
        report(out_, node->at, fmt::format("there is no directory {}", kind_name(*node)),
               fmt::format("the configured one is \"{}\"", context_.directory));
        return {};
    }

    std::optional<std::string> read_container(const Node& node) {
        auto dn = read_text(node, out_, 2048);
        if (!dn || dn->starts_with("guid:")) return dn ? read_group(node, context_) : std::nullopt;
        if (is_distinguished_name(*dn)) return dn;
        report(out_, node.at, fmt::format("{} is not a distinguished name", kind_name(node)),
               "write it whole: \"OU=Leavers,DC=corp,DC=example,DC=com\"");
        return std::nullopt;
    }

    void attribute(Fields& fields, Expression& into, const std::string& directory) {
        const Node* const name = fields.take("attribute");
        const Node* const is = fields.take("is");
        const Node* const in = fields.take("in");
        const Node* const matches = fields.take("matches");
        const int tests = (is != nullptr ? 1 : 0) + (in != nullptr ? 1 : 0) + (matches != nullptr ? 1 : 0);
        if (name == nullptr) {
            if (tests > 0)
                report(out_, fields.at(), "a value without its attribute",
                       "write {attribute: department, is: Sales}");
            return;
        }
        const auto text = read_text(*name, out_, 64);
        if (text && !is_attribute_name(*text))
            report(out_, name->at, fmt::format("{} is not the name of an attribute", kind_name(*name)),
                   "write its LDAP name, such as department");
        if (tests != 1) {
            report(out_, name->at, "an attribute wants exactly one of is, in and matches",
                   "write {attribute: department, is: Sales}");
            return;
        }
        Condition& made = add(into, Condition::Kind::attribute, *name, text.value_or(""), directory);
        if (is != nullptr) values(made, Condition::Test::is, {*is});
        if (in != nullptr) values(made, Condition::Test::in, read_list(*in, out_));
        if (in != nullptr && in->kind == Node::Kind::list && in->items.empty())
            report(out_, in->at, "the list of values is empty", "write the values, or nobody");
        if (matches != nullptr) pattern(made, *matches);
    }

    void values(Condition& made, Condition::Test test, const std::vector<Node>& nodes) {
        made.test = test;
        for (const Node& node : nodes)
            if (auto value = read_text(node, out_, kLongestValue)) made.values.push_back(std::move(*value));
    }

    void pattern(Condition& made, const Node& node) {
        made.test = Condition::Test::matches;
        const auto text = read_text(node, out_, kLongestPattern);
        if (!text) return;
        const Result<policy::Pattern>* const pattern = pattern_of(*text);
        if (pattern == nullptr) return;
        if (!*pattern) {
            report(out_, node.at, pattern->error().message, pattern->error().hint);
            return;
        }
        made.values.push_back(*text);
        made.pattern = **pattern;
    }

    // Null where there are too many, which is said of the first of those.
    const Result<policy::Pattern>* pattern_of(const std::string& text) {
        auto& known = context_.patterns;
        if (const auto at = known.find(text); at != known.end()) return &at->second;
        if (known.size() > kMostPatterns) return nullptr;
        Result<policy::Pattern> made = policy::make_pattern(text);
        if (!made)
            made = fail(ErrorKind::invalid_input, "not a pattern: " + made.error().message,
                        "write an RE2 pattern that covers the whole value, such as \"Sales.*\"");
        if (known.size() == kMostPatterns)
            made = fail(ErrorKind::limit, fmt::format("more than {} different patterns", kMostPatterns),
                        "make groups in the directory of the people whom so many patterns tell apart");
        return &known.emplace(text, std::move(made)).first->second;
    }

    void list(Expression& into, Condition::Kind kind, const Node& node, const std::string& path,
              std::size_t depth) {
        const auto& items = read_list(node, out_);
        if (node.kind == Node::Kind::list && node.items.empty())
            report(out_, node.at, "the list of conditions is empty", "write conditions, or nobody");
        Condition made;
        made.kind = kind;
        made.at = node.at;
        for (std::size_t i = 0; i < items.size(); ++i)
            if (auto entry = read(items[i], fmt::format("{}[{}]", path, i + 1), depth + 1))
                made.list.push_back(std::move(*entry));
        into.conditions.push_back(std::move(made));
    }

    const PolicyContext& context_;
    Diagnostics& out_;
};

}  // namespace

std::optional<policy::Expression> read_expression(const Node& node, const std::string& path,
                                                  const PolicyContext& context) {
    return ExpressionReader(context).read(node, path, 1);
}

}  // namespace rollcall::schema
