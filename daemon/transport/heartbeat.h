// Tells the service manager that the daemon lives, by the one proof that counts: a client's way in still works.
//
//   Heartbeat heartbeat(io, manager, listener.address());
//   heartbeat.start();                              nothing happens if the manager does not watch
//   heartbeat.stop();
//
//   every interval    connect to our own address, HELLO as a reader        (kernel, backlog)
//   a few times each  has an answer come?                                  (accept, session, writing: all of the loop)
//   answered          manager.alive(), wait for the rest of the interval
//   not answered      within half an interval: one warning, and the next try at once
//
// The interval is half of the manager's patience. A loop that hangs never comes here; one that runs but no longer
// accepts (no descriptor left, a backlog that nobody empties) is not alive for its clients, and the manager starts it
// anew. Any answer will do, a refusal too: it was accepted and read.
//
// The stream is the blocking one of `mercuryctl`, used with deadlines that have passed: no call waits, and it is the
// same words on every system.
//
// Ownership: a reference to the manager, which outlives it. Threads: the loop's. Cost: one connection an interval.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "platform/paths.h"
#include "platform/service.h"
#include "platform/stream.h"

namespace mercury::transport {

class Heartbeat {
 public:
  Heartbeat(boost::asio::io_context& io, platform::ServiceLink& manager, platform::Address address);
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  void start();
  void stop();

 private:
  using Clock = std::chrono::steady_clock;

  void look_again_in(Clock::duration time);
  void look();
  void knock();
  void on_answer();
  void on_silence(const std::string& reason);

  platform::ServiceLink& manager_;
  platform::Address address_;
  boost::asio::steady_timer timer_;
  Clock::duration interval_{};
  std::optional<platform::ClientStream> stream_;  // open: an answer is awaited
  Clock::time_point knocked_;
  bool silence_logged_ = false;
};

}  // namespace mercury::transport
