#include "bridges/http/client.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "bridges/http/curl.h"
#include "bridges/http/transfer.h"

namespace rollcall::http {
namespace {

void initialise_libcurl() {
    // Once a process, before any thread uses libcurl (curl_global_init(3)); what it holds lasts as long as
    // the process.
    [[maybe_unused]] static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    assert(done == CURLE_OK);
}

MultiHandle make_multi(const ClientOptions& options) {
    initialise_libcurl();
    MultiHandle multi(curl_multi_init());
    assert(multi);
    curl_multi_setopt(multi.get(), CURLMOPT_MAX_HOST_CONNECTIONS, options.connections_per_host);
    curl_multi_setopt(multi.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    return multi;
}

}  // namespace

// The multi handle and what is on it; touched by the client's thread alone, but for wake().
class Client::Wire {
  public:
    explicit Wire(const ClientOptions& options) : multi_(make_multi(options)) {}
    ~Wire() { assert(open_.empty()); }

    void wake() { curl_multi_wakeup(multi_.get()); }
    void wait() {
        curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(until_next_due().count()), nullptr);
    }
    void work() {
        int running = 0;
        curl_multi_perform(multi_.get(), &running);
    }
    bool add(std::unique_ptr<Transfer>& transfer) {
        if (curl_multi_add_handle(multi_.get(), transfer->handle()) != CURLM_OK) return false;
        CURL* const handle = transfer->handle();
        open_.emplace(handle, std::move(transfer));
        return true;
    }
    // The next transfer that has ended, off the multi handle, with its result; null when there is none.
    std::unique_ptr<Transfer> next_ended(CURLcode& code) {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            code = message->data.result;  // the message is gone once the handle is removed
            return remove(message->easy_handle);
        }
        return nullptr;
    }
    // libcurl forgets the time limit of a transfer that waits for one of the host's connections, so the
    // deadlines of what has not left are kept here.
    std::unique_ptr<Transfer> next_overdue() {
        for (const auto& [handle, transfer] : open_)
            if (transfer->waiting() && transfer->remaining() <= Duration::zero()) return remove(handle);
        return nullptr;
    }
    std::unique_ptr<Transfer> next_open() { return open_.empty() ? nullptr : remove(open_.begin()->first); }

  private:
    [[nodiscard]] Duration until_next_due() const {
        Duration least = std::chrono::minutes{1};
        for (const auto& [handle, transfer] : open_)
            if (transfer->waiting()) least = std::min(least, transfer->remaining() + Duration{1});
        return std::max(least, Duration::zero());
    }
    std::unique_ptr<Transfer> remove(CURL* handle) {
        curl_multi_remove_handle(multi_.get(), handle);
        auto node = open_.extract(handle);
        return std::move(node.mapped());
    }

    MultiHandle multi_;
    std::unordered_map<CURL*, std::unique_ptr<Transfer>> open_;
};

Client::Client(ClientOptions options)
    : options_(std::move(options)), wire_(std::make_unique<Wire>(options_)), thread_([this] { run(); }) {}

Client::~Client() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wire_->wake();
    thread_.join();
}

void Client::send(Request request, Completion done) {
    auto transfer = std::make_unique<Transfer>(std::move(request), std::move(done));
    {
        const std::lock_guard lock(mutex_);
        new_.push_back(std::move(transfer));
    }
    wire_->wake();
}

void Client::run() {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) break;
        }
        take_new(*wire_);
        wire_->work();
        finish_ended(*wire_);
        wire_->wait();
    }
    end_all(*wire_);
}

void Client::take_new(Wire& wire) {
    std::vector<std::unique_ptr<Transfer>> taken;
    {
        const std::lock_guard lock(mutex_);
        taken.swap(new_);
    }
    for (auto& transfer : taken) start(wire, std::move(transfer));
}

void Client::start(Wire& wire, std::unique_ptr<Transfer> transfer) {
    if (std::string why = transfer->prepare(options_, sent_); !why.empty()) {
        transfer->refuse(std::move(why));
        return;
    }
    if (!wire.add(transfer)) transfer->refuse("out of memory");
}

void Client::finish_ended(Wire& wire) {
    CURLcode code = CURLE_OK;
    while (auto transfer = wire.next_ended(code)) transfer->finish(code);
    while (auto transfer = wire.next_overdue())
        transfer->refuse("the deadline passed before it could be sent");
}

// Completions may send again; that is answered here as well, so that each is called.
void Client::end_all(Wire& wire) {
    for (;;) {
        while (auto transfer = wire.next_open()) transfer->cancel();
        std::vector<std::unique_ptr<Transfer>> taken;
        {
            const std::lock_guard lock(mutex_);
            taken.swap(new_);
        }
        if (taken.empty()) return;
        for (auto& transfer : taken) transfer->cancel();
    }
}

}  // namespace rollcall::http
