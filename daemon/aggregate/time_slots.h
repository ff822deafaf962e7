// The last 1, 5 and 15 minutes of something that can be merged.
//
//   now                                              12 slots of 5 s: the last minute
//    ├─┬─┬─┬─┬─┬─┬─┬─┬─┬─┬─┤
//    ├───────────┬───────────┬─── … ───┬───────────┤  15 slots of 1 min: the last 5 and 15 minutes
//
// A Cell is what one slot holds, for example {requests, errors, durations, query count}; it starts empty and has
// `void merge(const Cell&)`. A value goes into the slot of the time at which it happened, not at which it arrived, so
// a late one does not show up as a burst now; one that is older than the oldest slot is refused, and the caller
// counts it in its totals only.
//
//   TimeSlots<RouteCell> slots;
//   if (!slots.at(unit.ended, now, [&](RouteCell& cell) { cell.requests += 1; })) ++too_late;
//   const RouteCell last_five = slots.last(5min, now);
//
// The newest slot is still filling, so a window reaches back its full length less up to one slot (5 s, 1 min).
// No clock inside: times are the caller's (base/clock.h). A time after `now` counts as `now`. Slots have numbers that
// outlive the process, so they can be saved and restored; a restored one that is in the future, because somebody set
// the clock back, is never shown and gives way to the first value that needs its place.
//
// Memory: 27 pointers (8 bytes a slot that was never used); a slot's cell is allocated by its first value and is
// kept until `expire()` finds it outside the window, so call that now and then for what has gone quiet.
//
// Thread rules: a plain value, one thread at a time; movable. Failure: none but std::bad_alloc.
// Cost: at() is O(1) and calls `fill` once or twice; last() merges at most 15 cells.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/clock.h"

namespace mercury::aggregate {

template <typename T>
concept Mergeable = std::default_initializable<T> && requires(T& into, const T& from) {
  into.merge(from);
};

// The number of the slot of this width that `time` is in: rounds towards the past, also before the epoch.
std::int64_t slot_number(base::Time time, std::chrono::seconds width);

// `kSlots` consecutive slots, the newest of which has a number that the caller gives. Slot n lives at n mod kSlots.
template <Mergeable Cell, std::size_t kSlots>
class SlotRing {
 public:
  // The cell of slot `number`, or nullptr if that is no longer, or not yet, one of the slots up to `newest`.
  Cell* at(std::int64_t number, std::int64_t newest) {
    if (number > newest || number <= newest - kCount) return nullptr;
    std::unique_ptr<Slot>& slot = place_of(number);
    if (!slot) {
      slot = std::make_unique<Slot>(Slot{number, Cell{}});
    } else if (slot->number != number) {
      *slot = Slot{number, Cell{}};
    }
    return &slot->cell;
  }

  // Merges the `slots` newest slots into `into`.
  void merge_newest(std::int64_t slots, std::int64_t newest, Cell& into) const {
    for (const auto& slot : slots_) {
      if (slot && slot->number <= newest && slot->number > newest - slots) into.merge(slot->cell);
    }
  }

  void expire(std::int64_t newest) {
    for (auto& slot : slots_) {
      if (slot && (slot->number <= newest - kCount || slot->number > newest)) slot.reset();
    }
  }

  // Calls `visit(number, cell)` for each slot in use, in no order.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const auto& slot : slots_) {
      if (slot) visit(slot->number, slot->cell);
    }
  }

  // Of two cells for one place the newer stays.
  void restore(std::int64_t number, Cell cell) {
    std::unique_ptr<Slot>& slot = place_of(number);
    if (!slot || slot->number <= number) slot = std::make_unique<Slot>(Slot{number, std::move(cell)});
  }

 private:
  static constexpr std::int64_t kCount = kSlots;

  struct Slot {
    std::int64_t number;
    Cell cell;
  };

  std::unique_ptr<Slot>& place_of(std::int64_t number) {
    return slots_[static_cast<std::size_t>((number % kCount + kCount) % kCount)];
  }

  std::array<std::unique_ptr<Slot>, kSlots> slots_;
};

template <Mergeable Cell>
class TimeSlots {
 public:
  // Calls `fill(cell)` for each slot that `time` belongs to: its minute, and its 5 s if they are in the last minute.
  // False, and nothing is called, if `time` is older than the slots that are kept.
  template <std::invocable<Cell&> Fill>
  bool at(base::Time time, base::Time now, Fill&& fill) {
    time = std::min(time, now);
    Cell* minute = minutes_.at(slot_number(time, kMinute), slot_number(now, kMinute));
    if (minute == nullptr) return false;
    fill(*minute);
    if (Cell* recent = seconds_.at(slot_number(time, kFiveSeconds), slot_number(now, kFiveSeconds))) fill(*recent);
    return true;
  }

  // What happened in the last 1 to 15 minutes.
  [[nodiscard]] Cell last(std::chrono::minutes window, base::Time now) const {
    Cell sum{};
    if (window <= kMinute) {
      seconds_.merge_newest(kSecondSlots, slot_number(now, kFiveSeconds), sum);
    } else {
      minutes_.merge_newest(window.count(), slot_number(now, kMinute), sum);
    }
    return sum;
  }

  // Frees what has left the windows. True if something is left.
  bool expire(base::Time now) {
    seconds_.expire(slot_number(now, kFiveSeconds));
    minutes_.expire(slot_number(now, kMinute));
    return used_slots() > 0;
  }

  // Slots that have a cell, at most 27.
  std::size_t used_slots() const {
    std::size_t used = 0;
    const auto count = [&](std::int64_t, const Cell&) { ++used; };
    seconds_.for_each(count);
    minutes_.for_each(count);
    return used;
  }

  // For a snapshot: calls `visit(slot number, cell)` for each slot in use, in no order; and puts one back.
  template <typename Visit>
  void for_each_second(Visit&& visit) const {
    seconds_.for_each(visit);
  }
  template <typename Visit>
  void for_each_minute(Visit&& visit) const {
    minutes_.for_each(visit);
  }
  void restore_second(std::int64_t slot, Cell cell) { seconds_.restore(slot, std::move(cell)); }
  void restore_minute(std::int64_t slot, Cell cell) { minutes_.restore(slot, std::move(cell)); }

 private:
  static constexpr std::chrono::seconds kFiveSeconds{5};
  static constexpr std::chrono::seconds kMinute{60};
  static constexpr std::size_t kSecondSlots = 12;
  static constexpr std::size_t kMinuteSlots = 15;

  SlotRing<Cell, kSecondSlots> seconds_;
  SlotRing<Cell, kMinuteSlots> minutes_;
};

}  // namespace mercury::aggregate
