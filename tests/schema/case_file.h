// A case: a small YAML file that is read as a policy or as rollcall.yaml, with what must come of it in
// comments at its end, so that a new case needs no code and its line numbers stay what an editor shows.
//
//     rooms: …
//     #--- second.yaml            further text is another file of the same policy; the first one is
//     "policy.yaml"
//     #! config                   read it as rollcall.yaml; a policy otherwise
//     #! schema accepts           what the JSON Schema says; "rejects" where a diagnostic is expected and
//     this is not given
//     #! 3:5: error: …            the beginning of one diagnostic, with "second.yaml:" before it where it is
//     not the first
//
// Every diagnostic must be expected, in this order, and every expected one must come.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "schema/policy_reader.h"

namespace rollcall::schema {

struct CaseFile {
    std::string name;
    bool config = false;
    bool schema_accepts = true;
    std::vector<PolicyText> files;
    std::vector<std::string> expected;
};

// How GoogleTest names a case in its output.
void PrintTo(const CaseFile& test, std::ostream* out);

// Every case of the folder, by name.
[[nodiscard]] std::vector<CaseFile> read_cases();

}  // namespace rollcall::schema
