// One accepted stream: moves bytes and time between the kernel and a Session, and decides nothing itself.
//
//        kernel ──read──▶ prepare/commit ┐
//                                        ├─ Session ─ produce/take_output ──write──▶ kernel
//        timer ──deadline──▶ on_time     ┘
//
// At most one read and one write are under way. Back-pressure goes both ways: while a write is under way the output
// stays in the session, which counts it against write_bytes_max; and while replies are pending nothing is read, so
// a peer that asks without reading fills its own socket buffer and not our memory. A reply that is longer than one
// slice is continued after every other connection had its turn.
//
// The end, whoever causes it, is close(), once. When the peer has closed its side, what was already said is still
// written to it, for at most `discard_ms`.
//
// Ownership: the Server and the operations under way share it; the session lives as long. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "platform/stream.h"
#include "session/session.h"

namespace mercury::transport {

class Connection;

class ConnectionOwner {
 public:
  // The peer's first bytes were handled: its HELLO may have superseded another session.
  virtual void on_greeting() = 0;
  // The connection is closed; operations that were under way may still hold it for a moment.
  virtual void on_ended(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(platform::Stream stream, session::PeerIdentity peer, session::Registry& registry, const base::Clock& clock,
             ConnectionOwner& owner);

  void start();
  // Writes what the session has to say, arms the timer, closes if it is finished.
  void advance();
  void close();

  // Over the registry's limits: it is only here to read its REJECT.
  void mark_refused() { refused_ = true; }
  [[nodiscard]] bool refused() const { return refused_; }

 private:
  boost::asio::awaitable<void> read_loop();
  boost::asio::awaitable<void> write_loop(std::string output);
  template <typename Body>
  void spawn(Body body);
  void resume_reading();
  void resume_writing();
  void on_input_end(const boost::system::error_code& error);
  void arm_timer();
  void on_timer();
  [[nodiscard]] std::optional<base::Time> deadline() const;

  platform::Stream stream_;
  const base::Clock& clock_;
  ConnectionOwner& owner_;
  session::Session session_;
  boost::asio::steady_timer timer_;
  std::optional<base::Time> armed_;     // when the timer fires
  std::optional<base::Time> close_by_;  // set when only output is left
  std::optional<base::Time> write_by_;  // set while a write is under way: who does not read for so long is gone
  bool greeted_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool input_ended_ = false;
  bool closed_ = false;
  bool refused_ = false;
};

}  // namespace mercury::transport
