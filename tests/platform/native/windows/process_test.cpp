// What only Windows has: signals that are its own, and none that reloads.
#include "platform/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <windows.h>

#include <csignal>

#include "platform/signals.h"

namespace mercury::platform {
namespace {

TEST(Process, HasThePidOfTheSystem) { EXPECT_EQ(process_id(), static_cast<std::int64_t>(::GetCurrentProcessId())); }

TEST(Signals, ThereIsNoneThatReloads) {
  EXPECT_EQ(reload_signal(), std::nullopt);
  EXPECT_THAT(stop_signals(), ::testing::ElementsAre(SIGTERM, SIGINT, SIGBREAK));
}

}  // namespace
}  // namespace mercury::platform
