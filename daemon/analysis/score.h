// Points, score and grade of one unit: VERDICTS.md §8.
//
// Thread rules: pure. Failure: none. Cost: a few comparisons.
#pragma once

#include <cstdint>

#include "model/verdict.h"

namespace mercury::analysis {

// What a person waits for: the first byte of a stream, or the whole.
std::uint64_t response_ns(const model::UnitFacts& unit);

// The severity of a loop of so many calls, 0 to 5.
std::uint8_t severity_of(std::uint64_t calls, std::uint64_t n_plus_one_threshold);

model::Score score_of(const model::UnitFacts& unit, std::uint64_t queries, std::uint8_t worst_severity);

}  // namespace mercury::analysis
