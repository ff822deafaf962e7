// Sums and products that stop at the largest number instead of starting again at 0: what a peer sends may be anything.
//
// Thread rules: pure. Cost: a comparison; a product also divides.
#pragma once

#include <cstdint>
#include <limits>

namespace mercury::analysis {

constexpr std::uint64_t saturating_sum(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t sum = a + b;
  return sum < a ? std::numeric_limits<std::uint64_t>::max() : sum;
}

constexpr std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  return a != 0 && b > kMost / a ? kMost : a * b;
}

}  // namespace mercury::analysis
