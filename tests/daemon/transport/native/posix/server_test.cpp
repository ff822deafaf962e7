// What only Unix has: a stream that is closed in one direction, and descriptors that can run out.
#include "transport/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <ctime>
#include <vector>

#include "daemon/transport/server_fixture.h"
#include "daemon/transport/stream_peer.h"

namespace mercury::transport {
namespace {

using support::milliseconds;
using support::StreamPeer;
using wire::FrameType;

TEST_F(ServerTest, APeerThatClosedItsSideStillGetsItsAnswer) {
  boost::asio::io_context own;
  platform::Stream stream(own);
  stream.connect(boost::asio::local::stream_protocol::endpoint(address_.path));
  const std::string request = StreamPeer::hello({}) + StreamPeer::command("status");
  boost::asio::write(stream, boost::asio::buffer(request));
  stream.shutdown(platform::Stream::shutdown_send);
  std::string answer;
  boost::system::error_code error;
  boost::asio::read(stream, boost::asio::dynamic_buffer(answer), error);
  EXPECT_EQ(error, boost::asio::error::eof);
  EXPECT_NE(answer.find("\"uptime_s\""), std::string::npos);
  EXPECT_EQ(connections(), 0U);
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

TEST_F(ServerTest, WithoutDescriptorsClientsWaitAndTheLoopDoesNotSpin) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{64, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  StreamPeer first(address_);  // accepted before the world is full
  first.say_hello();
  first.expect(FrameType::Welcome);
  std::vector<int> fillers;
  for (int filler = 0; (filler = ::dup(STDERR_FILENO)) >= 0;) fillers.push_back(filler);
  ::close(fillers.back());
  fillers.pop_back();
  StreamPeer waiting(address_);  // takes the last one: there is none left to accept it with
  waiting.say_hello();
  const double cpu = cpu_seconds();
  EXPECT_EQ(waiting.outcome(milliseconds(400)), "timed_out");
  EXPECT_LT(cpu_seconds() - cpu, 0.2);
  EXPECT_EQ(first.ask("status")["connections"], 1);
  for (const int filler : fillers) ::close(filler);
  waiting.expect(FrameType::Welcome);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace mercury::transport
