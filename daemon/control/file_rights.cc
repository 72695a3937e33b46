#include "daemon/control/file_rights.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "daemon/control/unix_account.h"

namespace rollcall::control {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // as the kernel has it

// Every folder and link that is looked at when the path is opened, and what it leads to, outermost first.
std::vector<std::string> on_the_way(const std::string& path) {
    std::vector<std::string> out;
    std::error_code error;
    fs::path rest = fs::absolute(path, error).lexically_normal(), done = "/";
    std::vector<fs::path> parts(rest.begin(), rest.end());
    out.emplace_back("/");
    int links = 0;
    for (std::size_t i = 1; i < parts.size(); ++i) {
        if (parts[i].empty()) continue;
        const fs::path here = (done / parts[i]).lexically_normal();
        out.push_back(here.string());
        if (fs::is_symlink(here, error) && ++links <= kMostLinks) {
            fs::path target = fs::read_symlink(here, error);
            if (target.is_relative()) target = done / target;
            for (std::size_t j = i + 1; j < parts.size(); ++j) target /= parts[j];
            target = target.lexically_normal();
            parts.assign(target.begin(), target.end());
            done = "/";
            i = 0;
            continue;
        }
        done = here;
    }
    return out;
}

std::string owner_of(uid_t uid) {
    const std::string login = unix_login(uid);
    return login.empty() ? fmt::format("uid {}", uid) : login;
}

std::string group_of(gid_t gid) {
    const std::string name = unix_group_name(gid);
    return name.empty() ? fmt::format("gid {}", gid) : name;
}

}  // namespace

void look_at_rights(const std::string& path, const std::string& what, const Ours& ours, Diagnostics& out) {
    bool keeps = true;  // the folder above keeps what is in it from others
    for (const std::string& here : on_the_way(path)) {
        struct stat about {};
        if (lstat(here.c_str(), &about) != 0) return;
        const bool own = about.st_uid == 0 || ours.users.contains(about.st_uid);
        const bool link = S_ISLNK(about.st_mode);
        const bool group = !link && (about.st_mode & S_IWGRP) != 0 && about.st_gid != 0 &&
                           !ours.groups.contains(about.st_gid);
        const bool sticky = S_ISDIR(about.st_mode) && (about.st_mode & S_ISVTX) != 0;
        const std::string leads = here == path ? what : fmt::format("{} ({})", what, path);
        if (!keeps && !own) {
            out.push_back({Position{here, 0, 0},
                           fmt::format("belongs to {}, in a folder where others can make files, and {} is "
                                       "reached through it",
                                       owner_of(about.st_uid), leads),
                           "move it to a folder of its own", Severity::error});
            return;
        }
        if (!link && (about.st_mode & S_IWOTH) != 0 && !sticky) {
            out.push_back({Position{here, 0, 0},
                           fmt::format("anybody on this machine can write here, and so replace {}", leads),
                           fmt::format("run: chmod o-w {}", here), Severity::error});
            return;
        }
        if (!own) {
            out.push_back({Position{here, 0, 0},
                           fmt::format("belongs to {}, who can replace {}", owner_of(about.st_uid), leads),
                           fmt::format("run: chown root {}", here), Severity::warning});
            return;
        }
        if (group && !sticky) {
            out.push_back({Position{here, 0, 0},
                           fmt::format("the group {} can write here, and so whoever is in it can replace {}",
                                       group_of(about.st_gid), leads),
                           fmt::format("run: chmod g-w {}", here), Severity::warning});
            return;
        }
        keeps = !sticky || ((about.st_mode & S_IWOTH) == 0 && !group);
    }
}

Diagnostics look_at_rights(const schema::Config& config, const std::string& config_path) {
    std::vector<std::pair<std::string, std::string>> paths{
        {config_path, "the configuration"},
        {config.policy, "the policy"},
        {config.appservice.registrations, "the registrations"},
        {config.appservice.registrations + "/rollcall.yaml", "the registration"},
        {config.appservice.registrations + "/rollcall-mask.yaml", "the mask registration"},
        {config.state, "the state folder"},
        {config.audit.folder, "the audit log"},
        {config.audit.key_file, "the key of the audit log"},
        {fs::path(config.control.socket).parent_path().string(), "the folder of the control socket"}};
    for (const schema::DirectoryConfig& directory : config.directories) {
        paths.emplace_back(directory.password_file, "the password of the directory");
        paths.emplace_back(directory.ca_file, "the certificates by which the directory is known");
    }
    if (config.audit.collector)
        paths.emplace_back(config.audit.collector->ca_file,
                           "the certificates by which the collector is known");
    struct stat state {};
    Ours ours{{geteuid()}, {getegid()}};
    if (stat(config.state.c_str(), &state) == 0) {
        ours.users.insert(state.st_uid);
        if (const auto group = unix_group(state.st_uid)) ours.groups.insert(*group);
    }
    Diagnostics out;
    std::set<std::string> said;  // one folder is one finding, whatever lies in it
    for (const auto& [path, what] : paths) {
        Diagnostics found;
        if (!path.empty()) look_at_rights(path, what, ours, found);
        for (Diagnostic& one : found)
            if (said.insert(one.at.text()).second) out.push_back(std::move(one));
    }
    return out;
}

}  // namespace rollcall::control
