#include "daemon/control/policy_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "daemon/control/policy_folder.h"
#include "daemon/descriptor.h"

namespace rollcall::control {
namespace {

Result<std::string> read_checked(const std::string& path, std::size_t most, mode_t forbidden, const char* why,
                                 const char* hint) {
    // Opened once and examined open, so that what is checked is what is read. A pipe would wait for a writer.
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (file.get() < 0)
        return fail(errno == ENOENT   ? ErrorKind::not_found
                    : errno == EACCES ? ErrorKind::denied
                                      : ErrorKind::io,
                    fmt::format("cannot open {}: {}", path, std::strerror(errno)),
                    "check the path and who may read it");
    struct stat status {};
    if (fstat(file.get(), &status) != 0)
        return fail(ErrorKind::io, fmt::format("cannot examine {}: {}", path, std::strerror(errno)));
    if (!S_ISREG(status.st_mode))
        return fail(ErrorKind::invalid_input, fmt::format("{} is not a file", path));
    if ((status.st_mode & forbidden) != 0)
        return fail(ErrorKind::refused, fmt::format("{} {}", path, why),
                    fmt::format("run: chmod {} {}", hint, path));
    std::string text;
    char buffer[65536];
    for (;;) {
        const ssize_t got = read(file.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return fail(ErrorKind::io, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
        if (got == 0) return text;
        text.append(buffer, static_cast<std::size_t>(got));
        if (text.size() > most)
            return fail(ErrorKind::limit, fmt::format("{} is larger than {} bytes", path, most));
    }
}

// Whoever mends one file is to know of the others. The hint is the first one's.
Error all_in_one(std::vector<Error> errors) {
    constexpr std::size_t kMostNamed = 5;
    Error out = std::move(errors.front());
    for (std::size_t i = 1; i < errors.size() && i < kMostNamed; ++i) out.message += "; " + errors[i].message;
    if (errors.size() > kMostNamed)
        out.message += fmt::format("; and {} more of its files cannot be used", errors.size() - kMostNamed);
    return out;
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t most, bool no_foreign_writers) {
    return read_checked(path, most, no_foreign_writers ? S_IWOTH : 0,
                        "can be written by anybody on this machine", "o-w");
}

Result<std::string> read_secret_file(const std::string& path) {
    Result<std::string> text =
        read_checked(path, 64 * 1024, S_IRWXO, "can be read by anybody on this machine", "o-rwx");
    if (!text) return text;
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    if (text->empty())
        return fail(ErrorKind::invalid_input, fmt::format("{} is empty", path), "write the secret into it");
    return text;
}

Result<PolicyTexts> read_policy_files(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code error;
    std::vector<std::string> files;
    if (fs::is_directory(path, error)) {
        Result<PolicyFolder> folder = look_at_policy_folder(path);
        if (!folder) return pass(folder);
        files = std::move(folder->read);
        if (files.empty())
            return fail(ErrorKind::not_found, fmt::format("no .yaml or .yml file in {}", path),
                        "write a policy there, or name its folder in `policy:`");
        if (files.size() > kMostPolicyFiles)
            return fail(ErrorKind::limit, fmt::format("more than {} files in {}", kMostPolicyFiles, path));
    } else {
        files.push_back(path);
    }
    std::sort(files.begin(), files.end());
    PolicyTexts texts;
    std::size_t bytes = 0;
    std::vector<Error> unusable;
    for (const std::string& file : files) {
        Result<std::string> text = read_text_file(file, kMostPolicyFile, true);
        if (!text) unusable.push_back(text.error());
        if (!text || !unusable.empty()) continue;
        bytes += text->size();
        if (bytes > kMostPolicyBytes)
            return fail(ErrorKind::limit,
                        fmt::format("the policy files in {} are larger than {} bytes together", path,
                                    kMostPolicyBytes));
        texts.emplace_back(file, std::move(*text));
    }
    if (!unusable.empty()) return tl::unexpected(all_in_one(std::move(unusable)));
    return texts;
}

schema::PolicyRead parse_policy(const PolicyTexts& texts, const schema::Config& config) {
    std::vector<schema::PolicyText> inputs;
    for (const auto& [file, text] : texts) inputs.push_back({file, text});
    return schema::read_policy(
        inputs, {config.directories.front().name, config.homeserver.server_name, config.time_zone});
}

PolicyLoaded load_policy(PolicyTexts texts, const schema::PolicyRead& read, const policy::World& world,
                         const policy::Pins& pins, policy::Unfound unfound) {
    PolicyLoaded out;
    out.diagnostics = read.diagnostics;
    if (!has_errors(out.diagnostics)) {
        policy::Compiled compiled = policy::compile(read.policy, world, pins, policy_version(texts), unfound);
        out.diagnostics.insert(out.diagnostics.end(), compiled.diagnostics.begin(),
                               compiled.diagnostics.end());
        out.program = std::move(compiled.program);
    }
    out.texts = std::move(texts);
    return out;
}

PolicyLoaded load_policy(PolicyTexts texts, const schema::Config& config, const policy::World& world,
                         const policy::Pins& pins, policy::Unfound unfound) {
    const schema::PolicyRead read = parse_policy(texts, config);
    return load_policy(std::move(texts), read, world, pins, unfound);
}

}  // namespace rollcall::control
