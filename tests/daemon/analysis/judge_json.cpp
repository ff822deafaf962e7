// The C++ half of the differential test: one case a line comes in (verdict_json.h), one verdict a line goes out.
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "verdict_json.h"

int main() {
  using nlohmann::json;
  mercury::analysis::Judge judge;
  for (std::string line; std::getline(std::cin, line);) {
    try {
      const auto one = mercury::analysis::read_case(json::parse(line));
      const auto& verdict = judge.judge(one.unit, one.queries, one.thresholds, one.ignore, one.today);
      const json out = mercury::analysis::verdict_json(verdict, one.aliases);
      std::cout << out.dump(-1, ' ', false, json::error_handler_t::replace) << '\n' << std::flush;
    } catch (const std::exception& error) {
      std::cerr << "judge_json: " << error.what() << '\n';
      return 1;
    }
  }
  return 0;
}
