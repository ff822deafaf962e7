// A peer of a running daemon over a real stream: writes frames, waits for frames, each with a deadline.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "platform/stream.h"
#include "support/units.h"
#include "wire/data_frames.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace mercury::support {

using std::chrono::milliseconds;

inline const std::string kIncarnation = "00112233445566778899aabbccddeeff";

// Polls `holds` until it is true or ten seconds are over.
template <typename Condition>
bool eventually(Condition holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < end) {
    if (holds()) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return false;
}

class StreamPeer {
 public:
  struct Received {
    std::uint8_t type = 0;
    std::string payload;
    [[nodiscard]] bool is(wire::FrameType wanted) const { return type == static_cast<std::uint8_t>(wanted); }
    [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(payload); }
  };

  // Connects as soon as somebody listens.
  explicit StreamPeer(const platform::Address& address) : stream_(connect(address)) {}

  base::Status write(std::string_view bytes, milliseconds timeout = milliseconds(5000)) {
    return stream_.write_all(bytes, std::chrono::steady_clock::now() + timeout);
  }
  void send(std::string_view bytes) {
    const base::Status sent = write(bytes);
    EXPECT_TRUE(sent) << sent.error().sentence;
  }

  // The next frame; "closed" or "timed_out" and the like if there is none.
  base::Result<Received> next(milliseconds timeout = milliseconds(5000)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!whole_frame()) {
      std::array<std::byte, 65536> buffer{};
      const auto count = stream_.read_some(buffer, deadline);
      if (!count) return count.error();
      if (*count == 0) return base::Error{"closed", "the daemon closed its side"};
      bytes_.append(reinterpret_cast<const char*>(buffer.data()), *count);
    }
    Received out{static_cast<std::uint8_t>(bytes_[4]), bytes_.substr(wire::kFrameHeaderBytes, payload_bytes())};
    bytes_.erase(0, wire::kFrameHeaderBytes + out.payload.size());
    return out;
  }
  // The next frame must be of this type.
  Received expect(wire::FrameType type) {
    const auto got = next();
    EXPECT_TRUE(got) << got.error().sentence;
    if (!got) return {};
    EXPECT_TRUE(got->is(type)) << "type " << int{got->type} << ": " << got->payload;
    return *got;
  }
  std::string outcome(milliseconds timeout = milliseconds(5000)) {
    const auto got = next(timeout);
    return got ? "frame " + std::to_string(got->type) : got.error().code;
  }

  void say_hello() { send(hello({})); }
  void say_hello(const std::string& incarnation) { send(hello(incarnation)); }
  static std::string hello(const std::string& incarnation) {
    wire::Hello out;
    out.protocol_min = out.protocol_max = 1;
    out.client = "test/1";
    out.incarnation = incarnation;
    out.service = "shop";
    return wire::encode_hello(out);
  }

  static std::string command(const std::string& name, std::int64_t request_id = 1) {
    wire::Command out;
    out.request_id = request_id;
    out.command = name;
    return wire::encode_command(out);
  }
  // The whole answer to a command: its result, or all its rows.
  nlohmann::json ask(const std::string& name) {
    send(command(name));
    return answer();
  }
  nlohmann::json answer() {
    nlohmann::json rows = nlohmann::json::array();
    for (;;) {
      const auto got = next();
      if (!got || !got->is(wire::FrameType::Reply)) {
        ADD_FAILURE() << (got ? got->payload : got.error().sentence);
        return rows;
      }
      const nlohmann::json reply = got->json();
      if (reply.contains("result")) return reply["result"];
      for (const auto& row : reply["rows"]) rows.push_back(row);
      if (!reply["more"].get<bool>()) return rows;
    }
  }

  // Units 1 to `count`, each of a route of its own.
  static std::string units(std::uint64_t count) {
    std::string out = wire::encode_batch({1'000'000'000, count});
    for (std::uint32_t number = 1; number <= count; ++number) {
      wire::Define route;
      route.id = number;
      route.kind = wire::DefineKind::Route;
      const std::string name = "shop/orders/" + std::to_string(number);
      route.text = name;
      out += wire::encode_define(route);
      UnitSpec spec;
      spec.number = number;
      spec.name = number;
      out += unit_frame(spec);
    }
    return out;
  }

 private:
  static platform::ClientStream connect(const platform::Address& address) {
    base::Result<platform::ClientStream> stream = base::Error{"not_running", ""};
    eventually([&] {
      stream = platform::ClientStream::connect(address, milliseconds(5000), platform::Expect::Anyone);
      return static_cast<bool>(stream);
    });
    if (!stream) ADD_FAILURE() << stream.error().sentence;
    return std::move(*stream);
  }
  [[nodiscard]] std::size_t payload_bytes() const {
    std::uint32_t length = 0;
    std::copy_n(bytes_.begin(), sizeof length, reinterpret_cast<char*>(&length));
    return length;
  }
  [[nodiscard]] bool whole_frame() const {
    return bytes_.size() >= wire::kFrameHeaderBytes && bytes_.size() >= wire::kFrameHeaderBytes + payload_bytes();
  }

  platform::ClientStream stream_;
  std::string bytes_;
};

}  // namespace mercury::support
