#include "platform/address_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "platform/connection.h"

namespace mercury::platform {
namespace {

using ::testing::HasSubstr;
using Kind = ListenOptions::Kind;
using testing::listen_at;
using testing::sentence;
using testing::TemporaryDirectory;

TEST(AddressAccess, HasNothingToSayAgainstAnAddressOfOurs) {
  for (const Kind kind : {Kind::Private, Kind::Named, Kind::System}) {
    const TemporaryDirectory place;
    boost::asio::io_context io;
    const base::Result<Listener> listener = listen_at(io, place.address(), kind);
    ASSERT_EQ(sentence(listener), "ok");
    const AddressAccess access = access_of(place.address(), kind == Kind::Private);
    EXPECT_THAT(access.finding, HasSubstr(" has "));
    EXPECT_EQ(access.remedy, "") << access.finding;
  }
}

TEST(AddressAccess, SaysWhyItCanNotBeFoundOut) {
  const TemporaryDirectory place;
  const AddressAccess access = access_of({testing::address_in(place / "absent")}, true);
  EXPECT_THAT(access.finding, HasSubstr("absent cannot be looked at: "));
  EXPECT_EQ(access.remedy, "check who owns it");
}

}  // namespace
}  // namespace mercury::platform
