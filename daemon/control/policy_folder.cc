#include "daemon/control/policy_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace rollcall::control {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostEntries = 10'000;  // with those of its sub-folders

// Of which sub-folders no file can be meant.
bool of_version_control(const fs::path& path) {
    const std::string name = path.filename().string();
    return name == ".git" || name == ".hg" || name == ".svn";
}

std::string lowered(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool is_policy(const std::string& name) {
    return name.front() != '.' && (name.ends_with(".yaml") || name.ends_with(".yml"));
}

bool looks_like_policy(const std::string& name) {
    const std::string low = lowered(name);
    return low.find(".yaml") != std::string::npos || low.find(".yml") != std::string::npos;
}

Diagnostic doubt(const std::string& path, bool below) {
    return {
        Position{path, 0, 0}, "this file is not read, and what it says does not hold",
        below ? "only files of the policy folder itself are read: move it there, or elsewhere if it is not "
                "meant"
              : "give it a name that ends with .yaml and does not begin with a dot, or move it elsewhere if "
                "it is not meant",
        Severity::warning};
}

class Look {
  public:
    Status into(const fs::path& folder, bool below) {
        std::error_code error;
        for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
            if (++entries_ > kMostEntries)
                return fail(ErrorKind::limit,
                            fmt::format("more than {} files in and below {}", kMostEntries, folder.string()),
                            "give the policy a folder of its own");
            if (Status seen = entry(*at, below); !seen) return seen;
        }
        if (error)
            return fail(ErrorKind::io,
                        fmt::format("cannot read the folder {}: {}", folder.string(), error.message()),
                        "check who may read it");
        return {};
    }
    PolicyFolder found;

  private:
    Status entry(const fs::directory_entry& one, bool below) {
        std::error_code error;
        const std::string path = one.path().string(), name = one.path().filename().string();
        if (one.is_directory(error) && !one.is_symlink(error)) {
            if (!below) found.others.push_back(name);
            return of_version_control(one.path()) ? Status{} : into(one.path(), true);
        }
        if (!below && is_policy(name))
            found.read.push_back(path);
        else if (looks_like_policy(name))
            found.doubtful.push_back(doubt(path, below));
        else if (!below)
            found.others.push_back(name);
        return {};
    }

    std::size_t entries_ = 0;
};

}  // namespace

Result<PolicyFolder> look_at_policy_folder(const std::string& folder) {
    struct stat about {};
    if (stat(folder.c_str(), &about) != 0)
        return fail(errno == ENOENT   ? ErrorKind::not_found
                    : errno == EACCES ? ErrorKind::denied
                                      : ErrorKind::io,
                    fmt::format("cannot examine {}: {}", folder, std::strerror(errno)));
    if ((about.st_mode & S_IWOTH) != 0)
        return fail(ErrorKind::refused,
                    fmt::format("anybody on this machine can put files into the policy folder {}", folder),
                    fmt::format("run: chmod o-w {}", folder));
    Look look;
    if (Status looked = look.into(folder, false); !looked) return pass(looked);
    std::sort(look.found.read.begin(), look.found.read.end());
    std::sort(look.found.others.begin(), look.found.others.end());
    std::sort(look.found.doubtful.begin(), look.found.doubtful.end(),
              [](const Diagnostic& a, const Diagnostic& b) { return a.at < b.at; });
    return std::move(look.found);
}

Diagnostics not_read(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) return {};
    Result<PolicyFolder> folder = look_at_policy_folder(path);
    return folder ? std::move(folder->doubtful) : Diagnostics{};
}

}  // namespace rollcall::control
