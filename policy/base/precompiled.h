// What most files of every folder include, compiled once a library in debug builds (meson's cpp_pch;
// `-Db_pch=false` builds without; no guard, for g++ warns of one in such a file). Every file still includes
// what it uses: the checks build without this one.

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "policy/base/diagnostic.h"
#include "policy/base/guid.h"
#include "policy/base/result.h"
