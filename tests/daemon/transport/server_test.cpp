#include "transport/server.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <string>
#include <vector>

#include "daemon/transport/server_fixture.h"
#include "daemon/transport/stream_peer.h"
#include "platform/process.h"
#include "proto/limits.h"

namespace mercury::transport {
namespace {

using support::eventually;
using support::kIncarnation;
using support::milliseconds;
using support::StreamPeer;
using wire::FrameType;

TEST_F(ServerTest, AClientIsWelcomedServedAndClosedAfterItsBye) {
  StreamPeer peer(address_);
  peer.say_hello(kIncarnation);
  const auto welcome = peer.expect(FrameType::Welcome).json();
  EXPECT_EQ(welcome["acknowledged"], 0);
  EXPECT_EQ(welcome["pid"], 4711);
  peer.send(StreamPeer::units(3));
  EXPECT_EQ(peer.expect(FrameType::Ack).payload, std::string("\x03\0\0\0\0\0\0\0", 8));  // by the timer
  peer.send(wire::encode_frame(FrameType::Bye, ""));
  EXPECT_EQ(peer.expect(FrameType::Ack).payload, std::string("\x03\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(peer.outcome(), "closed");
  EXPECT_EQ(connections(), 0U);
  EXPECT_EQ(on_loop([this] { return engine_.totals("").loss.folded; }), 3U);
}

TEST_F(ServerTest, AnAckComesByItselfWithinItsInterval) {
  StreamPeer peer(address_);
  peer.say_hello(kIncarnation);
  peer.expect(FrameType::Welcome);
  const auto before = std::chrono::steady_clock::now();
  peer.send(StreamPeer::units(1));
  peer.expect(FrameType::Ack);
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_GE(took, milliseconds(limits::ack_interval_ms - 1));
  EXPECT_LT(took, milliseconds(limits::ack_interval_ms + 1000));
}

TEST_F(ServerTest, BytesThatComeOneByOneAreAFrameAllTheSame) {
  StreamPeer peer(address_);
  for (const char byte : StreamPeer::hello({}) + StreamPeer::command("status")) peer.send(std::string(1, byte));
  peer.expect(FrameType::Welcome);
  EXPECT_EQ(peer.answer()["connections"], 1);
}

TEST_F(ServerTest, WhatOnePeerDoesWrongEndsItsConnectionOnly) {
  StreamPeer good(address_);
  good.say_hello();
  good.expect(FrameType::Welcome);
  StreamPeer bad(address_);
  bad.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(bad.expect(FrameType::Error).json()["code"], "frame_too_large");
  // It stays, but is not heard, for discard_ms; then it is closed.
  bad.send(StreamPeer::hello({}));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(bad.outcome(), "closed");
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(limits::discard_ms - 100));
  EXPECT_EQ(good.ask("status")["errors"]["frame_too_large"], 1);
  EXPECT_EQ(connections(), 1U);
}

TEST_F(ServerTest, ASupersededConnectionIsToldAtOnce) {
  StreamPeer first(address_);
  first.say_hello(kIncarnation);
  first.expect(FrameType::Welcome);
  StreamPeer second(address_);
  second.say_hello(kIncarnation);
  second.expect(FrameType::Welcome);
  EXPECT_EQ(first.expect(FrameType::Error).json()["code"], "superseded");
}

TEST_F(ServerTest, APeerThatIsGoneLeavesNothingBehind) {
  {
    StreamPeer peer(address_);
    peer.say_hello(kIncarnation);
    peer.expect(FrameType::Welcome);
    EXPECT_EQ(connections(), 1U);
  }
  EXPECT_TRUE(eventually([this] { return connections() == 0; }));
  EXPECT_EQ(on_loop([this] { return registry_.connections() + registry_.clients(); }), 0U);
}

class ServerWithManyRoutes : public ServerTest {
 protected:
  static constexpr std::uint64_t kRoutes = 4000;  // a listing of more than a megabyte

  void SetUp() override {
    ServerTest::SetUp();
    client_.emplace(address_);
    client_->say_hello(kIncarnation);
    client_->expect(FrameType::Welcome);
    client_->send(StreamPeer::units(kRoutes));
    ASSERT_TRUE(eventually([this] { return on_loop([this] { return engine_.totals("").loss.folded; }) == kRoutes; }));
  }

  std::optional<StreamPeer> client_;
};

TEST_F(ServerWithManyRoutes, ALongListingArrivesWholeAndOthersAreServedBetweenItsSlices) {
  StreamPeer reader(address_);
  reader.say_hello();
  reader.expect(FrameType::Welcome);
  reader.send(StreamPeer::command("routes"));  // which it does not read yet
  StreamPeer other(address_);
  other.say_hello();
  other.expect(FrameType::Welcome);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(other.ask("status")["series"]["routes"], kRoutes);
  EXPECT_EQ(reader.answer().size(), kRoutes);
}

TEST_F(ServerWithManyRoutes, APeerThatAsksWithoutReadingIsNotReadAndHindersNobody) {
  StreamPeer greedy(address_);
  greedy.say_hello();
  greedy.expect(FrameType::Welcome);
  const std::string question = StreamPeer::command("routes");
  greedy.send(question);
  const auto first = greedy.expect(FrameType::Reply).json();
  ASSERT_EQ(first["more"], true);
  // The rest of the answer does not fit its socket. What it sends from now on stays there too, until it is full.
  int more = 0;
  while (more < 100'000 && greedy.write(question, milliseconds(300))) ++more;
  EXPECT_LT(more, 100'000);
  EXPECT_EQ(errors("slow_reader"), 0U);
  StreamPeer other(address_);
  other.say_hello();
  other.expect(FrameType::Welcome);
  EXPECT_EQ(other.ask("status")["connections"], 3);
  EXPECT_EQ(first["rows"].size() + greedy.answer().size(), kRoutes);  // it reads: it is served again
}

TEST_F(ServerTest, AsManyCommandsAsMayWaitAreAnsweredAndOneMoreIsASlowReader) {
  std::string questions;
  for (std::int64_t i = 0; i < limits::commands_pending_max; ++i) questions += StreamPeer::command("status", i);
  StreamPeer peer(address_);
  peer.send(StreamPeer::hello({}) + questions);
  peer.expect(FrameType::Welcome);
  for (std::int64_t i = 0; i < limits::commands_pending_max; ++i) {
    ASSERT_EQ(peer.expect(FrameType::Reply).json()["request_id"], i);
  }
  StreamPeer greedy(address_);
  greedy.send(StreamPeer::hello({}) + questions + StreamPeer::command("status"));
  greedy.expect(FrameType::Welcome);
  EXPECT_EQ(greedy.expect(FrameType::Error).json()["code"], "slow_reader");
  EXPECT_EQ(greedy.outcome(), "closed");
  EXPECT_EQ(errors("slow_reader"), 1U);
}

TEST_F(ServerTest, AUserAtItsLimitIsServedAndOneMoreIsRejectedAndManyMoreAreClosed) {
  ASSERT_GT(platform::raise_descriptor_limit(), 2U * (limits::connections_user_max + kRefusedMax + 100));
  std::vector<StreamPeer> peers;
  for (std::int64_t i = 0; i < limits::connections_user_max; ++i) {
    peers.emplace_back(address_).say_hello();
    peers.back().expect(FrameType::Welcome);
  }
  StreamPeer one_more(address_);
  one_more.say_hello();
  EXPECT_EQ(one_more.expect(FrameType::Reject).json()["code"], "connections_max");
  std::vector<StreamPeer> silent;
  for (std::size_t i = 0; i < kRefusedMax; ++i) silent.emplace_back(address_);
  StreamPeer too_many(address_);
  EXPECT_EQ(too_many.outcome(), "closed");
  EXPECT_EQ(peers.front().ask("status")["rejects"]["connections_max"], 1);
  // A place that becomes free is given to the next one.
  peers.clear();
  silent.clear();
  ASSERT_TRUE(eventually([this] { return connections() <= 1; }));
  StreamPeer next(address_);
  next.say_hello();
  next.expect(FrameType::Welcome);
}

TEST_F(ServerTest, ADrainEndsWhenTheLastClientHasSaidBye) {
  StreamPeer peer(address_);
  peer.say_hello(kIncarnation);
  peer.expect(FrameType::Welcome);
  auto done = drain();
  EXPECT_EQ(peer.expect(FrameType::Goaway).json()["drain_ms"], limits::goaway_ms);
  EXPECT_EQ(done.wait_for(milliseconds(50)), std::future_status::timeout);
  peer.send(StreamPeer::units(2) + wire::encode_frame(FrameType::Bye, ""));  // what it had in hand
  EXPECT_EQ(peer.expect(FrameType::Ack).payload, std::string("\x02\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(peer.outcome(), "closed");
  EXPECT_EQ(done.wait_for(milliseconds(500)), std::future_status::ready);
}

TEST_F(ServerTest, ADrainEndsAfterItsTimeWhateverThePeersDo) {
  StreamPeer client(address_);
  client.say_hello(kIncarnation);
  client.expect(FrameType::Welcome);
  StreamPeer silent(address_);  // has not even said HELLO
  ASSERT_TRUE(eventually([this] { return connections() == 2; }));
  const auto before = std::chrono::steady_clock::now();
  auto done = drain();
  ASSERT_EQ(done.wait_for(std::chrono::seconds(5)), std::future_status::ready);
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(limits::goaway_ms - 50));
  EXPECT_EQ(connections(), 0U);
  EXPECT_EQ(silent.outcome(), "closed");
}

TEST_F(ServerTest, NobodyIsAcceptedWhileItDrains) {
  auto done = drain();
  EXPECT_EQ(done.wait_for(milliseconds(500)), std::future_status::ready);
  StreamPeer late(address_);
  late.say_hello();
  EXPECT_EQ(late.outcome(milliseconds(100)), "timed_out");
  on_loop([this] { listener_->close(); });
  EXPECT_NE(late.outcome(milliseconds(1000)), "timed_out");
}

}  // namespace
}  // namespace mercury::transport
