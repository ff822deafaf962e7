// mercuryctl as a function: arguments and a small world in; what it printed and its exit code out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cli/run.h"
#include "platform/peer.h"

namespace mercury::cli::testing {

struct Ended {
  int exit = -1;
  std::string out;
  std::string err;
};

struct Setting {
  std::map<std::string, std::string> variables;
  std::string input;
  Here here;
  Attached in = Attached::Elsewhere;
  Attached out = Attached::Elsewhere;
};

inline Ended ctl(std::vector<std::string> words, const Setting& setting = {}) {
  World world;
  world.version = "0.1.0";
  world.environment.user = platform::user_id();
  world.environment.variable = [&setting](const std::string& name) -> std::optional<std::string> {
    const auto found = setting.variables.find(name);
    return found == setting.variables.end() ? std::nullopt : std::optional(found->second);
  };
  world.input = setting.in;
  world.output = setting.out;
  world.terminal_size = [] { return std::optional(platform::TerminalSize{100, 30}); };
  world.unix_time_s = [] { return std::int64_t{1795375931}; };
  world.here = setting.here;
  std::vector<const char*> argv{"mercuryctl"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  std::istringstream in(setting.input);
  std::ostringstream out;
  std::ostringstream err;
  const int exit = run(static_cast<int>(argv.size()), argv.data(), in, out, err, world);
  return {exit, out.str(), err.str()};
}

}  // namespace mercury::cli::testing
