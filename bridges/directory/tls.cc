#include "bridges/directory/tls.h"

#include <fmt/format.h>
#include <unistd.h>
#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>

#include "bridges/directory/certificate.h"
#include "bridges/directory/dial.h"
#include "bridges/directory/now.h"

// Exported by libldap 2.5 and used by SSSD, but declared only in OpenLDAP's own headers (openldap.h).
extern "C" int ldap_init_fd(ber_socket_t fd, int proto, const char* url, LDAP** handle);

namespace rollcall::directory {
namespace {

constexpr int kProtoTcp = 1;  // LDAP_PROTO_TCP of ldap_pvt.h
constexpr int kLdapsPort = 636;
const char* const kPemForm = "ca_file is in PEM form: -----BEGIN CERTIFICATE-----";

using Url = std::unique_ptr<LDAPURLDesc, decltype(&ldap_free_urldesc)>;

Result<Url> parse_url(const std::string& text) {
    LDAPURLDesc* raw = nullptr;
    const int code = ldap_url_parse(text.c_str(), &raw);
    Url url(raw, &ldap_free_urldesc);
    if (code != LDAP_URL_SUCCESS || std::string_view(url->lud_scheme) != "ldaps" ||
        url->lud_host == nullptr || *url->lud_host == '\0')
        return fail(ErrorKind::invalid_input, fmt::format("'{}' is not a server", text),
                    "write ldaps://dc1.corp.example.com");
    return url;
}

Result<std::string> authorities_file(const Settings& settings) {
    if (!settings.ca_file.empty()) return settings.ca_file;
    for (const std::string& file : settings.system_authorities)
        if (::access(file.c_str(), R_OK) == 0) return file;
    return fail(ErrorKind::invalid_input, "this system has no certificate authorities that can be read",
                "install ca-certificates, or write ca_file");
}

// libldap takes a file without a certificate for an empty list of authorities and then says only "connect
// error".
Status check_authorities(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in)
        return fail(ErrorKind::invalid_input, fmt::format("cannot open ca_file {}", file),
                    "it holds the certificate of the authority that signed the domain controller's");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
        return fail(ErrorKind::invalid_input, fmt::format("{} holds no certificate", file), kPemForm);
    return {};
}

// Process-wide matters. libldap's first use fills tables, which two threads must not do at once. And it
// writes to sockets that the other side, or a Cutoff, may have closed: unless the program has its own way
// with SIGPIPE, that would end it.
void initialize_once() {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction present {};
        if (::sigaction(SIGPIPE, nullptr, &present) == 0 && present.sa_handler == SIG_DFL)
            (void)::signal(SIGPIPE, SIG_IGN);
        LDAPAPIInfo info{};
        info.ldapai_info_version = LDAP_API_INFO_VERSION;
        if (ldap_get_option(nullptr, LDAP_OPT_API_INFO, &info) != LDAP_OPT_SUCCESS) return;
        ldap_memfree(info.ldapai_vendor_name);
        ber_memvfree(reinterpret_cast<void**>(info.ldapai_extensions));
    });
}

bool set_options(LDAP* handle, const Settings& settings, const std::string& authorities, int demand) {
    const int version = LDAP_VERSION3;
    const int never = LDAP_DEREF_NEVER;
    const int none = 0;
    const int tls12 = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
    const int client = 0;
    const timeval connect{settings.limits.connect.count(), 0};
    ber_len_t largest = settings.limits.message_bytes;
    Sockbuf* buffer = nullptr;
    if (ldap_get_option(handle, LDAP_OPT_SOCKBUF, &buffer) == LDAP_OPT_SUCCESS && buffer != nullptr)
        ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &largest);
    const auto set = [handle](int option, const void* value) {
        return ldap_set_option(handle, option, value) == LDAP_OPT_SUCCESS;
    };
    return set(LDAP_OPT_PROTOCOL_VERSION, &version) && set(LDAP_OPT_REFERRALS, LDAP_OPT_OFF) &&
           set(LDAP_OPT_RESTART, LDAP_OPT_ON) && set(LDAP_OPT_DEREF, &never) &&
           set(LDAP_OPT_SIZELIMIT, &none) && set(LDAP_OPT_TIMELIMIT, &none) &&
           set(LDAP_OPT_NETWORK_TIMEOUT, &connect) && set(LDAP_OPT_X_TLS_CACERTDIR, nullptr) &&
           set(LDAP_OPT_X_TLS_CACERTFILE, authorities.c_str()) && set(LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) &&
           set(LDAP_OPT_X_TLS_PROTOCOL_MIN, &tls12) && set(LDAP_OPT_X_TLS_NEWCTX, &client);
}

// Without LDAP_OPT_CONNECT_ASYNC libldap 2.5 spins on a silent server, at full load and for ever, network
// timeout or not (ldap_int_tls_start waits only in that mode). The option's own fault (ITS#10023) is in the
// connect, which is done.
int handshake(LDAP* handle) {
    ldap_set_option(handle, LDAP_OPT_CONNECT_ASYNC, LDAP_OPT_ON);
    const int code = ldap_install_tls(handle);
    ldap_set_option(handle, LDAP_OPT_CONNECT_ASYNC, LDAP_OPT_OFF);
    return code;
}

void end(LDAP* handle, Cutoff& cutoff) {
    cutoff.detach();
    ldap_unbind_ext_s(handle, nullptr, nullptr);
}

// Whom to reach, and whom to believe.
struct Aim {
    const Settings& settings;
    const LDAPURLDesc& url;
    std::string authorities;  // file
};

// One attempt; LDAP_SUCCESS in `code` means that the session stands.
Result<LDAP*> attempt(const Aim& aim, Cutoff& cutoff, int demand, int& code) {
    const auto& [settings, url, authorities] = aim;
    auto socket =
        dial(url.lud_host, url.lud_port > 0 ? url.lud_port : kLdapsPort, settings.limits.connect, cutoff);
    if (!socket) return pass(socket);
    LDAP* handle = nullptr;
    if (ldap_init_fd(socket->fd(), kProtoTcp, settings.url.c_str(), &handle) != LDAP_SUCCESS) {
        cutoff.detach();
        return fail(ErrorKind::io, "cannot make an LDAP handle");
    }
    (void)socket->release();  // the handle closes it
    if (!set_options(handle, settings, authorities, demand)) {
        end(handle, cutoff);
        return fail(ErrorKind::invalid_input, fmt::format("{} holds no usable certificate", authorities),
                    kPemForm);
    }
    code = handshake(handle);
    return handle;
}

// Of the certificate that the server of this session has shown.
std::optional<Validity> shown_validity(LDAP* handle) {
    berval der{};
    if (ldap_get_option(handle, LDAP_OPT_X_TLS_PEERCERT, &der) != LDAP_OPT_SUCCESS || der.bv_val == nullptr)
        return std::nullopt;
    const std::unique_ptr<char, decltype(&ldap_memfree)> owned(der.bv_val, &ldap_memfree);
    return validity_of({der.bv_val, der.bv_len});
}

// Says why a handshake failed. libldap over GnuTLS answers "connect error" to a bad certificate and to a
// broken line alike, so the handshake is made once more without the check: if that works, the certificate was
// the reason. Nothing is sent over that session.
Error explain(const Aim& aim, Cutoff& cutoff) {
    const auto& [settings, url, authorities] = aim;
    int code = LDAP_OTHER;
    const auto probe = attempt(aim, cutoff, LDAP_OPT_X_TLS_NEVER, code);
    if (!probe) return probe.error();
    const std::optional<Validity> validity = code == LDAP_SUCCESS ? shown_validity(*probe) : std::nullopt;
    end(*probe, cutoff);
    if (code == LDAP_SUCCESS) return not_believed(settings.url, url.lud_host, authorities, validity, now());
    return Error{ErrorKind::unavailable, fmt::format("no TLS session with {}", settings.url),
                 "check that the port speaks LDAPS"};
}

}  // namespace

Result<LDAP*> open_tls(const Settings& settings, Cutoff& cutoff) {
    initialize_once();
    const auto url = parse_url(settings.url);
    if (!url) return pass(url);
    auto authorities = authorities_file(settings);
    if (!authorities) return pass(authorities);
    if (const auto usable = check_authorities(*authorities); !usable) return pass(usable);
    const Aim aim{settings, **url, std::move(*authorities)};
    int code = LDAP_OTHER;
    auto handle = attempt(aim, cutoff, LDAP_OPT_X_TLS_DEMAND, code);
    if (!handle || code == LDAP_SUCCESS) return handle;
    end(*handle, cutoff);
    if (code == LDAP_TIMEOUT)
        return fail(ErrorKind::unavailable,
                    fmt::format("{} takes connections and does not answer", settings.url),
                    "is that the port of LDAPS (636), and is it overloaded?");
    return tl::unexpected<Error>(explain(aim, cutoff));
}

}  // namespace rollcall::directory
