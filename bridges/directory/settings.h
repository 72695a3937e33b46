// What one directory connection needs to know, and the limits that it keeps. Values only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "policy/base/time.h"
#include "policy/directory.h"

namespace rollcall::directory {

// Ceilings on what a server can make us hold. Passing one is an Error (ErrorKind::limit), never a shorter
// answer.
struct Limits {
    std::size_t entries = 2'000'000;          // of one search
    std::size_t value_bytes = 1U << 20U;      // of one attribute value
    std::size_t message_bytes = 256U << 20U;  // of one LDAP message: a group with a million members is 160 MB
    std::chrono::seconds connect{5};          // TCP, TLS and the bind, each
    std::chrono::seconds operation{30};       // silence within one operation
    std::size_t read_bytes = 4ULL << 30U;     // of the values of one search
    std::chrono::seconds changes{600};        // for everything that changed, read once
    std::chrono::seconds whole{7'200};        // for a complete read
};

// Between two tries. A wrong password is tried rarely, because that locks accounts out.
struct Pauses {
    std::chrono::milliseconds first{1'000};
    std::chrono::milliseconds longest{30'000};
    std::chrono::milliseconds refused_first{60'000};
    std::chrono::milliseconds refused_longest{600'000};
    std::chrono::milliseconds read_again{
        60'000};  // a complete read that somebody hopes for, after the last one
};

// What policy wants to know besides the fixed attributes. Changes when a policy is applied.
struct Wanted {
    std::vector<std::string> attributes;  // of people; any case
    std::vector<policy::Canary> canaries;
};

// Debian, Fedora, openSUSE, Alpine. libldap has no default of its own, and ldap.conf's must not matter here.
inline const std::vector<std::string> kSystemAuthorities{"/etc/ssl/certs/ca-certificates.crt",
                                                         "/etc/pki/tls/certs/ca-bundle.crt",
                                                         "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

struct Settings {
    std::string name;      // in rollcall.yaml: "corp"
    std::string url;       // ldaps://dc1.corp.example.com[:636]
    std::string base;      // the domain's naming context: DC=corp,DC=example,DC=com
    std::string user;      // user principal name or distinguished name
    std::string password;  // read by the caller; in no error and no log
    std::string ca_file;   // PEM; the only authorities that are believed; "": the system's
    // Where systems keep theirs; the first one that there is counts.
    std::vector<std::string> system_authorities = kSystemAuthorities;
    Wanted wanted;
    Duration verify_every = std::chrono::minutes{15};  // a complete read besides the live changes
    Limits limits{};
    Pauses pauses{};
};

// Where a reader of changes stands: good only for that server and that incarnation of its database.
struct Cursor {
    std::string server;         // the URL
    std::string invocation_id;  // MS-ADTS 3.1.1.1.9: changes when the database is restored from a backup
    std::uint64_t usn = 0;      // everything up to here is known
};

}  // namespace rollcall::directory
