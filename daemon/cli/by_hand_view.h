// Of status: what people change by hand again and again, and the daemon puts back. Pure.
#pragma once

#include <string>

#include "daemon/cli/render.h"
#include "schema/json.h"

namespace rollcall::cli {

[[nodiscard]] std::size_t changed_again(const json::Value& status);  // how many of these there are
[[nodiscard]] std::string changed_again_section(const json::Value& status, const std::string& zone,
                                                const Look& look);

}  // namespace rollcall::cli
