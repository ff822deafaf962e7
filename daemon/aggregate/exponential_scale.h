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

namespace mercury::aggregate {

inline constexpr int kFinestScale = 6;
inline constexpr int kCoarsestScale = -4;

// Precondition: value is finite and > 0. A subnormal value counts as the smallest normal one.
int bucket_index(double value, int scale = kFinestScale);

// The bound below bucket `index`, which is the bound above bucket `index - 1`; exact where it is a power of two.
double bucket_lower_bound(int index, int scale = kFinestScale);

// The geometric middle of bucket `index`.
double bucket_midpoint(int index, int scale = kFinestScale);

}  // namespace mercury::aggregate
