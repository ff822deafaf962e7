#include "service_command.h"

#include <algorithm>
#include <chrono>
#include <ostream>

#include "platform/service_control.h"

namespace mercury {
namespace {

constexpr std::chrono::seconds kPatience{60};

// As CommandLineToArgvW reads it back: a backslash before a quote, and at the end, is doubled. No value has a quote.
std::string quoted(const std::string& value) {
  std::string out = "\"" + value;
  for (auto at = value.rbegin(); at != value.rend() && *at == '\\'; ++at) out += '\\';
  return out + "\"";
}

void add_missing(ServiceFlags& flags, const char* name, const std::string& value) {
  if (std::ranges::find(flags, name, &std::pair<std::string, std::string>::first) == flags.end()) {
    flags.emplace_back(name, value);
  }
}

base::Result<std::string> state_directory(const ServiceFlags& flags, const platform::Environment& environment) {
  const auto given = std::ranges::find(flags, "--state-dir", &std::pair<std::string, std::string>::first);
  if (given != flags.end()) return given->second;
  return platform::state_directory(environment, platform::Scope::System);
}

base::Result<int> install(const ServiceFlags& given, const platform::Environment& environment, std::ostream& out) {
  const auto directory = state_directory(given, environment);
  if (!directory) return directory.error();
  const platform::ServiceSpec spec{kServiceName, "Django Mercury",
                                   "Collects what Django sites measure: response times, SQL, N+1 queries.",
                                   service_command_line(platform::program_path(), given, environment), *directory};
  const auto left_out = platform::install_service(spec);
  if (!left_out) return left_out.error();
  out << "installed: " << spec.command_line << "\n" << *left_out << "start it with `mercuryd service start`\n";
  return 0;
}

base::Result<int> show(std::ostream& out) {
  const auto state = platform::service_state(kServiceName);
  if (!state) return state.error();
  out << kServiceName << " is " << state->state;
  if (state->pid != 0) out << ", pid " << state->pid;
  constexpr std::uint32_t kNeverStarted = 1077;  // ERROR_SERVICE_NEVER_STARTED
  if (state->exit_code == kNeverStarted) {
    out << ", and was never started";
  } else if (state->state == "stopped" && state->exit_code != 0)
    out << ", ended with code " << state->exit_code;
  out << "\n  " << state->command_line << "\n";
  return 0;
}

base::Result<int> said(const base::Status& done, const char* what, std::ostream& out) {
  if (!done) return done.error();
  out << kServiceName << ' ' << what << "\n";
  return 0;
}

}  // namespace

std::string service_command_line(const std::string& program, ServiceFlags given,
                                 const platform::Environment& environment) {
  if (const auto directory = state_directory(given, environment)) {
    add_missing(given, "--address", platform::system_address().text());
    add_missing(given, "--state-dir", *directory);
    if (!directory->empty()) add_missing(given, "--log-file", platform::file_in(*directory, "mercuryd.log"));
  }
  add_missing(given, "--idle-exit", "0");
  std::string line = quoted(program) + " service run";
  for (const auto& [name, value] : given) line += " " + name + " " + quoted(value);
  return line;
}

base::Result<int> service_command(const std::string& action, const ServiceFlags& given,
                                  const platform::Environment& environment, const std::function<int()>& run,
                                  std::ostream& out) {
  if (action == "install") return install(given, environment, out);
  if (action == "uninstall") return said(platform::uninstall_service(kServiceName), "is removed", out);
  if (action == "start") return said(platform::start_service(kServiceName, kPatience), "runs", out);
  if (action == "stop") return said(platform::stop_service(kServiceName, kPatience), "is stopped", out);
  if (action == "status") return show(out);
  return platform::run_as_service(kServiceName, run);
}

}  // namespace mercury
