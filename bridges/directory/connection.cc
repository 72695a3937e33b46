#include "bridges/directory/connection.h"

#include <fmt/format.h>
#include <array>
#include <string_view>
#include <utility>

#include "bridges/directory/tls.h"

namespace rollcall::directory {
namespace {

struct Reason {
    std::string_view code;  // as it stands in the diagnostic text: "data 52e,"
    std::string_view text;
};
// Win32 codes that a domain controller puts behind result 49; Samba does likewise.
constexpr std::array<Reason, 8> kReasons{{{"data 525,", "no such account"},
                                          {"data 52e,", "wrong user or password"},
                                          {"data 530,", "not allowed to sign in at this time"},
                                          {"data 532,", "the password has expired"},
                                          {"data 533,", "the account is disabled"},
                                          {"data 701,", "the account has expired"},
                                          {"data 773,", "the password must be changed first"},
                                          {"data 775,", "the account is locked out"}}};

std::string_view bind_reason(std::string_view diagnostic) {
    for (const Reason& reason : kReasons)
        if (diagnostic.find(reason.code) != std::string_view::npos) return reason.text;
    return "wrong user or password";
}

timeval to_timeval(std::chrono::milliseconds wait) {
    return {wait.count() / 1000, static_cast<suseconds_t>(wait.count() % 1000 * 1000)};
}

ErrorKind kind_of(int code) {
    switch (code) {
        case LDAP_INVALID_CREDENTIALS:
        case LDAP_STRONG_AUTH_REQUIRED:
        case LDAP_INAPPROPRIATE_AUTH:
            return ErrorKind::denied;
        case LDAP_SERVER_DOWN:
        case LDAP_CONNECT_ERROR:
        case LDAP_TIMEOUT:
        case LDAP_BUSY:
        case LDAP_UNAVAILABLE:
            return ErrorKind::unavailable;
        case LDAP_NO_SUCH_OBJECT:
            return ErrorKind::not_found;
        case LDAP_SIZELIMIT_EXCEEDED:
        case LDAP_ADMINLIMIT_EXCEEDED:
        case LDAP_TIMELIMIT_EXCEEDED:
            return ErrorKind::limit;
        default:
            return ErrorKind::io;
    }
}

}  // namespace

policy::DirectoryHealth health_of(const Error& error) {
    switch (error.kind) {
        case ErrorKind::unavailable:
            return policy::DirectoryHealth::unreachable;
        case ErrorKind::denied:
            return policy::DirectoryHealth::wrong_credentials;
        case ErrorKind::refused:
            return policy::DirectoryHealth::untrusted_certificate;
        default:
            return policy::DirectoryHealth::incomplete;
    }
}

Connection::Connection(Connection&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      url_(std::move(other.url_)),
      limits_(other.limits_),
      end_(other.end_),
      cutoff_(other.cutoff_) {}

Connection::~Connection() {
    if (handle_ == nullptr) return;
    cutoff_->detach();
    ldap_unbind_ext_s(handle_, nullptr, nullptr);
}

Result<Connection> Connection::open(const Settings& settings, Cutoff& cutoff) {
    // An empty password would be an anonymous bind, which succeeds and then sees nothing (RFC 4513 5.1.2).
    if (settings.user.empty() || settings.password.empty())
        return fail(ErrorKind::denied, "the bind user or its password is empty",
                    "set bind.user and bind.password_file");
    const auto handle = open_tls(settings, cutoff);
    if (!handle) return pass(handle);
    Connection connection(*handle, settings, cutoff);
    if (const auto bound = connection.bind(settings); !bound) return pass(bound);
    return connection;
}

Status Connection::bind(const Settings& settings) const {
    std::string password = settings.password;
    berval credentials{password.size(), password.data()};
    int id = 0;
    const int sent =
        ldap_sasl_bind(handle_, settings.user.c_str(), LDAP_SASL_SIMPLE, &credentials, nullptr, nullptr, &id);
    if (sent != LDAP_SUCCESS) return tl::unexpected<Error>(error(sent, "sign in", {}));
    const auto message = next(id, limits_.connect);
    if (!message) return pass(message);
    if (*message == nullptr) return tl::unexpected<Error>(error(LDAP_TIMEOUT, "sign in", {}));
    int code = LDAP_OTHER;
    char* diagnostic = nullptr;
    const int parsed = ldap_parse_result(handle_, message->get(), &code, nullptr, &diagnostic, nullptr,
                                         nullptr, /*freeit=*/0);
    const std::unique_ptr<char, decltype(&ldap_memfree)> text(diagnostic, &ldap_memfree);
    if (parsed != LDAP_SUCCESS) return tl::unexpected<Error>(error(parsed, "sign in", {}));
    if (code == LDAP_SUCCESS) return {};
    if (code == LDAP_INVALID_CREDENTIALS)
        return fail(
            ErrorKind::denied,
            fmt::format("{} does not accept {}: {}", url_, settings.user,
                        bind_reason(text ? text.get() : "")),
            "check bind.user and bind.password_file, and the account in the directory; a running daemon "
            "has the password that was there at its start: restart it then");
    return tl::unexpected<Error>(error(code, "sign in", text ? text.get() : ""));
}

Result<Message> Connection::next(int id, std::chrono::milliseconds wait) const {
    timeval limit = to_timeval(wait);
    LDAPMessage* raw = nullptr;
    const int type = ldap_result(handle_, id, LDAP_MSG_ONE, &limit, &raw);
    Message message(raw, &ldap_msgfree);
    if (type < 0) return fail(ErrorKind::unavailable, fmt::format("the connection to {} was lost", url_));
    return message;
}

Error Connection::error(int code, const std::string& doing, const std::string& diagnostic) const {
    std::string message = fmt::format("{} could not {}: {}", url_, doing, ldap_err2string(code));
    if (!diagnostic.empty()) message += fmt::format(" ({})", diagnostic);
    return Error{kind_of(code), std::move(message), {}};
}

}  // namespace rollcall::directory
