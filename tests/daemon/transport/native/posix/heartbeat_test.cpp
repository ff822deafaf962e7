// What only systemd has: a watchdog that wants signs of life.
#include "transport/heartbeat.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "platform/listener.h"
#include "world.h"

namespace mercury::transport {
namespace {

using namespace std::chrono_literals;
using platform::testing::TemporaryDirectory;
using Clock = std::chrono::steady_clock;

constexpr auto kInterval = 200ms;  // the manager acts after twice that

// A manager that watches, a loop, and a listener that is served, or not, as the test says.
class HeartbeatTest : public ::testing::Test {
 protected:
  HeartbeatTest() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = place_ / "notify";
    std::memcpy(address.sun_path, path.data(), path.size());
    manager_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(manager_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    ::setenv("WATCHDOG_USEC", std::to_string(std::chrono::microseconds(2 * kInterval).count()).c_str(), 1);
    ::unsetenv("WATCHDOG_PID");
    link_ = platform::ServiceLink::from_environment();
    auto listener = platform::Listener::open(io_.get_executor(), address_, {});
    EXPECT_TRUE(listener) << listener.error().sentence;
    listener_.emplace(std::move(*listener));
  }
  ~HeartbeatTest() override { ::close(manager_); }

  // Accepts, and answers the first bytes of each peer with one byte.
  void serve() {
    listener_->acceptor().async_accept([this](const boost::system::error_code& error, platform::Stream stream) {
      if (error) return;
      ++accepted_;
      auto peer = std::make_shared<Peer>(std::move(stream));
      peer->stream.async_read_some(boost::asio::buffer(peer->bytes),
                                   [peer](const boost::system::error_code& failed, std::size_t count) {
                                     boost::system::error_code gone;  // it has given up before
                                     if (!failed && count > 4) peer->stream.send(boost::asio::buffer("x", 1), 0, gone);
                                   });
      serve();
    });
  }
  void accept_and_say_nothing() {
    listener_->acceptor().async_accept([this](const boost::system::error_code& error, platform::Stream stream) {
      if (error) return;
      ++accepted_;
      silent_.push_back(std::move(stream));
      accept_and_say_nothing();
    });
  }
  int signs_of_life() {
    std::array<char, 256> buffer{};
    for (ssize_t count = 0; (count = ::recv(manager_, buffer.data(), buffer.size(), MSG_DONTWAIT)) >= 0;) {
      EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(count)), "WATCHDOG=1");
      ++signs_;
    }
    return signs_;
  }
  // Runs the loop until `holds`, at most ten seconds.
  template <typename Condition>
  bool runs_until(Condition holds) {
    const auto end = Clock::now() + 10s;
    while (!holds() && Clock::now() < end) io_.run_one_for(10ms);
    return holds();
  }

  struct Peer {
    explicit Peer(platform::Stream accepted) : stream(std::move(accepted)) {}
    platform::Stream stream;
    std::array<char, 512> bytes{};
  };

  TemporaryDirectory place_;
  platform::Address address_{place_ / "m.sock"};
  int manager_ = -1;
  platform::ServiceLink link_;
  boost::asio::io_context io_;
  std::optional<platform::Listener> listener_;
  std::vector<platform::Stream> silent_;
  int accepted_ = 0;
  int signs_ = 0;
};

TEST_F(HeartbeatTest, IsOneSignOfLifeForEachConnectionThatWasAnswered) {
  Heartbeat heartbeat(io_, link_, address_);
  serve();
  const auto begin = Clock::now();
  heartbeat.start();
  EXPECT_EQ(signs_of_life(), 0) << "before the loop has run";
  ASSERT_TRUE(runs_until([this] { return signs_of_life() == 4; }));
  EXPECT_GE(accepted_, 4);                         // more, where an answer came too late
  EXPECT_GE(Clock::now() - begin, 3 * kInterval);  // and not oftener than it is due
}

TEST_F(HeartbeatTest, WhereNobodyAcceptsThereIsNone) {
  Heartbeat heartbeat(io_, link_, address_);
  heartbeat.start();
  const auto end = Clock::now() + 3 * kInterval;
  runs_until([end] { return Clock::now() >= end; });
  EXPECT_EQ(signs_of_life(), 0);
  serve();  // it comes back by itself
  EXPECT_TRUE(runs_until([this] { return signs_of_life() > 0; }));
}

TEST_F(HeartbeatTest, ToBeAcceptedIsNotEnough) {
  Heartbeat heartbeat(io_, link_, address_);
  accept_and_say_nothing();
  heartbeat.start();
  ASSERT_TRUE(runs_until([this] { return accepted_ == 3; }));  // it gave up two of them
  EXPECT_EQ(signs_of_life(), 0);
}

TEST_F(HeartbeatTest, WithoutASocketThereIsNone) {
  Heartbeat heartbeat(io_, link_, address_);
  listener_->close();
  heartbeat.start();
  const auto end = Clock::now() + 2 * kInterval;
  runs_until([end] { return Clock::now() >= end; });
  EXPECT_EQ(signs_of_life(), 0);
}

TEST_F(HeartbeatTest, EndsWhenItIsStopped) {
  Heartbeat heartbeat(io_, link_, address_);
  serve();
  heartbeat.start();
  ASSERT_TRUE(runs_until([this] { return signs_of_life() == 1; }));
  heartbeat.stop();
  const auto end = Clock::now() + 3 * kInterval;
  runs_until([end] { return Clock::now() >= end; });
  EXPECT_EQ(signs_of_life(), 1);
}

TEST_F(HeartbeatTest, WithoutAManagerThatWatchesNobodyKnocks) {
  platform::ServiceLink nobody;
  Heartbeat heartbeat(io_, nobody, address_);
  serve();
  heartbeat.start();
  const auto end = Clock::now() + 2 * kInterval;
  runs_until([end] { return Clock::now() >= end; });
  EXPECT_EQ(accepted_, 0);
}

}  // namespace
}  // namespace mercury::transport
