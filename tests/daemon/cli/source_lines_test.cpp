#include "cli/source_lines.h"

#include <gtest/gtest.h>

#include <string>

namespace mercury::cli {
namespace {

const Style kPlain{Colors::Never, 40};
const std::string kText = "one\ntwo\n\tthree\nfour = f(\"käse\")\r\nfive";

TEST(Excerpt, MarksTheLineAndShowsTwoOnEitherSide) {
  EXPECT_EQ(excerpt(kText, 3, kPlain),
            "    1  one\n"
            "    2  two\n"
            "  > 3      three\n"
            "    4  four = f(\"käse\")\n"
            "    5  five\n");
  EXPECT_EQ(excerpt(kText, 1, kPlain), "  > 1  one\n    2  two\n    3      three\n");
  EXPECT_EQ(excerpt(kText, 5, kPlain), "    3      three\n    4  four = f(\"käse\")\n  > 5  five\n");
}

TEST(Excerpt, IsEmptyWithoutTheLine) {
  EXPECT_EQ(excerpt(kText, 0, kPlain), "");
  EXPECT_EQ(excerpt(kText, 6, kPlain), "");
  EXPECT_EQ(excerpt("", 1, kPlain), "");
}

TEST(Excerpt, CutsLongLinesAndEscapesWhatWouldMoveTheCursor) {
  EXPECT_EQ(excerpt("\x1b[2J" + std::string(60, 'x'), 1, kPlain), "  > 1  \\x1b[2J" + std::string(25, 'x') + "…\n");
}

TEST(Excerpt, AlignsTheNumbersOfItsLines) {
  std::string text;
  for (int i = 1; i <= 12; ++i) text += "x\n";
  EXPECT_EQ(excerpt(text, 9, kPlain),
            "     7  x\n"
            "     8  x\n"
            "  >  9  x\n"
            "    10  x\n"
            "    11  x\n");
}

TEST(InsertionDiff, ShowsTheChangedLineBetweenItsNeighbours) {
  EXPECT_EQ(insertion_diff(kText, {4, 15, "[0]"}, kPlain),
            "        three\n"
            "  - four = f(\"käse\")\n"
            "  + four = f(\"käse\"[0])\n"
            "    five\n")
      << "columns are characters, not bytes";
}

TEST(InsertionDiff, ShowsANewLineAsOneThatIsAdded) {
  EXPECT_EQ(insertion_diff("class A:\n    x = 1\n", {2, 0, "    y = 2\n"}, kPlain),
            "    class A:\n"
            "  +     y = 2\n"
            "        x = 1\n");
}

TEST(InsertionDiff, WorksAtBothEndsOfAFile) {
  EXPECT_EQ(insertion_diff("a", {1, 0, "b"}, kPlain), "  - a\n  + ba\n");
  EXPECT_EQ(insertion_diff("a", {1, 1, "b"}, kPlain), "  - a\n  + ab\n");
}

TEST(InsertionDiff, NeverCutsCode) {
  const std::string code(100, 'x');
  EXPECT_NE(insertion_diff("a", {1, 1, code}, kPlain).find("a" + code), std::string::npos);
}

TEST(Fits, TellsAFileThatHasItFromOneOfAnotherVersion) {
  EXPECT_EQ(fits(kText, {1, 3, ".all()"}), Fits::Yes);
  EXPECT_EQ(fits("one.all()", {1, 3, ".all()"}), Fits::AlreadyThere);
  EXPECT_EQ(fits("    y = 2\n    x = 1\n", {1, 0, "    y = 2\n"}), Fits::AlreadyThere);
  EXPECT_EQ(fits(kText, {1, 4, "x"}), Fits::No);
  EXPECT_EQ(fits(kText, {0, 0, "x"}), Fits::No);
  EXPECT_EQ(fits(kText, {6, 0, "x"}), Fits::No);
  EXPECT_EQ(insertion_diff(kText, {6, 0, "x"}, kPlain), "");
}

}  // namespace
}  // namespace mercury::cli
