// Windows' service manager: to be one of its services, and to make, start, stop and remove one.
//
// systemd needs none of this: a unit file says what a service is, and systemctl does the rest. There every function
// fails with `not_here` and a sentence that names the command to use.
//
//   return run_as_service("mercuryd", [] { return start(); });      in the process that the manager has started
//   install_service({…}); start_service("mercuryd", 30s);           in an administrator's
//
// Failure codes: `not_here`, `not_a_service` (run_as_service() in a process that somebody else has started: the system
// takes 10 s to say so), `permission_denied` (administrators only), `no_such_service`, `already_there`,
// `already_running`, `not_running`, `timed_out`, `service_failed` (it ended, with its exit code in the sentence),
// `io_error`.
//
// Thread rules: from main(). run_as_service() calls `body` on a thread of its own, and returns when the service has
// ended; one a process.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace mercury::platform {

struct ServiceSpec {
  std::string name;          // "mercuryd"
  std::string display_name;  // as `services.msc` shows it
  std::string description;
  std::string command_line;     // the program in quotes, then its arguments
  std::string state_directory;  // made if it is missing, for the service's account and administrators only
};

struct ServiceState {
  std::string state;  // "running", "stopped", "starting", "stopping", "paused"
  std::int64_t pid = 0;
  std::uint32_t exit_code = 0;  // of its last end: the program's own, or the system's
  std::string command_line;
};

// Registered to start with the system, as LocalService, and to be started again 5 s after it failed. The result is
// what could not be set and is not needed, a line each; empty as a rule.
base::Result<std::string> install_service(const ServiceSpec& spec);
base::Status uninstall_service(const std::string& name);
// Returns when it runs (it has said that clients can connect) or has ended again.
base::Status start_service(const std::string& name, std::chrono::milliseconds timeout);
// Waits for a start that is under way and then for the end, for each at most `timeout`.
base::Status stop_service(const std::string& name, std::chrono::milliseconds timeout);
base::Result<ServiceState> service_state(const std::string& name);

// Tells the manager at once that the service is starting, and then runs `body`; what it returns is the service's exit
// code. ServiceLink (service.h) is how the body tells that it is ready, and how it hears that it shall end.
base::Result<int> run_as_service(const std::string& name, const std::function<int()>& body);

enum class Severity { Information, Warning, Error };
// Into Windows' event log, if this process runs as a service; elsewhere nothing: there the log is where it belongs.
void tell_event_log(Severity severity, const std::string& sentence);

// The path of this program.
std::string program_path();

}  // namespace mercury::platform
