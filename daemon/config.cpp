#include "config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "platform/durable_file.h"
#include "proto/limits.h"

namespace mercury {
namespace {

using base::Error;
using platform::Environment;

constexpr std::size_t kFileBytesMax = 1024 * 1024;
constexpr std::size_t kShownBytes = 60;  // of a line that is no JSON
constexpr std::int64_t kIdleExitMax = 30 * 24 * 3600;
constexpr std::int64_t kSnapshotIntervalMax = 24 * 3600;

enum class Shape { Text, Number };

struct KeyRule {
  ConfigKey key;
  std::string_view name;
  Shape shape;
  std::string_view allowed;
};

constexpr std::array<KeyRule, kConfigKeys> kRules{{
    {ConfigKey::Address, "address", Shape::Text, {}},  // the system's own: platform::address_rule()
    {ConfigKey::StateDir, "state_dir", Shape::Text, "an absolute path, or \"\" to keep nothing on disk"},
    {ConfigKey::IdleExitS, "idle_exit_s", Shape::Number, "a whole number of seconds from 0 (never) to 2592000"},
    {ConfigKey::LogLevel, "log_level", Shape::Text, "debug, info, warn, error or off"},
    {ConfigKey::LogFile, "log_file", Shape::Text, "an absolute path, or \"\" for standard error"},
    {ConfigKey::SocketMode, "socket_mode", Shape::Text, "four octal digits in quotes from \"0600\" to \"0777\""},
    {ConfigKey::SnapshotIntervalS, "snapshot_interval_s", Shape::Number, "a whole number of seconds from 1 to 86400"},
}};

const KeyRule& rule_of(ConfigKey key) { return kRules[static_cast<std::size_t>(key)]; }

Error invalid(const std::string& sentence) { return {"config_invalid", sentence}; }

Error bad_value(const KeyRule& rule, std::string_view value, const std::string& where) {
  const std::string_view allowed = rule.key == ConfigKey::Address ? platform::address_rule() : rule.allowed;
  return invalid(fmt::format("{}: {} is {}, allowed is {}", where, rule.name, value, allowed));
}

std::optional<std::int64_t> parse_number(std::string_view text, int base) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint32_t> parse_mode(std::string_view text) {
  const auto mode = parse_number(text, 8);
  if (text.size() != 4 || !mode || *mode < 0600 || *mode > 0777) return std::nullopt;
  return static_cast<std::uint32_t>(*mode);
}

bool is_absolute_or_empty(std::string_view path) {
  return path.empty() || (platform::is_absolute(path) && path.find('\0') == std::string_view::npos);
}

bool allowed(ConfigKey key, const Config::Value& value) {
  base::log::Level level{};
  switch (key) {
    case ConfigKey::Address: return static_cast<bool>(platform::parse_address(value.text));
    case ConfigKey::LogLevel: return base::log::parse_level(value.text, level);
    case ConfigKey::SocketMode: return parse_mode(value.text).has_value();
    case ConfigKey::StateDir:
    case ConfigKey::LogFile: return is_absolute_or_empty(value.text);
    case ConfigKey::IdleExitS: return value.number >= 0 && value.number <= kIdleExitMax;
    case ConfigKey::SnapshotIntervalS: return value.number >= 1 && value.number <= kSnapshotIntervalMax;
  }
  return false;
}

// Edits from one to the other: insert, delete, replace.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

const KeyRule& nearest(std::string_view name) {
  return *std::ranges::min_element(kRules, {}, [name](const KeyRule& rule) { return distance(name, rule.name); });
}

// ---- where things stand in a file ----

std::size_t line_at(std::string_view text, std::size_t offset) {
  return 1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, offset), '\n'));
}

// The end of the string or comment that begins at `at`; at + 1 for anything else. `text` is known to be JSON.
std::size_t end_of_token(std::string_view text, std::size_t at) {
  const auto past = [&](std::string_view what, std::size_t from) {
    const std::size_t found = text.find(what, from);
    return found == std::string_view::npos ? text.size() : found + what.size();
  };
  if (text.substr(at).starts_with("//")) return past("\n", at);
  if (text.substr(at).starts_with("/*")) return past("*/", at + 2);
  if (text[at] != '"') return at + 1;
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return text.size();
}

struct KeyPlace {
  std::string key;
  std::size_t line;
};

// The keys of the outermost object in their order, each as often as it stands there.
std::vector<KeyPlace> key_places(std::string_view text) {
  std::vector<KeyPlace> places;
  std::size_t depth = 0;
  bool expects_key = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = end_of_token(text, at);
    const char first = text[at];
    if (first == '{' || first == '[') {
      ++depth;
      expects_key = first == '{' && depth == 1;
    } else if (first == '}' || first == ']') {
      --depth;
    } else if (first == ',' && depth == 1) {
      expects_key = true;
    } else if (first == '"' && depth == 1 && expects_key) {
      places.push_back({nlohmann::json::parse(text.substr(at, end - at)).get<std::string>(), line_at(text, at)});
      expects_key = false;
    }
    at = end;
  }
  return places;
}

Error syntax_error(std::string_view text, std::size_t byte, const std::string& path) {
  const std::size_t offset = std::min(byte > 0 ? byte - 1 : 0, text.size());
  const std::string where = fmt::format("{}:{}", path, line_at(text, offset));
  if (offset >= text.size()) return invalid(where + ": this is no JSON, the file ends too early");
  const std::size_t before = text.substr(0, offset).rfind('\n');
  std::string_view line = text.substr(before == std::string_view::npos ? 0 : before + 1);
  line = line.substr(0, std::min(line.find('\n'), kShownBytes));
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return invalid(fmt::format("{}: this is no JSON (comments are allowed), reading stopped in '{}'", where, line));
}

base::Status set_from_json(Config& config, const KeyPlace& place, const nlohmann::json& value,
                           const std::string& path) {
  const std::string where = fmt::format("{}:{}", path, place.line);
  const auto rule = std::ranges::find(kRules, place.key, &KeyRule::name);
  if (rule == kRules.end()) {
    return invalid(fmt::format("{}: the key '{}' is unknown, the nearest known one is {}", where, place.key,
                               nearest(place.key).name));
  }
  if (config.get(rule->key)) return invalid(fmt::format("{}: {} stands here for the second time", where, place.key));
  if (rule->shape == Shape::Text && value.is_string()) return config.set(rule->key, value.get<std::string>(), where);
  if (rule->shape == Shape::Number && value.is_number_integer()) return config.set(rule->key, value.dump(), where);
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
  return bad_value(*rule, value.dump(-1, ' ', false, kReplace), where);
}

}  // namespace

std::string_view name_of(ConfigKey key) { return rule_of(key).name; }

base::Status Config::set(ConfigKey key, std::string_view text, const std::string& where) {
  const KeyRule& rule = rule_of(key);
  Value value{std::string(text), 0, where};
  bool fits = true;
  if (rule.shape == Shape::Number) {
    const auto number = parse_number(text, 10);
    fits = number.has_value();
    value.number = number.value_or(0);
  }
  if (!fits || !allowed(key, value)) {
    const bool plain_number = rule.shape == Shape::Number && fits;
    return bad_value(rule, plain_number ? value.text : "'" + value.text + "'", where);
  }
  values_[static_cast<std::size_t>(key)] = std::move(value);
  return base::Done{};
}

void Config::lay_over(const Config& weaker) {
  for (std::size_t i = 0; i < kConfigKeys; ++i) {
    if (!values_[i]) values_[i] = weaker.values_[i];
  }
}

base::Result<Config> config_from_text(std::string_view text, const std::string& path) {
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(text, nullptr, true, true);
  } catch (const nlohmann::json::parse_error& error) {
    return syntax_error(text, error.byte, path);
  } catch (const nlohmann::json::exception&) {
    return invalid(path + ": this is no JSON, a number in it is out of range");
  }
  if (!json.is_object())
    return invalid(fmt::format("{}:1: this is a JSON {}, wanted is an object", path, json.type_name()));
  Config config;
  for (const KeyPlace& place : key_places(text)) {
    if (base::Status done = set_from_json(config, place, json.at(place.key), path); !done) return done.error();
  }
  return config;
}

base::Result<Config> config_from_environment(const Environment& environment) {
  Config config;
  if (const auto address = environment.variable("MERCURY_ADDRESS"); address && !address->empty()) {
    if (auto done = config.set(ConfigKey::Address, *address, "MERCURY_ADDRESS"); !done) return done.error();
  }
  if (const auto level = environment.variable("MERCURY_LOG_LEVEL")) {
    if (auto done = config.set(ConfigKey::LogLevel, level->empty() ? "off" : *level, "MERCURY_LOG_LEVEL"); !done) {
      return done.error();
    }
  }
  return config;
}

base::Result<Config> read_files(const Environment& environment, const std::optional<std::string>& named) {
  const std::optional<std::string> chosen = named ? named : environment.variable("MERCURY_CONFIG");
  if (chosen && chosen->empty()) return Config();
  std::vector<std::string> paths = chosen ? std::vector{*chosen} : platform::config_files(environment);
  std::ranges::reverse(paths);  // the most particular one first
  Config config;
  for (const std::string& path : paths) {
    auto text = platform::read_all(path, kFileBytesMax);
    if (!text) {
      const bool missing = text.error().code == "not_found" || text.error().code == "missing_directory";
      if (missing && !chosen) continue;
      return invalid(text.error().sentence);
    }
    auto one = config_from_text(*text, path);
    if (!one) return one;
    config.lay_over(*one);
  }
  return config;
}

namespace {

// A value, or the default that takes its place; notes both for the table.
const Config::Value& settle(Settings& settings, const Config& config, ConfigKey key, Config::Value& fallback) {
  const auto& given = config.get(key);
  const Config::Value& value = given ? *given : fallback;
  settings.lines.push_back({std::string(name_of(key)), value.text, value.where});
  return value;
}

Config::Value number_default(std::int64_t number) { return {std::to_string(number), number, "default"}; }

platform::Candidate::Origin kind_of(const platform::Address& address, const Environment& environment) {
  if (address == platform::system_address()) return platform::Candidate::Origin::System;
  if (address == platform::private_address(environment)) return platform::Candidate::Origin::Private;
  return platform::Candidate::Origin::Named;
}

}  // namespace

base::Result<Settings> finalize(const Config& config, const Environment& environment, Detached detached) {
  Settings out;
  Config::Value address{platform::private_address(environment).text(), 0, "default"};
  auto parsed = platform::parse_address(settle(out, config, ConfigKey::Address, address).text);
  if (!parsed) return invalid(parsed.error().sentence);
  out.address = *parsed;
  out.lines.back().value = out.address.text();
  out.kind = kind_of(out.address, environment);
  const bool system = out.kind == platform::Candidate::Origin::System;

  Config::Value state_dir{"", 0, "default"};
  if (!config.get(ConfigKey::StateDir)) {
    auto place = platform::state_directory(environment, system ? platform::Scope::System : platform::Scope::Private);
    if (!place) return invalid(place.error().sentence + ", or give --state-dir");
    state_dir.text = *place;
  }
  out.state_dir = settle(out, config, ConfigKey::StateDir, state_dir).text;

  Config::Value idle_exit = number_default(system ? 0 : limits::idle_exit_ms / 1000);
  out.idle_exit = std::chrono::seconds(settle(out, config, ConfigKey::IdleExitS, idle_exit).number);

  Config::Value log_level{"info", 0, "default"};
  base::log::parse_level(settle(out, config, ConfigKey::LogLevel, log_level).text, out.log_level);

  Config::Value log_file{"", 0, "default"};
  if (detached == Detached::Yes && !out.state_dir.empty()) {
    const std::string name = "mercuryd-" + platform::short_hash(out.address.path) + ".log";
    log_file = {platform::file_in(out.state_dir, name), 0, "default of --daemonize"};
  }
  out.log_file = settle(out, config, ConfigKey::LogFile, log_file).text;

  Config::Value mode{system ? "0666" : "0600", 0, "default"};
  out.socket_mode = parse_mode(settle(out, config, ConfigKey::SocketMode, mode).text);

  Config::Value interval = number_default(limits::snapshot_interval_ms / 1000);
  out.snapshot_interval = std::chrono::seconds(settle(out, config, ConfigKey::SnapshotIntervalS, interval).number);
  return out;
}

std::string describe(const Settings& settings) {
  std::size_t key_width = 0;
  std::size_t value_width = 0;
  const auto shown = [](const std::string& value) { return value.empty() ? std::string("\"\"") : value; };
  for (const Settings::Line& line : settings.lines) {
    key_width = std::max(key_width, line.key.size());
    value_width = std::max(value_width, shown(line.value).size());
  }
  std::string out;
  for (const Settings::Line& line : settings.lines) {
    out += fmt::format("{:<{}} = {:<{}}  # {}\n", line.key, key_width, shown(line.value), value_width, line.where);
  }
  return out;
}

}  // namespace mercury
