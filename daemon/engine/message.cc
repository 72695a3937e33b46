#include "daemon/engine/message.h"

#include <sys/eventfd.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace rollcall::engine {

Message::Message() = default;
Message::~Message() = default;
Message::Message(const Message&) = default;
Message& Message::operator=(const Message&) = default;
Message::Message(Message&&) noexcept = default;
Message& Message::operator=(Message&&) noexcept = default;

Mailbox::Mailbox() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0) {
        std::perror("eventfd");
        std::abort();
    }
}

Mailbox::~Mailbox() {
    close(fd_);
}

void Mailbox::wake() const {
    const std::uint64_t one = 1;
    // EAGAIN means the counter is full: the engine is awake already.
    while (write(fd_, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void Mailbox::put(Message message) {
    {
        const std::lock_guard lock(mutex_);
        messages_.push_back(std::move(message));
    }
    wake();
}

bool Mailbox::offer(Command command) {
    {
        const std::lock_guard lock(mutex_);
        if (commands_ >= kMostCommands) return false;
        ++commands_;
        messages_.emplace_back(std::move(command));
    }
    wake();
    return true;
}

std::vector<Message> Mailbox::take() {
    std::uint64_t count = 0;
    while (read(fd_, &count, sizeof count) < 0 && errno == EINTR) {
    }
    const std::lock_guard lock(mutex_);
    commands_ = 0;
    return std::exchange(messages_, {});
}

}  // namespace rollcall::engine
