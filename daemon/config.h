// How mercuryd is set up: flags, environment and files → Config (everything optional) → Settings (everything known).
//
// Each source is read into a Config of its own, which remembers where every value stood. finalize() lays them over
// each other, flag > environment > file > default, and is the only way to get Settings: so there are none that break
// a rule. A value that is wrong is an error even where a stronger source hides it.
//
//   Config config = flags;                            config.set("idle_exit_s", "600", "--idle-exit");
//   config.lay_over(environment); …                   config_from_environment(), config_from_file()
//   Result<Settings> settings = finalize(config, environment);
//
// Every error has the code `config_invalid` and is one sentence that names file and line (or flag, or variable), key,
// value, and what is allowed. An empty value means off: no state on disk, log to standard error, no log.
//
// Files are JSON with comments. Pure functions but for read_files(). Threads: any, no shared state.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "platform/paths.h"

namespace mercury {

enum class ConfigKey { Address, StateDir, IdleExitS, LogLevel, LogFile, SocketMode, SnapshotIntervalS };
inline constexpr std::size_t kConfigKeys = 7;
std::string_view name_of(ConfigKey key);  // "idle_exit_s", …

class Config {
 public:
  struct Value {
    std::string text;         // numbers too, in decimal
    std::int64_t number = 0;  // of a number
    std::string where;        // "--idle-exit", "MERCURY_LOG_LEVEL", "/etc/mercury/mercuryd.json:4"
  };

  // Checks the value by itself and keeps it. Text is taken for numbers too: a flag and a variable have nothing else.
  base::Status set(ConfigKey key, std::string_view value, const std::string& where);
  [[nodiscard]] const std::optional<Value>& get(ConfigKey key) const { return values_[static_cast<std::size_t>(key)]; }
  // Takes from `weaker` what is not set here.
  void lay_over(const Config& weaker);

 private:
  std::array<std::optional<Value>, kConfigKeys> values_;
};

// One file's text; `path` is for the sentences.
base::Result<Config> config_from_text(std::string_view text, const std::string& path);
// MERCURY_ADDRESS (empty: not set) and MERCURY_LOG_LEVEL (empty: off).
base::Result<Config> config_from_environment(const platform::Environment& environment);
// The file named by a flag or MERCURY_CONFIG (empty: none), which must exist; else those of platform::config_files()
// that do.
base::Result<Config> read_files(const platform::Environment& environment, const std::optional<std::string>& named);

struct Settings {
  platform::Address address;
  platform::Candidate::Origin kind = platform::Candidate::Origin::Private;
  std::optional<std::uint32_t> socket_mode;
  std::string state_dir;  // empty: nothing is kept on disk
  std::string log_file;   // empty: standard error
  base::log::Level log_level = base::log::Level::Info;
  std::chrono::seconds idle_exit{};  // 0: never
  std::chrono::seconds snapshot_interval{};

  // The effective value of each key and where it came from, in the order of ConfigKey: for --check-config and reload.
  struct Line {
    std::string key, value, where;
  };
  std::vector<Line> lines;
};

enum class Detached { No, Yes };

// Detached (--daemonize) has no standard error, so its log goes to a file in the state directory.
base::Result<Settings> finalize(const Config& config, const platform::Environment& environment, Detached detached);

// Table of the effective settings, as --check-config prints it.
std::string describe(const Settings& settings);

}  // namespace mercury
