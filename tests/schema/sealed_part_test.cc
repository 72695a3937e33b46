// schema/sealed_part: what was sealed is read again under its key and in its place alone.
#include "schema/sealed_part.h"

#include <gtest/gtest.h>

namespace rollcall::schema {
namespace {

constexpr PersonKey kAda{1}, kBob{2};
const PersonalPart kPart{Party::subject, R"({"user":"@ada:x"})"};

TEST(SealedPart, IsReadAgain) {
    const std::string sealed = seal_part(kAda, 7, kPart);
    EXPECT_EQ(sealed.find("ada"), std::string::npos);
    const auto open = open_part(kAda, 7, Party::subject, sealed);
    ASSERT_TRUE(open) << open.error().text();
    EXPECT_EQ(*open, kPart);
    EXPECT_EQ(seal_part(kAda, 7, kPart), sealed) << "the same, however often it is written";
}

TEST(SealedPart, IsOfOneKeyAndOneEntry) {
    const std::string sealed = seal_part(kAda, 7, kPart);
    EXPECT_FALSE(open_part(kBob, 7, Party::subject, sealed));
    EXPECT_FALSE(open_part(kAda, 8, Party::subject, sealed));
    EXPECT_FALSE(open_part(kAda, 7, Party::subject, ""));
    EXPECT_FALSE(open_part(kAda, 7, Party::subject, sealed.substr(1)));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        const auto open = open_part(kAda, 7, Party::subject, changed);
        ASSERT_FALSE(open) << i;
        EXPECT_EQ(open.error().kind, ErrorKind::io);
    }
}

// A nonce that served for two texts would show what they differ in.
TEST(SealedPart, HasANonceOfItsOwn) {
    const auto nonce = [](const PersonalPart& part) { return seal_part(kAda, 7, part).substr(0, 24); };
    EXPECT_NE(nonce(kPart), nonce({Party::caller, kPart.text}));
    EXPECT_NE(nonce(kPart), nonce({Party::subject, R"({"user":"@ada:y"})"}));
    EXPECT_EQ(open_part(kAda, 7, Party::subject, seal_part(kAda, 7, {Party::subject, ""}))->text, "");
}

}  // namespace
}  // namespace rollcall::schema
