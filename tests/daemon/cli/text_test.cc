#include "daemon/cli/text.h"

#include <gtest/gtest.h>

#include "daemon/cli/render.h"
#include "daemon/cli/times.h"

namespace rollcall::cli {
namespace {

TEST(Text, PrintableTakesWhatMovesTheCursorOrTurnsTheText) {
    EXPECT_EQ(printable("a\x1b[31mb\x07"), "a\xef\xbf\xbd[31mb\xef\xbf\xbd");
    EXPECT_EQ(printable("a\nb\tc"), "a b c");
    EXPECT_EQ(printable("x\xe2\x80\xaey"), "x\xef\xbf\xbdy");  // U+202E
    EXPECT_EQ(printable("x\xc2\x9by"), "x\xef\xbf\xbdy");      // C1: one-byte CSI
    EXPECT_EQ(printable("x\xffy"), "x\xef\xbf\xbdy");          // no UTF-8
    EXPECT_EQ(printable("José 渡辺"), "José 渡辺");
}

TEST(Text, WidthIsCountedInColumns) {
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("渡辺"), 4U);
    EXPECT_EQ(display_width("e\xcc\x81"), 1U);
    EXPECT_EQ(pad("渡辺", 6), "渡辺  ");
}

TEST(Text, WrapsAtBlanksAndInsideWordsThatAreTooWide) {
    EXPECT_EQ(wrap("one two three", 7), (std::vector<std::string>{"one two", "three"}));
    EXPECT_EQ(wrap("abcdefgh", 3), (std::vector<std::string>{"abc", "def", "gh"}));
    EXPECT_EQ(wrap("渡辺渡", 4), (std::vector<std::string>{"渡辺", "渡"}));
    EXPECT_EQ(wrap("渡", 1), (std::vector<std::string>{"渡"}));
    EXPECT_EQ(wrap("anything at all", 0), (std::vector<std::string>{"anything at all"}));
    EXPECT_EQ(wrap("", 5), (std::vector<std::string>{""}));
}

// Whoever clicks or copies "company.yaml:13" needs both.
TEST(Text, APlaceInAFileIsNotBrokenBeforeItsLine) {
    EXPECT_EQ(wrap("shared (/srv/company/rollcall/etc/policy/company.yaml:13); more", 26),
              (std::vector<std::string>{"shared", "(/srv/company/rollcall/", "etc/policy/",
                                        "company.yaml:13); more"}));
    EXPECT_EQ(wrap("(a-file-whose-name-is-long.yaml:13)", 31),
              (std::vector<std::string>{"(a-file-whose-name-is-l", "ong.yaml:13)"}))
        << "exactly the path would fit";
    EXPECT_EQ(wrap("(a-file-whose-name-is-long.yaml:13)", 33),
              (std::vector<std::string>{"(a-file-whose-name-is-l", "ong.yaml:13)"}));
    EXPECT_EQ(wrap("policy/company.yaml:13:", 21), (std::vector<std::string>{"policy/", "company.yaml:13:"}));
    EXPECT_EQ(wrap("policy/company.yaml:13:", 22), (std::vector<std::string>{"policy/comp", "any.yaml:13:"}))
        << "so much of the line is not given away";
    EXPECT_EQ(wrap("@a-name-that-is-very-long:corp.example", 30),
              (std::vector<std::string>{"@a-name-that-is-very-long:corp", ".example"}));
}

TEST(Text, Counts) {
    EXPECT_EQ(counted(1, "room", "rooms"), "1 room");
    EXPECT_EQ(counted(1204567, "room", "rooms"), "1,204,567 rooms");
    EXPECT_EQ(with_separators(999), "999");
    EXPECT_EQ(with_separators(1000), "1,000");
}

TEST(Times, TheEndOfAnApprovalIsTheLastDayThatCounts) {
    EXPECT_EQ(shown_end("2027-01-31T23:00:00.000Z", "Europe/Amsterdam"), "2027-01-31");
    EXPECT_EQ(shown_end("2027-07-31T22:00:00.000Z", "Europe/Amsterdam"), "2027-07-31");
    EXPECT_EQ(shown_end("2027-01-31T16:00:00.000Z", "Europe/Amsterdam"), "2027-01-31 17:00:00 CET");
    EXPECT_EQ(shown_end("2027-01-31T23:00:00.000Z", "UTC"), "2027-01-31 23:00:00 UTC");
    EXPECT_EQ(shown_end("soon", "UTC"), "soon");
}

TEST(Times, InATextOfTheDaemonsAreThoseOfThePlace) {
    EXPECT_EQ(with_local_times("was not running from 2026-07-31T22:00:00.123Z to 2027-01-31T23:00:00.000Z.",
                               "Europe/Amsterdam"),
              "was not running from 2026-08-01 00:00:00 CEST to 2027-02-01 00:00:00 CET.");
    for (const char* text : {"", "2026-07-31T22:00:00.123", "2026-07-31", "ends 2026-07-31T22:00:00.12Z é"})
        EXPECT_EQ(with_local_times(text, "Europe/Amsterdam"), text);
}

TEST(Table, AlignsWrapsAndLeavesEmptyColumnsOut) {
    Table table(2);
    table.row({"+", "渡辺", "", "reason one which is long"});
    table.row({"-", "b", "", "two"});
    EXPECT_EQ(table.text({false, 34}), "  + 渡辺  reason one which is long\n  - b     two\n");
    table.row({"-", "c", "", "reason one which is much longer"});
    EXPECT_EQ(table.text({false, 34}),
              "  + 渡辺  reason one which is long\n  - b     two\n  - c     reason one which is much\n       "
              "   longer\n");
    EXPECT_EQ(table.text({false, 24}),
              "  + 渡辺\n        reason one which\n        is long\n  - b     two\n  - c\n        reason one "
              "which\n        is much longer\n")
        << "too little is left of the line";
}

TEST(Table, ColoursDoNotCountAsWidth) {
    Table table;
    table.row({{"a", Tone::bad}, "x"});
    table.row({{"bb", Tone::good}, "y"});
    EXPECT_EQ(table.text({true, 80}), "\x1b[1;31ma\x1b[0m   x\n\x1b[32mbb\x1b[0m  y\n");
}

}  // namespace
}  // namespace rollcall::cli
