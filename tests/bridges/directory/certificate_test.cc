// A certificate that is not taken: what it is about is said as far as the certificate tells.
#include "bridges/directory/certificate.h"

#include <gtest/gtest.h>

#include <array>

#include "bridges/directory/connection.h"
#include "tests/bridges/directory/controller.h"
#include "tests/bridges/directory/other_authority.h"

namespace rollcall::directory {
namespace {

std::string der_of(std::string_view pem) {
    std::string out;
    std::uint32_t bits = 0;
    int have = 0;
    pem = pem.substr(pem.find('\n'));
    for (const char c : pem.substr(0, pem.find("-----END"))) {
        constexpr std::string_view kDigits =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const std::size_t digit = kDigits.find(c);
        if (digit == std::string_view::npos) continue;
        bits = bits << 6U | static_cast<std::uint32_t>(digit);
        if ((have += 6) < 8) continue;
        out += static_cast<char>(bits >> static_cast<unsigned>(have -= 8) & 0xffU);
    }
    return out;
}

TEST(Certificate, SaysWhenItIsValid) {
    const std::optional<Validity> read = validity_of(der_of(kOtherAuthority));
    ASSERT_TRUE(read);
    EXPECT_EQ(to_rfc3339(read->from), "2026-11-22T02:50:06.000Z");
    EXPECT_EQ(to_rfc3339(read->until), "2026-12-02T02:50:06.000Z");
}

TEST(Certificate, SaysNothingWhereItCannotBeRead) {
    const std::string whole = der_of(kOtherAuthority);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(validity_of(std::string_view(whole).substr(0, size))) << size;
    for (std::size_t at = 0; at < 120; ++at)  // whatever it says then, it says without reading elsewhere
        for (const char other : {'\x00', '\x17', '\x7f', '\x80', '\x84', '\xff'}) {
            std::string spoilt = whole;
            spoilt[at] = other;
            static_cast<void>(validity_of(spoilt));
        }
}

TEST(Certificate, OneThatIsNotValidYetIsAQuestionToTheClock) {
    const Validity validity{*parse_rfc3339("2026-11-22T02:50:06Z"), *parse_rfc3339("2026-12-02T02:50:06Z")};
    const auto said = [&](const char* now) {
        return not_believed("ldaps://dc1", "dc1", "/etc/ca.pem", validity, *parse_rfc3339(now)).text();
    };
    const std::string before = said("2025-11-22T00:00:00Z"), meanwhile = said("2026-11-30T00:00:00Z"),
                      after = said("2027-01-01T00:00:00Z");
    EXPECT_TRUE(
        before.starts_with("this machine's clock says 2025-11-22T00:00:00.000Z, and the certificate of "
                           "ldaps://dc1 is valid from 2026-11-22T02:50:06.000Z on"))
        << before;
    EXPECT_NE(before.find("set this machine's clock if it is wrong"), std::string::npos) << before;
    EXPECT_TRUE(
        meanwhile.starts_with("the certificate of ldaps://dc1 is not signed by an authority in "
                              "/etc/ca.pem, or does not name dc1"))
        << meanwhile;
    EXPECT_TRUE(
        after.starts_with("the certificate of ldaps://dc1 has ended at 2026-12-02T02:50:06.000Z, and "
                          "this machine's clock says 2027-01-01T00:00:00.000Z"))
        << after;
}

// Over the wire: one port, and two certificates by the address that is asked.
TEST(Certificate, OfAServerIsReadWhereItIsNotTaken) {
    Controller controller;
    controller.start(DATED_CONTROLLER);
    const auto refused = [&](const char* host, const std::string& authorities = {}) {
        Settings settings = controller.settings();
        settings.url.replace(settings.url.find("127.0.0.1"), 9, host);
        if (!authorities.empty()) settings.ca_file = authorities;
        Cutoff cutoff;
        const auto connection = Connection::open(settings, cutoff);
        EXPECT_FALSE(connection);
        if (connection) return std::string();
        EXPECT_EQ(connection.error().kind, ErrorKind::refused);
        return connection.error().text();
    };
    EXPECT_NE(refused("127.0.0.1").find("is valid from 2099-01-01T00:00:00.000Z on"), std::string::npos)
        << refused("127.0.0.1");
    EXPECT_NE(refused("127.0.0.2").find("has ended at 2001-01-02T00:00:00.000Z"), std::string::npos)
        << refused("127.0.0.2");
    EXPECT_NE(refused("127.0.0.3", other_authority()).find("is not signed by an authority in"),
              std::string::npos)
        << refused("127.0.0.3", other_authority());
    controller.stop();
}

}  // namespace
}  // namespace rollcall::directory
