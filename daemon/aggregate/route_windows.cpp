#include "aggregate/route_windows.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace mercury::aggregate {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLogMax = 256;
constexpr std::size_t kLogFull = kLogMax - kLogMax / 8;  // in the windows: more than these go into the slots
constexpr std::size_t kGrowth = 16;
constexpr std::int64_t kSlotsAMinute = 12;
constexpr std::int64_t kMinutesKept = 15;

std::int64_t slot_at(base::Time time) { return slot_number(time, 5s); }

std::int64_t minute_of(std::int64_t slot) {
  return (slot - (slot % kSlotsAMinute + kSlotsAMinute) % kSlotsAMinute) / kSlotsAMinute;
}

bool is_in_windows(std::int64_t slot, std::int64_t now) {
  return slot <= now && minute_of(slot) > minute_of(now) - kMinutesKept;
}

base::Time start_of(std::int64_t slot) { return base::Time(5s * slot); }

}  // namespace

void Cell::merge(const Cell& other) {
  count += other.count;
  errors += other.errors;
  duration.merge(other.duration);
  queries.merge(other.queries);
  db_time.merge(other.db_time);
}

bool RouteWindows::add(const UnitMeasure& unit, base::Time time, base::Time now) {
  time = std::min(time, now);
  const std::int64_t slot = slot_at(time);
  const std::int64_t slot_now = slot_at(now);
  if (!is_in_windows(slot, slot_now)) return false;
  if (!fits(unit)) return make_slots().at(time, now, [&](Cell& cell) { cell.record(unit); });
  // Slots of the log must be told apart by kSlotBits: after hours without many units the old ones have to go first.
  constexpr std::int64_t kFar = std::int64_t{1} << (kSlotBits - 1);
  if (!log_.empty() && std::max(newest_, slot) - std::min(oldest_, slot) >= kFar) forget_old(slot_now);
  if (log_.size() == log_.capacity()) make_room(slot_now);
  newest_ = log_.empty() ? slot : std::max(newest_, slot);
  oldest_ = log_.empty() ? slot : std::min(oldest_, slot);
  log_.push_back(entry_of(unit, slot));
  return true;
}

Cell RouteWindows::last(std::chrono::minutes window, base::Time now) const {
  Cell sum = slots_ ? slots_->last(window, now) : Cell{};
  const std::int64_t slot_now = slot_at(now);
  for (const Entry& entry : log_) {
    const std::int64_t slot = slot_of(entry);
    const bool is_in =
        window <= 1min ? slot > slot_now - kSlotsAMinute : minute_of(slot) > minute_of(slot_now) - window.count();
    if (is_in && slot <= slot_now) sum.record(measure_of(entry));
  }
  return sum;
}

void RouteWindows::expire(base::Time now) {
  if (slots_ && !slots_->expire(now)) slots_.reset();
  if (!is_in_windows(newest_, slot_at(now))) std::vector<Entry>().swap(log_);
}

RouteWindows::Slots RouteWindows::slots() const {
  Slots out;
  if (slots_) {
    slots_->for_each_second([&](std::int64_t slot, const Cell& cell) { out.restore_second(slot, cell); });
    slots_->for_each_minute([&](std::int64_t slot, const Cell& cell) { out.restore_minute(slot, cell); });
  }
  fold_log_into(out, newest_);
  return out;
}

bool RouteWindows::fits(const UnitMeasure& unit) {
  return unit.duration_ns >> kTimeBits == 0 && unit.db_ns >> kTimeBits == 0 && unit.queries >> kQueryBits == 0;
}

RouteWindows::Entry RouteWindows::entry_of(const UnitMeasure& unit, std::int64_t slot) {
  constexpr std::uint32_t kUpperMask = (1U << (kTimeBits - 32)) - 1;  // without the masks, compilers warn
  constexpr std::uint32_t kQueryMask = (1U << kQueryBits) - 1;
  constexpr std::uint32_t kSlotMask = (1U << kSlotBits) - 1;
  constexpr auto word = [](auto value) { return static_cast<std::uint32_t>(value); };
  Entry entry{};
  entry.duration_lower = word(unit.duration_ns);
  entry.db_lower = word(unit.db_ns);
  entry.duration_upper = word(unit.duration_ns >> 32U) & kUpperMask;
  entry.db_upper = word(unit.db_ns >> 32U) & kUpperMask;
  entry.queries = word(unit.queries) & kQueryMask;
  entry.slot = word(slot) & kSlotMask;
  entry.error = unit.error ? 1 : 0;
  return entry;
}

UnitMeasure RouteWindows::measure_of(const Entry& entry) {
  const std::uint64_t duration_upper = entry.duration_upper;
  const std::uint64_t db_upper = entry.db_upper;
  return {duration_upper << 32U | entry.duration_lower, entry.queries, db_upper << 32U | entry.db_lower,
          entry.error != 0};
}

std::int64_t RouteWindows::slot_of(const Entry& entry) const {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << kSlotBits) - 1;
  const std::uint64_t lower = entry.slot;
  return newest_ - static_cast<std::int64_t>((static_cast<std::uint64_t>(newest_) - lower) & kMask);
}

// Weeds out what is in no window, the future included.
void RouteWindows::forget_old(std::int64_t now) {
  oldest_ = newest_;
  std::erase_if(log_, [&](const Entry& entry) {
    const std::int64_t slot = slot_of(entry);
    if (!is_in_windows(slot, now)) return true;
    oldest_ = std::min(oldest_, slot);
    return false;
  });
}

// Weeds; if that gave little room the log grows, and a log that may not grow goes into the slots.
void RouteWindows::make_room(std::int64_t now) {
  forget_old(now);
  if (log_.size() >= kLogFull) {
    fold_log_into(make_slots(), now);
    log_.clear();
  } else if (log_.size() + log_.capacity() / 8 >= log_.capacity()) {
    log_.reserve(std::min(kLogMax, log_.capacity() + std::max(kGrowth, log_.capacity() / 8)));
  }
}

void RouteWindows::fold_log_into(Slots& slots, std::int64_t now) const {
  for (const Entry& entry : log_) {
    const std::int64_t slot = slot_of(entry);
    if (slot > now) continue;
    slots.at(start_of(slot), start_of(now), [&](Cell& cell) { cell.record(measure_of(entry)); });
  }
}

RouteWindows::Slots& RouteWindows::make_slots() {
  if (!slots_) slots_ = std::make_unique<Slots>();
  return *slots_;
}

}  // namespace mercury::aggregate
