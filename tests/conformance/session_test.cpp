// The invalid vectors get the structured error they name, and the recorded sessions go as they are written.
#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <map>

#include "conformance/vectors.h"
#include "support/memory_peer.h"
#include "support/report.h"

namespace mercury::conformance {
namespace {

using support::MemoryPeer;
using support::ReceivedFrame;
using support::World;
using wire::FrameType;
using namespace std::chrono_literals;

constexpr auto kAckWait = 60ms;    // longer than ack_interval_ms
constexpr auto kDiscard = 1100ms;  // longer than discard_ms and goaway_ms

FrameType type_of(const std::string& name) {
  static const std::map<std::string, FrameType> kTypes{{"WELCOME", FrameType::Welcome}, {"REJECT", FrameType::Reject},
                                                       {"ACK", FrameType::Ack},         {"GOAWAY", FrameType::Goaway},
                                                       {"ERROR", FrameType::Error},     {"REPLY", FrameType::Reply},
                                                       {"REPORT", FrameType::Report}};
  return kTypes.at(name);
}

// Every key of `wanted` is in `got` with the same value; `got` may have more.
void expect_contains(const json& got, const json& wanted) {
  if (!wanted.is_object()) {
    EXPECT_EQ(got, wanted);
    return;
  }
  for (const auto& [key, value] : wanted.items()) {
    ASSERT_TRUE(got.contains(key)) << key << " in " << got;
    expect_contains(got.at(key), value);
  }
}

TEST(SessionConformance, EveryInvalidVectorGetsItsErrorAndIsCounted) {
  const auto vectors = load("invalid");
  ASSERT_GT(vectors.size(), 60U);
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(vector.name);
    World world;
    MemoryPeer peer(world);
    peer.send(bytes_of(vector.content.at("session")));
    const json& expected = vector.content.at("expect");
    std::vector<ReceivedFrame> faults;
    for (const ReceivedFrame& frame : peer.receive()) {
      if (frame.is(FrameType::Error) || frame.is(FrameType::Reject)) faults.push_back(frame);
    }
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_TRUE(faults[0].is(type_of(expected.at("frame"))));
    const json fault = faults[0].json();
    EXPECT_EQ(fault.at("code"), expected.at("code")) << fault;
    if (expected.at("frame") == "ERROR" && expected.contains("number")) {
      EXPECT_EQ(fault.at("number"), expected.at("number")) << fault;
    }
    EXPECT_GT(fault.at("sentence").get<std::string>().size(), 10U);
    const auto& counted = expected.at("frame") == "ERROR" ? world.registry.errors() : world.registry.rejects();
    EXPECT_EQ(counted, (std::map<std::string, std::uint64_t>{{expected.at("code"), 1}}));
    EXPECT_FALSE(peer.session().finished());
    peer.advance(kDiscard);
    EXPECT_TRUE(peer.session().finished());
  }
}

TEST(SessionConformance, AnInvalidVectorGetsTheSameErrorByteByByte) {
  for (const Vector& vector : load("invalid")) {
    SCOPED_TRACE(vector.name);
    const std::string bytes = bytes_of(vector.content.at("session"));
    if (bytes.size() > 20'000) continue;
    World world;
    MemoryPeer peer(world);
    for (const char byte : bytes) peer.send({&byte, 1});
    std::string code;
    for (const ReceivedFrame& frame : peer.receive()) {
      if (frame.is(FrameType::Error) || frame.is(FrameType::Reject)) code = frame.json().at("code");
    }
    EXPECT_EQ(code, vector.content.at("expect").at("code"));
  }
}

class Replay {
 public:
  explicit Replay(World& world) : world_(world) {}

  void step(const json& step) {
    const auto name = step.at("connection").get<std::string>();
    if (!peers_.contains(name)) peers_.emplace(name, std::make_unique<MemoryPeer>(world_));
    MemoryPeer& peer = *peers_.at(name);
    if (step.contains("send")) peer.send(bytes_of(step.at("send")));
    if (step.contains("expect")) expect(name, peer, step.at("expect"));
    if (step.contains("close")) peer.close();
    if (step.contains("closed")) {
      if (!peer.session().finished()) peer.advance(kDiscard);
      EXPECT_TRUE(peer.session().finished()) << name << " should be closed";
    }
  }

 private:
  void expect(const std::string& name, MemoryPeer& peer, const json& wanted) {
    const FrameType type = type_of(wanted.at("type"));
    std::deque<ReceivedFrame>& queue = received_[name];
    for (const ReceivedFrame& frame : peer.receive()) queue.push_back(frame);
    if (type == FrameType::Ack) {
      peer.advance(kAckWait);
      for (const ReceivedFrame& frame : peer.receive()) queue.push_back(frame);
    }
    // An ACK may come at any time; where one is wanted, the last of them counts.
    std::optional<ReceivedFrame> found;
    while (!queue.empty() && (type == FrameType::Ack ? queue.front().is(type) : !found)) {
      if (queue.front().is(type)) {
        found = queue.front();
      } else if (!queue.front().is(FrameType::Ack)) {
        break;
      }
      queue.pop_front();
    }
    ASSERT_TRUE(found) << "no " << wanted.at("type") << ", next is "
                       << (queue.empty() ? "nothing" : queue.front().payload);
    if (type == FrameType::Ack) {
      std::uint64_t highest = 0;
      std::memcpy(&highest, found->payload.data(), sizeof highest);
      EXPECT_EQ(highest, wanted.at("highest"));
    } else if (type == FrameType::Report) {
      const auto report = support::read_report(found->payload);
      EXPECT_EQ(report.nonce, wanted.at("nonce"));
      EXPECT_EQ(report.findings_left_out, wanted.at("findings_left_out"));
      EXPECT_EQ(report.groups_left_out, wanted.at("groups_left_out"));
      expect_contains(report.verdict, wanted.at("json"));
    } else {
      expect_contains(found->json(), wanted.at("json"));
    }
  }

  World& world_;
  std::map<std::string, std::unique_ptr<MemoryPeer>> peers_;
  std::map<std::string, std::deque<ReceivedFrame>> received_;
};

TEST(SessionConformance, EveryRecordedSessionGoesAsItIsWritten) {
  const auto vectors = load("sessions");
  ASSERT_GT(vectors.size(), 5U);
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(vector.name);
    World world;
    Replay replay(world);
    int number = 0;
    for (const json& step : vector.content.at("steps")) {
      SCOPED_TRACE(++number);
      replay.step(step);
    }
  }
}

}  // namespace
}  // namespace mercury::conformance
