#include "daemon/failpoint.h"

#ifndef ROLLCALL_FAILPOINTS

namespace rollcall {
void failpoint(std::string_view) {}
}  // namespace rollcall

#else

#include <csignal>
#include <cstdlib>
#include <string>

namespace rollcall {
namespace {

struct Armed {
    std::string name;
    long left = 1;  // times until it dies
};

Armed from_environment() {
    const char* text = std::getenv("ROLLCALL_FAILPOINT");
    if (text == nullptr) return {};
    Armed armed{text, 1};
    if (const std::size_t colon = armed.name.find(':'); colon != std::string::npos) {
        armed.left = std::strtol(armed.name.c_str() + colon + 1, nullptr, 10);
        armed.name.resize(colon);
    }
    return armed;
}

}  // namespace

void failpoint(std::string_view name) {
    static Armed armed = from_environment();
    if (armed.name == name && --armed.left == 0) static_cast<void>(std::raise(SIGKILL));
}

}  // namespace rollcall

#endif
