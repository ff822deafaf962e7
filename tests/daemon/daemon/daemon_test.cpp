#include "daemon.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>

#include "daemon/transport/stream_peer.h"
#include "platform/listener.h"
#include "platform/place.h"
#include "platform/service.h"
#include "proto/limits.h"
#include "state/snapshot_file.h"

namespace mercury {
namespace {

namespace fs = std::filesystem;
using platform::testing::TemporaryDirectory;
using std::chrono::seconds;
using support::eventually;
using support::milliseconds;
using support::StreamPeer;
using wire::FrameType;

const std::string kIncarnation = "00112233445566778899aabbccddeeff";

class DaemonTest : public ::testing::Test {
 protected:
  DaemonTest() {
    Config config;
    must(config.set(ConfigKey::Address, address_.text(), "test"));
    must(config.set(ConfigKey::StateDir, directory_.path(), "test"));
    must(config.set(ConfigKey::IdleExitS, "0", "test"));
    settings_ = *finalize(config, platform::this_environment(), Detached::No);
  }
  void TearDown() override { EXPECT_TRUE(!running_.valid() || stop()) << "the daemon does not stop"; }

  static void must(const base::Status& done) { ASSERT_TRUE(done) << done.error().sentence; }
  base::Result<std::unique_ptr<Daemon>> open() {
    return Daemon::open(
        settings_, "0.1.0",
        [this]() -> base::Result<Settings> {
          ++reloads_;
          if (reloads_ == 1) return base::Error{"config_invalid", "as the test wants it"};
          return settings_;
        },
        std::move(manager_));
  }
  // Opens it and runs it in a thread; returns when it serves.
  void start() {
    auto daemon = open();
    ASSERT_TRUE(daemon) << daemon.error().sentence;
    std::promise<void> ready;
    auto is_ready = ready.get_future();
    running_ = std::async(std::launch::async, [daemon = std::move(*daemon), ready = std::move(ready)]() mutable {
      daemon->run([&ready] { ready.set_value(); });
    });
    ASSERT_EQ(is_ready.wait_for(seconds(10)), std::future_status::ready);
  }
  bool ends_within(milliseconds time) {
    if (running_.wait_for(time) != std::future_status::ready) return false;
    running_.get();
    return true;
  }
  bool stop() {
    std::raise(SIGTERM);
    if (ends_within(seconds(5))) return true;
    std::raise(SIGTERM);
    return ends_within(seconds(5));
  }
  StreamPeer client(const std::string& incarnation = kIncarnation) {
    StreamPeer peer(address_);
    peer.say_hello(incarnation);
    peer.expect(FrameType::Welcome);
    return peer;
  }
  nlohmann::json ask(const std::string& command) {
    StreamPeer peer(address_);
    peer.say_hello();
    peer.expect(FrameType::Welcome);
    return peer.ask(command);
  }
  void send_units(std::uint64_t count) {
    StreamPeer peer = client();
    peer.send(StreamPeer::units(count) + wire::encode_frame(FrameType::Bye, ""));
    peer.expect(FrameType::Ack);
  }
  [[nodiscard]] std::string snapshot() const { return state::snapshot_path(directory_.path(), address_); }
  [[nodiscard]] std::uint64_t folded_on_disk() const {
    const auto read = state::read_snapshot(snapshot());
    return read && !read->clients.empty() ? read->clients[0].loss.folded : 0;
  }

  TemporaryDirectory directory_;
  platform::Address address_{directory_.address()};
  Settings settings_;
  std::atomic<int> reloads_ = 0;  // the first one fails
  platform::ServiceLink manager_;
  std::future<void> running_;
};

// A service manager's socket: the datagrams that come, in their order.
class Manager {
 public:
  explicit Manager(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() { ::close(socket_); }

  // The next one, "nothing" if none comes.
  std::string hear() {
    std::array<char, 4096> buffer{};
    ssize_t count = -1;
    const bool came = eventually([&] {
      count = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      return count >= 0;
    });
    return came ? std::string(buffer.data(), static_cast<std::size_t>(count)) : "nothing";
  }

 private:
  int socket_;
};

TEST_F(DaemonTest, KnowsAfterARestartWhatItKnewBefore) {
  start();
  EXPECT_TRUE(ask("status")["restored"].is_null());
  send_units(5);
  ASSERT_TRUE(stop());
  EXPECT_FALSE(fs::exists(address_.path));
  EXPECT_FALSE(fs::exists(address_.path + ".lock"));
  start();
  const auto status = ask("status");
  EXPECT_EQ(status["units"]["received"], 5);
  EXPECT_EQ(status["restarts"], 1);
  EXPECT_TRUE(status["restored"].is_number());
  EXPECT_EQ(ask("routes").size(), 5U);
  StreamPeer again(address_);
  again.say_hello(kIncarnation);
  EXPECT_EQ(again.expect(FrameType::Welcome).json()["acknowledged"], 5);
}

TEST_F(DaemonTest, TheLoserOfARaceIsToldThatOneIsRunning) {
  start();
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "already_running");
  EXPECT_EQ(ask("status")["connections"], 1);  // the winner did not notice
}

TEST_F(DaemonTest, AnAddressWhereSomethingElseListensIsInUse) {
  boost::asio::io_context io;
  platform::Acceptor stranger(io, boost::asio::local::stream_protocol::endpoint(address_.path));
  const auto daemon = open();
  ASSERT_FALSE(daemon);
  EXPECT_EQ(daemon.error().code, "address_in_use");
  EXPECT_FALSE(fs::exists(address_.path + ".lock"));
}

TEST_F(DaemonTest, ASnapshotOfALaterVersionIsNeitherReadNorReplaced) {
  std::string later = state::encode({});
  later[8] = 2;
  std::ofstream(snapshot(), std::ios::binary) << later;
  start();
  send_units(1);
  ASSERT_TRUE(stop());
  std::ifstream file(snapshot(), std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), later);
}

TEST_F(DaemonTest, ADamagedSnapshotIsPutAsideAndServiceGoesOn) {
  std::ofstream(snapshot()) << "nonsense";
  start();
  send_units(1);
  EXPECT_TRUE(fs::exists(snapshot() + ".damaged"));
  ASSERT_TRUE(stop());
  EXPECT_EQ(folded_on_disk(), 1U);
}

TEST_F(DaemonTest, WithoutAStateDirectoryNothingIsWritten) {
  settings_.state_dir.clear();
  start();
  send_units(1);
  ASSERT_TRUE(stop());
  EXPECT_TRUE(fs::is_empty(directory_.path()));
}

TEST_F(DaemonTest, WhatChangedIsWrittenEachInterval) {
  settings_.snapshot_interval = seconds(1);
  start();
  send_units(3);
  EXPECT_TRUE(eventually([this] { return folded_on_disk() == 3; }));
}

TEST_F(DaemonTest, TheCommandShutdownEndsItAfterItsReply) {
  start();
  StreamPeer peer(address_);
  peer.say_hello();
  peer.expect(FrameType::Welcome);
  EXPECT_EQ(peer.ask("shutdown")["stopping"], true);
  peer.expect(FrameType::Goaway);
  peer.send(wire::encode_frame(FrameType::Bye, ""));
  EXPECT_EQ(peer.outcome(), "closed");
  EXPECT_TRUE(ends_within(milliseconds(limits::goaway_ms / 2)));
}

TEST_F(DaemonTest, ASecondSignalSkipsTheWaitingButNotTheSnapshot) {
  start();
  StreamPeer stubborn = client();
  stubborn.send(StreamPeer::units(2));
  stubborn.expect(FrameType::Ack);
  std::raise(SIGTERM);
  stubborn.expect(FrameType::Goaway);
  std::raise(SIGINT);
  EXPECT_TRUE(ends_within(milliseconds(limits::goaway_ms / 2)));
  EXPECT_EQ(folded_on_disk(), 2U);
}

TEST_F(DaemonTest, EndsWhenItHadNoClientForLongEnough) {
  settings_.idle_exit = seconds(2);
  start();
  {
    const StreamPeer busy = client();
    EXPECT_FALSE(ends_within(milliseconds(3500)));
  }
  EXPECT_TRUE(ends_within(seconds(5)));
}

TEST_F(DaemonTest, ARemovedSocketEndsItAndItsStateIsKept) {
  start();
  send_units(4);
  fs::remove(address_.path);
  EXPECT_TRUE(ends_within(seconds(5)));
  EXPECT_EQ(folded_on_disk(), 4U);
}

TEST_F(DaemonTest, WithASuccessorAtItsAddressItLeavesTheSnapshotAlone) {
  start();
  send_units(4);
  fs::remove(address_.path);
  boost::asio::io_context io;
  platform::Acceptor successor(io, boost::asio::local::stream_protocol::endpoint(address_.path));
  EXPECT_TRUE(ends_within(seconds(5)));
  EXPECT_FALSE(fs::exists(snapshot()));
  EXPECT_TRUE(fs::exists(address_.path));
}

TEST_F(DaemonTest, SighupBringsNewSettingsAndABadFileChangesNothing) {
  start();
  std::raise(SIGHUP);
  ASSERT_TRUE(eventually([this] { return reloads_ == 1; }));
  EXPECT_EQ(ask("status")["state"], "running");
  settings_.idle_exit = seconds(1);
  std::raise(SIGHUP);
  EXPECT_TRUE(ends_within(seconds(5)));
}

TEST_F(DaemonTest, TellsTheServiceManagerHowItIs) {
  Manager manager(directory_ / "notify");
  manager_ = platform::ServiceLink::from_environment();
  const std::string serving = "STATUS=serving " + address_.text();
  start();
  EXPECT_EQ(manager.hear(), "READY=1\n" + serving);
  std::raise(SIGHUP);
  EXPECT_EQ(manager.hear().substr(0, 27), "RELOADING=1\nMONOTONIC_USEC=");
  EXPECT_EQ(manager.hear(), "READY=1\n" + serving + "; reload failed: as the test wants it");
  std::raise(SIGHUP);
  EXPECT_EQ(manager.hear().substr(0, 12), "RELOADING=1\n");
  EXPECT_EQ(manager.hear(), "READY=1\n" + serving);
  ASSERT_TRUE(stop());
  EXPECT_EQ(manager.hear(), "STOPPING=1");
}

TEST_F(DaemonTest, TellsTheServiceManagerWhyItCannotStart) {
  Manager manager(directory_ / "notify");
  manager_ = platform::ServiceLink::from_environment();
  std::ofstream(address_.path) << "no socket";
  ASSERT_FALSE(open());
  const std::string heard = manager.hear();
  EXPECT_EQ(heard.substr(0, 21), "STATUS=cannot start: ") << heard;
  EXPECT_NE(heard.find(address_.path), std::string::npos) << heard;
  fs::remove(address_.path);
}

}  // namespace
}  // namespace mercury
