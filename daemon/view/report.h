// The verdict on one unit as the JSON that a REPORT carries (PROTOCOL.md §5, VERDICTS.md §9).
//
// A pure function of the verdict: UTF-8, bytes that are not UTF-8 replaced, ids as 16 hex digits, times in ns. Thread
// rules: none. Cost: some 15,000 instructions a finding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "model/verdict.h"

namespace mercury::view {

struct Report {
  std::string verdict;  // one JSON object
  std::uint32_t findings_left_out = 0;
  std::uint32_t groups_left_out = 0;
};

// `aliases`: the names of the verdict's aliases, by number. What would make the text longer than `bytes_max` is left
// out from the ends; findings have the room first. Precondition: `bytes_max` has room for the score, 500 bytes.
Report report_of(const model::Verdict& verdict, std::span<const std::string> aliases, std::size_t bytes_max);

}  // namespace mercury::view
