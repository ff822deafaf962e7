// How mercuryctl ends: the numbers that a script may rely on (the same for `manage.py mercury`).
#pragma once

#include "base/result.h"

namespace mercury::cli {

enum class ExitCode {
  Ok = 0,
  GateFailed = 1,         // kept for commands that judge
  Usage = 2,              // the command line is wrong, or names a route that is not there
  NotRunning = 3,         // no daemon answers
  TimedOut = 4,           // one is there, but does not answer in time
  Unavailable = 69,       // it refuses for now, or went away in the middle
  Internal = 70,          // a defect, here or there
  ProtocolMismatch = 76,  // it is of another version, or no mercuryd
  NoPermission = 77,
  Configuration = 78  // MERCURY_ADDRESS is no address
};

// For the codes of platform/stream.h, of PROTOCOL.md §9 and of daemon_client.h.
ExitCode exit_code_of(const base::Error& error);

}  // namespace mercury::cli
