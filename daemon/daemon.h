// The composition root: makes every room, wires them, runs the loop, and takes everything down again.
//
//   order of birth     clock → tracer → engine → loop → listener (with the instance lock) → state → registry →
//                      server → heartbeat
//   order of death     the other way round; the state is saved before the listener lets go of its lock, so a
//                      successor never reads a file that is about to be replaced
//
// What it looks after, once a second: units whose parts stopped coming, sessions with something to say, whether the
// socket's path still leads here (one lstat), the snapshot (each snapshot_interval, if something changed, on a thread
// of its own), and whether there is still a client (idle exit).
//
// What ends it: SIGTERM, SIGINT, the command `shutdown`, idle exit, a socket that was removed or replaced. Each time:
// no new clients, GOAWAY to all, at most `goaway_ms`, the last snapshot, done. A second signal skips the waiting, a
// third kills. SIGHUP reads the configuration again: log level, log file, idle exit and snapshot interval take effect;
// what is wrong is logged and changes nothing.
//
// The service manager, if there is one, is told: ready (clients can connect), reloading, what went wrong with a reload
// or a snapshot (the status line), stopping; and that the daemon lives, by the heartbeat of transport.
//
// Failure: open() says why it cannot serve, with the codes of platform/ and state/; `already_running` if a mercuryd
// serves this address. Afterwards the daemon degrades and says so. Threads: all of it on the thread that calls
// run(), but for the writing of snapshots.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "config.h"
#include "platform/service.h"

namespace mercury {

class Daemon {
 public:
  using Reload = std::function<base::Result<Settings>()>;

  // `manager` is told of everything that it wants to know; without one, nobody is.
  static base::Result<std::unique_ptr<Daemon>> open(const Settings& settings, std::string version, Reload reload,
                                                    platform::ServiceLink manager = {});
  virtual ~Daemon() = default;

  // Serves until something ends it. `ready` is called once, when clients can connect. May be called once.
  virtual void run(const std::function<void()>& ready) = 0;
};

// How the log is opened: main() does it at the start, the daemon at each reload.
base::log::Options log_options(const Settings& settings, const platform::ServiceLink& manager);

}  // namespace mercury
