// Points, score and grade (VERDICTS.md §8), and the texts of rules.json.
#include "analysis/score.h"

#include <gtest/gtest.h>

#include "analysis/rules_table.h"
#include "analysis/verdict.h"

namespace mercury::analysis {
namespace {

using model::Operation;
using model::Points;
using model::Score;
using model::UnitFacts;

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kMost = ~0ULL;

TEST(Score, GivesPointsForTheResponseUpToEachBound) {
  const struct {
    std::uint64_t ns;
    std::uint32_t points;
  } rows[] = {{0, 30},
              {10 * kMs, 30},
              {10 * kMs + 1, 28},
              {25 * kMs + 1, 25},
              {50 * kMs + 1, 20},
              {100 * kMs + 1, 12},
              {200 * kMs + 1, 5},
              {500 * kMs + 1, 2},
              {1000 * kMs, 2},
              {1000 * kMs + 1, 0},
              {kMost, 0}};
  for (const auto& row : rows)
    EXPECT_EQ(score_of({.duration_ns = row.ns}, 0, 0).response, (Points{row.points, 30})) << row.ns;
  EXPECT_EQ(score_of({.duration_ns = kMost, .first_byte_ns = 1}, 0, 0).response.points, 30U);
}

TEST(Score, GivesPointsForQueriesUpToEachBound) {
  const struct {
    std::uint64_t queries;
    std::uint32_t points, of_delete;
  } rows[] = {{0, 40, 38}, {1, 40, 38}, {2, 38, 38},  {3, 35, 38},  {4, 30, 35}, {6, 30, 35},
              {7, 20, 35}, {9, 20, 28}, {11, 10, 28}, {15, 10, 28}, {16, 3, 20}, {25, 3, 20},
              {26, 1, 12}, {35, 1, 12}, {36, 1, 5},   {50, 1, 5},   {51, 0, 1},  {kMost, 0, 1}};
  for (const auto& row : rows) {
    EXPECT_EQ(score_of({}, row.queries, 0).queries, (Points{row.points, 40})) << row.queries;
    EXPECT_EQ(score_of({.operation = Operation::Delete}, row.queries, 0).queries, (Points{row.of_delete, 40}))
        << row.queries;
  }
}

TEST(Score, CountsMemoryAndCachesOnlyIfTheyWereUsed) {
  const Score without = score_of({}, 0, 0);
  EXPECT_EQ(without.memory, std::nullopt);
  EXPECT_EQ(without.cache, std::nullopt);
  EXPECT_EQ(score_of({.memory_bytes = 0}, 0, 0).memory, (Points{20, 20}));
  EXPECT_EQ(score_of({.memory_bytes = 5'000'001}, 0, 0).memory, (Points{17, 20}));
  EXPECT_EQ(score_of({.memory_bytes = kMost}, 0, 0).memory, (Points{0, 20}));
}

TEST(Score, GivesPointsForTheRatioOfCacheHits) {
  const struct {
    std::uint64_t hits, misses;
    std::uint32_t points;
  } rows[] = {{1, 0, 10}, {9, 1, 10},    {899, 101, 8}, {7, 3, 8},      {699, 301, 5},
              {1, 1, 5},  {499, 501, 0}, {0, 1, 0},     {kMost, 0, 10}, {kMost, kMost, 5}};
  for (const auto& row : rows) {
    EXPECT_EQ(score_of({.cache_hits = row.hits, .cache_misses = row.misses}, 0, 0).cache, (Points{row.points, 10}))
        << row.hits << ' ' << row.misses;
  }
}

TEST(Score, IsScaledToWhatCounts) {
  EXPECT_EQ(score_of({}, 1, 0).value, 100U);
  EXPECT_EQ(score_of({}, 2, 0).value, 97U);                            // 68 of 70: 97.14
  EXPECT_EQ(score_of({.duration_ns = 11 * kMs}, 3, 0).value, 90U);     // 63 of 70
  EXPECT_EQ(score_of({.memory_bytes = 60'000'000}, 6, 0).value, 70U);  // 63 of 90
  EXPECT_EQ(score_of({.duration_ns = kMost}, 16, 0).value, 4U);        // 3 of 70: 4.29
}

TEST(Score, LosesThePenaltyOfTheWorstLoopButNoMoreThanItHas) {
  const std::uint32_t penalties[] = {0, 5, 10, 20, 30, 40};
  const std::uint32_t of_delete[] = {0, 2, 5, 8, 15, 25};
  for (std::uint8_t severity = 0; severity <= 5; ++severity) {
    EXPECT_EQ(score_of({}, 0, severity).value, 100 - penalties[severity]);
    EXPECT_EQ(score_of({.operation = Operation::Delete}, 0, severity).penalty, of_delete[severity]);
  }
  EXPECT_EQ(score_of({.duration_ns = kMost}, 100, 5).value, 0U);
}

TEST(Score, HasAGradeFromEachBound) {
  for (const auto& [duration_ms, queries, severity, value, grade] :
       std::initializer_list<std::tuple<std::uint64_t, std::uint64_t, std::uint8_t, std::uint32_t, const char*>>{
           {0, 1, 0, 100, "S"},
           {0, 1, 1, 95, "S"},
           {25, 3, 0, 90, "A+"},
           {0, 1, 3, 80, "A"},
           {0, 1, 4, 70, "B"},
           {0, 1, 5, 60, "C"},
           {0, 7, 3, 51, "D"},
           {0, 7, 4, 41, "F"}}) {
    const Score score = score_of({.duration_ns = duration_ms * kMs}, queries, severity);
    EXPECT_EQ(score.value, value);
    EXPECT_EQ(score.grade, grade) << value;
  }
}

TEST(RouteScore, IsThatOfAUnitWithTheRoutesFigures) {
  const Score score = route_score(Operation::List, 20 * kMs, 3, 9, 1, 2);
  EXPECT_EQ(score.response, (Points{28, 30}));
  EXPECT_EQ(score.queries, (Points{35, 40}));
  EXPECT_EQ(score.memory, std::nullopt);
  EXPECT_EQ(score.cache, (Points{10, 10}));
  EXPECT_EQ(score.penalty, 10U);
  EXPECT_EQ(score.value, 81U);  // 73 of 80: 91.25, less 10
  EXPECT_EQ(score.grade, "A");
}

TEST(Lessons, AreThereForEveryKind) {
  for (std::uint8_t kind = 0; kind < rules::kLessons.size(); ++kind) {
    const Lesson& lesson = lesson_of(static_cast<model::FindingKind>(kind));
    EXPECT_EQ(lesson.title, rules::kLessons[kind].title);
    EXPECT_EQ(name_of(static_cast<model::FindingKind>(kind)), rules::kLessons[kind].kind);
    EXPECT_FALSE(lesson.what.empty());
    EXPECT_FALSE(lesson.why.empty());
  }
}

TEST(Lessons, NameWhatToReadAndHowBadItIs) {
  for (const rules::Action& action : rules::kActions) EXPECT_EQ(reading_of(action.name).substr(0, 8), "https://");
  EXPECT_EQ(reading_of("unheard_of"), "");
  EXPECT_EQ(severity_name(0), "none");
  EXPECT_EQ(severity_name(5), "critical");
  EXPECT_EQ(severity_name(6), "");
}

}  // namespace
}  // namespace mercury::analysis
