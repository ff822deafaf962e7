// `mercuryd service install|uninstall|start|stop|status|run`: mercuryd as a service of Windows.
//
//   mercuryd service install --config C:\ProgramData\mercury\mercuryd.json        as an administrator
//   mercuryd service start
//
// `install` writes the flags that it was given into the service's command line; what was not given is the host's:
// the system's address, and state and log in ProgramData. `run` is what the service manager calls.
//
// Threads: main's. Output: what was done on standard output, what went wrong as a sentence.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "platform/paths.h"

namespace mercury {

inline constexpr const char* kServiceName = "mercuryd";

// (flag, value) as they are to be given to mercuryd: {"--address", …}.
using ServiceFlags = std::vector<std::pair<std::string, std::string>>;

// The command line of the service: the program and each value in quotes, and what is not given from `environment`.
std::string service_command_line(const std::string& program, ServiceFlags given,
                                 const platform::Environment& environment);

// One of kServiceActions. The result is the exit code of mercuryd: 0, or what `run` ended with.
base::Result<int> service_command(const std::string& action, const ServiceFlags& given,
                                  const platform::Environment& environment, const std::function<int()>& run,
                                  std::ostream& out);

inline constexpr const char* kServiceActions[] = {"install", "uninstall", "start", "stop", "status", "run"};

}  // namespace mercury
