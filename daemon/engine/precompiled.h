// What the engine and what stands on it include, compiled once for the whole of a debug build (see
// policy/precompiled.h).
#include "daemon/engine/engine.h"
#include "policy/precompiled.h"
