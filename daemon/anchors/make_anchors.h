// make_anchors: the anchors that rollcall.yaml names, each with what it needs of its own. They hold no
// reference to anything of the caller's. Any thread.
#pragma once

#include <functional>

#include "bridges/matrix/access.h"
#include "daemon/audit/anchoring.h"
#include "schema/config_file.h"

namespace rollcall::anchors {

// `access`: as the bot; asked for only where a room is among them. Its Error ends this.
[[nodiscard]] Result<audit::Anchors> make_anchors(const schema::Config& config,
                                                  const std::function<Result<matrix::Access>()>& access);

}  // namespace rollcall::anchors
