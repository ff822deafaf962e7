// A whole daemon in a thread, with an address and a state directory of its own.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "daemon.h"
#include "daemon/transport/stream_peer.h"
#include "platform/place.h"
#include "platform/service.h"
#include "state/snapshot_file.h"

namespace mercury {

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
    ASSERT_EQ(is_ready.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  }
  bool ends_within(std::chrono::milliseconds time) {
    if (running_.wait_for(time) != std::future_status::ready) return false;
    running_.get();
    return true;
  }
  bool stop() {
    std::raise(SIGTERM);
    if (ends_within(std::chrono::seconds(5))) return true;
    std::raise(SIGTERM);
    return ends_within(std::chrono::seconds(5));
  }
  support::StreamPeer client(const std::string& incarnation = support::kIncarnation) {
    support::StreamPeer peer(address_);
    peer.say_hello(incarnation);
    peer.expect(wire::FrameType::Welcome);
    return peer;
  }
  nlohmann::json ask(const std::string& command) {
    support::StreamPeer peer(address_);
    peer.say_hello();
    peer.expect(wire::FrameType::Welcome);
    return peer.ask(command);
  }
  void send_units(std::uint64_t count) {
    support::StreamPeer peer = client();
    peer.send(support::StreamPeer::units(count) + wire::encode_frame(wire::FrameType::Bye, ""));
    peer.expect(wire::FrameType::Ack);
  }
  [[nodiscard]] std::string snapshot() const { return state::snapshot_path(directory_.path(), address_); }
  [[nodiscard]] std::uint64_t folded_on_disk() const {
    const auto read = state::read_snapshot(snapshot());
    return read && !read->clients.empty() ? read->clients[0].loss.folded : 0;
  }

  platform::testing::TemporaryDirectory directory_;
  platform::Address address_{directory_.address()};
  Settings settings_;
  std::atomic<int> reloads_ = 0;  // the first one fails
  platform::ServiceLink manager_;
  std::future<void> running_;
};

}  // namespace mercury
