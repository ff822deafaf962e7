#include "platform/process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "platform/signals.h"

namespace mercury::platform {
namespace {

TEST(Process, KnowsItsPidAndItsMemory) {
  EXPECT_GT(process_id(), 0);
  const std::uint64_t before = resident_bytes();
  EXPECT_GT(before, 1'000'000U);
  constexpr std::size_t kMore = 64U << 20U;
  std::vector<char> touched(kMore, 'x');
  EXPECT_GE(resident_bytes(), before + kMore / 2) << touched[kMore / 2];
}

TEST(Process, HasRoomForAsManyConnectionsAsADaemonServes) { EXPECT_GT(raise_descriptor_limit(), 1024U); }

TEST(Signals, ThatStopAreNotTheOneThatReloads) {
  const auto stop = stop_signals();
  EXPECT_GE(stop.size(), 2U);
  EXPECT_EQ(std::ranges::find(stop, reload_signal().value_or(-1)), stop.end());
}

}  // namespace
}  // namespace mercury::platform
