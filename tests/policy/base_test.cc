// policy/base: the pieces everything else stands on.
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "policy/base/diagnostic.h"
#include "policy/base/dn.h"
#include "policy/base/guid.h"
#include "policy/base/guid_index.h"
#include "policy/base/id.h"
#include "policy/base/result.h"
#include "policy/base/rows.h"
#include "policy/base/short_text.h"
#include "policy/base/text.h"
#include "policy/base/time.h"
#include "policy/room_state.h"

namespace rollcall {
namespace {

TEST(Duration, ReadsEveryUnitAndNothingElse) {
    EXPECT_EQ(parse_duration("30s"), std::chrono::seconds{30});
    EXPECT_EQ(parse_duration("1y"), std::chrono::hours{24 * 365});
    for (const char* bad : {"", "s", "0s", "-1s", "1", "1w", "1.5h", "101y", "99999999999999999999s", " 1s"})
        EXPECT_FALSE(parse_duration(bad)) << bad;
    for (const char* good : {"30s", "15m", "8h", "7d", "2y"})
        EXPECT_EQ(duration_text(*parse_duration(good)), good);
}

TEST(Time, RoundTripsRfc3339) {
    const auto time = parse_rfc3339("2027-02-01T00:00:00+01:00");
    ASSERT_TRUE(time);
    EXPECT_EQ(to_rfc3339(*time), "2027-01-31T23:00:00.000Z");
    EXPECT_EQ(to_rfc3339(*parse_rfc3339("2026-11-22T09:00:00.25Z")), "2026-11-22T09:00:00.250Z");
    EXPECT_EQ(parse_generalized_time("20261122090000.0Z"), parse_rfc3339("2026-11-22T09:00:00Z"));
    EXPECT_EQ(parse_generalized_time("20261122090000Z"), parse_rfc3339("2026-11-22T09:00:00Z"));
    for (const char* bad : {"", "20261122090000", "20261122090000.Z", "20261322090000.0Z",
                            "20261122090000.0+0100", "2026112209000.0Z", "20261122250000Z"})
        EXPECT_FALSE(parse_generalized_time(bad)) << bad;
    for (const char* bad : {"", "2026-11-22", "2026-13-01T00:00:00Z", "2026-11-22T09:00:00",
                            "2026-11-22T09:00:00.Z", "2026-11-22T24:00:00Z"})
        EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

TEST(Guid, KeepsTheDirectorysByteOrder) {
    const auto guid = Guid::from_text("{00112233-4455-6677-8899-AABBCCDDEEFF}");
    ASSERT_TRUE(guid);
    EXPECT_EQ(guid->bytes[0], 0x33);
    EXPECT_EQ(guid->bytes[15], 0xff);
    EXPECT_EQ(guid->text(), "00112233-4455-6677-8899-aabbccddeeff");
    EXPECT_FALSE(Guid::from_text("0011223-34455-6677-8899-AABBCCDDEEFF"));
}

TEST(Text, FoldsAsTheDirectoryCompares) {
    EXPECT_EQ(fold("ÄPFEL Straße"), fold("äpfel STRASSE"));
    EXPECT_EQ(fold("e\u0301"), fold("\u00c9"));
    EXPECT_NE(fold("a"), fold("b"));
    EXPECT_EQ(fold_dn("CN=A B , OU= Staff,DC=corp"), "cn=a b,ou=staff,dc=corp");
    EXPECT_TRUE(dn_under("cn=a,ou=x,dc=corp", "ou=x,dc=corp"));
    EXPECT_FALSE(dn_under("cn=a\\,ou=x,dc=corp", "ou=x,dc=corp"));
    EXPECT_FALSE(dn_under("cn=a,xou=x,dc=corp", "ou=x,dc=corp"));
    EXPECT_EQ(dn_parent("cn=a\\,b,ou=x,dc=corp"), "ou=x,dc=corp");
    EXPECT_EQ(dn_parent("dc=corp"), "");
    EXPECT_EQ(slug("R&D (EU) "), "r-d-eu");
    EXPECT_TRUE(glob_match("@*:partner.example.org", "@anna:partner.example.org"));
    EXPECT_TRUE(glob_match("@e?ve:partner.example.org", "@e\u202eve:partner.example.org")) << "one character";
    EXPECT_FALSE(glob_match("@e?ve:partner.example.org", "@e\u202e\u202eve:partner.example.org"));
    EXPECT_FALSE(glob_match("@*:partner.example.org", "@anna:partner.example.org.evil"));
}

TEST(Diagnostic, SaysWhereAndWhatToWriteInstead) {
    const Diagnostic d{{"policy/company.yaml", 12, 5}, "unknown key 'membrs'", "did you mean 'members'?"};
    EXPECT_EQ(d.text(), "policy/company.yaml:12:5: error: unknown key 'membrs'; did you mean 'members'?");
    EXPECT_EQ(nearest("membrs", {"owners", "members", "name"}), "members");
    EXPECT_EQ(nearest("zzz", {"owners", "members"}), "");
}

TEST(Rows, BehavesLikeAMapOfSetsWhateverTheOrder) {
    std::mt19937 random(7);
    Rows<std::uint32_t> rows;
    std::map<std::size_t, std::set<std::uint32_t>> model;
    for (int step = 0; step < 200'000; ++step) {
        const std::size_t row = random() % 300;
        const std::uint32_t value = random() % 64;
        switch (random() % 4) {
            case 0:
                EXPECT_EQ(rows.erase(row, value), model[row].erase(value) == 1);
                break;
            case 1:
                if (random() % 16 == 0) {
                    const std::vector<std::uint32_t> fresh{value, value + 1, value + 90};
                    rows.assign(row, fresh);
                    model[row] = {fresh.begin(), fresh.end()};
                }
                break;
            case 2:
                if (random() % 4096 == 0) rows.compact();
                [[fallthrough]];
            default:
                EXPECT_EQ(rows.put(row, value), model[row].insert(value).second);
        }
    }
    std::size_t total = 0;
    for (const auto& [row, values] : model) {
        const auto span = rows.row(row);
        ASSERT_TRUE(std::equal(span.begin(), span.end(), values.begin(), values.end())) << row;
        total += values.size();
    }
    EXPECT_EQ(rows.element_count(), total);
}

TEST(Text, WhatOthersChoseIsShownSafely) {
    EXPECT_EQ(tame_text("plain José 渡辺\n\t"), "plain José 渡辺\n\t");
    EXPECT_EQ(tame_line("a\nb\tc\rd"), "a b c d");
    constexpr const char* kGone = "\xEF\xBF\xBD";
    for (const std::string& wild :
         {std::string("\x07"), std::string("\0", 1), std::string("\x1b"), std::string("\x7f"),
          std::string("\xC2\x9B"), std::string("\xE2\x80\xAE"), std::string("\xE2\x81\xA6"),
          std::string("\xD8\x9C"), std::string("\xE2\x80\xA8"), std::string("\xE2\x80\x8B"),
          std::string("\xEF\xBB\xBF"), std::string("\xFF"), std::string("\xE2\x80")}) {
        EXPECT_NE(tame_text("@e" + wild + "ve:x").find(kGone), std::string::npos) << wild;
        EXPECT_NE(tame_text("@e" + wild + "ve:x"), "@eve:x") << "it is somebody else";
        EXPECT_EQ(tame_text("@e" + wild + "ve:x").find(wild), std::string::npos) << wild;
    }
}

TEST(Interner, GivesEveryTextItsIdForEver) {
    Interner<UserId> names;
    EXPECT_FALSE(names.find("nobody").valid());
    for (int round = 0; round < 2; ++round)
        for (std::size_t i = 0; i < 5000; ++i) ASSERT_EQ(names.intern("name" + std::to_string(i)), UserId(i));
    EXPECT_EQ(names.size(), 5000U);
    EXPECT_EQ(names.find("name4711"), UserId(std::size_t{4711}));
    EXPECT_EQ(names.text(UserId(std::size_t{17})), "name17");
    EXPECT_FALSE(names.find("nobody").valid());
}

TEST(Rows, KeepsWhatItHoldsWhenHolesAreClosed) {
    Rows<std::uint32_t> rows;
    for (std::uint32_t i = 0; i < 40; ++i)
        for (std::uint32_t r = 0; r < 1000; ++r) rows.put((r * 7) % 1000, i * 1000 + r);
    for (const bool compacted : {false, true}) {
        if (compacted) rows.compact();
        for (std::uint32_t r = 0; r < 1000; ++r) {
            ASSERT_EQ(rows.row((r * 7) % 1000).size(), 40U);
            for (std::uint32_t i = 0; i < 40; ++i) ASSERT_EQ(rows.row((r * 7) % 1000)[i], i * 1000 + r);
        }
    }
    const Rows<std::uint32_t> copy = rows;
    rows.put(7, 2);
    EXPECT_EQ(copy.row(7).size() + 1, rows.row(7).size());
}

TEST(ShortText, HoldsTextsOfAnyLength) {
    for (const std::size_t length : {0U, 1U, 14U, 15U, 16U, 126U, 127U, 128U, 5000U}) {
        const std::string text(length, 'x');
        ShortText held(text);
        EXPECT_EQ(held, text);
        ShortText copy = held;
        const ShortText moved = std::move(held);
        copy = ShortText("another text, and one of some length");
        EXPECT_EQ(moved.view(), text);
        EXPECT_EQ(copy.text(), "another text, and one of some length");
        copy = moved;
        EXPECT_EQ(copy, moved);
        EXPECT_EQ(copy.empty(), length == 0);
    }
}

TEST(Dn, SharesTheContainerAndKeepsTheText) {
    DnPool pool;
    for (const char* text :
         {"", "CN=Anna", "CN=Anna,OU=Sales,DC=corp", R"(CN=Bakker\, Anna,OU=Sales,DC=corp)",
          R"(CN=ends with a backslash\,)", ",DC=corp"})
        EXPECT_EQ(pool.dn(text).text(), text);
}

TEST(GuidIndex, FindsEveryObject) {
    struct Object {
        Guid guid;
    };
    std::vector<Object> objects;
    GuidIndex<PersonId, Object> index;
    const auto guid = [](std::uint32_t i) {
        Guid made;
        made.bytes = {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8U), 1};
        return made;
    };
    EXPECT_FALSE(index.find(objects, guid(0)).valid());
    for (std::uint32_t i = 0; i < 3000; ++i) {
        objects.push_back({guid(i)});
        ASSERT_TRUE(index.add(objects, PersonId(std::size_t{i})));
    }
    for (std::uint32_t i = 0; i < 3000; ++i)
        ASSERT_EQ(index.find(objects, guid(i)), PersonId(std::size_t{i}));
    EXPECT_FALSE(index.find(objects, guid(3000)).valid());
    objects.push_back({guid(7)});
    EXPECT_FALSE(index.add(objects, PersonId(std::size_t{3000})));
}

TEST(HeldEvents, IsAMap) {
    policy::HeldEvents events;
    std::map<std::string, std::string> model;
    std::mt19937 random(3);
    const std::string slots[] = {
        "1|", "2|", "3|", "10|", "9|!child", "9|!other|", std::string(300, 's') + "|"};
    for (int i = 0; i < 3000; ++i) {
        const std::string& slot = slots[random() % std::size(slots)];
        const std::string event = "$" + std::string(random() % 300, 'e') + std::to_string(random() % 10);
        if (random() % 5 == 0)
            events.erase(slot), model.erase(slot);
        else
            events.set(slot, event), model[slot] = event;
        std::map<std::string, std::string> held;
        events.each([&](std::string_view at, std::string_view what) { held.emplace(at, what); });
        ASSERT_EQ(held, model);
        ASSERT_EQ(events.find(slot), model.contains(slot) ? std::string_view(model.at(slot)) : "");
    }
}

TEST(RoomParts, GivesEqualPartsOneObject) {
    policy::RoomParts parts;
    policy::RoomState first, second;
    for (policy::RoomState* state : {&first, &second}) {
        policy::PowerLevels levels;
        levels.users["@owner" + std::to_string(state == &first) + ":x"] = 50;
        state->set_power(levels);
        state->join_rules = policy::JoinRules{"invite", {}};
        parts.share(*state);
    }
    EXPECT_EQ(&*first.power, &*second.power);
    EXPECT_EQ(&*first.join_rules, &*second.join_rules);
    EXPECT_EQ(first.power_levels().users.at("@owner1:x"), 50);
    EXPECT_EQ(second.power_levels().users.at("@owner0:x"), 50);
    second.join_rules = policy::JoinRules{"public", {}};
    EXPECT_EQ(first.join_rules->rule, "invite");
}

TEST(Result, CarriesMessageAndHint) {
    const Result<int> failed = fail(ErrorKind::io, "cannot open x", "create it");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().text(), "cannot open x; create it");
}

}  // namespace
}  // namespace rollcall
