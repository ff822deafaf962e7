// A peer of a Session in memory: sends bytes, advances a manual clock, and collects the frames that come back.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregate/engine.h"
#include "base/clock.h"
#include "session/registry.h"
#include "session/session.h"
#include "wire/frame.h"

namespace mercury::support {

class FakeHost final : public session::Host {
 public:
  [[nodiscard]] std::uint64_t memory_bytes() const override { return 1234567; }
  [[nodiscard]] session::SnapshotFacts snapshot() const override { return {}; }
  void request_shutdown() override { ++shutdowns; }
  int shutdowns = 0;
};

// The daemon without its shell: what every session test needs around a Session.
struct World {
  base::ManualClock clock;
  FakeHost host;
  aggregate::Engine engine;
  session::Registry registry{engine, host, {"0.1.0", "unix:///run/test.sock", 4711, clock.now(), 0, std::nullopt}};
};

struct ReceivedFrame {
  std::uint8_t type = 0;
  std::string payload;
  [[nodiscard]] bool is(wire::FrameType wanted) const { return type == static_cast<std::uint8_t>(wanted); }
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(payload); }
};

class MemoryPeer {
 public:
  explicit MemoryPeer(World& world, session::PeerIdentity identity = {"1000", 42, false})
      : world_(world),
        session_(std::make_unique<session::Session>(std::move(identity), world.registry, world.clock.now())) {
    const std::string hello = wire::encode_frame(wire::FrameType::Hello, "{}");  // lifts the limit on first frames
    decoder_.append(std::as_bytes(std::span(hello)));
    (void)decoder_.next();
  }
  ~MemoryPeer() { close(); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto room = session_->prepare();
      const std::size_t count = std::min(room.size(), bytes.size());
      std::ranges::copy(std::as_bytes(std::span(bytes.substr(0, count))), room.begin());
      session_->commit(count, world_.clock.now());
      bytes.remove_prefix(count);
    }
  }
  // Everything the session has to say now, replies included.
  std::vector<ReceivedFrame> receive() {
    while (session_->produce(world_.clock.now(), world_.clock)) {
      const std::string bytes = session_->take_output();
      decoder_.append(std::as_bytes(std::span(bytes)));
    }
    std::vector<ReceivedFrame> out;
    for (;;) {
      auto next = decoder_.next();
      EXPECT_TRUE(next) << next.error().sentence;
      if (!next || !*next) return out;
      out.push_back({(*next)->type, std::string((*next)->text())});
    }
  }
  void advance(base::Duration by) {
    world_.clock.advance(by);
    if (const auto deadline = session_->deadline(); deadline && world_.clock.now() >= *deadline)
      session_->on_time(world_.clock.now());
  }
  void close() {
    if (session_) session_->on_closed(world_.clock.now());
    session_.reset();
  }
  session::Session& session() { return *session_; }

 private:
  World& world_;
  std::unique_ptr<session::Session> session_;
  wire::FrameDecoder decoder_;
};

}  // namespace mercury::support
