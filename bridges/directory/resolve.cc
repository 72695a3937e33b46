#include "bridges/directory/resolve.h"

#include <fmt/format.h>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace rollcall::directory {
namespace {

constexpr std::chrono::milliseconds kLookForAnswer{20};

// Shared by who asks and who waits; whoever is last frees it.
struct Question {
    std::string host, port;
    LookUp look_up;
    std::mutex mutex;
    std::condition_variable answered;
    bool done = false;                              // protected by mutex
    int code = EAI_AGAIN;                           // protected by mutex
    Addresses addresses{nullptr, &::freeaddrinfo};  // protected by mutex
};

void ask(const std::shared_ptr<Question>& question) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int code = question->look_up(question->host.c_str(), question->port.c_str(), &hints, &list);
    const std::lock_guard lock(question->mutex);
    question->code = code;
    if (code == 0) question->addresses.reset(list);
    question->done = true;
    question->answered.notify_all();
}

}  // namespace

Result<Addresses> resolve(const std::string& host, int port, std::chrono::milliseconds limit,
                          const std::function<bool()>& given_up, const LookUp& look_up) {
    const auto question = std::make_shared<Question>();
    question->host = host;
    question->port = std::to_string(port);
    question->look_up = look_up;
    std::thread([question] { ask(question); }).detach();
    const auto end = std::chrono::steady_clock::now() + limit;
    std::unique_lock lock(question->mutex);
    while (!question->done && std::chrono::steady_clock::now() < end && !given_up())
        question->answered.wait_for(lock, kLookForAnswer);
    if (question->done && question->code == 0) return std::move(question->addresses);
    const char* why = question->done ? ::gai_strerror(question->code) : "the name server does not answer";
    return fail(ErrorKind::unavailable, fmt::format("cannot resolve {}: {}", host, why),
                "check `servers` and the name server");
}

}  // namespace rollcall::directory
