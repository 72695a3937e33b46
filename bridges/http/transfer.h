// Transfer: one request on its way through libcurl, and what became of it.
//
// Owned by Client and used on its thread; made on the sender's. Private to this folder.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "bridges/http/client.h"
#include "bridges/http/curl.h"

namespace rollcall::http {

class Transfer {
  public:
    Transfer(Request request, Completion done);

    // Sets the handle up. Empty, or why this request cannot be sent at all. `sent` is counted up when it
    // leaves.
    [[nodiscard]] std::string prepare(const ClientOptions& options, std::atomic<std::uint64_t>& sent);
    [[nodiscard]] CURL* handle() const { return handle_.get(); }
    [[nodiscard]] bool waiting() const { return !left_; }  // nothing of it has left
    [[nodiscard]] Duration remaining() const;              // until the deadline

    // Each calls the completion; exactly one of them is called, once.
    void finish(CURLcode code);
    void refuse(std::string why);
    void cancel();

  private:
    [[nodiscard]] std::string fault() const;
    void set_request();
    void set_connection(const ClientOptions& options);
    void set_callbacks();
    [[nodiscard]] Failure failure_of(CURLcode code) const;
    [[nodiscard]] std::optional<Time> date() const;
    [[nodiscard]] bool same_machine() const;

    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_read(char* into, std::size_t size, std::size_t count, void* self);
    static int on_seek(void* self, curl_off_t offset, int origin);
    static int on_send(void* self, char* ip, char* local_ip, int port, int local_port);

    Request request_;
    Completion done_;
    const std::chrono::steady_clock::time_point due_;
    EasyHandle handle_;
    HeaderLines lines_;
    std::array<char, CURL_ERROR_SIZE> error_{};
    std::atomic<std::uint64_t>* counter_ = nullptr;
    std::size_t read_ = 0;  // bytes of the body that libcurl has taken
    bool left_ = false;     // the request was begun on a connection
    bool overflowed_ = false;
    std::string body_;
};

}  // namespace rollcall::http
