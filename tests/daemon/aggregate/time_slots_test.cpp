#include "aggregate/time_slots.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "aggregate/exponential_histogram.h"

namespace mercury::aggregate {
namespace {

using namespace std::chrono_literals;
using base::Time;

struct Counter {
  std::uint64_t count = 0;
  void merge(const Counter& other) { count += other.count; }
};

struct RouteCell {
  std::uint64_t requests = 0;
  ExponentialHistogram durations;
  ExponentialHistogram queries{ExponentialHistogram::Unit::Count};
  void merge(const RouteCell& other) {
    requests += other.requests;
    durations.merge(other.durations);
    queries.merge(other.queries);
  }
};

constexpr auto kOne = [](Counter& counter) { ++counter.count; };

// A time that starts a minute, far from the epoch.
constexpr Time kStart = Time(438'000h);

TEST(TimeSlots, ASlotIncludesItsStartAndRoundsTowardsThePast) {
  EXPECT_EQ(slot_number(Time(0s), 5s), 0);
  EXPECT_EQ(slot_number(Time(5s - 1ns), 5s), 0);
  EXPECT_EQ(slot_number(Time(5s), 5s), 1);
  EXPECT_EQ(slot_number(Time(-1ns), 5s), -1);
  EXPECT_EQ(slot_number(Time(-5s), 5s), -1);
  EXPECT_EQ(slot_number(Time(-5s - 1ns), 5s), -2);
  EXPECT_EQ(slot_number(Time(120s), 60s), 2);
}

TEST(TimeSlots, AValueLeavesEachWindowInTurn) {
  const struct {
    Time::duration age;
    std::uint64_t one, five, fifteen;
  } rows[] = {
      {0s, 1, 1, 1},   {55s, 1, 1, 1},         {60s - 1ns, 1, 1, 1}, {60s, 0, 1, 1}, {5min - 1ns, 0, 1, 1},
      {5min, 0, 0, 1}, {15min - 1ns, 0, 0, 1}, {15min, 0, 0, 0},     {24h, 0, 0, 0},
  };
  for (const auto& row : rows) {
    TimeSlots<Counter> slots;
    ASSERT_TRUE(slots.at(kStart, kStart, kOne));
    EXPECT_EQ(slots.last(1min, kStart + row.age).count, row.one) << row.age.count();
    EXPECT_EQ(slots.last(5min, kStart + row.age).count, row.five) << row.age.count();
    EXPECT_EQ(slots.last(15min, kStart + row.age).count, row.fifteen) << row.age.count();
  }
}

TEST(TimeSlots, ALateValueGoesToTheTimeWhenItHappened) {
  TimeSlots<Counter> slots;
  const Time now = kStart + 10min;
  ASSERT_TRUE(slots.at(now - 3min, now, kOne));
  EXPECT_EQ(slots.last(1min, now).count, 0U);
  EXPECT_EQ(slots.last(5min, now).count, 1U);
  EXPECT_EQ(slots.last(5min, now + 2min).count, 0U);
  EXPECT_EQ(slots.last(15min, now + 2min).count, 1U);
}

TEST(TimeSlots, AValueOlderThanTheOldestSlotIsRefusedAndNothingIsCalled) {
  TimeSlots<Counter> slots;
  const Time now = kStart + 1h;
  int calls = 0;
  const auto count_calls = [&](Counter&) { ++calls; };
  EXPECT_FALSE(slots.at(now - 15min, now, count_calls));
  EXPECT_FALSE(slots.at(now - 14min - 1ns, now, count_calls)) << "now starts a minute: the oldest slot is 14 min back";
  EXPECT_FALSE(slots.at(now - 10h, now, count_calls));
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(slots.used_slots(), 0U);
  EXPECT_TRUE(slots.at(now - 14min, now, count_calls));
  EXPECT_EQ(calls, 1) << "its minute only";
  EXPECT_TRUE(slots.at(now - 55s, now, count_calls));
  EXPECT_EQ(calls, 3) << "its minute and its five seconds";
  EXPECT_TRUE(slots.at(now - 55s - 1ns, now, count_calls));
  EXPECT_EQ(calls, 4) << "out of the twelve slots of five seconds";
}

TEST(TimeSlots, AValueFromTheFutureCountsAsNow) {
  TimeSlots<Counter> slots;
  ASSERT_TRUE(slots.at(kStart + 1h, kStart, kOne));
  EXPECT_EQ(slots.last(1min, kStart).count, 1U);
  EXPECT_EQ(slots.last(15min, kStart + 15min).count, 0U);
}

TEST(TimeSlots, WorkBeforeTheEpochToo) {
  TimeSlots<Counter> slots;
  for (int second = -2000; second < 0; ++second)
    ASSERT_TRUE(slots.at(Time(std::chrono::seconds(second)), Time(std::chrono::seconds(second)), kOne));
  EXPECT_EQ(slots.last(1min, Time(-1s)).count, 60U);
  EXPECT_EQ(slots.last(5min, Time(-1s)).count, 300U);
  EXPECT_EQ(slots.last(15min, Time(-1s)).count, 900U);
}

// Against a list of everything that happened, with the window's slots counted by hand.
TEST(TimeSlots, AgreeWithAListOfAllValues) {
  std::mt19937_64 random(11);
  TimeSlots<Counter> slots;
  std::vector<Time> happened;
  Time now = kStart;
  for (int i = 0; i < 20'000; ++i) {
    now += std::chrono::milliseconds(random() % 400);
    if (random() % 500 == 0) now += std::chrono::seconds(random() % 400);
    const Time time = random() % 4 == 0 ? now - std::chrono::milliseconds(random() % 1'000'000) : now;
    const bool fits = slot_number(time, 60s) > slot_number(now, 60s) - 15;
    ASSERT_EQ(slots.at(time, now, kOne), fits);
    if (fits) happened.push_back(time);
    if (i % 50 != 0) continue;
    if (i % 100 == 0) slots.expire(now);
    std::map<int, std::uint64_t> expected;
    for (const Time past : happened) {
      expected[1] += slot_number(past, 5s) > slot_number(now, 5s) - 12 ? 1 : 0;
      expected[5] += slot_number(past, 60s) > slot_number(now, 60s) - 5 ? 1 : 0;
      expected[15] += slot_number(past, 60s) > slot_number(now, 60s) - 15 ? 1 : 0;
    }
    ASSERT_EQ(slots.last(1min, now).count, expected[1]);
    ASSERT_EQ(slots.last(5min, now).count, expected[5]);
    ASSERT_EQ(slots.last(15min, now).count, expected[15]);
  }
}

TEST(TimeSlots, MemoryIsTakenWhenUsedAndGivenBackWhenQuiet) {
  EXPECT_LE(sizeof(TimeSlots<RouteCell>), 27 * 8U);
  TimeSlots<RouteCell> slots;
  EXPECT_EQ(slots.used_slots(), 0U);
  const auto fill = [](RouteCell& cell) { ++cell.requests; };
  Time now = kStart;
  ASSERT_TRUE(slots.at(now, now, fill));
  EXPECT_EQ(slots.used_slots(), 2U);
  for (int i = 0; i < 2000; ++i, now += 1s) ASSERT_TRUE(slots.at(now, now, fill));
  EXPECT_EQ(slots.used_slots(), 27U);
  EXPECT_TRUE(slots.expire(now + 1min));
  EXPECT_EQ(slots.used_slots(), 14U);
  EXPECT_TRUE(slots.expire(now + 14min));
  EXPECT_FALSE(slots.expire(now + 16min));
  EXPECT_EQ(slots.used_slots(), 0U);
}

TEST(TimeSlots, HoldAnyCellThatMerges) {
  TimeSlots<RouteCell> slots;
  RouteCell everything;
  for (int second = 0; second < 300; ++second) {
    const auto fill = [&](RouteCell& cell) {
      ++cell.requests;
      cell.durations.record(static_cast<std::uint64_t>(second) * 1'000'000);
      cell.queries.record(static_cast<std::uint64_t>(second % 7));
    };
    const Time now = kStart + std::chrono::seconds(second);
    ASSERT_TRUE(slots.at(now, now, fill));
    fill(everything);
  }
  const RouteCell last = slots.last(5min, kStart + 299s);
  EXPECT_EQ(last.requests, 300U);
  EXPECT_EQ(last.durations, everything.durations);
  EXPECT_EQ(last.queries, everything.queries);
}

TEST(TimeSlots, SavedSlotsAreRestored) {
  TimeSlots<Counter> original, restored;
  for (int second = 0; second < 1000; second += 3) {
    ASSERT_TRUE(original.at(kStart + std::chrono::seconds(second), kStart + std::chrono::seconds(second), kOne));
  }
  original.for_each_second([&](std::int64_t slot, const Counter& cell) { restored.restore_second(slot, cell); });
  original.for_each_minute([&](std::int64_t slot, const Counter& cell) { restored.restore_minute(slot, cell); });
  EXPECT_EQ(restored.used_slots(), original.used_slots());
  for (const auto window : {1min, 5min, 15min}) {
    for (const auto later : {0s, 20s, 240s, 600s}) {
      const Time now = kStart + 999s + later;
      EXPECT_EQ(restored.last(window, now).count, original.last(window, now).count);
    }
  }
}

TEST(TimeSlots, OfTwoRestoredCellsForOnePlaceTheNewerStays) {
  const std::int64_t newest = slot_number(kStart, 60s);
  for (const bool newer_first : {false, true}) {
    TimeSlots<Counter> slots;
    slots.restore_minute(newer_first ? newest : newest - 15, Counter{newer_first ? 2U : 1U});
    slots.restore_minute(newer_first ? newest - 15 : newest, Counter{newer_first ? 1U : 2U});
    EXPECT_EQ(slots.last(15min, kStart).count, 2U);
  }
}

TEST(TimeSlots, ASlotFromTheFutureIsNotShownAndGivesWay) {
  TimeSlots<Counter> slots;
  const std::int64_t now = slot_number(kStart, 60s);
  slots.restore_minute(now + 15, Counter{7});
  slots.restore_minute(now + 16, Counter{7});
  EXPECT_EQ(slots.last(15min, kStart).count, 0U);
  ASSERT_TRUE(slots.at(kStart, kStart, kOne));
  EXPECT_EQ(slots.last(15min, kStart).count, 1U);
  EXPECT_TRUE(slots.expire(kStart));
  EXPECT_EQ(slots.used_slots(), 2U) << "the minute and the five seconds of the value";
}

}  // namespace
}  // namespace mercury::aggregate
