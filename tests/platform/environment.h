// An Environment that a test writes itself, and the golden vectors of proto/.
#pragma once

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "native_place.h"
#include "platform/paths.h"

namespace mercury::platform::testing {

using Variables = std::map<std::string, std::string>;

inline Environment environment_of(Variables variables = {}) {
  Environment environment;
  environment.variable = [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  environment.user = "1000";
  environment.home = kHome;
  return environment;
}

inline nlohmann::json read_vectors(const std::string& path) {
  std::ifstream file(std::string(MERCURY_VECTORS) + "/" + path);
  return nlohmann::json::parse(file);
}

}  // namespace mercury::platform::testing
