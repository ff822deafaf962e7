// A server whose loop runs in a thread of its own, since the peers' calls block; an engine, and no state.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "daemon/transport/stream_peer.h"
#include "platform/place.h"
#include "transport/server.h"

namespace mercury::transport {

class QuietHost final : public session::Host {
 public:
  [[nodiscard]] std::uint64_t memory_bytes() const override { return 1; }
  [[nodiscard]] session::SnapshotFacts snapshot() const override { return {}; }
  void request_shutdown() override {}
};

class ServerTest : public ::testing::Test {
 protected:
  template <typename Body>
  auto on_loop(Body body) {
    std::packaged_task<decltype(body())()> task(std::move(body));
    auto result = task.get_future();
    boost::asio::post(io_, std::move(task));
    return result.get();
  }

  void SetUp() override {
    auto listener =
        platform::Listener::open(io_.get_executor(), address_, {platform::ListenOptions::Kind::Named, {}, 1024});
    ASSERT_TRUE(listener) << listener.error().sentence;
    listener_.emplace(std::move(*listener));
    server_.emplace(io_, *listener_, registry_, clock_);
    server_->start();
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    on_loop([this] { server_->close(); });
    work_.reset();
    thread_.join();
    server_.reset();
  }

  std::size_t connections() {
    return on_loop([this] { return server_->connections(); });
  }
  std::uint64_t errors(const std::string& code) {
    return on_loop([this, &code] {
      const auto at = registry_.errors().find(code);
      return at == registry_.errors().end() ? std::uint64_t{0} : at->second;
    });
  }
  // Resolves when the server says that everybody is gone.
  std::future<void> drain() {
    auto done = std::make_shared<std::promise<void>>();
    on_loop([this, done] { server_->drain([done] { done->set_value(); }); });
    return done->get_future();
  }

  platform::testing::TemporaryDirectory directory_;
  platform::Address address_{directory_.address()};
  base::SystemClock clock_;
  QuietHost host_;
  aggregate::Engine engine_;
  session::Registry registry_{engine_, host_, {"0.1.0", address_.text(), 4711, clock_.now(), 0, std::nullopt}};
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::optional<platform::Listener> listener_;
  std::optional<Server> server_;
  std::thread thread_;
};

}  // namespace mercury::transport
