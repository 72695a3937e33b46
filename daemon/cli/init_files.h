// The files of a new installation, as text. Pure but for the registrations' fresh tokens; any thread.
#pragma once

#include <sys/types.h>
#include <string>
#include <vector>

#include "daemon/cli/arguments.h"

namespace rollcall::cli {

struct InitFile {
    std::string path;
    std::string text;
    mode_t mode = 0640;
    bool secret = false;  // somebody puts something in there: never overwritten
};

struct InitFolder {
    std::string path;
    mode_t mode;
};

struct InitLayout {
    std::vector<InitFolder> folders;
    std::vector<InitFile> files;  // the configuration first, the policy second
    std::string verifier;         // the public part of the audit log's key
};

// `options` complete; `config` is the path of rollcall.yaml, everything else lies in its folder.
[[nodiscard]] InitLayout init_layout(const InitOptions& options, const std::string& config);

// A YAML scalar that means exactly this text.
[[nodiscard]] std::string yaml_text(const std::string& text);

}  // namespace rollcall::cli
