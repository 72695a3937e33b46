// What init must know and was not told: asked on a terminal, with defaults that fit most companies.
#pragma once

#include <string>

#include "daemon/cli/arguments.h"
#include "daemon/cli/terminal.h"
#include "policy/base/result.h"

namespace rollcall::cli {

// Fills in what is missing. invalid_input, naming the flags, where something has no default and nobody is
// there to say.
[[nodiscard]] Status complete(InitOptions& options, Terminal& terminal);

// "dc1.corp.example.com" → "corp.example.com"; "" for an address.
[[nodiscard]] std::string domain_of(const std::string& host);
// "corp.example.com" → "DC=corp,DC=example,DC=com".
[[nodiscard]] std::string base_of(const std::string& domain);

}  // namespace rollcall::cli
