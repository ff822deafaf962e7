#include "platform/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/write.hpp>
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
using testing::outcome;
using testing::read_text;
using testing::sentence;
using testing::TemporaryDirectory;

TEST(ClientStream, ReadsWhatIsThereInPiecesAndThenTheEnd) {
  Connection connection;
  boost::asio::write(connection.server(), boost::asio::buffer("abcdef", 6));
  EXPECT_EQ(read_text(connection.client(), 4, 1s), "abcd");
  EXPECT_EQ(read_text(connection.client(), 4, 1s), "ef");
  EXPECT_EQ(read_text(connection.client(), 4, 20ms), "timed_out");
  boost::asio::write(connection.server(), boost::asio::buffer("last", 4));
  connection.server().close();
  EXPECT_EQ(read_text(connection.client(), 99, 1s), "last");
  EXPECT_EQ(read_text(connection.client(), 99, 1s), "");
  EXPECT_EQ(read_text(connection.client(), 99, 1s), "") << "the end stays the end";
}

TEST(ClientStream, ReadsTheEndAlsoFromADaemonThatDidNotReadItsWords) {
  Connection connection;
  ASSERT_EQ(outcome(connection.client().write_all("unread", in(1s))), "ok");
  connection.server().close();
  EXPECT_EQ(read_text(connection.client(), 99, 1s), "");
}

TEST(ClientStream, WaitsForAnAnswerThatComesLater) {
  Connection connection;
  std::thread daemon([&] {
    std::array<char, 8> question{};
    const std::size_t count = connection.server().read_some(boost::asio::buffer(question));
    boost::asio::write(connection.server(), boost::asio::buffer(question.data(), count));
  });
  ASSERT_EQ(outcome(connection.client().write_all("echo", in(5s))), "ok");
  EXPECT_EQ(read_text(connection.client(), 99, 5s), "echo");
  daemon.join();
}

TEST(ClientStream, WritesMoreThanTheSystemHoldsWhileTheDaemonReads) {
  Connection connection;
  const std::string large(4'000'000, 'w');
  std::size_t received = 0;
  std::thread daemon([&] {
    std::vector<char> buffer(65536);
    boost::system::error_code error;
    while (received < large.size() && !error) {
      received += connection.server().read_some(boost::asio::buffer(buffer), error);
    }
  });
  const base::Status sent = connection.client().write_all(large, in(20s));
  EXPECT_EQ(sentence(sent), "ok");
  if (!sent) connection.client().close();  // nothing more will come
  daemon.join();
  EXPECT_EQ(received, large.size());
}

TEST(ClientStream, GivesUpOnADaemonThatDoesNotRead) {
  Connection connection;
  const Deadline start = Deadline::clock::now();
  EXPECT_EQ(outcome(connection.client().write_all(std::string(4'000'000, 'w'), start + 50ms)), "timed_out");
  EXPECT_GE(Deadline::clock::now() - start, 50ms);
}

TEST(ClientStream, TellsAClosedDaemonByAnErrorAndNotByASignal) {
  Connection connection;
  connection.server().close();
  EXPECT_EQ(outcome(connection.client().write_all("x", in(1s))), "closed");
}

TEST(ClientStream, KnowsTheDaemonsPid) {
  Connection connection;
  const base::Result<Peer> daemon = connection.client().peer();
  ASSERT_EQ(sentence(daemon), "ok");
  EXPECT_EQ(daemon->pid, process_id());
  EXPECT_EQ(daemon->user, user_id());
}

TEST(ClientStream, SaysWhereThereIsNoDaemon) {
  const TemporaryDirectory place;
  const base::Result<ClientStream> nobody = ClientStream::connect(place.address(), 100ms, Expect::Anyone);
  EXPECT_EQ(outcome(nobody), "not_running");
  EXPECT_THAT(sentence(nobody), HasSubstr(" at " + place.address().path));
}

TEST(ClientStream, TriesAgainWhileThereIsNoRoomAndThenGivesUp) {
  const TemporaryDirectory place;
  const BareListener full(place.address());
  const base::Result<ClientStream> first = ClientStream::connect(place.address(), 100ms, Expect::Anyone);
  ASSERT_EQ(outcome(first), "ok");
  const Deadline start = Deadline::clock::now();
  const base::Result<ClientStream> second = ClientStream::connect(place.address(), 60ms, Expect::Anyone);
  EXPECT_EQ(outcome(second), "timed_out");
  EXPECT_THAT(sentence(second), AllOf(HasSubstr(place.address().path), HasSubstr("within 60 ms")));
  EXPECT_GE(Deadline::clock::now() - start, 59ms);
}

TEST(ClientStream, ConnectsWhenThereIsRoomAgain) {
  const TemporaryDirectory place;
  BareListener full(place.address());
  const base::Result<ClientStream> first = ClientStream::connect(place.address(), 100ms, Expect::OwnUser);
  ASSERT_EQ(outcome(first), "ok");
  std::string result;
  std::thread client([&] { result = outcome(ClientStream::connect(place.address(), 10s, Expect::OwnUser)); });
  full.make_room();
  client.join();
  EXPECT_EQ(result, "ok");
}

}  // namespace
}  // namespace mercury::platform
