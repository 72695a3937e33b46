#include "daemon/cli/saved_plan.h"

#include <fmt/format.h>

#include "daemon/cli/files.h"
#include "daemon/control/policy_files.h"

namespace rollcall::cli {
namespace {

constexpr std::size_t kMostPlanBytes = std::size_t{1} << 30U;
constexpr std::size_t kMostValues = 100'000'000;  // ten for each of ten million memberships

}  // namespace

Status save_plan(const std::string& path, const json::Value& plan) {
    json::Value saved;
    saved.set("version", plan["version"]);
    saved.set("hash", plan["hash"]);
    saved.set("plan", plan);
    return write_file(path, json::write_pretty(saved) + "\n", 0600, Existing::replace);
}

Result<json::Value> read_plan(const std::string& path) {
    const Result<std::string> text = control::read_text_file(path, kMostPlanBytes, true);
    if (!text) return pass(text);
    json::Limits limits;
    limits.bytes = kMostPlanBytes;
    limits.values = kMostValues;
    Result<json::Value> saved = json::parse(*text, limits);
    if (!saved || (*saved)["hash"].text().empty() || !(*saved)["plan"].is_object())
        return fail(ErrorKind::invalid_input, fmt::format("{} is no saved plan", path),
                    "make one with `rollcall plan --out FILE`");
    return saved;
}

}  // namespace rollcall::cli
