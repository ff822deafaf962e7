// Time, as the daemon knows it: nanoseconds since the Unix epoch that never step back.
//
// The wall clock is read once, when the clock is made, and the monotonic clock carries on from there; so one
// number serves time slots, ages, time-outs and the snapshot on disk, which outlives the process. Everything
// takes the time as an argument; only the composition root owns a SystemClock, and tests own a ManualClock.
//
// Thread rules: SystemClock::now() may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace mercury::base {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;
using Duration = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  SystemClock() : wall_(std::chrono::system_clock::now()), steady_(std::chrono::steady_clock::now()) {}
  [[nodiscard]] Time now() const override { return wall_ + (std::chrono::steady_clock::now() - steady_); }

 private:
  Time wall_;
  std::chrono::steady_clock::time_point steady_;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time(std::chrono::hours(24 * 365 * 50))) : now_(start) {}
  [[nodiscard]] Time now() const override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  Time now_;
};

}  // namespace mercury::base
