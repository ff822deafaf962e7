// What only Windows has: SIDs, and one group that stands for all.
#include "platform/peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mercury::platform {
namespace {

using ::testing::HasSubstr;

TEST(Peer, OnlyTheSystemAndAdministratorsAreAdministrators) {
  const auto administrators = group_id("mercury-admin");
  ASSERT_TRUE(administrators);
  EXPECT_TRUE(is_member({0, 0, 1, "S-1-5-18", {}}, *administrators));
  EXPECT_TRUE(is_member({0, 0, 1, "S-1-5-21-1", {*administrators}}, *administrators));
  EXPECT_FALSE(is_member({0, 0, 1, "S-1-5-21-1", {}}, *administrators));
}

TEST(Peer, HasASidAndANameWithItsDomain) {
  EXPECT_THAT(user_id(), HasSubstr("S-1-5-"));
  EXPECT_THAT(user_name(user_id()), HasSubstr("\\"));
}

}  // namespace
}  // namespace mercury::platform
