// mercuryctl from its arguments to its exit code, without a process around it.
//
// run() touches the world only through its parameters, the daemon's socket and, for `top` on a terminal, platform's
// terminal; so a test calls it with string streams and a World of its own.
//
// Order of things: options → address → daemon → rows → page or JSON. Pages go to `out`; what went wrong goes to
// `err`, with the remedy. Nothing here ever starts a daemon.
//
// Thread rules: one thread. No exception leaves run().
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "cli/place.h"
#include "platform/paths.h"
#include "platform/terminal.h"

namespace mercury::cli {

enum class Attached { Elsewhere, Terminal };

struct World {
  std::string version;  // mercuryctl's own
  platform::Environment environment;
  Attached input = Attached::Elsewhere;
  Attached output = Attached::Elsewhere;
  std::function<std::optional<platform::TerminalSize>()> terminal_size;
  std::function<std::int64_t()> unix_time_s;
  Here here;
};

// This process, its terminal and the clock.
World this_world(std::string version);

int run(int argc, const char* const* argv, std::istream& in, std::ostream& out, std::ostream& err, const World& world);

}  // namespace mercury::cli
