// The JSON of proto/vectors/analysis/verdicts_*.json (VERDICTS.md §9): what is judged, and the verdict.
//
// Used by the test of those vectors and by judge_json, the C++ half of the differential test. A missing or misspelt
// key throws nlohmann::json::exception: the vectors are ours.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/verdict.h"

namespace mercury::analysis {

// One unit with its queries. The queries look into the other members: a case may be moved, not copied.
struct VerdictCase {
  VerdictCase() = default;
  VerdictCase(VerdictCase&&) = default;
  VerdictCase& operator=(VerdictCase&&) = default;
  VerdictCase(const VerdictCase&) = delete;
  VerdictCase& operator=(const VerdictCase&) = delete;

  std::unique_ptr<std::string> name = std::make_unique<std::string>();  // a short text would move with the case
  model::UnitFacts unit;
  model::Thresholds thresholds;
  std::vector<model::IgnoreRule> ignore;
  std::string today;
  std::vector<model::StatementFacts> statements;
  std::vector<model::JudgedSite> sites;
  std::vector<std::string> aliases;  // by the number that a query has
  std::vector<model::Query> queries;
};

VerdictCase read_case(const nlohmann::json& from);
// As the daemon sends it in a REPORT.
nlohmann::json verdict_json(const model::Verdict& verdict, const std::vector<std::string>& aliases);

}  // namespace mercury::analysis
