// What only a pipe has: its access list is shown whole, and compared with what mercuryd gives a pipe.
#include "platform/address_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "bare_listener.h"
#include "platform/connection.h"
#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

using ::testing::AllOf;
using testing::BareListener;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;

TEST(AddressAccess, NamesThePipeThatMercurydHasNotMade) {
  const TemporaryDirectory place;
  const BareListener other(place.address());
  const AddressAccess access = access_of(place.address(), false);
  EXPECT_THAT(access.finding, AllOf(HasSubstr(place.address().path + " has O:" + windows::own_sid() + "D:P(A;;"),
                                    HasSubstr(", which is not what mercuryd gives a pipe")));
  EXPECT_EQ(access.remedy, "end the process that made it");
}

TEST(AddressAccess, OfAPrivatePipeIsNotForEverybody) {
  const TemporaryDirectory place;
  boost::asio::io_context io;
  const base::Result<Listener> listener = testing::listen_at(io, place.address(), ListenOptions::Kind::System);
  ASSERT_EQ(testing::outcome(listener), "ok");
  EXPECT_EQ(access_of(place.address(), true).remedy, "end the process that made it");
}

}  // namespace
}  // namespace mercury::platform
