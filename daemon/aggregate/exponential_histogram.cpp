#include "aggregate/exponential_histogram.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace mercury::aggregate {
namespace {

constexpr std::size_t kFillFrom = 16;  // buckets: a smaller histogram is found through quickly, and stays small

std::uint64_t saturating_sum(std::uint64_t left, std::uint64_t right) {
  const std::uint64_t sum = left + right;
  return sum < left ? UINT64_MAX : sum;
}

}  // namespace

void ExponentialHistogram::record_many(std::uint64_t value, std::uint64_t times, std::uint64_t sum) {
  if (times == 0) return;
  add(index_of(value), times);
  count_ += times;
  sum_ = saturating_sum(sum_, sum);
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
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
  const std::uint32_t first_word = Bucket::first_word(index);
  for (std::size_t places = high - low + 1; places > 1;) {
    const std::size_t half = places / 2;
    low += buckets_[low + half - 1].word() < first_word ? half : 0;
    places -= half;
  }
  return low;
}

std::uint64_t ExponentialHistogram::count_in(const Bucket& bucket) const {
  if (upper_.empty()) [[likely]]
    return bucket.lower();
  const auto upper = std::ranges::lower_bound(upper_, bucket.index(), {}, &Upper::index);
  const bool found = upper != upper_.end() && upper->index == bucket.index();
  return bucket.lower() + (found ? upper->count << 16U : 0);
}

void ExponentialHistogram::set_count(Bucket& bucket, std::uint64_t count) {
  count = std::min(count, kCountMax);
  bucket.set_lower(count);
  if (count >> 16U == 0) return;  // counts only grow
  const auto upper = std::ranges::lower_bound(upper_, bucket.index(), {}, &Upper::index);
  if (upper != upper_.end() && upper->index == bucket.index()) {
    upper->count = count >> 16U;
  } else {
    upper_.insert(upper, {bucket.index(), count >> 16U});
  }
}

void ExponentialHistogram::add(int index, std::uint64_t count) {
  if (count == 0) return;
  std::size_t place = place_of(index);
  if (place == buckets_.size() || buckets_[place].index() != index) {
    insert(place, index);
    place = place_of(index);  // others may have been made with it
  }
  Bucket& bucket = buckets_[place];
  set_count(bucket, count_in(bucket) + count);
}

void ExponentialHistogram::insert(std::size_t place, int index) {
  const std::size_t size = buckets_.size();
  if (size == buckets_.capacity()) buckets_.reserve(size + std::max<std::size_t>(size / 4, 4));
  buckets_.insert(buckets_.begin() + static_cast<std::ptrdiff_t>(place), Bucket(index));
  const std::size_t span = reach();
  const std::size_t used = buckets_.size();
  if (used >= kFillFrom && span > used && span <= used + used / 2) fill_gaps();
  note_density();
}

std::size_t ExponentialHistogram::reach() const {
  return static_cast<std::size_t>(buckets_.back().index() - buckets_.front().index()) + 1;
}

void ExponentialHistogram::note_density() {
  const std::size_t size = buckets_.size();
  first_index_ = static_cast<std::int16_t>(buckets_.front().index());
  dense_size_ = reach() == size && size <= UINT16_MAX ? static_cast<std::uint16_t>(size) : std::uint16_t{0};
}

// Makes the missing buckets between the first and the last, so that place_of() has nothing to search.
void ExponentialHistogram::fill_gaps() {
  std::vector<Bucket> all;
  all.reserve(reach());
  for (const Bucket& bucket : buckets_) {
    while (!all.empty() && all.back().index() + 1 < bucket.index()) all.emplace_back(all.back().index() + 1);
    all.push_back(bucket);
  }
  buckets_ = std::move(all);
}

bool ExponentialHistogram::operator==(const ExponentialHistogram& other) const {
  const auto next_used = [](auto at, auto end) {
    return std::find_if(at, end, [](const Bucket& bucket) { return bucket.lower() > 0; });
  };
  const auto end = buckets_.end();
  const auto other_end = other.buckets_.end();
  auto at = next_used(buckets_.begin(), end);
  auto other_at = next_used(other.buckets_.begin(), other_end);
  for (; at != end && other_at != other_end && *at == *other_at;
       at = next_used(at + 1, end), other_at = next_used(other_at + 1, other_end)) {
  }
  return at == end && other_at == other_end && upper_ == other.upper_ && unit_ == other.unit_ &&
         scale_ == other.scale_ && count_ == other.count_ && sum_ == other.sum_ && min_ == other.min_ &&
         max_ == other.max_;
}

void ExponentialHistogram::merge(const ExponentialHistogram& other) {
  assert(unit_ == other.unit_);
  if (other.scale_ > scale_) return merge(other.scaled_down(other.scale_ - scale_));
  if (scale_ > other.scale_) *this = scaled_down(scale_ - other.scale_);
  for (const Bucket& bucket : other.buckets_) add(bucket.index(), other.count_in(bucket));
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
  coarse.upper_.clear();
  coarse.dense_size_ = 0;
  for (const Bucket& bucket : buckets_) {
    coarse.add(bucket.index() == kZeroIndex ? kZeroIndex : bucket.index() >> shift, count_in(bucket));
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
    seen += count_in(bucket);
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
      state.zero_count = count_in(bucket);
    } else if (const std::uint64_t count = count_in(bucket); count > 0) {
      state.buckets.emplace_back(bucket.index(), count);
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
    histogram.set_count(histogram.buckets_.emplace_back(index), count);
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
  if (!histogram.buckets_.empty()) histogram.note_density();
  return left == 0 && histogram.has_consistent_ends() ? histogram : nothing;
}

bool ExponentialHistogram::has_consistent_ends() const {
  return min_ <= max_ && buckets_.front().index() == index_of(min_) && buckets_.back().index() == index_of(max_);
}

}  // namespace mercury::aggregate
