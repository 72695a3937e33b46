// What most tests include, compiled once a test program.
#include <gtest/gtest.h>

#include "policy/base/precompiled.h"
