// A client that has said HELLO, a reader that has, and the messages that they send.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "session/session.h"
#include "support/memory_peer.h"
#include "support/units.h"
#include "wire/data_frames.h"

namespace mercury::session {

using support::MemoryPeer;
using support::ReceivedFrame;
using support::World;
using wire::FrameType;

inline constexpr const char* kIncarnation = "00112233445566778899aabbccddeeff";

inline std::string hello(const std::string& incarnation, int min = 1, int max = 1) {
  wire::Hello out;
  out.protocol_min = min;
  out.protocol_max = max;
  out.incarnation = incarnation;
  out.service = "shop";
  return wire::encode_hello(out);
}

inline std::string define_route(std::uint32_t id, std::string_view text) {
  return wire::encode_define({id, wire::DefineKind::Route, false, 0, text});
}

inline std::string command(const std::string& name, std::vector<std::pair<std::string, std::string>> arguments = {}) {
  return wire::encode_command({1, name, std::move(arguments)});
}

inline std::uint64_t highest_of(const ReceivedFrame& frame) {
  std::uint64_t out = 0;
  std::memcpy(&out, frame.payload.data(), sizeof out);
  return out;
}

// All rows of the replies in `frames`.
inline nlohmann::json rows_of(const std::vector<ReceivedFrame>& frames) {
  nlohmann::json rows = nlohmann::json::array();
  for (const ReceivedFrame& frame : frames) {
    for (const auto& row : frame.json().value("rows", nlohmann::json::array())) rows.push_back(row);
  }
  return rows;
}

class SessionTest : public testing::Test {
 protected:
  std::unique_ptr<MemoryPeer> client(const std::string& incarnation = kIncarnation,
                                     PeerIdentity who = {"1000", 42, false}) {
    auto peer = std::make_unique<MemoryPeer>(world_, std::move(who));
    peer->send(hello(incarnation));
    const auto welcome = peer->receive();
    EXPECT_TRUE(welcome.size() == 1 && welcome[0].is(FrameType::Welcome));
    return peer;
  }
  std::unique_ptr<MemoryPeer> reader(PeerIdentity who = {"1000", 43, false}) { return client("", std::move(who)); }
  void send_units(MemoryPeer& peer, std::uint64_t first, std::uint64_t last) {
    peer.send(define_route(1, "books/"));
    peer.send(wire::encode_batch({1'010'000'000, last}));
    for (std::uint64_t number = first; number <= last; ++number)
      peer.send(support::unit_frame({.number = number, .name = 1}));
  }
  nlohmann::json ask(const std::string& what, std::vector<std::pair<std::string, std::string>> arguments = {},
                     PeerIdentity who = {"1000", 43, false}) {
    auto peer = reader(std::move(who));
    peer->send(command(what, std::move(arguments)));
    const auto frames = peer->receive();
    EXPECT_FALSE(frames.empty());
    return frames.empty() ? nlohmann::json() : frames.back().json();
  }

  World world_;
};

}  // namespace mercury::session
