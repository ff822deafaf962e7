// Going into the background, and telling whoever waits in the foreground how it went.
//
//   Result<Readiness> readiness = daemonize();       returns in the daemon only
//   … open everything …
//   readiness->report(0);  or  readiness->report(78, "the sentence");
//
//   caller ─ fork ─▶ child ─ setsid, fork ─▶ daemon        the child ends at once, so the daemon is nobody's child
//      │◀──────────── a pipe ───────────────────┘            that somebody would have to reap
//      └─ exits with the reported code, the sentence on standard error
//
// The daemon then has a session of its own, `/` as directory, null streams and no descriptor of its caller. If it dies
// before it reports, or reports nothing for 30 s, the caller exits with 70 and says so.
//
// Failure codes: `io_error`. Thread rules: from main(), while there is one thread. Ownership: Readiness owns its end of
// the pipe; to destroy it without a report counts as death.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace mercury::platform {

class Readiness {
 public:
  explicit Readiness(std::intptr_t handle) : handle_(handle) {}
  Readiness(Readiness&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Readiness& operator=(Readiness&&) = delete;
  ~Readiness();

  // Once; the caller exits with `exit_code`.
  void report(std::uint8_t exit_code, std::string_view sentence = {});

 private:
  std::intptr_t handle_;  // -1: reported
};

base::Result<Readiness> daemonize();

}  // namespace mercury::platform
