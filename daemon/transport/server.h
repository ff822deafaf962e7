// Accepts streams at a listener and gives each one a Connection, until it is told to drain.
//
//   Server server(io, listener, registry, clock);
//   server.start();
//   server.nudge();                                    about once a second
//   server.drain([] { … everybody is gone … });
//
// How the world behaves here:
//   - accept() fails while the process has no descriptor left (EMFILE, ENFILE) and would fail again at once; the
//     loop would spin. It waits, longer each time, and says so once; clients wait in the kernel's backlog meanwhile
//   - a stream whose peer the kernel does not name is closed: nothing would tell whose data it carries
//   - a peer that is refused is still a descriptor until it has read its REJECT; beyond `kRefusedMax` of those,
//     streams are closed without a word
//
// Draining: nobody is accepted any more, every session is told to go away, and once the last one has ended, or
// after `goaway_ms`, the rest is closed. The listener stays open, since it holds the instance lock; its owner
// closes it when the state is saved.
//
// Ownership: references to listener, registry and clock, which outlive it; it owns the connections. Threads: the
// thread that runs the io_context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>

#include "base/clock.h"
#include "platform/listener.h"
#include "platform/peer.h"
#include "platform/stream.h"
#include "session/registry.h"
#include "transport/connection.h"

namespace mercury::transport {

inline constexpr std::size_t kRefusedMax = 128;

class Server final : private ConnectionOwner {
 public:
  Server(boost::asio::io_context& io, platform::Listener& listener, session::Registry& registry,
         const base::Clock& clock);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  // Looks after every connection: a session may have been given something to say by another one.
  void nudge();
  // May be called once. `done` is called on the loop, never from inside drain().
  void drain(std::function<void()> done);
  // Everything at once. May be called again.
  void close();

  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

 private:
  boost::asio::awaitable<void> accept_loop();
  [[nodiscard]] session::PeerIdentity identify(const platform::Peer& peer) const;
  void on_accepted(platform::Stream stream);
  void on_accept_error(const boost::system::error_code& error);
  void on_greeting() override { nudge(); }
  void on_ended(Connection& connection) override;

  boost::asio::io_context& io_;
  platform::Listener& listener_;
  session::Registry& registry_;
  const base::Clock& clock_;
  // Shared with the operations that a connection has under way: they end after it was closed.
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  boost::asio::steady_timer pause_;  // before the next accept
  boost::asio::steady_timer drain_timer_;
  std::chrono::milliseconds pause_time_{};  // 0: the last accept went well
  std::optional<std::uint32_t> admins_;     // the group whose members see and may do everything
  std::size_t refused_ = 0;                 // streams over the registry's limits that are still open
  bool unknown_peer_logged_ = false;
  bool stopping_ = false;
  std::function<void()> drained_;
};

}  // namespace mercury::transport
