#include "tests/policy/expression_text.h"

#include <cctype>
#include <stdexcept>
#include <string>

namespace rollcall::policy::test {
namespace {

class Parser {
  public:
    Parser(std::string_view text, std::string path) : text_(text), path_(std::move(path)) {}

    Expression whole() {
        Expression out = expression(path_);
        blanks();
        if (at_ != text_.size()) fail("something after the end");
        return out;
    }

  private:
    Expression expression(const std::string& path) {
        Expression out;
        out.path = path;
        out.at = {"test.yaml", 1, static_cast<int>(at_) + 1};
        if (word("employees")) {
            out.word = Expression::Word::employees;
        } else if (word("nobody")) {
            out.word = Expression::Word::nobody;
        } else {
            do out.conditions.push_back(condition(path));
            while (sign('+'));
        }
        if (word("except")) out.except = std::make_shared<const Expression>(expression(path + ".except"));
        return out;
    }

    Condition condition(const std::string& path) {
        Condition out;
        out.at = {"test.yaml", 1, static_cast<int>(at_) + 1};
        if (word("group")) {
            out.kind = Condition::Kind::group;
            out.name = name();
        } else if (word("user")) {
            out.kind = Condition::Kind::user;
            out.name = name();
        } else if (word("under")) {
            out.kind = Condition::Kind::under;
            out.name = name();
        } else if (word("attribute")) {
            out.kind = Condition::Kind::attribute;
            out.name = name();
            out.test = word("is")   ? Condition::Test::is
                       : word("in") ? Condition::Test::in
                                    : (need("matches"), Condition::Test::matches);
            out.values.push_back(name());
            while (out.test == Condition::Test::in && sign('/')) out.values.push_back(name());
            if (out.test == Condition::Test::matches)
                out.pattern = make_pattern(out.values.front()).value_or(nullptr);
        } else {
            out.kind = word("any") ? Condition::Kind::any : (need("all"), Condition::Kind::all);
            if (!sign('(')) fail("'(' is missing");
            do out.list.push_back(expression(path));
            while (sign(','));
            if (!sign(')')) fail("')' is missing");
        }
        return out;
    }

    void blanks() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }
    static bool plain(char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("-_.@:=|").find(c) < 7;
    }
    bool word(std::string_view wanted) {
        blanks();
        if (!text_.substr(at_).starts_with(wanted)) return false;
        const std::size_t end = at_ + wanted.size();
        if (end < text_.size() && plain(text_[end])) return false;
        at_ = end;
        return true;
    }
    void need(std::string_view wanted) {
        if (!word(wanted)) fail("expected " + std::string(wanted));
    }
    bool sign(char wanted) {
        blanks();
        if (at_ >= text_.size() || text_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    std::string name() {
        blanks();
        const bool quoted = sign('\'');
        const std::size_t first = at_;
        while (at_ < text_.size() && (quoted ? text_[at_] != '\'' : plain(text_[at_]))) ++at_;
        std::string out(text_.substr(first, at_ - first));
        if (quoted && !sign('\'')) fail("a quote is open");
        if (out.empty()) fail("a name is missing");
        return out;
    }
    [[noreturn]] void fail(const std::string& what) const {
        throw std::invalid_argument(what + " at " + std::to_string(at_) + " in: " + std::string(text_));
    }

    std::string_view text_;
    std::string path_;
    std::size_t at_ = 0;
};

}  // namespace

Expression expression(std::string_view text, std::string path) {
    return Parser(text, std::move(path)).whole();
}

}  // namespace rollcall::policy::test
