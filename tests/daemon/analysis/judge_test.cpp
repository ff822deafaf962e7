// The table of findings, rule by rule (VERDICTS.md §4, §5): at each limit and one over it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/analysis/verdict_scene.h"

namespace mercury::analysis {
namespace {

using model::Finding;
using model::FindingKind;
using model::Level;
using model::UnitKind;
namespace record_flag = model::record_flag;

TEST(Judge, FindsNothingInAUnitWithoutQueries) {
  Scene scene;
  const model::Verdict& verdict = scene.judge();
  EXPECT_TRUE(verdict.findings.empty());
  EXPECT_TRUE(verdict.groups.empty());
  EXPECT_EQ(verdict.queries, 0U);
  EXPECT_EQ(verdict.db_ns, 0U);
  EXPECT_EQ(verdict.score->value, 100U);
}

TEST(Judge, CallsALoopThatFollowsARelationAnNPlusOne) {
  Scene scene;
  scene.add(kOrders, fetch_at("index"));
  scene.add(kCustomer, customer_site(), 12);
  const Finding finding = scene.finding();
  EXPECT_EQ(finding.kind, FindingKind::NPlusOne);
  EXPECT_FALSE(finding.likely);
  EXPECT_EQ(finding.level, Level::Fail);
  EXPECT_EQ(finding.severity, 2);
  EXPECT_EQ(finding.count, 12U);
  EXPECT_EQ(finding.distinct, 12U);
  EXPECT_EQ(finding.time_ns, 12'000U);
  EXPECT_EQ(finding.saving_ns, 11'000U);
  EXPECT_EQ(finding.trigger.function, "total");
  EXPECT_EQ(finding.relation, "shop.Order.customer");
  ASSERT_EQ(finding.sources.size(), 1U);
  EXPECT_EQ(finding.sources[0].place.function, "index");
  EXPECT_EQ(finding.sources[0].fingerprint, scene.queries[0].statement->fingerprint);
}

TEST(Judge, IsOnlyLikelyIfNoSourceIsThere) {
  Scene scene;
  scene.add(kCustomer, customer_site(), 3);
  const Finding finding = scene.finding();
  EXPECT_EQ(finding.kind, FindingKind::NPlusOne);
  EXPECT_TRUE(finding.likely);
  EXPECT_TRUE(finding.sources.empty());
}

TEST(Judge, CallsNothingALoopBelowTheLeastCalls) {
  for (const std::uint32_t calls : {2U, 3U}) {
    Scene scene;
    scene.add(kCustomer, customer_site(), calls);
    EXPECT_EQ(scene.findings().size(), calls - 2) << calls;
  }
}

TEST(Judge, GivesALoopItsLevelAndSeverityByItsCalls) {
  const struct {
    std::uint32_t calls;
    Level level;
    std::uint8_t severity;
  } rows[] = {{3, Level::Notice, 0}, {4, Level::Notice, 0}, {5, Level::Notice, 1}, {7, Level::Notice, 1},
              {8, Level::Warn, 1},   {9, Level::Warn, 1},   {10, Level::Fail, 2},  {19, Level::Fail, 2},
              {20, Level::Fail, 3},  {34, Level::Fail, 3},  {35, Level::Fail, 4},  {49, Level::Fail, 4},
              {50, Level::Fail, 5},  {500, Level::Fail, 5}};
  for (const auto& row : rows) {
    Scene scene;
    scene.add(kCustomer, customer_site(), row.calls);
    EXPECT_EQ(scene.finding().level, row.level) << row.calls;
    EXPECT_EQ(scene.finding().severity, row.severity) << row.calls;
  }
}

TEST(Judge, TellsALoopFromARepeatByItsParameters) {
  const struct {
    std::vector<std::uint32_t> ordinals;
    FindingKind kind;
    std::optional<std::uint64_t> distinct;
    bool likely;
  } rows[] = {{{1, 1, 1}, FindingKind::RepeatedQuery, 1, false},
              {{1, 1, 2}, FindingKind::QueryInLoop, 2, false},
              {{1, 0, 1}, FindingKind::QueryInLoop, std::nullopt, true},
              {{0, 0, 0}, FindingKind::QueryInLoop, std::nullopt, true}};
  for (const auto& row : rows) {
    Scene scene;
    scene.add(kCustomer, fetch_at("index"), 3);
    for (std::size_t at = 0; at < 3; ++at) scene.queries[at].ordinal = row.ordinals[at];
    const Finding finding = scene.finding();
    EXPECT_EQ(finding.kind, row.kind);
    EXPECT_EQ(finding.distinct, row.distinct);
    EXPECT_EQ(finding.likely, row.likely);
    EXPECT_EQ(finding.level, row.kind == FindingKind::RepeatedQuery ? Level::Warn : Level::Notice);
  }
}

TEST(Judge, CountsDifferentTextsWhereParametersAreUnknown) {
  Scene scene;
  scene.add(kCustomer, fetch_at("index"), 4);
  for (std::size_t at = 0; at < 4; ++at) {
    scene.queries[at].ordinal = 0;
    scene.queries[at].text = at / 2;
  }
  const Finding finding = scene.finding();
  EXPECT_EQ(finding.kind, FindingKind::QueryInLoop);
  EXPECT_EQ(finding.distinct, 2U);
  EXPECT_FALSE(finding.likely);
}

TEST(Judge, CallsEveryKindOfWriteAWriteLoop) {
  const struct {
    std::string_view sql, action;
  } rows[] = {{"INSERT INTO t (a) VALUES (1)", "bulk_create"},
              {"REPLACE INTO t (a) VALUES (1)", "bulk_create"},
              {"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", "bulk_create"},
              {"UPDATE t SET a = 1", "bulk_update"},
              {"DELETE FROM t WHERE a = 1", "filter_delete"}};
  for (const auto& row : rows) {
    Scene scene;
    scene.add(row.sql, site_at("save"), 30);
    const Finding finding = scene.finding();
    EXPECT_EQ(finding.kind, FindingKind::WriteLoop) << row.sql;
    EXPECT_EQ(finding.level, Level::Warn);
    EXPECT_EQ(finding.severity, 3);
    EXPECT_EQ(finding.suggestion.action, row.action);
    EXPECT_EQ(scene.judge().score->penalty, 0U) << "writes are no N+1";
  }
}

TEST(Judge, LeavesOtherStatementsAlone) {
  Scene scene;
  scene.add("CREATE TABLE t (a int)", site_at("migrate"), 20);
  scene.unit.kind = UnitKind::Command;
  EXPECT_TRUE(scene.findings().empty());
  ASSERT_EQ(scene.judge().groups.size(), 1U);
  EXPECT_EQ(scene.judge().groups[0].count, 20U);
}

TEST(Judge, CallsASingleCallSlowFromItsThreshold) {
  for (const std::uint64_t duration_ns : {99'999'999ULL, 100'000'000ULL, 130'000'000ULL}) {
    Scene scene;
    scene.add("CREATE INDEX x ON t (a)", site_at("migrate"), 2);
    scene.queries[1].duration_ns = duration_ns;
    if (duration_ns < 100'000'000) {
      EXPECT_TRUE(scene.findings().empty());
      continue;
    }
    const Finding finding = scene.finding();
    EXPECT_EQ(finding.kind, FindingKind::SlowQuery);
    EXPECT_EQ(finding.count, 1U);
    EXPECT_EQ(finding.time_ns, duration_ns);
    EXPECT_EQ(finding.saving_ns, duration_ns - 100'000'000);
    EXPECT_EQ(finding.distinct, std::nullopt);
    EXPECT_EQ(finding.suggestion.action, "explain_plan");
  }
}

TEST(Judge, TakesTheMeanOfASummaryForItsSpeed) {
  for (const std::uint64_t duration_ns : {199'999'999ULL, 200'000'000ULL}) {
    Scene scene;
    scene.thresholds.loop_calls_min = 10;
    scene.add(kOrders, fetch_at("index"));
    scene.queries[0].flags = record_flag::kSummary;
    scene.queries[0].calls = 2;
    scene.queries[0].duration_ns = duration_ns;
    EXPECT_EQ(scene.findings().size(), duration_ns == 200'000'000 ? 1U : 0U);
    if (!scene.findings().empty()) {
      EXPECT_EQ(scene.finding().count, 2U);
      EXPECT_EQ(scene.finding().saving_ns, 0U);
    }
  }
}

TEST(Judge, PrefersTheLoopToItsSlowCalls) {
  Scene scene;
  scene.add(kCustomer, customer_site(), 3);
  scene.queries[0].duration_ns = 500'000'000;
  EXPECT_EQ(scene.finding().kind, FindingKind::NPlusOne);
}

TEST(Judge, FindsNoLoopsOutsideOfUnits) {
  Scene scene;
  scene.unit.kind = UnitKind::Outside;
  scene.unit.duration_ns = ~0ULL;
  scene.thresholds.response_ms = scene.thresholds.queries = 1;
  scene.add(kCustomer, customer_site(), 20);
  scene.queries[3].duration_ns = 100'000'000;
  EXPECT_EQ(scene.finding().kind, FindingKind::SlowQuery);
  EXPECT_EQ(scene.judge().score, std::nullopt);
  EXPECT_TRUE(scene.judge().groups.empty());
}

TEST(Judge, CountsQueriesAgainstTheLimitOfTheOperation) {
  for (const std::uint32_t queries : {10U, 11U}) {
    Scene scene;
    scene.unit.operation = model::Operation::Detail;
    for (std::uint32_t at = 0; at < queries; ++at) scene.add(kOrders, site_at("view", at + 1));
    if (queries == 10) {
      EXPECT_TRUE(scene.findings().empty());
      continue;
    }
    const Finding finding = scene.finding();
    EXPECT_EQ(finding.kind, FindingKind::TooManyQueries);
    EXPECT_EQ(finding.level, Level::Warn);
    EXPECT_EQ(finding.count, 11U);
    EXPECT_EQ(finding.time_ns, 11'000U);
    EXPECT_EQ(finding.saving_ns, 0U);
    scene.unit.in_tests = true;
    EXPECT_EQ(scene.finding().level, Level::Fail);
    scene.unit.kind = UnitKind::Task;
    EXPECT_TRUE(scene.findings().empty()) << "limits of operations are those of requests";
    scene.thresholds.queries = 10;
    EXPECT_EQ(scene.findings().size(), 1U) << "but a given limit holds for all";
    scene.thresholds.queries = 11;
    EXPECT_TRUE(scene.findings().empty());
  }
}

TEST(Judge, MeasuresTheResponseToItsFirstByte) {
  Scene scene;
  scene.unit.operation = model::Operation::List;
  scene.unit.duration_ns = 200'000'000;
  EXPECT_TRUE(scene.findings().empty());
  scene.unit.duration_ns += 1;
  EXPECT_EQ(scene.finding().kind, FindingKind::SlowResponse);
  EXPECT_EQ(scene.finding().time_ns, 200'000'001U);
  EXPECT_EQ(scene.finding().saving_ns, 1U);
  EXPECT_EQ(scene.finding().count, 1U);
  scene.unit.first_byte_ns = 5;
  EXPECT_TRUE(scene.findings().empty());
  scene.thresholds.response_ms = 1;
  scene.unit.first_byte_ns = 1'000'000;
  EXPECT_TRUE(scene.findings().empty());
  scene.unit.first_byte_ns = 1'000'001;
  EXPECT_EQ(scene.findings().size(), 1U);
}

TEST(Judge, OrdersFindingsByWhatMendingThemSaves) {
  Scene scene;
  scene.add("UPDATE t SET a = 1", site_at("save"), 3);
  scene.add(kCustomer, fetch_at("first"), 3);
  scene.add(kCustomer, fetch_at("second"), 3);
  scene.add(kOrders, fetch_at("large"), 5);
  scene.unit.duration_ns = 1'002'000;
  scene.thresholds.response_ms = 1;
  const auto& findings = scene.findings();
  std::vector<std::string> order;
  for (const Finding& finding : findings) order.push_back(finding.trigger.function);
  EXPECT_THAT(order, testing::ElementsAre("large", "save", "first", "second", ""));
  EXPECT_EQ(findings[1].saving_ns, findings[4].saving_ns) << "findings of the unit come last";
}

TEST(Judge, GivesAFindingAnIdThatSurvivesAnEditOfTheFile) {
  Scene scene;
  scene.add(kCustomer, site_at("view", 10), 3);
  const std::uint64_t id = scene.finding().id;
  EXPECT_EQ(scene.judge().groups[0].id, id);
  Scene edited;
  edited.add(kCustomer, site_at("view", 99), 3);
  EXPECT_EQ(edited.finding().id, id);
  Scene other;
  other.add(kCustomer, site_at("other", 10), 3);
  EXPECT_NE(other.finding().id, id);
}

TEST(Judge, FoldsTheWorstLoopThatIsNotIgnoredIntoTheScore) {
  Scene scene;
  scene.add(kCustomer, customer_site(), 10);
  EXPECT_EQ(scene.judge().score->penalty, 10U);
  scene.ignore.push_back({.reason = "known"});
  EXPECT_EQ(scene.judge().score->penalty, 0U);
  EXPECT_EQ(scene.finding().ignored, "known");
}

}  // namespace
}  // namespace mercury::analysis
