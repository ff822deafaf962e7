// What only Unix has: whoever may write to the directory can take the place of the socket in it.
#include "platform/address_access.h"

#include <gtest/gtest.h>

#include "world.h"

namespace mercury::platform {
namespace {

using testing::TemporaryDirectory;

TEST(AddressAccess, NamesTheModeAndWhatIsWrongWithIt) {
  const TemporaryDirectory place;
  const struct {
    mode_t mode;
    bool is_private;
    std::string finding, remedy;
  } rows[] = {
      {0700, true, "has mode 0700", ""},
      {0755, true, "has mode 0755, a private one must have 0700", "chmod 0700 '" + place.path() + "'"},
      {0755, false, "has mode 0755", ""},
      {0775, false, "has mode 0775, so others can replace the socket", "chmod go-w '" + place.path() + "'"},
      {01777, false, "has mode 1777", ""},
  };
  for (const auto& row : rows) {
    ASSERT_EQ(::chmod(place.path().c_str(), row.mode), 0);
    const AddressAccess access = access_of(place.address(), row.is_private);
    EXPECT_EQ(access.finding, place.path() + " " + row.finding);
    EXPECT_EQ(access.remedy, row.remedy);
  }
  ASSERT_EQ(::chmod(place.path().c_str(), 0700), 0);
}

}  // namespace
}  // namespace mercury::platform
