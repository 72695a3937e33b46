// What a ping has shown, in words: one cause, and one remedy, in the file that is wrong.
#include "bridges/matrix/ping.h"

#include <gtest/gtest.h>

namespace rollcall::matrix {
namespace {

Outcome refusal(const std::string& code) {
    Outcome outcome;
    outcome.kind = Outcome::Kind::refused;
    outcome.errcode = code;
    outcome.text = code + ": no";
    return outcome;
}

const WayToUs kAgree{"http://127.0.0.1:9009", "http://127.0.0.1:9009"};
const WayToUs kDiffer{"http://127.0.0.1:9009", "http://127.0.0.1:9019"};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// Nobody can see which address the homeserver tried: its copy of the file may say another one.
TEST(Ping, WhereOurOwnFilesAgreeTheyAreNotToBeMended) {
    for (const char* code : {"M_CONNECTION_FAILED", "M_CONNECTION_TIMEOUT", "M_BAD_STATUS"}) {
        const std::string said = ping_trouble(refusal(code), kAgree);
        EXPECT_TRUE(has(said, "http://127.0.0.1:9009 (appservice.url)")) << said;
        EXPECT_TRUE(has(said, "give the homeserver this file, for its copy may be another or an older one"))
            << said;
        EXPECT_FALSE(has(said, "mend")) << said;
        EXPECT_FALSE(has(said, "write")) << said;
        EXPECT_FALSE(has(said, "reached http")) << said;
    }
    EXPECT_TRUE(has(ping_elsewhere(kAgree), "give the homeserver this file")) << ping_elsewhere(kAgree);
    EXPECT_TRUE(has(ping_trouble(refusal("M_URL_NOT_SET"), kAgree), "the homeserver's copy of"));
}

TEST(Ping, WhereOurOwnFilesDifferThatIsSaid) {
    for (const char* code : {"M_CONNECTION_FAILED", "M_CONNECTION_TIMEOUT", "M_BAD_STATUS"}) {
        const std::string said = ping_trouble(refusal(code), kDiffer);
        EXPECT_TRUE(has(said, "registrations/rollcall.yaml says http://127.0.0.1:9019: write one address"))
            << said;
        EXPECT_FALSE(has(said, "may be another")) << said;
    }
    EXPECT_TRUE(
        has(ping_trouble(refusal("M_CONNECTION_FAILED"), {"http://127.0.0.1:9009", ""}), "says no url"));
    EXPECT_TRUE(
        has(ping_trouble(refusal("M_URL_NOT_SET"), {"http://127.0.0.1:9009", ""}), "write appservice.url"));
}

TEST(Ping, AnotherPortThanTheDaemonsOwnIsNamed) {
    const WayToUs other{"http://127.0.0.1:9008", "http://127.0.0.1:9008", "127.0.0.1:9009"};
    const std::string said = ping_trouble(refusal("M_CONNECTION_FAILED"), other);
    EXPECT_TRUE(has(said, "http://127.0.0.1:9008 (appservice.url)")) << said;
    EXPECT_TRUE(has(said, "listens on 127.0.0.1:9009 (appservice.listen)")) << said;
    EXPECT_TRUE(has(said, "told to send to port 9008, and the daemon listens on 9009: right only with"))
        << said;
    EXPECT_FALSE(has(said, "may be another")) << said;
    EXPECT_EQ(other_port({"http://127.0.0.1:9009", "http://127.0.0.1:9009", "0.0.0.0:9009"}), "");
    EXPECT_EQ(other_port({"https://rollcall.example", "https://rollcall.example", "127.0.0.1:9009"}), "")
        << "the daemon speaks no TLS: there is a proxy";
    EXPECT_NE(other_port({"http://rollcall", "http://rollcall", "127.0.0.1:9009"}), "") << "port 80";
    EXPECT_EQ(other_port({"http://127.0.0.1:9008", "http://127.0.0.1:9009", "127.0.0.1:9009"}), "")
        << "that the files differ is said instead";
}

}  // namespace
}  // namespace rollcall::matrix
