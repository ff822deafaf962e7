// The buckets of a base-2 exponential histogram: which one a value is in, and where a bucket lies.
//
// At scale s a bucket with index i holds the values v with 2^(i/2^s) < v <= 2^((i+1)/2^s): upper-inclusive, as
// OpenTelemetry's exponential histogram and Prometheus' native histogram define it, so
//
//   index = ceil(log2(v) · 2^s) - 1
//
// The finest scale is 6: 64 buckets for each doubling, and the middle of a bucket is within 0.54 % of all that is
// in it. A coarser scale joins 2, 4, 8 … neighbours, with no bucket ever split: index >> 1 is exact because both
// kinds of bounds are upper-inclusive.
//
// The index is exact for every double: it is read off the exponent and by comparing the mantissa with 64 thresholds
// that were computed with 80 digits. A logarithm would be slower, and wrong next to a bound.
//
// Thread rules: pure. Cost of bucket_index: a few nanoseconds.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace mercury::aggregate {

inline constexpr int kFinestScale = 6;
inline constexpr int kCoarsestScale = -4;

namespace scale_detail {

inline constexpr int kMantissaBits = 52;
inline constexpr std::uint64_t kMantissaMask = (std::uint64_t{1} << kMantissaBits) - 1;
inline constexpr int kExponentBias = 1023;
inline constexpr std::size_t kBoundsPerDoubling = std::size_t{1} << kFinestScale;

// floor((2^(j/64) - 1) · 2^52): the mantissa of the largest double that is not above the bound. The bounds for
// j > 0 are irrational, so a double is above the bound exactly if its mantissa is above this number.
// The last one is above every mantissa.
inline constexpr std::array<std::uint64_t, kBoundsPerDoubling + 1> kThresholds = {
    0x0000000000000, 0x02c9a3e778060, 0x059b0d3158574, 0x0874518759bc8, 0x0b5586cf9890f, 0x0e3ec32d3d1a2,
    0x11301d0125b50, 0x1429aaea92ddf, 0x172b83c7d517a, 0x1a35beb6fcb75, 0x1d4873168b9aa, 0x2063b88628cd6,
    0x2387a6e756238, 0x26b4565e27cdd, 0x29e9df51fdee1, 0x2d285a6e4030b, 0x306fe0a31b715, 0x33c08b26416ff,
    0x371a7373aa9ca, 0x3a7db34e59ff6, 0x3dea64c123422, 0x4160a21f72e29, 0x44e086061892d, 0x486a2b5c13cd0,
    0x4bfdad5362a27, 0x4f9b2769d2ca6, 0x5342b569d4f81, 0x56f4736b527da, 0x5ab07dd485429, 0x5e76f15ad2148,
    0x6247eb03a5584, 0x6623882552224, 0x6a09e667f3bcc, 0x6dfb23c651a2e, 0x71f75e8ec5f73, 0x75feb564267c8,
    0x7a11473eb0186, 0x7e2f336cf4e62, 0x82589994cce12, 0x868d99b4492ec, 0x8ace5422aa0db, 0x8f1ae99157736,
    0x93737b0cdc5e4, 0x97d829fde4e4f, 0x9c49182a3f090, 0xa0c667b5de564, 0xa5503b23e255c, 0xa9e6b5579fdbf,
    0xae89f995ad3ad, 0xb33a2b84f15fa, 0xb7f76f2fb5e46, 0xbcc1e904bc1d2, 0xc199bdd85529c, 0xc67f12e57d14b,
    0xcb720dcef9069, 0xd072d4a07897b, 0xd5818dcfba487, 0xda9e603db3285, 0xdfc97337b9b5e, 0xe502ee78b3ff6,
    0xea4afa2a490d9, 0xefa1bee615a27, 0xf50765b6e4540, 0xfa7c1819e90d8, kMantissaMask,
};

// The upper 7 bits of a mantissa choose one of 128 intervals; none holds more than one bound (they are at least
// 1/92 apart), so the number of bounds below a value is the number below its interval, or one more.
inline constexpr int kIntervalBits = 7;
inline constexpr std::size_t kIntervals = std::size_t{1} << kIntervalBits;

constexpr std::array<std::uint8_t, kIntervals> count_thresholds_below_each_interval() {
  std::array<std::uint8_t, kIntervals> below{};
  for (std::size_t interval = 0; interval < kIntervals; ++interval) {
    const std::uint64_t start = std::uint64_t{interval} << (kMantissaBits - kIntervalBits);
    for (const std::uint64_t threshold : kThresholds) {
      if (threshold < start) ++below[interval];
    }
  }
  return below;
}

inline constexpr std::array<std::uint8_t, kIntervals> kThresholdsBelow = count_thresholds_below_each_interval();

constexpr bool no_interval_holds_two_thresholds() {
  for (std::size_t interval = 0; interval + 1 < kIntervals; ++interval) {
    if (kThresholdsBelow[interval + 1] - kThresholdsBelow[interval] > 1) return false;
  }
  return kThresholdsBelow[kIntervals - 1] + 1 >= static_cast<int>(kBoundsPerDoubling);
}
static_assert(no_interval_holds_two_thresholds());

}  // namespace scale_detail

// bucket_index() at the finest scale. Precondition: value is finite, > 0 and not subnormal.
inline int finest_bucket_index(double value) {
  using namespace scale_detail;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
  const int exponent = static_cast<int>(bits >> kMantissaBits) - kExponentBias;
  const std::uint64_t mantissa = bits & kMantissaMask;
  const std::size_t below = kThresholdsBelow[mantissa >> (kMantissaBits - kIntervalBits)];
  return exponent * static_cast<int>(kBoundsPerDoubling) + static_cast<int>(below) +
         (mantissa > kThresholds[below] ? 1 : 0) - 1;
}

// Precondition: value is finite and > 0. A subnormal value counts as the smallest normal one.
inline int bucket_index(double value, int scale = kFinestScale) {
  assert(std::isfinite(value) && value > 0);
  assert(scale >= kCoarsestScale && scale <= kFinestScale);
  return finest_bucket_index(std::max(value, std::numeric_limits<double>::min())) >> (kFinestScale - scale);
}

// The bound below bucket `index`, which is the bound above bucket `index - 1`; exact where it is a power of two.
double bucket_lower_bound(int index, int scale = kFinestScale);

// The geometric middle of bucket `index`.
double bucket_midpoint(int index, int scale = kFinestScale);

}  // namespace mercury::aggregate
