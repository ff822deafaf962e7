// Both ends of one connection to a listener of ours, and the short words that tests of streams are written in.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "place.h"
#include "platform/listener.h"

namespace mercury::platform::testing {

inline Deadline in(std::chrono::milliseconds time) { return Deadline::clock::now() + time; }

inline base::Result<Listener> listen_at(boost::asio::io_context& io, const Address& address,
                                        ListenOptions::Kind kind = ListenOptions::Kind::Private) {
  return Listener::open(io.get_executor(), address, ListenOptions{kind, {}, 1024});
}

class Connection {
 public:
  Connection() : server_(io_) {
    using namespace std::chrono_literals;
    base::Result<Listener> listener = listen_at(io_, place_.address());
    if (!listener) std::abort();
    listener_.emplace(std::move(*listener));
    listener_->acceptor().async_accept([this](boost::system::error_code error, Stream stream) {
      if (error) std::abort();
      server_ = std::move(stream);
    });
    base::Result<ClientStream> client = ClientStream::connect(listener_->address(), 1000ms, Expect::OwnUser);
    if (!client) std::abort();
    client_.emplace(std::move(*client));
    if (io_.run_for(5s) == 0) std::abort();
  }

  ClientStream& client() { return *client_; }
  Stream& server() { return server_; }

 private:
  TemporaryDirectory place_;
  boost::asio::io_context io_;
  std::optional<Listener> listener_;
  Stream server_;
  std::optional<ClientStream> client_;
};

// What one read brings; the code of the error if it fails.
inline std::string read_text(ClientStream& client, std::size_t most, std::chrono::milliseconds time) {
  std::vector<std::byte> buffer(most);
  const base::Result<std::size_t> count = client.read_some(buffer, in(time));
  if (!count) return count.error().code;
  return {reinterpret_cast<const char*>(buffer.data()), *count};
}

}  // namespace mercury::platform::testing
