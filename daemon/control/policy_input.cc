#include "daemon/control/policy_input.h"

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>
#include <utility>

#include "daemon/thread_signals.h"

namespace rollcall::control {
namespace {

constexpr std::size_t kLongestName = 4096;

// As the version of a policy counts them: without their folders.
bool usable_name(const std::string& name) {
    return !name.empty() && name.size() <= kLongestName && std::none_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    }) && !std::filesystem::path(name).filename().empty();
}

}  // namespace

Diagnostics told(const PolicyInput& input, Diagnostics diagnostics) {
    if (!input.quoted)
        for (Diagnostic& one : diagnostics) {
            one.message =
                one.severity == Severity::error ? "there is an error here" : "there is a warning here";
            one.suggestion = "whoever may read this file is told what it is";
        }
    return diagnostics;
}

FolderReader::FolderReader(Read read, Duration patience)
    : read_(std::move(read)), patience_(patience), shared_(std::make_shared<Shared>()) {}

Result<PolicyTexts> FolderReader::read() const {
    std::unique_lock lock(shared_->mutex);
    const auto until = std::chrono::steady_clock::now() + patience_;
    const auto late = [&] {
        return fail(ErrorKind::unavailable,
                    "the policy files cannot be read: the file system that they are on does not answer",
                    "see whether the folder of `policy:` in rollcall.yaml can be listed");
    };
    if (!shared_->changed.wait_until(lock, until, [this] { return !shared_->busy; })) return late();
    shared_->busy = true;
    const std::size_t round = shared_->rounds;
    std::thread([shared = shared_, read = read_] {
        leave_signals_to_the_engine();
        Result<PolicyTexts> texts = read();
        const std::lock_guard done(shared->mutex);
        shared->last = std::move(texts);
        shared->busy = false;
        ++shared->rounds;
        shared->changed.notify_all();
    }).detach();
    if (!shared_->changed.wait_until(lock, until, [&] { return shared_->rounds > round; })) return late();
    return shared_->last;
}

Result<PolicyTexts> texts_of(const json::Value& files) {
    const json::Array* list = files.array();
    if (list == nullptr || list->empty()) return fail(ErrorKind::invalid_input, "the request names no files");
    if (list->size() > kMostPolicyFiles)
        return fail(ErrorKind::limit, fmt::format("more than {} policy files", kMostPolicyFiles));
    PolicyTexts out;
    std::set<std::string> names;
    std::size_t bytes = 0;
    for (const json::Value& file : *list) {
        std::string name = file["name"].text(), text = file["text"].text();
        if (!usable_name(name) || !names.insert(std::filesystem::path(name).filename().string()).second)
            return fail(ErrorKind::invalid_input, "the request names a file twice, or one without a name");
        bytes += text.size();
        if (text.size() > kMostPolicyFile || bytes > kMostPolicyBytes)
            return fail(ErrorKind::limit, "the policy files of the request are too large");
        out.emplace_back(std::move(name), std::move(text));
    }
    return out;
}

json::Value files_json(const PolicyTexts& texts) {
    json::Value out{json::Array{}};
    for (const auto& [name, text] : texts) {
        json::Value file;
        file.set("name", name);
        file.set("text", text);
        out.push(std::move(file));
    }
    return out;
}

}  // namespace rollcall::control
