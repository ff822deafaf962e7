// A daemon for mercuryctl to meet: it says what a test told it to, right or wrong. A real socket, no engine.
//
//   FakeDaemon daemon([](FakePeer& peer) {
//     peer.read();                                     // HELLO
//     peer.write(wire::encode_welcome({}));
//   });
//
// The script runs once for each connection, on the fake's own thread, and the connection is closed when it returns.
#pragma once

#include <boost/asio.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "platform/listener.h"
#include "platform/place.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace mercury::cli::testing {

class FakePeer {
 public:
  explicit FakePeer(platform::Stream& stream) : stream_(stream) {}

  struct Received {
    std::uint8_t type = 0;  // 0: the other side closed
    std::string payload;
  };

  // The next whole frame.
  Received read() {
    for (;;) {
      auto next = decoder_.next();
      if (!next) return {};
      if (const auto& frame = *next) return {frame->type, std::string(frame->text())};
      const auto room = decoder_.prepare(4096);
      boost::system::error_code error;
      const std::size_t count = stream_.read_some(boost::asio::buffer(room.data(), room.size()), error);
      if (error) return {};
      decoder_.commit(count);
    }
  }

  void write(const std::string& bytes) {
    boost::system::error_code gone;
    boost::asio::write(stream_, boost::asio::buffer(bytes), gone);
  }

  void write_json(wire::FrameType type, const nlohmann::json& payload) {
    write(wire::encode_frame(type, payload.dump()));
  }

  // Says nothing until the other side has given up.
  void hang() {
    while (read().type != 0) {
    }
  }

  // HELLO and WELCOME.
  nlohmann::json greet() {
    const auto hello = nlohmann::json::parse(read().payload, nullptr, false);
    wire::Welcome welcome;
    welcome.daemon = "mercuryd/0.1.0";
    welcome.pid = 4711;
    write(wire::encode_welcome(welcome));
    return hello;
  }

 private:
  platform::Stream& stream_;
  wire::FrameDecoder decoder_;
};

class FakeDaemon {
 public:
  using Script = std::function<void(FakePeer&)>;

  explicit FakeDaemon(Script script)
      : script_(std::move(script)), address_{directory_.address()}, listener_(open()), thread_([this] {
          accept();
          io_.run();
        }) {}
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;
  ~FakeDaemon() {
    boost::asio::post(io_, [this] { listener_.close(); });
    thread_.join();
  }

  [[nodiscard]] const platform::Address& address() const { return address_; }
  [[nodiscard]] platform::Candidate candidate() const { return {address_, platform::Candidate::Origin::Named}; }

 private:
  platform::Listener open() {
    auto listener = platform::Listener::open(io_.get_executor(), address_, {});
    if (!listener) throw std::runtime_error(listener.error().sentence);
    return std::move(*listener);
  }

  void accept() {
    listener_.acceptor().async_accept([this](boost::system::error_code error, platform::Stream stream) {
      using namespace boost::asio::error;
      if (error == operation_aborted || error == bad_descriptor) return;  // closed
      // Any other: who only looked at a pipe, as `doctor` does, has come and gone.
      FakePeer peer(stream);
      if (!error) script_(peer);
      stream.close();
      accept();
    });
  }

  Script script_;
  platform::testing::TemporaryDirectory directory_;
  platform::Address address_;
  boost::asio::io_context io_;
  platform::Listener listener_;  // before the thread that uses it
  std::thread thread_;
};

// Answers every COMMAND by `answer(command, arguments)`: an array is sent as rows, one a frame; an object with the key
// "error" as an error; any other as the result.
inline FakeDaemon::Script answering(std::function<nlohmann::json(const std::string&, const nlohmann::json&)> answer) {
  return [answer = std::move(answer)](FakePeer& peer) {
    using nlohmann::json;
    peer.greet();
    for (;;) {
      const auto frame = peer.read();
      if (frame.type != static_cast<std::uint8_t>(wire::FrameType::Command)) return;
      const json command = json::parse(frame.payload);
      const json said = answer(command["command"], command["arguments"]);
      json reply = {{"request_id", command["request_id"]}, {"more", false}, {"schema_version", 1}};
      if (said.is_array()) {
        for (const json& row : said) {
          json part = reply;
          part["more"] = true;
          part["rows"] = json::array({row});
          peer.write_json(wire::FrameType::Reply, part);
        }
        reply["rows"] = json::array();
      } else if (said.contains("error")) {
        reply["error"] = said["error"];
      } else {
        reply["result"] = said;
      }
      peer.write_json(wire::FrameType::Reply, reply);
    }
  };
}

}  // namespace mercury::cli::testing
