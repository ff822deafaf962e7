#include "aggregate/exponential_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace mercury::aggregate {
namespace {

using Unit = ExponentialHistogram::Unit;
constexpr std::uint64_t kMicrosecond = 1'000;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kHour = 3600 * kSecond;

ExponentialHistogram recorded(const std::vector<std::uint64_t>& values, Unit unit = Unit::Nanoseconds,
                              int scale = kFinestScale) {
  ExponentialHistogram histogram(unit, scale);
  for (const std::uint64_t value : values) histogram.record(value);
  return histogram;
}

std::vector<std::uint64_t> lognormal_durations(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> seconds(std::log(0.02), 2.5);
  std::vector<std::uint64_t> values;
  while (values.size() < count) {
    const double ns = seconds(random) * 1e9;
    if (ns >= kMicrosecond && ns <= kHour) values.push_back(static_cast<std::uint64_t>(ns));
  }
  return values;
}

TEST(ExponentialHistogram, OfNothingIsZeroEverywhere) {
  const ExponentialHistogram empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.sum(), 0U);
  EXPECT_EQ(empty.min(), 0U);
  EXPECT_EQ(empty.max(), 0U);
  EXPECT_EQ(empty.mean(), 0.0);
  EXPECT_EQ(empty.quantile(0.5), 0.0);
  EXPECT_TRUE(empty.save().buckets.empty());
}

TEST(ExponentialHistogram, CountSumMinAndMaxAreExact) {
  const auto values = lognormal_durations(10'000, 1);
  const auto histogram = recorded(values);
  std::uint64_t sum = 0;
  for (const std::uint64_t value : values) sum += value;
  EXPECT_EQ(histogram.count(), values.size());
  EXPECT_EQ(histogram.sum(), sum);
  EXPECT_EQ(histogram.min(), *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(histogram.max(), *std::max_element(values.begin(), values.end()));
  EXPECT_DOUBLE_EQ(histogram.mean(), static_cast<double>(sum) / 10'000);
}

// Half a second, a second and two are bounds: they end a bucket, and one nanosecond more starts the next.
TEST(ExponentialHistogram, BoundsArePowersOfTwoSecondsAndBelongToTheBucketBelow) {
  const struct {
    std::uint64_t ns;
    int index;
  } rows[] = {{kSecond, -1},          {kSecond + 1, 0},  {kSecond - 1, -1},     {kSecond / 2, -65},
              {kSecond / 2 + 1, -64}, {2 * kSecond, 63}, {2 * kSecond + 1, 64}, {1'953'125, -577},
              {1'953'126, -576},      {1, -1914},        {UINT64_MAX, 2182}};
  for (const auto& row : rows) {
    const auto state = recorded({row.ns}).save();
    ASSERT_EQ(state.buckets.size(), 1U);
    EXPECT_EQ(state.buckets[0].first, row.index) << row.ns << " ns";
    EXPECT_EQ(state.buckets[0].second, 1U);
  }
}

TEST(ExponentialHistogram, QuantilesOfTwoHundredThousandDurationsAreWithinOnePercent) {
  auto values = lognormal_durations(200'000, 2);
  const auto histogram = recorded(values);
  std::sort(values.begin(), values.end());
  ASSERT_LT(values.front(), 10 * kMicrosecond);
  ASSERT_GT(values.back(), 100 * kSecond);
  for (const double q : {0.5, 0.95, 0.99, 0.999}) {
    const auto rank = static_cast<std::size_t>(std::ceil(q * 200'000));
    const auto exact = static_cast<double>(values[rank - 1]);
    EXPECT_NEAR(histogram.quantile(q) / exact, 1.0, 0.01) << q;
    EXPECT_NEAR(histogram.quantile(q) / exact, 1.0, 0.00545) << q;
  }
}

TEST(ExponentialHistogram, QuantilesStayWithinMinAndMax) {
  const auto histogram = recorded({7'000'000});
  for (const double q : {-1.0, 0.0, 0.5, 1.0, 2.0}) EXPECT_EQ(histogram.quantile(q), 7'000'000.0);
  const auto two = recorded({1'000'000, 9'000'000});
  EXPECT_EQ(two.quantile(0.0), 1'000'000.0);
  EXPECT_EQ(two.quantile(0.5), 1'000'000.0);
  EXPECT_EQ(two.quantile(0.51), 9'000'000.0);
  EXPECT_EQ(two.quantile(1.0), 9'000'000.0);
}

TEST(ExponentialHistogram, TheRankOfAQuantileIsNotPushedUpByRounding) {
  std::vector<std::uint64_t> values;
  for (std::uint64_t i = 1; i <= 100; ++i) values.push_back(i);
  // 0.07 * 100 is 7.000000000000001 in doubles; counts up to 92 come back exactly.
  for (const std::uint64_t rank : {7U, 28U, 55U, 56U, 57U, 58U, 90U}) {
    EXPECT_EQ(recorded(values, Unit::Count).quantile(static_cast<double>(rank) / 100), static_cast<double>(rank));
  }
}

TEST(ExponentialHistogram, SmallCountsComeBackExactly) {
  for (std::uint64_t count = 0; count <= 92; ++count) {
    EXPECT_EQ(recorded({0, count, count, count, 1000}, Unit::Count).quantile(0.5), static_cast<double>(count));
  }
}

TEST(ExponentialHistogram, ZeroHasABucketOfItsOwn) {
  const auto histogram = recorded({0, 0, 0, 1, 2}, Unit::Count);
  const auto state = histogram.save();
  EXPECT_EQ(state.zero_count, 3U);
  EXPECT_EQ(state.buckets, (std::vector<std::pair<std::int32_t, std::uint64_t>>{{-1, 1}, {63, 1}}));
  EXPECT_EQ(histogram.quantile(0.5), 0.0);
  EXPECT_EQ(histogram.quantile(0.8), 1.0);
  EXPECT_EQ(histogram.min(), 0U);
  EXPECT_EQ(histogram.max(), 2U);
}

TEST(ExponentialHistogram, ManyValuesAtOnceAreManyValues) {
  ExponentialHistogram at_once, one_by_one;
  at_once.record_many(3'000'000, 4, 12'000'000);
  at_once.record_many(5'000'000, 0, 0);
  for (int i = 0; i < 4; ++i) one_by_one.record(3'000'000);
  EXPECT_EQ(at_once, one_by_one);
  at_once.record_many(10, 3, 31);
  EXPECT_EQ(at_once.count(), 7U);
  EXPECT_EQ(at_once.sum(), 12'000'031U);
}

TEST(ExponentialHistogram, TheSumStopsAtItsGreatestValue) {
  auto histogram = recorded({UINT64_MAX, 1});
  EXPECT_EQ(histogram.sum(), UINT64_MAX);
  histogram.merge(recorded({5}));
  EXPECT_EQ(histogram.sum(), UINT64_MAX);
  EXPECT_EQ(histogram.count(), 3U);
  EXPECT_EQ(histogram.max(), UINT64_MAX);
}

TEST(ExponentialHistogram, MergingInAnySplitAndOrderIsRecordingEverything) {
  auto values = lognormal_durations(20'000, 3);
  values.insert(values.end(), {0, 0, 1, kHour});
  const auto whole = recorded(values);
  std::mt19937 random(4);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(values.begin(), values.end(), random);
    const std::size_t parts_count = 1 + random() % 40;
    std::vector<ExponentialHistogram> parts(parts_count);
    for (const std::uint64_t value : values) parts[random() % parts_count].record(value);
    while (parts.size() > 1) {  // merge any two until one is left: a random tree
      std::shuffle(parts.begin(), parts.end(), random);
      const ExponentialHistogram last = parts.back();
      parts.pop_back();
      parts.back().merge(last);
    }
    EXPECT_EQ(parts.front(), whole);
  }
}

TEST(ExponentialHistogram, MergingNothingOrItselfIsExactToo) {
  const auto values = lognormal_durations(100, 5);
  auto histogram = recorded(values);
  histogram.merge(ExponentialHistogram());
  EXPECT_EQ(histogram, recorded(values));
  ExponentialHistogram empty;
  empty.merge(histogram);
  EXPECT_EQ(empty, histogram);
  histogram.merge(histogram);
  auto twice = values;
  twice.insert(twice.end(), values.begin(), values.end());
  EXPECT_EQ(histogram, recorded(twice));
}

TEST(ExponentialHistogram, ScalingDownIsRecordingAtTheLowerScale) {
  auto values = lognormal_durations(20'000, 6);
  values.insert(values.end(), {0, kSecond, kSecond / 2, 2 * kSecond, kSecond + 1, UINT64_MAX, 1});
  for (const Unit unit : {Unit::Nanoseconds, Unit::Count}) {
    const auto finest = recorded(values, unit);
    for (int scale = kCoarsestScale; scale <= kFinestScale; ++scale) {
      EXPECT_EQ(finest.scaled_down(kFinestScale - scale), recorded(values, unit, scale)) << scale;
    }
    EXPECT_EQ(finest.scaled_down(3).scaled_down(2), finest.scaled_down(5));
    EXPECT_EQ(finest.scaled_down(100).scale(), kCoarsestScale);
  }
}

TEST(ExponentialHistogram, MergingTwoScalesGivesTheCoarser) {
  const auto left = lognormal_durations(1000, 7), right = lognormal_durations(1000, 8);
  auto all = left;
  all.insert(all.end(), right.begin(), right.end());
  auto fine = recorded(left);
  fine.merge(recorded(right, Unit::Nanoseconds, 3));
  EXPECT_EQ(fine, recorded(all, Unit::Nanoseconds, 3));
  auto coarse = recorded(left, Unit::Nanoseconds, 3);
  coarse.merge(recorded(right));
  EXPECT_EQ(coarse, fine);
}

// A bucket has 16 bits in place; what it holds beyond is kept elsewhere, and nobody can tell.
TEST(ExponentialHistogram, ABucketMayHoldMoreThan16Bits) {
  ExponentialHistogram one_by_one(Unit::Count), at_once(Unit::Count), in_parts(Unit::Count);
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> counts = {{0, 70'000}, {1, 65'535},   {2, 65'536},
                                                                       {3, 1},      {40, 200'000}, {41, 131'072}};
  for (const auto& [value, times] : counts) {
    for (std::uint64_t i = 0; i < times; ++i) one_by_one.record(value);
    at_once.record_many(value, times, value * times);
    ExponentialHistogram part(Unit::Count);
    part.record_many(value, times - times / 3, value * (times - times / 3));
    in_parts.merge(part);
  }
  EXPECT_FALSE(at_once == in_parts);
  for (const auto& [value, times] : counts) in_parts.record_many(value, times / 3, value * (times / 3));
  EXPECT_EQ(one_by_one, at_once);
  EXPECT_EQ(one_by_one, in_parts);
  const auto state = at_once.save();
  EXPECT_EQ(state.zero_count, 70'000U);
  ASSERT_EQ(state.buckets.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(state.buckets[i].second, counts[i + 1].second);
  EXPECT_EQ(ExponentialHistogram::restore(state, Unit::Count), at_once);
  EXPECT_EQ(at_once.quantile(0.5), 40.0);  // of 532,144: 201,072 are below
  EXPECT_EQ(at_once.quantile(0.3), 2.0);
  auto doubled = at_once;
  doubled.merge(at_once);
  EXPECT_EQ(doubled.save().buckets[1].second, 131'072U);
  const auto coarse = at_once.scaled_down(6).save();
  std::uint64_t sum = coarse.zero_count;
  for (const auto& [index, count] : coarse.buckets) sum += count;
  EXPECT_EQ(sum, at_once.count());
  auto full = at_once;
  full.record_many(40, std::uint64_t{1} << 50, 0);
  EXPECT_EQ(full.save().buckets[3].second, (std::uint64_t{1} << 48) - 1);
}

TEST(ExponentialHistogram, ASavedOneIsRestoredAndGoesOn) {
  const auto values = lognormal_durations(5000, 9);
  auto original = recorded(values);
  original.record(0);
  auto restored = ExponentialHistogram::restore(original.save());
  EXPECT_EQ(restored, original);
  original.record(12345);
  restored.record(12345);
  EXPECT_EQ(restored, original);
  const auto counts = recorded({0, 1, 5, 500}, Unit::Count, 4);
  EXPECT_EQ(ExponentialHistogram::restore(counts.save(), Unit::Count), counts);
  EXPECT_EQ(ExponentialHistogram::restore(ExponentialHistogram().save()), ExponentialHistogram());
}

TEST(ExponentialHistogram, AStateThatNoRecordingProducesIsRestoredEmpty) {
  using model::HistogramState;
  const auto valid = recorded({0, 1'000'000, 2'000'000, 2'000'000}).save();
  ASSERT_EQ(ExponentialHistogram::restore(valid).count(), 4U);
  ASSERT_EQ(valid.buckets.size(), 2U);
  const struct {
    const char* what;
    void (*spoil)(HistogramState&);
  } rows[] = {
      {"scale too fine", [](HistogramState& s) { s.scale = 7; }},
      {"scale too coarse", [](HistogramState& s) { s.scale = -5; }},
      {"count too high", [](HistogramState& s) { s.count += 1; }},
      {"count too low", [](HistogramState& s) { s.count -= 1; }},
      {"zero count too high", [](HistogramState& s) { s.zero_count = UINT64_MAX; }},
      {"buckets out of order", [](HistogramState& s) { std::swap(s.buckets[0], s.buckets[1]); }},
      {"the same bucket twice", [](HistogramState& s) { s.buckets[1].first = s.buckets[0].first; }},
      {"an empty bucket", [](HistogramState& s) { s.buckets[0].second = 0; }},
      {"a bucket of more than 48 bits",
       [](HistogramState& s) { s.count += s.buckets[1].second += std::uint64_t{1} << 48; }},
      {"an index below 16 bits", [](HistogramState& s) { s.buckets[0].first = -32768; }},
      {"an index above 16 bits", [](HistogramState& s) { s.buckets[1].first = 32768; }},
      {"a minimum outside its bucket", [](HistogramState& s) { s.min = 1; }},
      {"a maximum outside its bucket", [](HistogramState& s) { s.max = 3'000'000; }},
      {"no zeros but a minimum of zero", [](HistogramState& s) { s.zero_count = 0, s.count -= 1; }},
      {"a minimum above the maximum", [](HistogramState& s) { s = recorded({5}).save(), s.max -= 1; }},
      {"a count without buckets", [](HistogramState& s) { s.buckets.clear(), s.zero_count = 0; }},
  };
  for (const auto& row : rows) {
    HistogramState state = valid;
    row.spoil(state);
    EXPECT_EQ(ExponentialHistogram::restore(state), ExponentialHistogram()) << row.what;
  }
}

TEST(ExponentialHistogram, SmallOnesAreSmall) {
  EXPECT_LE(sizeof(ExponentialHistogram), 88U);
  ExponentialHistogram histogram;
  histogram.record(kSecond);
  EXPECT_LE(histogram.memory_bytes(), 104U);
  for (std::uint64_t i = 1; i < 10; ++i) histogram.record(kSecond << i);
  ASSERT_EQ(histogram.save().buckets.size(), 10U);
  EXPECT_LE(histogram.memory_bytes(), 140U);
  EXPECT_LE(recorded(lognormal_durations(100'000, 10)).memory_bytes(), 8'000U);
}

}  // namespace
}  // namespace mercury::aggregate
