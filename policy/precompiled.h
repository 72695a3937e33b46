// What most files include, compiled once for the whole of a debug build (see meson.build; no guard, for g++
// warns of one in such a file). Every file still includes what it uses: all other kinds of build do without
// this one.

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "policy/base/diagnostic.h"
#include "policy/base/guid.h"
#include "policy/base/result.h"
