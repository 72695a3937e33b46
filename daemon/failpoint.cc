#include "daemon/failpoint.h"

#ifndef ROLLCALL_FAILPOINTS

namespace rollcall {
void failpoint(std::string_view) {}
}  // namespace rollcall

#else

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

namespace rollcall {
namespace {

struct Armed {
    std::string name;
    long left = 1;     // times until it dies
    std::string file;  // not before this is there
};

Armed from_environment() {
    const char* text = std::getenv("ROLLCALL_FAILPOINT");
    if (text == nullptr) return {};
    Armed armed{text};
    if (const std::size_t at = armed.name.find('@'); at != std::string::npos) {
        armed.file = armed.name.substr(at + 1);
        armed.name.resize(at);
    }
    if (const std::size_t colon = armed.name.find(':'); colon != std::string::npos) {
        armed.left = std::strtol(armed.name.c_str() + colon + 1, nullptr, 10);
        armed.name.resize(colon);
    }
    return armed;
}

}  // namespace

void failpoint(std::string_view name) {
    static Armed armed = from_environment();
    if (armed.name != name || (!armed.file.empty() && ::access(armed.file.c_str(), F_OK) != 0)) return;
    if (--armed.left == 0) static_cast<void>(std::raise(SIGKILL));
}

}  // namespace rollcall

#endif
