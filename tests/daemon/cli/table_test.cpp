#include "cli/table.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "cli/text.h"

namespace mercury::cli {
namespace {

Style plain(std::size_t columns) { return {Colors::Never, columns}; }

Table routes() {
  Table table({{"#", Align::Right},
               {"route", Align::Left, 8},
               {"requests", Align::Right},
               {"p95\nms", Align::Right, kRigid, 2},
               {"max\nms", Align::Right, kRigid, 1}});
  table.add({"1", "shop/orders/<int:pk>/", "1,234", "12.3", "1,500"});
  table.add({"12", "a/", "7", "–", "–"});
  return table;
}

TEST(Table, AlignsNumbersToTheRightAndLeavesNoSpacesAtTheEnd) {
  EXPECT_EQ(routes().render(plain(80)),
            "                                      p95    max\n"
            " #  route                  requests    ms     ms\n"
            " 1  shop/orders/<int:pk>/     1,234  12.3  1,500\n"
            "12  a/                            7     –      –\n");
}

TEST(Table, FitsExactlyAndShrinksTheFlexibleColumnAtOneColumnLess) {
  const std::string fits = routes().render(plain(48));
  EXPECT_EQ(fits, routes().render(plain(80)));
  EXPECT_EQ(routes().render(plain(47)),
            "                                     p95    max\n"
            " #  route                 requests    ms     ms\n"
            " 1  shop/order…<int:pk>/     1,234  12.3  1,500\n"
            "12  a/                           7     –      –\n");
}

TEST(Table, MovesColumnsTogetherAndThenLeavesSomeOutButNeverCutsANumber) {
  EXPECT_EQ(routes().render(plain(33)),
            "                        p95   max\n"
            " # route      requests   ms    ms\n"
            " 1 shop/…pk>/    1,234 12.3 1,500\n"
            "12 a/                7    –     –\n");
  EXPECT_EQ(routes().render(plain(30)),
            "                           p95\n"
            " # route         requests   ms\n"
            " 1 shop/o…t:pk>/    1,234 12.3\n"
            "12 a/                   7    –\n"
            "(too narrow for: max ms)\n");
  EXPECT_EQ(routes().render(plain(22)),
            " # route      requests\n"
            " 1 shop/…pk>/    1,234\n"
            "12 a/                7\n"
            "(too narrow for: p95 …\n");
}

TEST(Table, ThatCannotFitIsTooWideRatherThanWrong) {
  EXPECT_EQ(routes().render(plain(5)),
            " # route    requests\n"
            " 1 shop…k>/    1,234\n"
            "12 a/              7\n"
            "(too…\n");
}

TEST(Table, IndentCountsTowardsTheWidth) {
  std::istringstream lines(routes().render(plain(40), 4));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(display_width(line), 40U) << line;
    EXPECT_EQ(line.substr(0, 4), "    ");
  }
}

TEST(Table, MeasuresTextInColumnsOfTheTerminal) {
  Table table({{"name"}, {"n", Align::Right}});
  table.add({"\xe5\x95\x86\xe5\x93\x81", "1"});
  table.add({"caf\xc3\xa9!", "22"});
  EXPECT_EQ(table.render(plain(80)),
            "name    n\n"
            "\xe5\x95\x86\xe5\x93\x81    1\n"
            "caf\xc3\xa9!  22\n");
}

TEST(Table, PaintsACellWithoutMovingItsNeighbours) {
  Table table({{"a"}, {"b", Align::Right}});
  table.add({{"x", Tone::Good}, {"5", Tone::Bad}});
  EXPECT_EQ(table.render({Colors::Always, 80}),
            "\x1b[2ma\x1b[0m  \x1b[2mb\x1b[0m\n"
            "\x1b[32mx\x1b[0m  \x1b[31m5\x1b[0m\n");
}

TEST(Table, WithoutRowsIsItsHeader) { EXPECT_EQ(Table({{"a"}, {"b", Align::Right}}).render(plain(80)), "a  b\n"); }

}  // namespace
}  // namespace mercury::cli
