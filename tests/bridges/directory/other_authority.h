// A certificate authority that signed nothing which is used anywhere; its key is gone.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace rollcall::directory {

inline constexpr const char* kOtherAuthority = R"(-----BEGIN CERTIFICATE-----
MIIBdjCCARugAwIBAgIUbzH6CrY3uyqF56rcM5MjZAVBWvcwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFT3RoZXIwHhcNMjYxMTIyMDI1MDA2WhcNMjYxMjAyMDI1MDA2
WjAQMQ4wDAYDVQQDDAVPdGhlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABI54
rC/qx1QDwxhXt8Ps5B5nZXaviRp2JqakEX/HAa03FW93ENYyC0TQKNqodt92nYND
2MXywGuSC6v3cvxtgwSjUzBRMB0GA1UdDgQWBBTQhm+eRJQ5DMf6aMFItfl0cHLw
mjAfBgNVHSMEGDAWgBTQhm+eRJQ5DMf6aMFItfl0cHLwmjAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0kAMEYCIQCy8Xaj9oCRX2S7nWJtt19Al8Muh/bB073o
ig4yNfmPpgIhALw0GXFHpUuOLFXiU7kt/uoEfC0yWU7nuLwSIuEUuWRd
-----END CERTIFICATE-----
)";

// The path of a file that holds it.
inline std::string other_authority() {
    std::string path = testing::TempDir() + "rollcall_other_authority.pem";
    std::ofstream(path) << kOtherAuthority;
    return path;
}

}  // namespace rollcall::directory
