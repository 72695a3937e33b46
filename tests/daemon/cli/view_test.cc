// Every view against a golden text: what goes in is a fixture of the handler's answer, what comes out is in
// golden/. After a change that is meant: ROLLCALL_WRITE_GOLDEN=1 writes them anew; read the difference.
#include "daemon/cli/audit_answers.h"
#include "daemon/cli/audit_view.h"
#include "daemon/cli/hold_view.h"
#include "daemon/cli/people_view.h"
#include "daemon/cli/plan_view.h"
#include "daemon/cli/status_view.h"
#include "daemon/cli/text.h"
#include "daemon/cli/why_view.h"
#include "tests/daemon/cli/fakes.h"

namespace rollcall::cli {
namespace {

constexpr const char* kZone = "Europe/Amsterdam";

std::string plan_short(const json::Value& v, const Look& look) {
    return plan_view(v, kZone, look, false);
}
std::string plan_all(const json::Value& v, const Look& look) {
    return plan_view(v, kZone, look, true);
}
std::string holds_zoned(const json::Value& v, const Look& look) {
    return holds_view(v, kZone, false, look);
}
std::string holds_all(const json::Value& v, const Look& look) {
    return holds_view(v, kZone, true, look);
}
std::string why_room(const json::Value& v, const Look& look) {
    return why_view(v, true, kZone, look);
}
std::string why_person(const json::Value& v, const Look& look) {
    return why_view(v, false, kZone, look);
}
std::string status_daemon(const json::Value& v, const Look& look) {
    return status_view(v, true, kZone, look);
}
std::string status_alone(const json::Value& v, const Look& look) {
    return status_view(v, false, kZone, look);
}
std::string audit(const json::Value& v, const Look& look) {
    return audit_view(*v["entries"].array(), kZone, look);
}

// audit rotate-key, where the key is in its usual place.
std::string rotated(const json::Value& v, const Look& look) {
    return rotated_view(v, "/etc/rollcall/secrets/audit-key", look);
}

template <std::string (*kView)(const json::Value&, const std::string&, const Look&)>
std::string zoned(const json::Value& v, const Look& look) {
    return kView(v, kZone, look);
}
std::string html(const json::Value& v, const Look&) {
    return review_html(v, kZone);
}
std::string csv(const json::Value& v, const Look&) {
    return review_csv(v);
}

std::string asked_now(const json::Value& v, const Look& look) {
    return asked_view(v, false, look);
}
std::string asked_later(const json::Value& v, const Look& look) {
    return asked_view(v, true, look);
}

struct Case {
    const char* fixture;
    const char* golden;
    std::string (*view)(const json::Value&, const Look&);
    Look look;
};

constexpr Look kPipe{}, kNarrow{false, 80}, kWide{false, 120}, kWidest{false, 160}, kColour{true, 80};
const Case kCases[] = {
    {"plan_mixed", "plan_mixed.80", plan_short, kNarrow},
    {"plan_mixed", "plan_mixed.120", plan_short, kWide},
    {"plan_mixed", "plan_mixed.pipe", plan_short, kPipe},
    {"plan_mixed", "plan_mixed.colour", plan_short, kColour},
    {"plan_empty", "plan_empty.80", plan_short, kNarrow},
    {"plan_long", "plan_long.80", plan_short, kNarrow},
    {"plan_long", "plan_long.all", plan_all, kNarrow},
    {"why_member", "why_member.80", why_room, kNarrow},
    {"why_member", "why_member.120", why_room, kWide},
    {"why_mask", "why_mask.80", why_room, kNarrow},
    {"why_lost", "why_lost.80", why_room, kNarrow},
    {"why_sponsor", "why_sponsor.80", why_room, kNarrow},
    {"why_left_again", "why_left_again.80", why_room, kNarrow},
    {"plan_sponsor", "plan_sponsor.80", plan_short, kNarrow},
    {"why_lost", "why_lost_rooms.80", why_person, kNarrow},
    {"why_rooms", "why_rooms.80", why_person, kNarrow},
    {"why_rooms", "why_rooms.120", why_person, kWide},
    {"why_not_seen", "why_not_seen.80", why_room, kNarrow},
    {"why_not_seen", "why_not_seen_rooms.80", why_person, kNarrow},
    {"status_well", "status_well.80", status_daemon, kNarrow},
    {"status_well", "status_alone.80", status_alone, kNarrow},
    {"status_remark", "status_remark.80", status_daemon, kNarrow},
    {"status_trouble", "status_trouble.80", status_daemon, kNarrow},
    {"status_trouble", "status_trouble.colour", status_daemon, kColour},
    {"audit", "audit.80", audit, kNarrow},
    {"audit", "audit.colour", audit, kColour},
    {"audit", "audit.160", audit, kWidest},
    {"audit", "audit.pipe", audit, kPipe},
    {"audit_policy", "audit_policy.80", audit, kNarrow},
    {"audit_policy", "audit_policy.160", audit, kWidest},
    {"audit_policy", "audit_policy.pipe", audit, kPipe},
    {"holds", "holds.80", holds_zoned, kNarrow},
    {"holds_rejected", "holds_rejected.80", holds_zoned, kNarrow},
    {"holds_long", "holds_long.80", holds_zoned, kNarrow},
    {"holds_long", "holds_long.160", holds_zoned, kWidest},
    {"holds_long", "holds_long.all", holds_all, kNarrow},
    {"plan_rejected", "plan_rejected.80", plan_short, kNarrow},
    {"access_room", "access_room.80", zoned<access_view>, kNarrow},
    {"access_before", "access_before.80", zoned<access_view>, kNarrow},
    {"access_room", "access_room.pipe", zoned<access_view>, kPipe},
    {"access_unknown", "access_unknown.80", zoned<access_view>, kNarrow},
    {"access_person", "access_person.120", zoned<access_view>, kWide},
    {"leavers", "leavers.120", zoned<leavers_view>, kWide},
    {"leavers", "leavers.colour", zoned<leavers_view>, kColour},
    {"show", "show.80", zoned<show_view>, kNarrow},
    {"show", "show.120", zoned<show_view>, kWide},
    {"show_policy", "show_policy.80", zoned<show_view>, kNarrow},
    {"show_erased", "show_erased.80", zoned<show_view>, kNarrow},
    {"audit_erased", "audit_erased.80", audit, kNarrow},
    {"erased", "erased.80", erased_view, kNarrow},
    {"rotated", "rotated.80", rotated, kNarrow},
    {"legal_hold", "legal_hold.80", legal_hold_view, kNarrow},
    {"legal_hold_over", "legal_hold_over.80", legal_hold_view, kNarrow},
    {"status_held", "status_held.80", status_daemon, kNarrow},
    {"review", "review.80", zoned<review_view>, kNarrow},
    {"review", "review.120", zoned<review_view>, kWide},
    {"review", "review.html", html, kPipe},
    {"review_asked", "review_asked.80", zoned<review_view>, kNarrow},
    {"asked", "asked.80", asked_now, kNarrow},
    {"asked", "asked_later.80", asked_later, kNarrow},
    {"status_reviews", "status_reviews.80", status_daemon, kNarrow},
    {"review_doubts", "review_doubts.80", zoned<review_view>, kNarrow},
    {"review_doubts", "review_doubts.html", html, kPipe},
    {"access_never", "access_never.80", zoned<access_view>, kNarrow},
    {"access_never", "access_never.160", zoned<access_view>, kWidest},
    {"access_two_names", "access_two_names.80", zoned<access_view>, kNarrow},
    {"plan_leaver", "plan_leaver.80", plan_short, kNarrow},
    {"plan_leaver", "plan_leaver.160", plan_short, kWidest},
    {"access_doubts", "access_doubts.80", zoned<access_view>, kNarrow},
    {"access_person_doubts", "access_person_doubts.80", zoned<access_view>, kNarrow},
    {"plan_canaries", "plan_canaries.80", plan_short, kNarrow},
    {"status_rooms", "status_rooms.80", status_daemon, kNarrow},
    {"status_rooms", "status_rooms.160", status_daemon, kWidest},
    {"plan_policy", "plan_policy.80", plan_short, kNarrow},
    {"plan_policy", "plan_policy.160", plan_short, kWidest},
    {"plan_people", "plan_people.80", plan_short, kNarrow},
    {"plan_people", "plan_people.160", plan_short, kWidest},
    {"show_start", "show_start.80", zoned<show_view>, kNarrow},
    {"readmitted", "readmitted.80", readmitted_view, kNarrow},
    {"readmitted_invited", "readmitted_invited.80", readmitted_view, kNarrow},
    {"readmitted_outside", "readmitted_outside.80", readmitted_view, kNarrow},
};

class View : public testing::TestWithParam<Case> {};

TEST_P(View, LooksAsItShould) {
    const Case& c = GetParam();
    const std::string text = c.view(fixture(c.fixture), c.look);
    expect_golden(text, c.golden);
}

INSTANTIATE_TEST_SUITE_P(Golden, View, testing::ValuesIn(kCases));

TEST(View, WhatWasFoundToBeDoneIsNoFailure) {
    const auto red = [](const char* result) {
        json::Value v = fixture("audit");
        json::Value entry = (*v["entries"].array())[2], list{json::Array{}};
        entry.set("result", result);
        list.push(std::move(entry));
        return audit_view(*list.array(), kZone, kColour).find("\x1b[1;31m") != std::string::npos;
    };
    EXPECT_FALSE(red("done"));
    EXPECT_FALSE(red("done: found so when asked"));
    EXPECT_TRUE(red("accepted: and it is not so"));
}

TEST(View, NoControlCharacterOfAnOutsiderReachesTheTerminal) {
    for (const Case& c : kCases) {
        Look plain = c.look;
        plain.colour = false;
        const std::string text = c.view(fixture(c.fixture), plain);
        EXPECT_EQ(text.find('\x1b'), std::string::npos) << c.golden;
        EXPECT_EQ(text.find('\a'), std::string::npos) << c.golden;
        EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << c.golden;  // right-to-left override
    }
}

// A key stays whole, so that it can be copied.
TEST(View, NoLineIsWiderThanTheTerminal) {
    for (const Case& c : kCases) {
        if (c.look.width == 0) continue;
        std::istringstream lines(c.view(fixture(c.fixture), {false, c.look.width}));
        for (std::string line; std::getline(lines, line);)
            EXPECT_TRUE(display_width(line) <= c.look.width || has(line, " key  ")) << c.golden << '\n'
                                                                                    << line;
    }
}

// What is in force already has nothing to be applied before a hold can be answered.
TEST(View, AHoldOfThePolicyInForceCanBeAnsweredNow) {
    json::Value plan = fixture("plan_mixed");
    EXPECT_TRUE(has(plan_short(plan, kPipe), "Once the policy is applied: `rollcall approve ID"));
    plan.set("in_force", true);
    const std::string text = plan_short(plan, kPipe);
    EXPECT_FALSE(has(text, "Once the policy is applied")) << text;
    EXPECT_TRUE(has(text, "To answer: `rollcall approve ID --reason \"…\"`, or `reject`.")) << text;
}

TEST(View, ASpreadsheetTakesNothingInAReviewForAFormula) {
    const std::string text = csv(fixture("review"), kPipe);
    EXPECT_TRUE(text.starts_with("\xEF\xBB\xBF\"room\",")) << text;
    EXPECT_NE(text.find(R"("'=HYPERLINK(""x"")"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("apollo","Project <Apollo>","@anna:corp.example.com","anna")"), std::string::npos);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6) << "one line a member";
}

TEST(View, AReviewsPageHoldsNoMarkupOfOthers) {
    const std::string text = html(fixture("review"), kPipe);
    EXPECT_EQ(text.find("<Apollo>"), std::string::npos);
    EXPECT_NE(text.find("Project &lt;Apollo&gt;"), std::string::npos);
    for (const char* outside : {"http:", "https:", "src=", "href=", "<script", "url("})
        EXPECT_EQ(text.find(outside), std::string::npos) << outside;
}

TEST(View, PlanCountsPeopleOnceAndHoldsApart) {
    EXPECT_EQ(plan_summary(fixture("plan_mixed")),
              "Plan: 1 room to create, 4 people to add (5 memberships), 3 things to change, 3 people to "
              "remove (4 memberships), "
              "1 departed person to sign out, 1 room to let go of, 1 hold (3 "
              "actions wait)");
    EXPECT_TRUE(plan_is_empty(fixture("plan_empty")));
    EXPECT_FALSE(plan_is_empty(fixture("plan_mixed")));
}

TEST(View, PlanDifferenceNamesBothSides) {
    const std::string text = plan_difference(fixture("plan_empty"), fixture("plan_mixed"), kPipe);
    EXPECT_EQ(text.find("Only in the saved plan"), std::string::npos);
    EXPECT_NE(text.find("Only in the plan as it is now:"), std::string::npos);
    EXPECT_NE(text.find("remove @mvisser:corp.example.com from #operations"), std::string::npos);
    EXPECT_EQ(plan_difference(fixture("plan_mixed"), fixture("plan_mixed"), kPipe), "");
}

}  // namespace
}  // namespace rollcall::cli
