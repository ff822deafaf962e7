// The last 1, 5 and 15 minutes of a route: a log of its newest units, and slots for what the log has no room for.
//
//   add() ──▶ log: 12 bytes a unit ──(full, and most of it still in the windows)──▶ TimeSlots<Cell>: 27 histograms
//
// Most routes see a unit every few seconds. Kept as they come these need a tenth of what 27 slots of three histograms
// need, and one cache line is touched to note one instead of a dozen. A busy route fills its log again and again, and
// each time all of it goes into the slots, which are then in the cache. Readers see both as one: what a window holds
// is, to the bucket, what the slots alone would hold, because slots are multiples of the log's 5 s.
//
//   RouteWindows windows;
//   if (!windows.add({duration_ns, queries, db_ns, error}, ended, now)) ++too_late;
//   const Cell last_five = windows.last(5min, now);
//
// No clock inside: times are the caller's. A time after `now` counts as `now`. If the clock is set back, what is in
// the log from then on is in the future: it is not shown, and it goes when the log is full.
//
// Memory: 48 bytes, 12 for each of at most 256 units in the log (an eighth of them in reserve), and the slots once a
// route had more than 224 units in 15 minutes; expire() frees the slots again, and the log of a route that went quiet.
//
// Thread rules: a plain value, one thread at a time; movable. Failure: none but std::bad_alloc.
// Cost: add() some 2 ns, and 50 to 100 ns a unit that goes into the slots; last() 60 ns a unit of the log, and merges
// at most 15 cells.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "aggregate/exponential_histogram.h"
#include "aggregate/time_slots.h"
#include "base/clock.h"

namespace mercury::aggregate {

// What a route's windows keep of one unit.
struct UnitMeasure {
  std::uint64_t duration_ns = 0;
  std::uint64_t queries = 0;
  std::uint64_t db_ns = 0;
  bool error = false;
};

// What is kept of a route in one window and since the start.
struct Cell {
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  ExponentialHistogram duration{};
  ExponentialHistogram queries{ExponentialHistogram::Unit::Count};
  ExponentialHistogram db_time{};

  void record(const UnitMeasure& unit) {
    ++count;
    errors += unit.error ? 1 : 0;
    duration.record(unit.duration_ns);
    queries.record(unit.queries);
    db_time.record(unit.db_ns);
  }
  void merge(const Cell& other);
};

class RouteWindows {
 public:
  using Slots = TimeSlots<Cell>;

  // Counts a unit that ended at `time`. False, and nothing is counted, if that is before all windows.
  bool add(const UnitMeasure& unit, base::Time time, base::Time now);

  // What happened in the last 1 to 15 minutes.
  [[nodiscard]] Cell last(std::chrono::minutes window, base::Time now) const;

  // Frees what has left the windows, but for what is left in a log that is in use.
  void expire(base::Time now);

  // Everything as slots, for a snapshot, and slots put back.
  [[nodiscard]] Slots slots() const;
  void restore_second(std::int64_t slot, Cell cell) { make_slots().restore_second(slot, std::move(cell)); }
  void restore_minute(std::int64_t slot, Cell cell) { make_slots().restore_minute(slot, std::move(cell)); }

  // Of what it has allocated but for its slots' histograms; and whether it has slots.
  [[nodiscard]] std::size_t log_bytes() const { return log_.capacity() * sizeof(Entry); }
  [[nodiscard]] bool has_slots() const { return slots_ != nullptr; }

 private:
  static constexpr int kTimeBits = 36;  // 68 s in nanoseconds
  static constexpr int kQueryBits = 11;
  static constexpr int kSlotBits = 12;  // 5.7 hours in slots of 5 s

  // A unit of the log. What does not fit goes into the slots at once. Three words, filled to the last bit: systems
  // differ in how they pack a field that reaches over a word's end.
  struct Entry {
    std::uint32_t duration_lower;
    std::uint32_t db_lower;
    std::uint32_t duration_upper : kTimeBits - 32;
    std::uint32_t db_upper : kTimeBits - 32;
    std::uint32_t queries : kQueryBits;
    std::uint32_t slot : kSlotBits;  // the lower bits of the number of its 5 s
    std::uint32_t error : 1;
  };
  static_assert(sizeof(Entry) == 12);

  static bool fits(const UnitMeasure& unit);
  static Entry entry_of(const UnitMeasure& unit, std::int64_t slot);
  static UnitMeasure measure_of(const Entry& entry);
  [[nodiscard]] std::int64_t slot_of(const Entry& entry) const;
  void forget_old(std::int64_t now);
  void make_room(std::int64_t now);
  void fold_log_into(Slots& slots, std::int64_t now) const;
  Slots& make_slots();

  std::vector<Entry> log_;
  std::int64_t newest_ = 0;  // the highest slot number that came into the log, and the lowest since it was weeded
  std::int64_t oldest_ = 0;
  std::unique_ptr<Slots> slots_;
};

}  // namespace mercury::aggregate
