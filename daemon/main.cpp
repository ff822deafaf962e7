// mercuryd: from the command line to a running daemon, and from what went wrong to an exit code.
//
//   0   stopped as asked; or another mercuryd serves the address already (the loser of a start race)
//   2   the command line is wrong
//   69  something else has the address        77  no permission
//   70  a defect, or the machine's trouble    78  the configuration is wrong
//
// Never 3 and never 4: gunicorn takes those of a child for its own.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "config.h"
#include "daemon.h"
#include "platform/daemonize.h"
#include "platform/directory.h"
#include "platform/paths.h"
#include "platform/process.h"
#include "platform/service.h"
#include "platform/signals.h"
#include "service_command.h"

namespace mercury {
namespace {

namespace log = base::log;
using base::Error;

enum ExitCode : std::uint8_t {
  kOk = 0,
  kUsage = 2,
  kUnavailable = 69,
  kInternal = 70,
  kNoPermission = 77,
  kConfiguration = 78
};

ExitCode exit_code_of(const Error& error) {
  constexpr std::array<std::pair<std::string_view, ExitCode>, 17> kCodes{{{"already_running", kOk},
                                                                          {"not_here", kUsage},
                                                                          {"not_a_service", kUsage},
                                                                          {"no_such_service", kUnavailable},
                                                                          {"not_running", kOk},
                                                                          {"address_in_use", kUnavailable},
                                                                          {"not_a_socket", kUnavailable},
                                                                          {"permission_denied", kNoPermission},
                                                                          {"foreign_owner", kNoPermission},
                                                                          {"unsafe_mode", kNoPermission},
                                                                          {"symbolic_link", kNoPermission},
                                                                          {"bad_address", kConfiguration},
                                                                          {"bad_inherited_socket", kConfiguration},
                                                                          {"config_invalid", kConfiguration},
                                                                          {"missing_directory", kConfiguration},
                                                                          {"not_a_directory", kConfiguration},
                                                                          {"no_home", kConfiguration}}};
  const auto found = std::ranges::find(kCodes, error.code, &std::pair<std::string_view, ExitCode>::first);
  return found == kCodes.end() ? kInternal : found->second;
}

struct Flags {
  std::optional<std::string> address, config, state_dir, idle_exit, log_level, log_file;
  bool daemonize = false;
  bool check_config = false;
};

// A path on the command line is meant from where the user stands, and the daemon will stand elsewhere.
std::string absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

base::Result<Config> config_from_flags(const Flags& flags) {
  struct Row {
    const std::optional<std::string>& value;
    ConfigKey key;
    const char* flag;
  };
  const auto path = [](const std::optional<std::string>& value) {
    return value ? std::optional(absolute(*value)) : value;
  };
  const std::optional<std::string> state_dir = path(flags.state_dir);
  const std::optional<std::string> log_file = path(flags.log_file);
  Config config;
  for (const Row& row :
       {Row{flags.address, ConfigKey::Address, "--address"}, Row{state_dir, ConfigKey::StateDir, "--state-dir"},
        Row{flags.idle_exit, ConfigKey::IdleExitS, "--idle-exit"},
        Row{flags.log_level, ConfigKey::LogLevel, "--log-level"}, Row{log_file, ConfigKey::LogFile, "--log-file"}}) {
    if (!row.value) continue;
    if (base::Status done = config.set(row.key, *row.value, row.flag); !done) return done.error();
  }
  return config;
}

// Flags over environment over files over defaults. SIGHUP calls it again.
base::Result<Settings> load_settings(const Config& from_flags, const std::optional<std::string>& file,
                                     const platform::Environment& environment, Detached detached) {
  Config config = from_flags;
  auto from_environment = config_from_environment(environment);
  if (!from_environment) return from_environment.error();
  config.lay_over(*from_environment);
  auto from_files = read_files(environment, file);
  if (!from_files) return from_files.error();
  config.lay_over(*from_files);
  return finalize(config, environment, detached);
}

ExitCode complain(const Error& error, ExitCode exit_code) {
  std::fprintf(stderr, "mercuryd: %s\n", error.sentence.c_str());
  return exit_code;
}

// The same before there is a log: to the manager too, and to the journal as the error that it is.
ExitCode complain(const Error& error, ExitCode exit_code, platform::ServiceLink& manager) {
  if (manager.log_is_journal()) std::fputs("<3>", stderr);
  manager.status("cannot start: " + error.sentence);
  return complain(error, exit_code);
}

// Whoever waits for the start is told: the log, and the caller of --daemonize or else standard error.
ExitCode cannot_start(const Error& error, const Settings& settings, std::optional<platform::Readiness>& readiness) {
  const ExitCode exit_code = exit_code_of(error);
  if (exit_code == kOk) {
    log::info("not needed, another mercuryd serves this address", {{"reason", error.sentence}});
  } else {
    log::error("mercuryd cannot start", {{"code", error.code}, {"reason", error.sentence}});
  }
  if (readiness) {
    readiness->report(exit_code, error.sentence);
  } else if (!settings.log_file.empty()) {
    complain(error, exit_code);
  }
  return exit_code;
}

ExitCode serve(const Settings& settings, Daemon::Reload reload, std::optional<platform::Readiness>& readiness,
               platform::ServiceLink manager) {
  platform::raise_descriptor_limit();
  if (!log::open(log_options(settings, manager))) {
    const Error error{"config_invalid", "the log file " + settings.log_file + " cannot be opened"};
    Settings without_file = settings;
    without_file.log_file.clear();
    log::open(log_options(without_file, manager));
    manager.status("cannot start: " + error.sentence);
    return cannot_start(error, without_file, readiness);
  }
  auto daemon = Daemon::open(settings, MERCURY_VERSION, std::move(reload), std::move(manager));
  if (!daemon) return cannot_start(daemon.error(), settings, readiness);
  (*daemon)->run([&readiness] {
    if (readiness) readiness->report(kOk);
  });
  return kOk;
}

ExitCode start(const Flags& flags) {
  platform::ServiceLink manager = platform::ServiceLink::from_environment();
  // Whoever goes into the background was started by somebody's worker: the manager in its environment is that site's.
  if (flags.daemonize) manager = {};
  const platform::Environment environment = platform::this_environment();
  auto from_flags = config_from_flags(flags);
  if (!from_flags) return complain(from_flags.error(), kUsage);
  std::optional<std::string> file = flags.config ? flags.config : environment.variable("MERCURY_CONFIG");
  if (file) file = absolute(*file);
  const Detached detached = flags.daemonize ? Detached::Yes : Detached::No;
  const auto reload = [config = *from_flags, file, environment, detached] {
    return load_settings(config, file, environment, detached);
  };
  const auto settings = reload();
  if (!settings) return complain(settings.error(), kConfiguration, manager);
  if (flags.check_config) {
    std::fputs(describe(*settings).c_str(), stdout);
    return kOk;
  }
  if (!settings->state_dir.empty()) {
    if (auto made = platform::make_directories(settings->state_dir); !made) {
      return complain(made.error(), exit_code_of(made.error()), manager);
    }
  }
  std::optional<platform::Readiness> readiness;
  if (flags.daemonize) {
    auto detachment = platform::daemonize();
    if (!detachment) return complain(detachment.error(), kInternal);
    readiness.emplace(std::move(*detachment));
  }
  return serve(*settings, reload, readiness, std::move(manager));
}

ExitCode manage_service(const std::string& action, const Flags& flags) {
  ServiceFlags given;
  const auto add = [&given](const char* name, const std::optional<std::string>& value) {
    if (value) given.emplace_back(name, *value);
  };
  add("--address", flags.address);
  add("--config", flags.config ? std::optional(absolute(*flags.config)) : std::nullopt);
  add("--state-dir", flags.state_dir ? std::optional(absolute(*flags.state_dir)) : std::nullopt);
  add("--idle-exit", flags.idle_exit);
  add("--log-level", flags.log_level);
  add("--log-file", flags.log_file ? std::optional(absolute(*flags.log_file)) : std::nullopt);
  const auto run = [&flags] { return static_cast<int>(start(flags)); };
  const auto done = service_command(action, given, platform::this_environment(), run, std::cout);
  if (!done) return complain(done.error(), exit_code_of(done.error()));
  return static_cast<ExitCode>(*done);
}

int main_of(int argc, char** argv) {
  Flags flags;
  CLI::App app("mercuryd, the daemon of Django Mercury: folds what Django processes send and answers mercuryctl.");
  app.add_option("--address", flags.address,
                 "listen here: unix:///path, on Windows \\\\.\\pipe\\NAME (default: this user's private address)");
  app.add_option("--config", flags.config, "read this configuration file and no other");
  app.add_option("--state-dir", flags.state_dir, "keep snapshots here; \"\" keeps nothing on disk");
  app.add_option("--idle-exit", flags.idle_exit, "end after SECONDS without a client; 0: never")->type_name("SECONDS");
  app.add_option("--log-level", flags.log_level, "debug, info, warn, error or off");
  app.add_option("--log-file", flags.log_file, "log to this file; \"\" for standard error");
  app.add_flag("--daemonize", flags.daemonize, "go into the background, return when clients can connect");
  app.add_flag("--check-config", flags.check_config,
               "print the effective settings and where each comes from, then end");
  app.set_version_flag("--version", "mercuryd " MERCURY_VERSION);
  std::string action;
  CLI::App* service = app.add_subcommand("service", "Windows: install, uninstall, start, stop or status");
  service->add_option("action", action, "what to do")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kServiceActions), std::end(kServiceActions))));
  service->fallthrough();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  platform::ignore_broken_pipe();
  try {
    if (!action.empty()) return manage_service(action, flags);
    return start(flags);
  } catch (const std::exception& error) {
    log::error("mercuryd failed", {{"defect", error.what()}});
    return kInternal;
  }
}

}  // namespace
}  // namespace mercury

int main(int argc, char** argv) { return mercury::main_of(argc, argv); }
