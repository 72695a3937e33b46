// Every file under cases/: what the readers say to it, and that the JSON Schema for editors agrees.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "schema/config_file.h"
#include "schema/yaml_document.h"
#include "tests/schema/case_file.h"
#include "tests/schema/json_schema.h"

namespace rollcall::schema {
namespace {

std::vector<std::string> said(const CaseFile& test) {
    Diagnostics found;
    if (test.config)
        (void)read_config(test.files[0].text, "policy.yaml", found);
    else
        found = read_policy(test.files, {"corp", "corp.example.com", "Europe/Amsterdam"}).diagnostics;
    std::vector<std::string> lines;
    for (const Diagnostic& diagnostic : found) {
        const std::string text = diagnostic.text();
        lines.push_back(text.starts_with("policy.yaml: ")  ? text.substr(13)
                        : text.starts_with("policy.yaml:") ? text.substr(12)
                                                           : text);
    }
    return lines;
}

class Case : public testing::TestWithParam<CaseFile> {};

TEST_P(Case, SaysWhatIsExpected) {
    const std::vector<std::string> lines = said(GetParam());
    const std::vector<std::string>& expected = GetParam().expected;
    for (std::size_t i = 0; i < std::max(lines.size(), expected.size()); ++i) {
        if (i >= lines.size())
            ADD_FAILURE() << "not said: " << expected[i];
        else if (i >= expected.size())
            ADD_FAILURE() << "not expected: " << lines[i];
        else
            EXPECT_TRUE(lines[i].starts_with(expected[i]))
                << "said:     " << lines[i] << "\nexpected: " << expected[i];
    }
}

TEST_P(Case, SchemaAgrees) {
    const JsonSchema schema(GetParam().config ? "config.schema.json" : "policy.schema.json");
    std::string fault;
    for (const PolicyText& file : GetParam().files) {
        Diagnostics ignored;
        const auto root = read_yaml(file.text, file.file, ignored);
        if (!root) return;  // no tree, nothing for a schema to judge
        if (std::string found = schema.fault(*root); fault.empty()) fault = std::move(found);
    }
    EXPECT_EQ(fault.empty(), GetParam().schema_accepts) << fault;
}

INSTANTIATE_TEST_SUITE_P(Files, Case, testing::ValuesIn(read_cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace rollcall::schema
