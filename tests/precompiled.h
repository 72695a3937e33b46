// What most tests include, compiled once for the whole of a debug build (see policy/precompiled.h).
#include <gtest/gtest.h>

#include "policy/precompiled.h"
