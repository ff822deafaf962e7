#include "aggregate/exponential_histogram.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace mercury::aggregate {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

std::uint64_t saturating_sum(std::uint64_t left, std::uint64_t right) {
  const std::uint64_t sum = left + right;
  return sum < left ? UINT64_MAX : sum;
}

}  // namespace

void ExponentialHistogram::record(std::uint64_t value) { record_many(value, 1, value); }

void ExponentialHistogram::record_many(std::uint64_t value, std::uint64_t times, std::uint64_t sum) {
  if (times == 0) return;
  add(index_of(value), times);
  count_ += times;
  sum_ = saturating_sum(sum_, sum);
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

// Division, not multiplication by 1e-9: it is correctly rounded, so that 500,000,000 ns are exactly 0.5 s.
int ExponentialHistogram::index_of(std::uint64_t value) const {
  if (value == 0) return kZeroIndex;
  const double number = static_cast<double>(value);
  return bucket_index(unit_ == Unit::Nanoseconds ? number / kNanosecondsPerSecond : number, scale_);
}

// Indices ascend, so a bucket is at most `index - first` places from the front and `last - index` from the back.
// Where no index is missing these two bounds meet; each missing one widens the search by one place. The search
// itself has no branch to mispredict.
std::size_t ExponentialHistogram::place_of(int index) const {
  if (buckets_.empty() || index > buckets_.back().index()) return buckets_.size();
  if (index <= buckets_.front().index()) return 0;
  const std::size_t last = buckets_.size() - 1;
  const std::size_t high = std::min(last, static_cast<std::size_t>(index - buckets_.front().index()));
  const std::size_t from_last = static_cast<std::size_t>(buckets_.back().index() - index);
  std::size_t low = from_last < last ? last - from_last : 0;
  const std::uint64_t first_word = Bucket::first_word(index);
  for (std::size_t places = high - low + 1; places > 1;) {
    const std::size_t half = places / 2;
    low += buckets_[low + half - 1].word() < first_word ? half : 0;
    places -= half;
  }
  return low;
}

void ExponentialHistogram::add(int index, std::uint64_t count) {
  const std::size_t place = place_of(index);
  if (place < buckets_.size() && buckets_[place].index() == index) {
    buckets_[place].add(count);
    return;
  }
  const std::size_t size = buckets_.size();
  if (size == buckets_.capacity()) buckets_.reserve(size + std::max<std::size_t>(size / 2, 2));
  buckets_.insert(buckets_.begin() + static_cast<std::ptrdiff_t>(place), Bucket(index, count));
}

void ExponentialHistogram::merge(const ExponentialHistogram& other) {
  assert(unit_ == other.unit_);
  if (other.scale_ > scale_) return merge(other.scaled_down(other.scale_ - scale_));
  if (scale_ > other.scale_) *this = scaled_down(scale_ - other.scale_);
  for (std::size_t i = 0; i < other.buckets_.size(); ++i) add(other.buckets_[i].index(), other.buckets_[i].count());
  count_ += other.count_;
  sum_ = saturating_sum(sum_, other.sum_);
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

ExponentialHistogram ExponentialHistogram::scaled_down(int by) const {
  assert(by >= 0);
  const int shift = std::min(by, scale_ - kCoarsestScale);
  ExponentialHistogram coarse(*this);
  coarse.scale_ = static_cast<std::int16_t>(scale_ - shift);
  coarse.buckets_.clear();
  for (const Bucket& bucket : buckets_) {
    coarse.add(bucket.index() == kZeroIndex ? kZeroIndex : bucket.index() >> shift, bucket.count());
  }
  return coarse;
}

double ExponentialHistogram::quantile(double q) const {
  if (count_ == 0) return 0.0;
  // 0.07 · 100 is a little more than 7 in doubles; the factor keeps that from becoming rank 8.
  const double rank = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_) * (1.0 - 1e-15));
  if (rank <= 1.0) return static_cast<double>(min_);
  if (rank >= static_cast<double>(count_)) return static_cast<double>(max_);
  std::uint64_t seen = 0;
  for (const Bucket& bucket : buckets_) {
    seen += bucket.count();
    if (static_cast<double>(seen) >= rank) {
      return std::clamp(value_in(bucket), static_cast<double>(min_), static_cast<double>(max_));
    }
  }
  return static_cast<double>(max_);
}

double ExponentialHistogram::value_in(const Bucket& bucket) const {
  if (bucket.index() == kZeroIndex) return 0.0;
  if (unit_ == Unit::Nanoseconds) return bucket_midpoint(bucket.index(), scale_) * kNanosecondsPerSecond;
  const double largest = std::floor(bucket_lower_bound(bucket.index() + 1, scale_));
  const bool is_alone = largest - std::floor(bucket_lower_bound(bucket.index(), scale_)) == 1.0;
  return is_alone ? largest : bucket_midpoint(bucket.index(), scale_);
}

model::HistogramState ExponentialHistogram::save() const {
  model::HistogramState state;
  state.scale = scale_;
  state.count = count_;
  state.sum = sum_;
  state.min = min();
  state.max = max_;
  for (const Bucket& bucket : buckets_) {
    if (bucket.index() == kZeroIndex) {
      state.zero_count = bucket.count();
    } else {
      state.buckets.emplace_back(bucket.index(), bucket.count());
    }
  }
  return state;
}

ExponentialHistogram ExponentialHistogram::restore(const model::HistogramState& state, Unit unit) {
  ExponentialHistogram nothing(unit);
  if (state.scale < kCoarsestScale || state.scale > kFinestScale || state.count == 0) return nothing;
  ExponentialHistogram histogram(unit, state.scale);
  histogram.buckets_.reserve(state.buckets.size() + 1);
  std::uint64_t left = state.count;
  int lowest = kZeroIndex;
  const auto append = [&](int index, std::uint64_t count) {
    if (index < lowest || index > kHighestIndex || count == 0 || count > kCountMax || count > left) return false;
    histogram.buckets_.emplace_back(index, count);
    left -= count;
    lowest = index + 1;
    return true;
  };
  if (state.zero_count > 0 && !append(kZeroIndex, state.zero_count)) return nothing;
  lowest = kZeroIndex + 1;
  for (const auto& [index, count] : state.buckets) {
    if (!append(index, count)) return nothing;
  }
  histogram.count_ = state.count;
  histogram.sum_ = state.sum;
  histogram.min_ = state.min;
  histogram.max_ = state.max;
  return left == 0 && histogram.has_consistent_ends() ? histogram : nothing;
}

bool ExponentialHistogram::has_consistent_ends() const {
  return min_ <= max_ && buckets_.front().index() == index_of(min_) && buckets_.back().index() == index_of(max_);
}

}  // namespace mercury::aggregate
