#include "bridges/http/transfer.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace rollcall::http {
namespace {

// What GnuTLS and OpenSSL, either of which is below libcurl, say of an answer that is no TLS.
bool says_no_tls(std::string_view text) {
    return text.find("unexpected TLS packet") != std::string_view::npos ||
           text.find("wrong version number") != std::string_view::npos;
}

}  // namespace

using std::chrono::steady_clock;

Transfer::Transfer(Request request, Completion done)
    : request_(std::move(request)), done_(std::move(done)), due_(steady_clock::now() + request_.deadline) {}

std::string Transfer::fault() const {
    if (!request_.url.starts_with("http://") && !request_.url.starts_with("https://"))
        return "the URL is neither http nor https";
    if (!is_field_value(request_.url) || request_.url.find(' ') != std::string::npos)
        return "the URL holds a blank or a control character";
    if (!is_token(request_.method)) return "the method is no HTTP token";
    for (const auto& [name, value] : request_.headers)
        if (!is_token(name) || !is_field_value(value)) return "header " + name + " holds a control character";
    if (remaining() <= Duration::zero()) return "the deadline has passed";
    return {};
}

Duration Transfer::remaining() const {
    return std::chrono::duration_cast<Duration>(due_ - steady_clock::now());
}

std::string Transfer::prepare(const ClientOptions& options, std::atomic<std::uint64_t>& sent) {
    if (std::string why = fault(); !why.empty()) return why;
    handle_.reset(curl_easy_init());
    if (!handle_) return "out of memory";
    counter_ = &sent;
    set_request();
    set_connection(options);
    set_callbacks();
    return {};
}

void Transfer::set_request() {
    CURL* const curl = handle_.get();
    curl_easy_setopt(curl, CURLOPT_URL, request_.url.c_str());
    // As given: libcurl would otherwise take out what looks like dot segments, and with them parts of room
    // IDs.
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    if (request_.method == "HEAD") {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (!request_.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        lines_.add("Expect:");  // no pause before the body
    } else if (request_.method == "POST" || request_.method == "PUT") {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{0});
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    lines_.add("Accept:");
    for (const auto& [name, value] : request_.headers)
        lines_.add(value.empty() ? name + ";" : name + ": " + value);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines_.get());
}

void Transfer::set_connection(const ClientOptions& options) {
    CURL* const curl = handle_.get();
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, 30L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, 10L);
    // Servers close idle connections after about a minute; one that is nearly that old is not worth the risk.
    curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, 30L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max(remaining(), Duration{1}).count()));
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options.ca_file.empty()) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
        curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);  // instead of the system's, not besides
    }
}

void Transfer::set_callbacks() {
    CURL* const curl = handle_.get();
    curl_easy_setopt(curl, CURLOPT_PRIVATE, static_cast<void*>(this));
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_.data());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, static_cast<void*>(this));
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, &Transfer::on_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, static_cast<void*>(this));
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, static_cast<void*>(this));
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, &Transfer::on_send);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, static_cast<void*>(this));
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::size_t bytes = size * count;
    if (bytes > transfer.request_.max_response_bytes - transfer.body_.size()) {
        transfer.overflowed_ = true;
        return 0;
    }
    transfer.body_.append(data, bytes);
    return bytes;
}

std::size_t Transfer::on_read(char* into, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::size_t bytes = std::min(size * count, transfer.request_.body.size() - transfer.read_);
    std::memcpy(into, transfer.request_.body.data() + transfer.read_, bytes);
    transfer.read_ += bytes;
    return bytes;
}

// Only a resend asks to go back; once any of the body has left, there is none.
int Transfer::on_seek(void* self, curl_off_t offset, int origin) {
    const auto& transfer = *static_cast<Transfer*>(self);
    const bool nothing_left = transfer.read_ == 0 && offset == 0 && origin == SEEK_SET;
    return nothing_left ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

int Transfer::on_send(void* self, char*, char*, int, int) {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.left_ = true;
    transfer.counter_->fetch_add(1, std::memory_order_relaxed);
    return CURL_PREREQFUNC_OK;
}

Failure Transfer::failure_of(CURLcode code) const {
    switch (code) {
        case CURLE_OK:
            return Failure::none;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_USE_SSL_FAILED:
            if (!left_) return Failure::tls;
            break;
        case CURLE_OPERATION_TIMEDOUT:
            if (left_) return Failure::timeout;
            break;
        default:
            break;
    }
    if (overflowed_) return Failure::too_large;
    return left_ ? Failure::torn : Failure::unreachable;
}

std::optional<Time> Transfer::date() const {
    curl_header* header = nullptr;
    if (curl_easy_header(handle_.get(), "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return std::nullopt;
    const std::time_t date = curl_getdate(header->value, nullptr);
    if (date < 0) return std::nullopt;
    return Time{std::chrono::seconds{date}};
}

// A connection from an address to itself, or to one of those that never leave a machine (RFC 1122, 3.2.1.3;
// RFC 4291, 2.5.3).
bool Transfer::same_machine() const {
    const char* there = nullptr;
    const char* here = nullptr;
    curl_easy_getinfo(handle_.get(), CURLINFO_PRIMARY_IP, &there);
    curl_easy_getinfo(handle_.get(), CURLINFO_LOCAL_IP, &here);
    if (there == nullptr || here == nullptr) return false;
    const std::string_view address = there;
    return address == here || address.starts_with("127.") || address == "::1" ||
           address.starts_with("::ffff:127.");
}

void Transfer::finish(CURLcode code) {
    Response response;
    response.failure = failure_of(code);
    if (response.failure == Failure::none || response.failure == Failure::too_large) {
        long status = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
        curl_off_t seconds = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_RETRY_AFTER, &seconds);
        response.status = static_cast<int>(status);
        response.date = date();
        response.same_machine = same_machine();
        if (seconds > 0) response.retry_after = std::chrono::seconds{seconds};
    }
    if (response.failure == Failure::none) {
        response.body = std::move(body_);
    } else if (overflowed_) {
        response.text = "the answer is larger than allowed";
    } else {
        response.text = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
        if (response.failure == Failure::tls && says_no_tls(response.text))
            response.text += "; nothing speaks TLS there: http:// is meant, or another port";
    }
    done_(std::move(response));
}

void Transfer::refuse(std::string why) {
    Response response;
    response.failure = Failure::unreachable;
    response.text = std::move(why);
    done_(std::move(response));
}

void Transfer::cancel() {
    Response response;
    response.failure = left_ ? Failure::torn : Failure::unreachable;
    response.text = "shutting down";
    done_(std::move(response));
}

}  // namespace rollcall::http
