#include "daemon/control/unix_names.h"

#include <charconv>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "daemon/thread_signals.h"
#include "policy/base/text.h"

namespace rollcall::control {
namespace {

constexpr std::string_view kUnix = "unix:";

std::optional<uid_t> uid_of(std::string_view name) {
    uid_t uid = 0;
    if (!name.starts_with(kUnix)) return std::nullopt;
    const char* const end = name.data() + name.size();
    const auto [at, error] = std::from_chars(name.data() + kUnix.size(), end, uid);
    if (error != std::errc() || at != end || uid == 0) return std::nullopt;
    return uid;
}

}  // namespace

UnixNames look_up(const std::vector<std::string>& names, const LoginOf& login_of) {
    UnixNames out;
    for (const std::string& name : names) {
        const std::optional<uid_t> uid = uid_of(name);
        const std::string login = uid ? login_of(*uid) : "";
        if (!login.empty()) out.emplace(fold(login), name);
    }
    return out;
}

struct NameLookup::Shared {
    std::mutex mutex;
    bool busy = false;
    std::vector<std::string> asked;
    std::optional<UnixNames> found;
};

NameLookup::NameLookup(LoginOf login_of)
    : login_of_(std::move(login_of)), shared_(std::make_shared<Shared>()) {}

std::optional<UnixNames> NameLookup::of(const std::vector<std::string>& names) {
    if (names.empty()) return UnixNames{};
    const std::lock_guard lock(shared_->mutex);
    if (shared_->busy) return std::nullopt;
    if (shared_->found && shared_->asked == names) return std::exchange(shared_->found, std::nullopt);
    shared_->busy = true;
    shared_->asked = names;
    std::thread([shared = shared_, names, login_of = login_of_] {
        leave_signals_to_the_engine();
        UnixNames found = look_up(names, login_of);
        const std::lock_guard done(shared->mutex);
        shared->found = std::move(found);
        shared->busy = false;
    }).detach();
    return std::nullopt;
}

}  // namespace rollcall::control
