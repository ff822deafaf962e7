#include "platform/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "bare_listener.h"
#include "platform/connection.h"
#include "platform/peer.h"
#include "platform/place.h"
#include "platform/process.h"

namespace mercury::platform {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::BareListener;
using testing::Connection;
using ::testing::HasSubstr;
using testing::in;
using testing::listen_at;
using testing::outcome;
using testing::sentence;
using testing::TemporaryDirectory;

TEST(Listener, AcceptsAClientAndSaysWhoItIs) {
  Connection connection;
  const base::Result<Peer> peer = peer_of(connection.server());
  ASSERT_EQ(sentence(peer), "ok");
  EXPECT_EQ(peer->pid, process_id());
  EXPECT_EQ(peer->user, user_id());
  ASSERT_EQ(outcome(connection.client().write_all("hello", in(1s))), "ok");
  std::string text(5, '\0');
  EXPECT_EQ(connection.server().read_some(boost::asio::buffer(text)), 5U);
  EXPECT_EQ(text, "hello");
}

TEST(Listener, AcceptsManyOneAfterTheOther) {
  const TemporaryDirectory place;
  boost::asio::io_context io;
  base::Result<Listener> listener = listen_at(io, place.address());
  ASSERT_EQ(sentence(listener), "ok");
  std::vector<Stream> accepted;
  std::function<void()> accept = [&] {
    listener->acceptor().async_accept([&](boost::system::error_code error, Stream stream) {
      if (error == boost::asio::error::operation_aborted) return;
      ASSERT_FALSE(error) << error.message();
      accepted.push_back(std::move(stream));
      accept();
    });
  };
  accept();
  std::thread clients([&] {
    std::vector<ClientStream> open;
    for (int i = 0; i < 100; ++i) {
      base::Result<ClientStream> client = ClientStream::connect(listener->address(), 5s, Expect::OwnUser);
      ASSERT_EQ(sentence(client), "ok") << i;
      open.push_back(std::move(*client));
    }
  });
  const Deadline end = in(20s);
  while (accepted.size() < 100 && Deadline::clock::now() < end) io.run_one_for(100ms);
  clients.join();
  EXPECT_EQ(accepted.size(), 100U);
  boost::system::error_code error;
  listener->acceptor().cancel(error);
  EXPECT_FALSE(error) << error.message();
  io.run_for(5s);
}

TEST(Listener, LeavesNothingBehindAndMayBeClosedTwice) {
  const TemporaryDirectory place;
  boost::asio::io_context io;
  {
    base::Result<Listener> listener = listen_at(io, place.address());
    ASSERT_EQ(sentence(listener), "ok");
    EXPECT_TRUE(listener->still_ours());
    listener->close();
    EXPECT_FALSE(listener->still_ours());
    EXPECT_EQ(outcome(ClientStream::connect(place.address(), 100ms, Expect::Anyone)), "not_running");
    ASSERT_EQ(sentence(listen_at(io, place.address())), "ok") << "opened again while the first object still lives";
  }
  EXPECT_EQ(outcome(ClientStream::connect(place.address(), 100ms, Expect::Anyone)), "not_running");
  EXPECT_TRUE(std::filesystem::is_empty(place.path()));
}

TEST(Listener, NamesTheLiveDaemonThatIsAlreadyThere) {
  const TemporaryDirectory place;
  boost::asio::io_context io;
  const base::Result<Listener> first = listen_at(io, place.address());
  ASSERT_EQ(sentence(first), "ok");
  const base::Result<Listener> second = listen_at(io, place.address());
  EXPECT_EQ(outcome(second), "address_in_use");
  EXPECT_THAT(sentence(second), AllOf(HasSubstr("process " + std::to_string(process_id())),
                                      HasSubstr(place.address().path), HasSubstr("mercuryctl stop")));
  EXPECT_TRUE(first->still_ours());
}

TEST(Listener, TakesOneThatHasNoRoomForALiveDaemon) {
  const TemporaryDirectory place;
  const BareListener hung(place.address());
  const base::Result<ClientStream> client = ClientStream::connect(place.address(), 100ms, Expect::Anyone);
  ASSERT_EQ(outcome(client), "ok");
  ASSERT_EQ(outcome(ClientStream::connect(place.address(), 0ms, Expect::Anyone)), "timed_out");
  boost::asio::io_context io;
  EXPECT_EQ(outcome(listen_at(io, place.address())), "address_in_use");
}

TEST(Listener, SaysAlreadyRunningWhileAnotherOneIsStarting) {
  const TemporaryDirectory place;
  base::Result<InstanceLock> starting = InstanceLock::acquire(place.address());
  ASSERT_EQ(sentence(starting), "ok");
  boost::asio::io_context io;
  const base::Result<Listener> listener = listen_at(io, place.address());
  EXPECT_EQ(outcome(listener), "already_running");
  EXPECT_THAT(sentence(listener), HasSubstr(place.address().path));
  starting->release();
  EXPECT_EQ(sentence(listen_at(io, place.address())), "ok");
}

}  // namespace
}  // namespace mercury::platform
