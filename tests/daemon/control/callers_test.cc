// daemon/control/callers: nobody's connections are in anybody else's way.
#include <gtest/gtest.h>
#include <vector>

#include "daemon/control/callers.h"

namespace rollcall::control {
namespace {

using Entry = Callers::Entry;

class CallersTest : public testing::Test {
  protected:
    static constexpr uid_t kOwn = 500, kAnna = 1001, kBen = 1002, kCara = 1003;

    Callers::Caller* enter(uid_t uid, bool busy = false) {
        EXPECT_EQ(callers.make_room(uid), Entry::let_in);
        Callers::Caller* caller = callers.enter(uid, next_++);
        caller->busy = busy;
        return caller;
    }

    std::vector<int> put_out;
    Callers callers{kOwn, {.of_one = 3, .of_all = 5}, [this](int fd) { put_out.push_back(fd); }};

  private:
    int next_ = 1;
};

TEST_F(CallersTest, WhoeverLeavesConnectionsOpenLosesTheirOwnOldest) {
    enter(kBen);                               // 1
    for (int i = 0; i < 5; ++i) enter(kAnna);  // 2 … 6
    EXPECT_EQ(put_out, (std::vector{2, 3}));
}

TEST_F(CallersTest, WhatWaitsForAnAnswerIsNeverPutOut) {
    for (int i = 0; i < 3; ++i) enter(kAnna, true);
    EXPECT_EQ(callers.make_room(kAnna), Entry::enough_of_one);
    enter(kBen);
    EXPECT_TRUE(put_out.empty());
}

TEST_F(CallersTest, ThereIsRoomAgainOnceSomebodyHasLeft) {
    Callers::Caller* const first = enter(kAnna, true);
    enter(kAnna, true);
    enter(kAnna, true);
    EXPECT_EQ(callers.make_room(kAnna), Entry::enough_of_one);
    callers.leave(first);
    EXPECT_EQ(callers.make_room(kAnna), Entry::let_in);
}

TEST_F(CallersTest, OfAllTogetherWhoeverHasTheMostMakesWay) {
    for (int i = 0; i < 2; ++i) enter(kBen);   // 1, 2
    for (int i = 0; i < 3; ++i) enter(kAnna);  // 3, 4, 5
    enter(kCara);
    EXPECT_EQ(put_out, std::vector{3});
}

TEST_F(CallersTest, RootAndTheDaemonsOwnUserHaveRoomOfTheirOwn) {
    for (int i = 0; i < 3; ++i) enter(kAnna, true);
    for (int i = 0; i < 2; ++i) enter(kBen, true);
    EXPECT_EQ(callers.make_room(kCara), Entry::enough_of_all);
    for (const uid_t uid : {uid_t{0}, kOwn}) {
        for (int i = 0; i < 3; ++i) enter(uid, true);
        EXPECT_EQ(callers.make_room(uid), Entry::enough_of_one);
    }
    EXPECT_TRUE(put_out.empty());
}

TEST_F(CallersTest, OneOfEachMaySendALargeRequest) {
    Callers::Caller* const first = enter(kAnna);
    Callers::Caller* const second = enter(kAnna);
    Callers::Caller* const other = enter(kBen);
    EXPECT_TRUE(callers.may_be_large(*first));
    EXPECT_TRUE(callers.may_be_large(*first)) << "it goes on";
    EXPECT_FALSE(callers.may_be_large(*second));
    EXPECT_TRUE(callers.may_be_large(*other));
    first->large = false;
    EXPECT_TRUE(callers.may_be_large(*second));
}

}  // namespace
}  // namespace rollcall::control
