#include "aggregate/route_windows.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <random>

namespace mercury::aggregate {
namespace {

using namespace std::chrono_literals;
using base::Time;

// A time that starts a minute, far from the epoch.
constexpr Time kStart = Time(438'000h);

void expect_equal(const Cell& one, const Cell& other) {
  EXPECT_EQ(one.count, other.count);
  EXPECT_EQ(one.errors, other.errors);
  EXPECT_EQ(one.duration, other.duration);
  EXPECT_EQ(one.queries, other.queries);
  EXPECT_EQ(one.db_time, other.db_time);
}

UnitMeasure random_unit(std::mt19937_64& random) {
  UnitMeasure unit{random() % 2'000'000'000, random() % 40, random() % 1'000'000'000, random() % 10 == 0};
  if (random() % 200 == 0) unit.duration_ns <<= 20;  // up to 24 days: more than the log has bits for
  if (random() % 200 == 0) unit.db_ns = std::uint64_t{1} << 36;
  if (random() % 200 == 0) unit.queries = 2048;
  if (random() % 200 == 0) unit = {(std::uint64_t{1} << 36) - 1, 2047, (std::uint64_t{1} << 36) - 1, true};
  return unit;
}

// The slots alone are the measure: to the bucket the same in every window, however many units a route sees.
TEST(RouteWindows, HoldWhatSlotsAloneWouldHold) {
  for (const int pause_ms : {1, 50, 1'000, 4'000, 30'000, 2'000'000}) {
    std::mt19937_64 random(static_cast<std::uint64_t>(pause_ms));
    RouteWindows windows;
    TimeSlots<Cell> slots;
    Time now = kStart;
    for (int i = 0; i < 4'000; ++i) {
      now += std::chrono::milliseconds(random() % static_cast<unsigned>(2 * pause_ms));
      if (random() % 500 == 0) now += std::chrono::seconds(random() % 1'200);
      const Time time = random() % 4 == 0 ? now - std::chrono::milliseconds(random() % 1'000'000) : now + 1s;
      const UnitMeasure unit = random_unit(random);
      ASSERT_EQ(windows.add(unit, time, now), slots.at(time, now, [&](Cell& cell) { cell.record(unit); }));
      if (i % 70 == 0) windows.expire(now);
      if (i % 40 != 0) continue;
      for (const auto window : {1min, 5min, 15min}) {
        for (const auto later : {0s, 7s, 100s}) {
          expect_equal(windows.last(window, now + later), slots.last(window, now + later));
        }
      }
      if (HasFailure()) FAIL() << "pause " << pause_ms << ", unit " << i;
    }
  }
}

TEST(RouteWindows, AQuietRouteNeedsNoSlots) {
  RouteWindows windows;
  for (int i = 0; i < 2'000; ++i) {  // 180 in 15 minutes
    const Time now = kStart + i * 5s;
    ASSERT_TRUE(windows.add({1'000'000, 3, 500'000, false}, now, now));
  }
  EXPECT_FALSE(windows.has_slots());
  EXPECT_LE(windows.log_bytes(), 256U * 12U);
  EXPECT_EQ(windows.last(15min, kStart + 1'999 * 5s).count, 12U * 14 + 8);
}

TEST(RouteWindows, ABusyRouteGoesIntoSlotsAndBackWhenItIsQuiet) {
  RouteWindows windows;
  Time now = kStart;
  for (int i = 0; i < 1'000; ++i, now += 100ms) ASSERT_TRUE(windows.add({1'000'000, 3, 500'000, false}, now, now));
  EXPECT_TRUE(windows.has_slots());
  EXPECT_LE(windows.log_bytes(), 256U * 12U);
  EXPECT_EQ(windows.last(15min, now).count, 1'000U);
  windows.expire(now + 20min);
  EXPECT_FALSE(windows.has_slots());
  EXPECT_EQ(windows.log_bytes(), 0U);
  EXPECT_EQ(windows.last(15min, now + 20min).count, 0U);
}

TEST(RouteWindows, WhatIsSavedIsRestored) {
  std::mt19937_64 random(3);
  RouteWindows windows, restored;
  Time now = kStart;
  for (int i = 0; i < 900; ++i) {
    now = kStart + i * 1s;
    ASSERT_TRUE(windows.add(random_unit(random), now, now));
  }
  const RouteWindows::Slots slots = windows.slots();
  slots.for_each_second([&](std::int64_t slot, const Cell& cell) { restored.restore_second(slot, cell); });
  slots.for_each_minute([&](std::int64_t slot, const Cell& cell) { restored.restore_minute(slot, cell); });
  for (const auto window : {1min, 5min, 15min}) expect_equal(restored.last(window, now), windows.last(window, now));
  EXPECT_EQ(restored.last(15min, now).count, 900U);
}

TEST(RouteWindows, AClockThatIsSetBackShowsNothingOfTheFuture) {
  for (const Time::duration back : {Time::duration(1h), Time::duration(6h), Time::duration(24h * 60)}) {
    RouteWindows windows;
    ASSERT_TRUE(windows.add({1, 1, 1, false}, kStart, kStart));
    const Time now = kStart - back;
    EXPECT_EQ(windows.last(15min, now).count, 0U);
    for (std::uint64_t i = 1; i <= 600; ++i) {
      ASSERT_TRUE(windows.add({1, 1, 1, false}, now, now));
      ASSERT_EQ(windows.last(15min, now).count, i);
    }
  }
}

}  // namespace
}  // namespace mercury::aggregate
