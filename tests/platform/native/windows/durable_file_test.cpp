// What only Windows has: a file that nobody may replace because somebody has it open.
#include "platform/durable_file.h"

#include <gtest/gtest.h>

#include "platform/place.h"
#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

using testing::outcome;
using testing::TemporaryDirectory;

TEST(DurableFile, StaysOldWhileSomebodyHoldsIt) {
  const TemporaryDirectory place;
  const std::string path = place / "held";
  ASSERT_EQ(outcome(write_atomically(path, "old", 0600)), "ok");
  {
    const windows::Handle holder(
        ::CreateFileW(windows::wide(path).c_str(), GENERIC_READ, 0, nullptr, OPEN_EXISTING, 0, nullptr));
    ASSERT_TRUE(holder);
    EXPECT_EQ(outcome(write_atomically(path, "new", 0600)), "permission_denied");
  }
  EXPECT_EQ(*read_all(path, 10), "old");
}

}  // namespace
}  // namespace mercury::platform
