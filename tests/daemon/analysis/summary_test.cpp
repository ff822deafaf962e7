#include "analysis/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace mercury::analysis {
namespace {

using testing::ElementsAre;

TEST(Summary, EndsAtTheLastTargetThatFits) {
  const std::string long_name(kSummaryBytesMax - std::string("SELECT a ").size(), 'n');
  EXPECT_EQ(summary("SELECT * FROM a, " + long_name), "SELECT a " + long_name);
  EXPECT_EQ(summary("SELECT * FROM a, " + long_name).size(), kSummaryBytesMax);
  EXPECT_EQ(summary("SELECT * FROM a, " + long_name + "n"), "SELECT a");
  EXPECT_EQ(summary("SELECT * FROM a, " + long_name + "n, b"), "SELECT a") << "nothing after what did not fit";
  EXPECT_EQ(summary("SELECT * FROM " + std::string(300, 'n')), "SELECT");
  EXPECT_EQ(summary(std::string(300, 'n')), "");
}

TEST(Summary, OfAMegabyteIsShort) {
  std::string text = "SELECT a FROM t0";
  for (int i = 1; text.size() < 1'000'000; ++i) text += " JOIN t" + std::to_string(i) + " ON (a = b)";
  EXPECT_EQ(summary(text).substr(0, 18), "SELECT t0 t1 t2 t3");
  EXPECT_LE(summary(text).size(), kSummaryBytesMax);
  EXPECT_EQ(summary("SELECT " + std::string(1'000'000, '(')), "SELECT");
}

TEST(Targets, AreAllOfTheTextAndEachOnce) {
  EXPECT_THAT(targets("SELECT a FROM t JOIN u ON (b = c) WHERE d IN (SELECT e FROM t)"), ElementsAre("t", "u"));
  EXPECT_THAT(targets("INSERT INTO t(a) SELECT b FROM t JOIN \"u v\""), ElementsAre("t", "\"u v\""));
  EXPECT_THAT(targets("CREATE TABLE \"t\" (\"a\" integer)"), ElementsAre("t")) << "the object is no target";
  EXPECT_THAT(targets("SELECT ?"), ElementsAre());
  EXPECT_THAT(targets(""), ElementsAre());
}

TEST(Targets, AreNotCutWhereTheSummaryIs) {
  const std::string long_name(kSummaryBytesMax, 'n');
  EXPECT_EQ(summary("SELECT * FROM " + long_name + ", b"), "SELECT");
  EXPECT_THAT(targets("SELECT * FROM " + long_name + ", b"), ElementsAre(long_name, "b"));
}

TEST(Targets, AreTheFirstSixtyFour) {
  std::string text = "SELECT a FROM t1";
  for (std::size_t i = 2; i <= kTargetsMax; ++i) text += ", t" + std::to_string(i);
  EXPECT_EQ(targets(text).size(), kTargetsMax);
  EXPECT_EQ(targets(text).back(), "t64");
  EXPECT_EQ(targets(text + ", t65"), targets(text)) << "one more";
  EXPECT_EQ(targets(text + ", t1"), targets(text)) << "one again";
}

TEST(Operation, IsTheFirstOneOrNone) {
  EXPECT_EQ(operation("WITH x AS (SELECT a FROM b) DELETE FROM c"), "SELECT");
  EXPECT_EQ(operation("UPDATE t SET a = (SELECT b FROM c)"), "UPDATE");
  EXPECT_EQ(operation("SAVEPOINT \"s1_x1\""), "") << "the first word of a summary is not an operation";
  EXPECT_EQ(operation(""), "");
}

}  // namespace
}  // namespace mercury::analysis
