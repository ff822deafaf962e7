#include "platform/service.h"

#include <gtest/gtest.h>

namespace mercury::platform {
namespace {

TEST(ServiceLink, ToNobodySaysNothingAndFailsNothing) {
  ServiceLink link;
  EXPECT_FALSE(link.exists());
  EXPECT_FALSE(link.log_is_journal());
  EXPECT_EQ(link.watchdog(), std::nullopt);
  link.on_stop([] { ADD_FAILURE() << "nobody asked for it"; });
  link.ready("x");
  link.reloading();
  link.status("x");
  link.alive();
  link.stopping();
}

}  // namespace
}  // namespace mercury::platform
