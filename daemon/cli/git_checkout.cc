#include "daemon/cli/git_checkout.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "daemon/descriptor.h"

namespace rollcall::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{3};
constexpr std::size_t kMostOutput = 64U << 10U;

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> command(const std::string& folder, const std::vector<std::string>& words) {
    std::vector<std::string> out{"git", "--no-pager", "-C", folder};
    for (const char* setting :
         {"core.hooksPath=/dev/null", "core.fsmonitor=false", "core.untrackedCache=false",
          "log.showSignature=false", "gpg.program=gpg", "gpg.openpgp.program=gpg",
          "gpg.ssh.program=ssh-keygen", "gpg.ssh.defaultKeyCommand=", "gpg.x509.program=gpgsm",
          "protocol.allow=never"}) {
        out.emplace_back("-c");
        out.emplace_back(setting);
    }
    out.insert(out.end(), words.begin(), words.end());
    return out;
}

std::vector<std::string> environment() {
    std::vector<std::string> out{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "GIT_TERMINAL_PROMPT=0",
                                 "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1"};
    for (const char* name : {"HOME", "GNUPGHOME"})
        if (const char* value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
    return out;
}

// In the child, after fork: only what may be called there.
[[noreturn]] void run_child(const struct stat& owner, int out, char** words, char** env) {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    bool ready = nothing >= 0 && dup2(nothing, 0) == 0 && dup2(out, 1) == 1 && dup2(nothing, 2) == 2;
    if (getuid() == 0)
        ready = ready && seteuid(0) == 0 && setgroups(0, nullptr) == 0 && setgid(owner.st_gid) == 0 &&
                setuid(owner.st_uid) == 0;
    if (ready) execvpe("git", words, env);
    _exit(127);
}

std::optional<std::string> read_until(int from, Clock::time_point deadline) {
    std::string out;
    char block[4096];
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd polled{from, POLLIN, 0};
        if (left.count() <= 0 || poll(&polled, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
        const ssize_t got = read(from, block, sizeof block);
        if (got == 0) return out;
        if (got < 0 || out.size() > kMostOutput) return std::nullopt;
        out.append(block, static_cast<std::size_t>(got));
    }
}

// What git prints, if it ends well in time.
std::optional<std::string> git(const std::string& folder, const std::vector<std::string>& words,
                               Clock::time_point deadline) {
    struct stat owner {};
    if (stat(folder.c_str(), &owner) != 0) return std::nullopt;
    std::vector<std::string> said = command(folder, words), env = environment();
    const std::vector<char*> said_pointers = pointers(said), env_pointers = pointers(env);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
    const Descriptor in(ends[0]);
    Descriptor out(ends[1]);
    const pid_t child = fork();
    if (child < 0) return std::nullopt;
    if (child == 0)
        run_child(owner, out.get(), const_cast<char**>(said_pointers.data()),
                  const_cast<char**>(env_pointers.data()));
    out = Descriptor();
    std::optional<std::string> text = read_until(in.get(), deadline);
    if (!text) kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!text || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
    return text;
}

std::string line_of(const std::string& text, std::size_t number) {
    std::size_t from = 0;
    for (; number > 0; --number) {
        from = text.find('\n', from);
        if (from == std::string::npos) return {};
        ++from;
    }
    return text.substr(from, text.find('\n', from) - from);
}

}  // namespace

std::optional<json::Value> git_checkout(const std::string& policy) {
    std::error_code none;
    const std::string folder = std::filesystem::is_directory(policy, none)
                                   ? policy
                                   : std::filesystem::path(policy).parent_path().string();
    const auto deadline = Clock::now() + kPatience;
    const auto head = git(folder.empty() ? "." : folder, {"log", "-1", "--format=%H%n%G?%n%GS"}, deadline);
    if (!head || line_of(*head, 0).empty()) return std::nullopt;
    const auto changes = git(folder.empty() ? "." : folder, {"status", "--porcelain", "--", "."}, deadline);
    if (!changes) return std::nullopt;
    json::Value out;
    out.set("commit", line_of(*head, 0));
    out.set("signature", line_of(*head, 1));
    if (const std::string signer = line_of(*head, 2); !signer.empty()) out.set("signer", signer);
    if (!changes->empty()) out.set("changed", true);
    return out;
}

}  // namespace rollcall::cli
