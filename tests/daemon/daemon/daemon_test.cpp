#include "daemon.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "bare_listener.h"
#include "daemon/daemon/daemon_fixture.h"
#include "daemon/transport/stream_peer.h"
#include "proto/limits.h"
#include "state/snapshot_file.h"

namespace mercury {
namespace {

namespace fs = std::filesystem;
using platform::testing::outcome;
using std::chrono::seconds;
using support::eventually;
using support::kIncarnation;
using support::milliseconds;
using support::StreamPeer;
using wire::FrameType;

TEST_F(DaemonTest, KnowsAfterARestartWhatItKnewBefore) {
  start();
  EXPECT_TRUE(ask("status")["restored"].is_null());
  send_units(5);
  ASSERT_TRUE(stop());
  EXPECT_EQ(outcome(platform::ClientStream::connect(address_, milliseconds(100), platform::Expect::Anyone)),
            "not_running");
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
  const platform::testing::BareListener stranger(address_);
  const auto daemon = open();
  ASSERT_FALSE(daemon);
  EXPECT_EQ(daemon.error().code, "address_in_use");
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

}  // namespace
}  // namespace mercury
