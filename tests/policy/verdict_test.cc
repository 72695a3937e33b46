// Who belongs where: cases/verdicts.cases, one test a case.
#include <gtest/gtest.h>
#include <cctype>

#include "tests/policy/case_file.h"

namespace rollcall::policy::test {
namespace {

class Verdicts : public testing::TestWithParam<Case> {};

TEST_P(Verdicts, AreAsWritten) {
    SCOPED_TRACE(GetParam().name);
    CaseCompany company(GetParam());
    int asked = 0;
    for (const CaseLine& line : GetParam().lines) {
        if (line.word != "expect") continue;
        const std::vector<std::string> words = words_of(line.rest);
        ASSERT_EQ(words.size(), 4U) << "line " << line.number;
        EXPECT_EQ(company.scene.says(words[0], words[1]), words[2] + " " + words[3])
            << "verdicts.cases:" << line.number << ": " << line.rest;
        ++asked;
    }
    EXPECT_GT(asked, 0) << "a case that asks nothing";
}

std::string test_name(const testing::TestParamInfo<Case>& of) {
    std::string name;
    for (const char c : of.param.name) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, Verdicts, testing::ValuesIn(read_cases(CASES_FOLDER "/verdicts.cases")),
                         test_name);

}  // namespace
}  // namespace rollcall::policy::test
