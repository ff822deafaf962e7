// A distribution that can be merged: how long the requests of a route took, how many queries they made.
//
// A base-2 exponential histogram at scale 6 (exponential_scale.h): any quantile is within 0.54 % of the truth,
// merging is exact, in any order and in any split, and it scales down exactly to an OpenTelemetry exponential
// histogram or a Prometheus native histogram. Durations go in as nanoseconds and their bounds are powers of two in
// **seconds**; counts go in as they are. Zero has a bucket of its own.
//
//   ExponentialHistogram durations;                                             // Unit::Nanoseconds
//   ExponentialHistogram query_counts(ExponentialHistogram::Unit::Count);
//   durations.record(1'250'000);
//   const double p95_ms = durations.quantile(0.95) / 1e6;
//
// Exact: count, sum, min, max, and the count of each bucket. The sum stops at 2^64 - 1 (in nanoseconds 584 years
// of added-up time), the count of one bucket at 2^48 - 1; both are beyond what a daemon lives to see. A duration of
// more than 2^53 ns (104 days) is rounded to the nearest double before its bucket is chosen.
//
// Memory: 88 bytes and 4 for each different bucket (at most half as many again in reserve, or empty between others);
// the few buckets that hold more than 65,535 keep the upper part of their count elsewhere, in 16 bytes.
// Requests between 1 ms and 1 s touch at most 640 buckets.
//
// Thread rules: a plain value, one thread at a time. Failure: none but std::bad_alloc.
// Cost: record() 5 to 20 ns if the bucket exists, else an insertion into a sorted array. Once most of the buckets
// between the lowest and the highest are in use the others are made, too, empty; then nothing is searched for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aggregate/exponential_scale.h"
#include "model/engine_state.h"

namespace mercury::aggregate {

class ExponentialHistogram {
 public:
  enum class Unit : std::uint8_t { Nanoseconds, Count };

  ExponentialHistogram() : ExponentialHistogram(Unit::Nanoseconds) {}

  // Precondition: scale is within [kCoarsestScale, kFinestScale].
  explicit ExponentialHistogram(Unit unit, int scale = kFinestScale)
      : unit_(unit), scale_(static_cast<std::int16_t>(scale)) {}

  void record(std::uint64_t value) { record(value, index_of(value)); }

  // The same in two steps, for many values in many histograms: with `index` of index_of(), prefetch() asks for the
  // bucket early, as it lies far from everything else.
  void prefetch(int index) const {
    const auto place = static_cast<std::size_t>(index - first_index_);
    if (place < dense_size_) __builtin_prefetch(&buckets_[place], 1);
  }
  void record(std::uint64_t value, int index) {
    const auto place = static_cast<std::size_t>(index - first_index_);
    if (place < dense_size_ && !buckets_[place].is_full()) [[likely]] {
      buckets_[place].add_one();
    } else {
      add(index, 1);
    }
    ++count_;
    sum_ += value;
    if (sum_ < value) [[unlikely]]
      sum_ = UINT64_MAX;
    if (value < min_) [[unlikely]]
      min_ = value;
    if (value > max_) [[unlikely]]
      max_ = value;
  }

  // The bucket of a value.
  // Division, not multiplication by 1e-9: it is correctly rounded, so that 500,000,000 ns are exactly 0.5 s.
  int index_of(std::uint64_t value) const {
    if (value == 0) return kZeroIndex;
    if (unit_ == Unit::Nanoseconds && scale_ == kFinestScale && value <= INT64_MAX) [[likely]] {
      return finest_bucket_index(static_cast<double>(static_cast<std::int64_t>(value)) / kNanosecondsPerSecond);
    }
    const double number = static_cast<double>(value);
    return bucket_index(unit_ == Unit::Nanoseconds ? number / kNanosecondsPerSecond : number, scale_);
  }

  // `times` recordings of `value` at once, which add `sum` to the sum: for values of which only the sum and the
  // number are known, `value` being their mean.
  void record_many(std::uint64_t value, std::uint64_t times, std::uint64_t sum);

  // Afterwards this holds what both recorded, at the coarser of the two scales. Precondition: the same unit.
  void merge(const ExponentialHistogram& other);

  // The same values at a scale that is `by` steps coarser, at most down to kCoarsestScale. Precondition: by >= 0.
  [[nodiscard]] ExponentialHistogram scaled_down(int by) const;

  // The value of rank ceil(q · count), in the unit recorded: the middle of its bucket, but never outside
  // [min, max]; the first and the last are exact, and so is a count whose bucket holds no other whole number
  // (below 93 at scale 6). 0 if nothing was recorded. q is clamped to [0, 1].
  [[nodiscard]] double quantile(double q) const;

  Unit unit() const { return unit_; }
  int scale() const { return scale_; }
  std::uint64_t count() const { return count_; }
  std::uint64_t sum() const { return sum_; }
  std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
  std::uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_); }

  // Of this object and what it has allocated.
  std::size_t memory_bytes() const {
    return sizeof(*this) + buckets_.capacity() * sizeof(Bucket) + upper_.capacity() * sizeof(Upper);
  }

  // Everything there is to know but the unit, for a snapshot on disk and for exporters; and back. A state that no
  // recording could have produced (a scale out of range, buckets out of order, a count that is not what they add up
  // to, a minimum or maximum that is not in its bucket) restores an empty histogram: check count() where it matters.
  model::HistogramState save() const;
  static ExponentialHistogram restore(const model::HistogramState& state, Unit unit = Unit::Nanoseconds);

  // Whether both hold the same: every count, at the same scale.
  bool operator==(const ExponentialHistogram& other) const;

 private:
  // Index in the upper 16 bits, so that buckets sort as numbers; the lower 16 bits of the count in the lower 16.
  class Bucket {
   public:
    explicit Bucket(int index) : word_(first_word(index)) {}
    int index() const { return static_cast<int>(word_ >> 16) + kLowestIndex; }
    std::uint32_t lower() const { return word_ & kLowerMax; }
    void set_lower(std::uint64_t count) {
      word_ = (word_ & ~kLowerMax) | (static_cast<std::uint32_t>(count) & kLowerMax);
    }
    bool is_full() const { return lower() == kLowerMax; }
    void add_one() { ++word_; }  // precondition: it is not full
    std::uint32_t word() const { return word_; }
    bool operator==(const Bucket&) const = default;

    // What every bucket with this index is at or above, and every bucket with a lower index is below.
    static std::uint32_t first_word(int index) { return static_cast<std::uint32_t>(index - kLowestIndex) << 16; }

   private:
    static constexpr std::uint32_t kLowerMax = 0xffff;
    std::uint32_t word_;
  };
  struct Upper {
    int index;
    std::uint64_t count;  // in units of 65,536; not 0
    bool operator==(const Upper&) const = default;
  };

  static constexpr int kLowestIndex = -32768;
  static constexpr int kHighestIndex = 32767;
  static constexpr int kZeroIndex = kLowestIndex;  // the bucket of the value 0, which has no logarithm
  static constexpr std::uint64_t kCountMax = (std::uint64_t{1} << 48) - 1;

  static constexpr double kNanosecondsPerSecond = 1e9;

  double value_in(const Bucket& bucket) const;
  std::uint64_t count_in(const Bucket& bucket) const;
  void set_count(Bucket& bucket, std::uint64_t count);
  std::size_t place_of(int index) const;  // of the first bucket that is not below `index`
  void add(int index, std::uint64_t count);
  void insert(std::size_t place, int index);
  void fill_gaps();
  void note_density();
  std::size_t reach() const;  // from the first bucket to the last, missing ones included
  bool has_consistent_ends() const;

  Unit unit_;
  std::int16_t scale_;
  // Where no bucket is missing, that of an index is at index - first_index_; elsewhere dense_size_ is 0.
  std::int16_t first_index_ = 0;
  std::uint16_t dense_size_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = UINT64_MAX;
  std::uint64_t max_ = 0;
  std::vector<Bucket> buckets_;  // ascending by index, the first and the last not empty
  std::vector<Upper> upper_;     // ascending by index: of the counts that 16 bits do not hold
};

}  // namespace mercury::aggregate
