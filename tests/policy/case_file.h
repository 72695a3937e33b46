// Cases of a policy as data: blocks of lines in tests/policy/cases/*.cases, each a small company, so that one
// more case needs no C++. The words are explained at the head of the files.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/policy/world_builder.h"

namespace rollcall::policy::test {

struct CaseLine {
    int number = 0;
    std::string word;
    std::string rest;
};

struct Case {
    std::string name;
    std::vector<CaseLine> lines;
};

inline void PrintTo(const Case& of, std::ostream* out) {
    *out << of.name;
}

[[nodiscard]] std::vector<Case> read_cases(const std::string& path);
// Words apart at blanks, outside of '…'.
[[nodiscard]] std::vector<std::string> words_of(const std::string& text);

// The company that a case describes; its `expect` lines are left to the caller.
class CaseCompany {
  public:
    explicit CaseCompany(const Case& wanted);
    Scene scene;

  private:
    void line(const CaseLine& line);
    void person(const std::vector<std::string>& words);
    void group(const std::vector<std::string>& words);
    void room(const std::string& rest);
    void move();

    std::vector<std::string> missing_, hidden_, ordered_, deleted_, unreadable_;
    std::vector<std::pair<std::string, std::string>> moved_;
    bool unread_ = false;
};

}  // namespace rollcall::policy::test
