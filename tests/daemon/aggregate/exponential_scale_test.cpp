// The expected indices come from exact arithmetic in Python, Fraction(v) ** 64 compared with powers of two; no
// logarithm and none of this project's code was involved.
#include "aggregate/exponential_scale.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mercury::aggregate {
namespace {

TEST(ExponentialScale, IndexIsThatOfOpenTelemetryAtAndNextToTheBounds) {
  const struct {
    double value;
    int index;
  } rows[] = {
      {0x1.0000000000000p-1022, -65409}, {0x1.0000000000001p-1022, -65408}, {0x1.fffffffffffffp-31, -1921},
      {0x1.0000000000000p-30, -1921},    {0x1.0000000000001p-30, -1920},    {0x1.fffffffffffffp-10, -577},
      {0x1.0000000000000p-9, -577},      {0x1.0000000000001p-9, -576},      {0x1.fffffffffffffp-2, -65},
      {0x1.0000000000000p-1, -65},       {0x1.0000000000001p-1, -64},       {0x1.fffffffffffffp-1, -1},
      {0x1.0000000000000p+0, -1},        {0x1.0000000000001p+0, 0},         {0x1.fffffffffffffp+0, 63},
      {0x1.0000000000000p+1, 63},        {0x1.0000000000001p+1, 64},        {0x1.fffffffffffffp+1, 127},
      {0x1.0000000000000p+2, 127},       {0x1.0000000000001p+2, 128},       {0x1.fffffffffffffp+9, 639},
      {0x1.0000000000000p+10, 639},      {0x1.0000000000001p+10, 640},      {0x1.fffffffffffffp+62, 4031},
      {0x1.0000000000000p+63, 4031},     {0x1.0000000000001p+63, 4032},     {0x1.fffffffffffffp+1022, 65471},
      {0x1.0000000000000p+1023, 65471},  {0x1.0000000000001p+1023, 65472},  {0x1.1429aaea92ddfp-30, -1914},
      {0x1.1429aaea92de0p-30, -1913},    {0x1.1429aaea92de1p-30, -1913},    {0x1.fffffffffffffp-11, -641},
      {0x1.0000000000000p-10, -641},     {0x1.0000000000001p-10, -640},     {0x1.fa7c1819e90d7p-2, -66},
      {0x1.fa7c1819e90d8p-2, -66},       {0x1.fa7c1819e90d9p-2, -65},       {0x1.02c9a3e778060p-1, -64},
      {0x1.02c9a3e778061p-1, -63},       {0x1.02c9a3e778062p-1, -63},       {0x1.6623882552224p-1, -34},
      {0x1.6623882552225p-1, -33},       {0x1.6623882552226p-1, -33},       {0x1.6a09e667f3bccp-1, -33},
      {0x1.6a09e667f3bcdp-1, -32},       {0x1.6a09e667f3bcep-1, -32},       {0x1.6dfb23c651a2ep-1, -32},
      {0x1.6dfb23c651a2fp-1, -31},       {0x1.6dfb23c651a30p-1, -31},       {0x1.fa7c1819e90d7p-1, -2},
      {0x1.fa7c1819e90d8p-1, -2},        {0x1.fa7c1819e90d9p-1, -1},        {0x1.02c9a3e778060p+0, 0},
      {0x1.02c9a3e778061p+0, 1},         {0x1.02c9a3e778062p+0, 1},         {0x1.059b0d3158573p+0, 1},
      {0x1.059b0d3158574p+0, 1},         {0x1.059b0d3158575p+0, 2},         {0x1.0874518759bc7p+0, 2},
      {0x1.0874518759bc8p+0, 2},         {0x1.0874518759bc9p+0, 3},         {0x1.33c08b26416fep+0, 16},
      {0x1.33c08b26416ffp+0, 16},        {0x1.33c08b2641700p+0, 17},        {0x1.6623882552224p+0, 30},
      {0x1.6623882552225p+0, 31},        {0x1.6623882552226p+0, 31},        {0x1.6a09e667f3bccp+0, 31},
      {0x1.6a09e667f3bcdp+0, 32},        {0x1.6a09e667f3bcep+0, 32},        {0x1.6dfb23c651a2ep+0, 32},
      {0x1.6dfb23c651a2fp+0, 33},        {0x1.6dfb23c651a30p+0, 33},        {0x1.a9e6b5579fdbep+0, 46},
      {0x1.a9e6b5579fdbfp+0, 46},        {0x1.a9e6b5579fdc0p+0, 47},        {0x1.fa7c1819e90d7p+0, 62},
      {0x1.fa7c1819e90d8p+0, 62},        {0x1.fa7c1819e90d9p+0, 63},        {0x1.02c9a3e778060p+1, 64},
      {0x1.02c9a3e778061p+1, 65},        {0x1.02c9a3e778062p+1, 65},        {0x1.7a11473eb0186p+1, 99},
      {0x1.7a11473eb0187p+1, 100},       {0x1.7a11473eb0188p+1, 100},       {0x1.1429aaea92ddfp+34, 2182},
      {0x1.1429aaea92de0p+34, 2183},     {0x1.1429aaea92de1p+34, 2183},     {0x1.fa7c1819e90d7p+63, 4094},
      {0x1.fa7c1819e90d8p+63, 4094},     {0x1.fa7c1819e90d9p+63, 4095},     {0x1.12e0be826d695p-30, -1914},
      {0x1.0c6f7a0b5ed8dp-20, -1276},    {0x1.0624dd2f1a9fcp-10, -638},     {0x1.999999999999ap-4, -213},
      {0x1.0000000000000p-2, -129},      {0x1.8000000000000p+1, 101},       {0x1.4000000000000p+2, 148},
      {0x1.c000000000000p+2, 179},       {0x1.4000000000000p+3, 212},       {0x1.7000000000000p+6, 417},
      {0x1.7400000000000p+6, 418},       {0x1.f400000000000p+9, 637},       {0x1.c200000000000p+11, 756},
      {0x1.fffffffffffffp+1023, 65535},
  };
  for (const auto& row : rows) EXPECT_EQ(bucket_index(row.value), row.index) << std::hexfloat << row.value;
}

// An integer power of two is the upper end of its bucket at every scale.
TEST(ExponentialScale, APowerOfTwoEndsItsBucket) {
  for (int scale = 0; scale <= kFinestScale; ++scale) {
    for (int exponent = -1022; exponent <= 1023; ++exponent) {
      const double power = std::ldexp(1.0, exponent);
      const int per_doubling = 1 << scale;
      EXPECT_EQ(bucket_index(power, scale), exponent * per_doubling - 1);
      EXPECT_EQ(bucket_index(std::nextafter(power, HUGE_VAL), scale), exponent * per_doubling);
      if (exponent > -1022) {
        EXPECT_EQ(bucket_index(std::nextafter(power, 0.0), scale), exponent * per_doubling - 1);
      }
    }
  }
}

TEST(ExponentialScale, ASubnormalCountsAsTheSmallestNormalValue) {
  const int smallest = bucket_index(std::numeric_limits<double>::min());
  EXPECT_EQ(bucket_index(std::numeric_limits<double>::denorm_min()), smallest);
  EXPECT_EQ(bucket_index(std::numeric_limits<double>::min() / 2), smallest);
}

TEST(ExponentialScale, ACoarserScaleJoinsNeighbours) {
  double value = 1e-9;
  for (int i = 0; i < 10'000; ++i, value *= 1.0043) {
    const int finest = bucket_index(value);
    for (int scale = kCoarsestScale; scale < kFinestScale; ++scale) {
      EXPECT_EQ(bucket_index(value, scale), finest >> (kFinestScale - scale));
    }
  }
}

TEST(ExponentialScale, ABucketLiesBetweenItsBounds) {
  double value = 1e-9;
  for (int i = 0; i < 10'000; ++i, value *= 1.0043) {
    for (int scale = kCoarsestScale; scale <= kFinestScale; ++scale) {
      const int index = bucket_index(value, scale);
      EXPECT_LT(bucket_lower_bound(index, scale), value * (1 + 1e-12));
      EXPECT_GE(bucket_lower_bound(index + 1, scale), value * (1 - 1e-12));
      EXPECT_GT(bucket_midpoint(index, scale), bucket_lower_bound(index, scale));
      EXPECT_LT(bucket_midpoint(index, scale), bucket_lower_bound(index + 1, scale));
    }
  }
}

// sqrt(2^(1/64)) - 1 = 0.00543
TEST(ExponentialScale, TheMiddleOfABucketIsWithin54BasisPoints) {
  for (int index = -2000; index <= 4096; ++index) {
    const double middle = bucket_midpoint(index);
    EXPECT_LE(bucket_lower_bound(index + 1) / middle - 1, 0.00544);
    EXPECT_LE(1 - bucket_lower_bound(index) / middle, 0.00544);
  }
}

TEST(ExponentialScale, BoundsThatArePowersOfTwoAreExact) {
  EXPECT_EQ(bucket_lower_bound(0), 1.0);
  EXPECT_EQ(bucket_lower_bound(64), 2.0);
  EXPECT_EQ(bucket_lower_bound(-64), 0.5);
  EXPECT_EQ(bucket_lower_bound(-640), 0x1p-10);
  EXPECT_EQ(bucket_lower_bound(3, 0), 8.0);
  EXPECT_EQ(bucket_lower_bound(-1, -2), 0x1p-4);
}

}  // namespace
}  // namespace mercury::aggregate
