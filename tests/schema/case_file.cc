#include "tests/schema/case_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>

namespace rollcall::schema {
namespace {

constexpr std::string_view kNextFile = "#--- ";
constexpr std::string_view kExpected = "#! ";

CaseFile read_case(const std::filesystem::path& path) {
    CaseFile made;
    made.name = path.stem().string();
    made.files.push_back({"policy.yaml", ""});
    std::optional<bool> schema_accepts;
    std::ifstream in(path, std::ios::binary);
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(kNextFile)) {
            made.files.push_back({line.substr(kNextFile.size()), ""});
        } else if (!line.starts_with(kExpected)) {
            made.files.back().text += line + "\n";
        } else if (const std::string what = line.substr(kExpected.size()); what == "config") {
            made.config = true;
        } else if (what.starts_with("schema ")) {
            schema_accepts = what == "schema accepts";
        } else {
            made.expected.push_back(what);
        }
    }
    made.schema_accepts = schema_accepts.value_or(made.expected.empty());
    return made;
}

}  // namespace

void PrintTo(const CaseFile& test, std::ostream* out) {
    *out << test.name;
}

std::vector<CaseFile> read_cases() {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(CASES_FOLDER)) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    std::vector<CaseFile> cases;
    for (const auto& path : paths) cases.push_back(read_case(path));
    return cases;
}

}  // namespace rollcall::schema
