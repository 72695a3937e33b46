#include "daemon/cli/check_folders.h"

#include <fmt/format.h>
#include <filesystem>

namespace rollcall::cli {
namespace {

namespace fs = std::filesystem;

// What stands at that path, or first above it; "" where nothing can be seen.
fs::path nearest(fs::path path) {
    std::error_code ignored;
    for (; !path.empty(); path = path.parent_path()) {
        if (fs::exists(fs::status(path, ignored))) return path;
        if (path == path.root_path()) break;
    }
    return {};
}

Diagnostic wrong(const fs::path& at, std::string message, std::string suggestion) {
    return {Position{at.string(), 0, 0}, std::move(message), std::move(suggestion), Severity::error};
}

// `key`: of rollcall.yaml, which names it.
void look(const fs::path& folder, const char* key, bool makes_parents, Diagnostics& out) {
    const fs::path there = nearest(folder);
    std::error_code ignored;
    if (there.empty()) return;
    if (!fs::is_directory(there, ignored)) {
        out.push_back(wrong(there, "is not a folder",
                            fmt::format("take it away, or write another folder for {}", key)));
    } else if (!makes_parents && there != folder && there != folder.parent_path()) {
        // Who may not look into a folder does not know what is in it.
        fs::directory_iterator look_into(there, ignored);
        if (ignored) return;
        out.push_back(wrong(
            folder, fmt::format("{}, in which it is to be made, is not there", folder.parent_path().string()),
            fmt::format("make that folder, or write another one for {}", key)));
    }
}

}  // namespace

Diagnostics look_at_folders(const schema::Config& config) {
    Diagnostics out;
    const fs::path state = fs::path(config.state).lexically_normal(),
                   log = fs::path(config.audit.folder).lexically_normal(),
                   socket = fs::path(config.control.socket).lexically_normal().parent_path();
    look(state.has_filename() ? state : state.parent_path(), "state", false, out);
    // What is wrong with the state folder is said of that alone.
    if (log.lexically_relative(state).string().starts_with("..")) look(log, "audit.folder", true, out);
    look(socket, "control.socket", true, out);
    std::error_code ignored;
    const fs::file_status there = fs::symlink_status(config.control.socket, ignored);
    if (fs::exists(there) && !fs::is_socket(there))
        out.push_back(wrong(config.control.socket, "is to be the control socket, and is something else",
                            "write another path for control.socket"));
    return out;
}

}  // namespace rollcall::cli
