#include "platform/peer.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "platform/connection.h"
#include "platform/place.h"
#include "platform/process.h"

namespace mercury::platform {
namespace {

using testing::Connection;
using testing::outcome;
using testing::sentence;

TEST(Peer, IsThisProcessAtTheOtherEndOfItsOwnConnection) {
  Connection connection;
  const base::Result<Peer> peer = peer_of(connection.server());
  ASSERT_EQ(sentence(peer), "ok");
  EXPECT_EQ(peer->pid, process_id());
  EXPECT_EQ(peer->user, user_id());
}

TEST(Peer, OfAClosedStreamIsUnknown) {
  boost::asio::io_context io;
  Stream closed(io);
  EXPECT_EQ(outcome(peer_of(closed)), "peer_unknown");
}

TEST(Peer, AUserIsKnownByNameAndById) {
  EXPECT_EQ(user_of_name(user_name(user_id())), user_id());
  EXPECT_EQ(user_of_name("no such user"), "no such user");
  for (const std::string unknown : {"4242424", "S-1-5-21-9-9-9-9", "", "-1", "99999999999999999999"}) {
    EXPECT_EQ(user_name(unknown), unknown);
  }
}

}  // namespace
}  // namespace mercury::platform
