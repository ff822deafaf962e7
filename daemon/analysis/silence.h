// Whether somebody said that a finding is fine: rules of IGNORE and the site's own comment (VERDICTS.md §6).
//
// Thread rules: pure. Failure: none. Cost: a few comparisons a rule.
#pragma once

#include <span>
#include <string_view>

#include "model/verdict.h"

namespace mercury::analysis {

// The reason that was given, "" if the finding is not silenced. `site` is null for findings of the unit; `today` is
// an ISO date or "". The view is as long valid as `site` and `rules`.
std::string_view reason_to_ignore(model::FindingKind kind, std::string_view unit_name, const model::JudgedSite* site,
                                  std::span<const model::IgnoreRule> rules, std::string_view today);

}  // namespace mercury::analysis
