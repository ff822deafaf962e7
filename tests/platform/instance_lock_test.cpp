#include "platform/instance_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "platform/place.h"

namespace mercury::platform {
namespace {

using ::testing::HasSubstr;
using testing::outcome;
using testing::sentence;
using testing::TemporaryDirectory;

TEST(InstanceLock, IsHeldByOneForEachAddress) {
  const TemporaryDirectory place;
  const base::Result<InstanceLock> lock = InstanceLock::acquire(place.address());
  ASSERT_EQ(sentence(lock), "ok");
  const base::Result<InstanceLock> second = InstanceLock::acquire(place.address());
  EXPECT_EQ(outcome(second), "already_running");
  EXPECT_THAT(sentence(second), HasSubstr("another mercuryd is running or starting at " + place.address().path));
  const TemporaryDirectory other;
  EXPECT_EQ(outcome(InstanceLock::acquire(other.address())), "ok");
}

TEST(InstanceLock, LeavesNothingBehindWhenReleased) {
  const TemporaryDirectory place;
  for (int round = 0; round < 3; ++round) {
    base::Result<InstanceLock> lock = InstanceLock::acquire(place.address());
    ASSERT_EQ(sentence(lock), "ok") << round;
    InstanceLock moved = std::move(*lock);
    EXPECT_EQ(outcome(InstanceLock::acquire(place.address())), "already_running");
    moved.release();
    moved.release();
    EXPECT_TRUE(std::filesystem::is_empty(place.path()));
  }
}

TEST(InstanceLock, GoesToExactlyOneOfTenThatAskTogether) {
  const TemporaryDirectory place;
  std::barrier together(10);
  std::atomic<int> winners = 0;
  std::atomic<int> losers = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&] {
      together.arrive_and_wait();
      const base::Result<InstanceLock> lock = InstanceLock::acquire(place.address());
      (lock ? winners : losers) += lock || lock.error().code == "already_running" ? 1 : 0;
      together.arrive_and_wait();  // the winner holds on until all have tried
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
  EXPECT_EQ(losers, 9);
}

}  // namespace
}  // namespace mercury::platform
