// A service's SID is the same on every Windows, so one that everybody knows is the proof.
#include "platform/windows/service_sid.h"

#include <gtest/gtest.h>

namespace mercury::platform::windows {
namespace {

TEST(ServiceSid, FollowsFromTheName) {
  const char* known = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
  EXPECT_EQ(service_sid("TrustedInstaller"), known);
  EXPECT_EQ(service_sid("TRUSTEDINSTALLER"), known) << "names of services have no case";
  EXPECT_NE(service_sid(kServiceName), known);
}

}  // namespace
}  // namespace mercury::platform::windows
