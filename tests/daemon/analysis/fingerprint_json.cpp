// The fingerprint as a filter, so that the Python twin can be compared with it: JSON lines {"sql", "vendor"} on the
// standard input, JSON lines {"text", "id", "summary", "targets", "operation"} on the standard output, in the same
// order and each as soon as it is there. A line that is no such object ends the program with status 1.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "analysis/fingerprint.h"
#include "analysis/summary.h"
#include "model/vendor.h"

namespace {

using nlohmann::json;
namespace analysis = mercury::analysis;

json answer(const json& question) {
  const auto vendor = mercury::model::parse_vendor(question.at("vendor").get_ref<const std::string&>());
  const std::string text = analysis::normalise(question.at("sql").get_ref<const std::string&>(), vendor);
  return {{"text", text},
          {"id", fmt::format("{:016x}", analysis::fingerprint_id(text))},
          {"summary", analysis::summary(text)},
          {"targets", analysis::targets(text)},
          {"operation", analysis::operation(text)}};
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  try {
    for (std::string line; std::getline(std::cin, line);) std::cout << answer(json::parse(line)) << std::endl;
  } catch (const json::exception& fault) {
    std::cerr << fault.what() << '\n';
    return 1;
  }
  return 0;
}
