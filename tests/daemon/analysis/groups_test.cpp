// Which queries stand together, and which of them can be a loop (VERDICTS.md §2).
#include <gtest/gtest.h>

#include "daemon/analysis/verdict_scene.h"

namespace mercury::analysis {
namespace {

using model::Finding;
using model::FindingKind;
using model::UnitKind;
namespace record_flag = model::record_flag;

TEST(Groups, LeavesTransactionControlAndEmptySummariesOut) {
  Scene scene;
  scene.add("BEGIN", nullptr, 5);
  for (model::Query& query : scene.queries) query.flags = record_flag::kControl;
  scene.add(kOrders, fetch_at("index"), 4);
  scene.queries.back().calls = 0;
  const model::Verdict& verdict = scene.judge();
  EXPECT_EQ(verdict.queries, 3U);
  EXPECT_EQ(verdict.db_ns, 3000U);
  ASSERT_EQ(verdict.findings.size(), 1U);
  EXPECT_EQ(verdict.findings[0].count, 3U);
}

TEST(Groups, CountsEveryCallOfASummary) {
  Scene scene;
  scene.add(kCustomer, customer_site(), 2);
  scene.queries[1].flags = record_flag::kSummary;
  scene.queries[1].calls = 99;
  const Finding finding = scene.finding();
  EXPECT_EQ(finding.count, 100U);
  EXPECT_EQ(finding.distinct, std::nullopt);
  EXPECT_EQ(scene.judge().queries, 100U);
}

TEST(Groups, KeepsChunksBulkAndManyOutOfLoops) {
  Scene chunks;
  model::Site site = fetch_at("index");
  for (const std::uint16_t flags : std::initializer_list<std::uint16_t>{1, 2, 3}) {
    site.flags = flags;
    chunks.add(kCustomer, site, 5);
  }
  EXPECT_TRUE(chunks.findings().empty());
  EXPECT_TRUE(chunks.judge().groups.empty());
  Scene many;
  many.add("INSERT INTO t (a) VALUES (1)", site_at("save"), 5);
  many.add(kCustomer, fetch_at("index"), 5);
  for (model::Query& query : many.queries) query.flags = record_flag::kMany;
  EXPECT_EQ(many.finding().kind, FindingKind::QueryInLoop) << "many matters for writes only";
}

TEST(Groups, KeepsWhatIsLeftOutApartFromALoopAtTheSamePlace) {
  Scene scene;
  const model::JudgedSite* site = scene.known(site_at("save"));
  scene.add("INSERT INTO t (a) VALUES (1)", site, 5);
  scene.queries[0].flags = scene.queries[1].flags = record_flag::kMany;
  EXPECT_EQ(scene.finding().count, 3U);
}

TEST(Groups, LeavesOutWhatATestDoesItself) {
  Scene scene;
  scene.unit.kind = UnitKind::Test;
  const model::JudgedSite* site = scene.known(customer_site());
  scene.add(kCustomer, site, 20);
  EXPECT_TRUE(scene.findings().empty());
  for (std::size_t at = 0; at < 4; ++at) scene.queries[at].own = false;
  EXPECT_EQ(scene.finding().count, 4U);
  scene.unit.kind = UnitKind::Block;
  EXPECT_EQ(scene.finding().count, 20U);
}

TEST(Groups, LendsTheOnlySiteOfAStatementToItsQueriesWithoutOne) {
  Scene scene;
  scene.add(kCustomer, nullptr);
  scene.add(kCustomer, customer_site(), 3);
  scene.add(kCustomer, nullptr, 2);
  EXPECT_EQ(scene.finding().count, 6U);
  EXPECT_EQ(scene.finding().trigger.function, "total");
  scene.add(kCustomer, site_at("elsewhere"));
  const auto& findings = scene.findings();
  ASSERT_EQ(findings.size(), 2U) << "two sites: nobody knows which";
  EXPECT_EQ(findings[0].count + findings[1].count, 6U);
  EXPECT_EQ(findings[0].count, 3U);
}

TEST(Groups, KeepsAliasesAndPlacesApart) {
  Scene scene;
  scene.add(kCustomer, customer_site(), 4);
  scene.queries[0].alias = scene.queries[1].alias = 1;
  EXPECT_TRUE(scene.findings().empty());
  EXPECT_EQ(scene.judge().groups.size(), 2U);
  EXPECT_EQ(scene.judge().groups[0].id, scene.judge().groups[1].id) << "an id knows no alias";
}

TEST(Groups, TakesTheLongestRunOfACommand) {
  constexpr std::uint64_t kGap = 500'000'000;
  Scene scene;
  scene.unit.kind = UnitKind::Command;
  scene.add(kOrders, fetch_at("poll"), 9);
  const std::uint64_t gaps[] = {0, kGap, kGap, kGap + 1, 1, 1, 1, kGap + 1, 1};  // runs of 3, 4 and 2
  std::uint64_t start_ns = 0;
  for (std::size_t at = 0; at < 9; ++at) scene.queries[at].start_ns = start_ns += gaps[at];
  const Finding finding = scene.finding();
  EXPECT_EQ(finding.count, 4U);
  EXPECT_EQ(finding.distinct, 4U);
  EXPECT_EQ(finding.time_ns, 4000U);
  EXPECT_EQ(scene.judge().queries, 9U);
  scene.unit.kind = UnitKind::Task;
  EXPECT_EQ(scene.finding().count, 9U);
}

TEST(Groups, TakesTheFirstOfTwoRunsOfOneLength) {
  Scene scene;
  scene.unit.kind = UnitKind::Command;
  scene.add(kOrders, fetch_at("poll"), 6);
  for (std::size_t at = 3; at < 6; ++at) {
    scene.queries[at].start_ns += 1'000'000'000;
    scene.queries[at].duration_ns = 9;
  }
  EXPECT_EQ(scene.finding().time_ns, 3000U);
}

}  // namespace
}  // namespace mercury::analysis
