#include "bridges/directory/cutoff.h"

#include <sys/socket.h>

namespace rollcall::directory {

bool Cutoff::attach(int socket) {
    const std::lock_guard lock(mutex_);
    socket_ = socket;
    return !cut_;
}

void Cutoff::detach() {
    const std::lock_guard lock(mutex_);
    socket_ = -1;
}

void Cutoff::cut() {
    const std::lock_guard lock(mutex_);
    cut_ = true;
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

bool Cutoff::is_cut() const {
    const std::lock_guard lock(mutex_);
    return cut_;
}

}  // namespace rollcall::directory
