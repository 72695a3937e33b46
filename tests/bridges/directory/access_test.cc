// bridges/directory/access: descriptors built byte by byte, and what each lets a reader see.
#include "bridges/directory/access.h"

#include <gtest/gtest.h>

#include "tests/bridges/directory/number.h"

namespace rollcall::directory {
namespace {

constexpr std::uint32_t kRead = 0x10;
constexpr std::uint32_t kWrite = 0x20;
constexpr std::uint8_t kAllow = 0, kDeny = 1, kAllowObject = 5, kDenyObject = 6, kAllowCallback = 9;
constexpr std::uint8_t kInheritOnly = 8;

std::string sid(std::uint32_t rid) {
    std::string out("\x01\x02\0\0\0\0\0\x05\x20\0\0\0", 12);
    out += number(rid, 4);
    return out;
}

std::string bytes_of(const Guid& guid) {
    return {reinterpret_cast<const char*>(guid.bytes.data()), 16};
}

std::string ace(std::uint8_t type, std::uint32_t mask, const std::string& who, const Guid* object = nullptr,
                std::uint8_t flags = 0, bool inherited_type = false) {
    std::string body;
    body += number(mask, 4);
    if (type == kAllowObject || type == kDenyObject) {
        body += number((object != nullptr ? 1U : 0U) | (inherited_type ? 2U : 0U), 4);
        if (object != nullptr) body += bytes_of(*object);
        if (inherited_type) body += std::string(16, 'i');
    }
    body += who;
    std::string out;
    out += number(type, 1);
    out += number(flags, 1);
    out += number(static_cast<std::uint32_t>(body.size() + 4), 2);
    return out + body;
}

std::string descriptor(const std::vector<std::string>& aces) {
    std::string list;
    for (const auto& each : aces) list += each;
    std::string out;
    out += number(1, 2);
    out += number(0x8004, 2);
    for (int i = 0; i < 3; ++i) out += number(0, 4);
    out += number(20, 4);
    out += number(4, 2);
    out += number(static_cast<std::uint32_t>(list.size() + 8), 2);
    out += number(static_cast<std::uint32_t>(aces.size()), 4);
    return out + list;
}

const std::string kMe = sid(1109);
const std::string kGroup = sid(513);
const std::string kOther = sid(512);
const Guid kMember = member_property().attribute;
const Guid kMembership = member_property().set;
const Guid kDifferent = *Guid::from_text("00112233-4455-6677-8899-aabbccddeeff");

TEST(Access, TheFirstEntryThatDecidesDecides) {
    struct Case {
        const char* what;
        std::vector<std::string> aces;
        Access expected;
    };
    const Case cases[] = {
        {"nobody is let in", {}, Access::no},
        {"by a group", {ace(kAllow, kRead, kGroup)}, Access::yes},
        {"somebody else only", {ace(kAllow, kRead, kOther)}, Access::no},
        {"another right", {ace(kAllow, kWrite, kMe)}, Access::no},
        {"generic read", {ace(kAllow, 0x80000000, kMe)}, Access::yes},
        {"denied before allowed", {ace(kDeny, kRead, kMe), ace(kAllow, kRead, kGroup)}, Access::no},
        {"allowed before denied", {ace(kAllow, kRead, kGroup), ace(kDeny, kRead, kMe)}, Access::yes},
        {"the attribute denied",
         {ace(kDenyObject, kRead, kMe, &kMember), ace(kAllow, kRead, kGroup)},
         Access::no},
        {"its set denied",
         {ace(kDenyObject, kRead, kMe, &kMembership), ace(kAllow, kRead, kGroup)},
         Access::no},
        {"another attribute denied",
         {ace(kDenyObject, kRead, kMe, &kDifferent), ace(kAllow, kRead, kGroup)},
         Access::yes},
        {"all attributes denied by an object entry",
         {ace(kDenyObject, kRead, kMe), ace(kAllow, kRead, kGroup)},
         Access::no},
        {"only the attribute allowed", {ace(kAllowObject, kRead, kMe, &kMember)}, Access::yes},
        {"only another attribute allowed", {ace(kAllowObject, kRead, kMe, &kDifferent)}, Access::no},
        {"for those below only",
         {ace(kDeny, kRead, kMe, nullptr, kInheritOnly), ace(kAllow, kRead, kMe)},
         Access::yes},
        {"with an inherited type",
         {ace(kDenyObject, kRead, kMe, &kMember, 0, true), ace(kAllow, kRead, kMe)},
         Access::no},
        {"on a condition", {ace(kAllowCallback, kRead, kMe), ace(kAllow, kRead, kMe)}, Access::unknown},
    };
    for (const auto& c : cases)
        EXPECT_EQ(may_read(descriptor(c.aces), {kMe, kGroup}, member_property()), c.expected) << c.what;
}

// searchFlags 0x80 (MS-ADTS 3.1.1.4.4): to read it takes the right to control access (0x100) as well.
TEST(Access, AConfidentialAttributeTakesAnotherRightToo) {
    constexpr std::uint32_t kControl = 0x100, kAll = 0x10000000;
    Property secret = member_property();
    secret.confidential = true;
    const auto reads = [&](const std::vector<std::string>& aces) {
        return may_read(descriptor(aces), {kMe}, secret);
    };
    EXPECT_EQ(reads({ace(kAllow, kRead, kMe)}), Access::no);
    EXPECT_EQ(reads({ace(kAllow, kControl, kMe)}), Access::no);
    EXPECT_EQ(reads({ace(kAllow, kRead, kMe), ace(kAllowObject, kControl, kMe, &kMember)}), Access::yes);
    EXPECT_EQ(reads({ace(kAllow, kAll, kMe)}), Access::yes);
    EXPECT_EQ(reads({ace(kDenyObject, kControl, kMe, &kMember), ace(kAllow, kAll, kMe)}), Access::no);
}

TEST(Access, WhatIsCutShortIsUnknown) {
    const auto whole = descriptor({ace(kDenyObject, kRead, kOther, &kMember), ace(kAllow, kRead, kMe)});
    EXPECT_EQ(may_read(whole, {kMe}, member_property()), Access::yes);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_EQ(may_read(whole.substr(0, size), {kMe}, member_property()), Access::unknown) << size;
    EXPECT_EQ(may_read(whole, {}, member_property()), Access::unknown) << "not told who we are";
}

// Any byte may be anything: no read outside, no crash (the sanitizers judge).
TEST(Access, SurvivesEveryByteChanged) {
    const auto whole = descriptor({ace(kDenyObject, kRead, kOther, &kMember), ace(kAllow, kRead, kMe)});
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (const char value : {'\0', '\x01', '\x7f', '\xff'}) {
            auto changed = whole;
            changed[at] = value;
            (void)may_read(changed, {kMe}, member_property());
        }
}

}  // namespace
}  // namespace rollcall::directory
