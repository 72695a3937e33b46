// Connection: one bound LDAP handle over TLS, the certificate always checked. The only file pair that owns an
// LDAP*.
//
// Kinds of its errors are what the callers act on (see health_of):
//   unavailable   no TCP, no TLS, no answer in time, or the server says busy: try again
//   refused       the certificate is not one that ca_file vouches for, or does not name the host
//   denied        the server does not accept user and password (RFC 4511 result 49)
//   anything else the server said no to this operation: what was being read is incomplete
// ldap.conf and LDAP* variables do not weaken any of this: every option that matters is set on the handle,
// TLS ones before LDAP_OPT_X_TLS_NEWCTX, or libldap ignores them (ldap_set_option(3)). Owned by one thread.
// The first one sets SIGPIPE to be ignored, unless the program handles it.
#pragma once

#include <ldap.h>
#include <chrono>
#include <memory>
#include <string>

#include "bridges/directory/cutoff.h"
#include "bridges/directory/settings.h"
#include "policy/base/result.h"
#include "policy/directory.h"

namespace rollcall::directory {

// One LDAP message of a response.
using Message = std::unique_ptr<LDAPMessage, decltype(&ldap_msgfree)>;

class Connection {
  public:
    // TCP, TLS, simple bind. Everything that waits ends when `cutoff` is cut; it must outlive the connection.
    [[nodiscard]] static Result<Connection> open(const Settings& settings, Cutoff& cutoff);
    Connection(Connection&& other) noexcept;
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    [[nodiscard]] LDAP* handle() const { return handle_; }
    [[nodiscard]] const Limits& limits() const { return limits_; }
    [[nodiscard]] const std::string& url() const { return url_; }
    // From now on everything that is read must have come within this time, however lively the server is.
    void must_end_within(std::chrono::seconds limit) { end_ = std::chrono::steady_clock::now() + limit; }
    [[nodiscard]] bool is_late() const { return std::chrono::steady_clock::now() > end_; }

    // The next message of operation `id`; null when none came within `wait`. A lost connection is an Error.
    [[nodiscard]] Result<Message> next(int id, std::chrono::milliseconds wait) const;
    // An LDAP result code as an Error that says what was being done.
    [[nodiscard]] Error error(int code, const std::string& doing, const std::string& diagnostic) const;

  private:
    Connection(LDAP* handle, const Settings& settings, Cutoff& cutoff)
        : handle_(handle), url_(settings.url), limits_(settings.limits), cutoff_(&cutoff) {
        must_end_within(limits_.changes);
    }
    [[nodiscard]] Status bind(const Settings& settings) const;

    LDAP* handle_;
    std::string url_;
    Limits limits_;
    std::chrono::steady_clock::time_point end_;
    Cutoff* cutoff_;
};

[[nodiscard]] policy::DirectoryHealth health_of(const Error& error);

}  // namespace rollcall::directory
