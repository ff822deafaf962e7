#include "analysis/score.h"

#include <algorithm>

#include "analysis/rules_table.h"
#include "analysis/saturate.h"
#include "analysis/verdict.h"

namespace mercury::analysis {
namespace {

using model::Points;

Points points_up_to(const rules::Scale& scale, std::uint64_t value) {
  for (const rules::Step& step : scale.steps) {
    if (value <= step.bound) return {step.points, scale.max};
  }
  return {scale.otherwise, scale.max};
}

std::optional<Points> cache_points(std::uint64_t hits, std::uint64_t misses) {
  if (hits == 0 && misses == 0) return std::nullopt;
  // Counts beyond any cache lose a few of their last bits instead of overflowing.
  while (hits >= (1ULL << 56U) || misses >= (1ULL << 56U)) {
    hits >>= 8U;
    misses >>= 8U;
  }
  for (const rules::Step& step : rules::kCache.steps) {
    if (100 * hits >= step.bound * (hits + misses)) return Points{step.points, rules::kCache.max};
  }
  return Points{rules::kCache.otherwise, rules::kCache.max};
}

std::string_view grade_of(std::uint32_t score) {
  for (const rules::Grade& grade : rules::kGrades) {
    if (score >= grade.score_min) return grade.name;
  }
  return rules::kGrades.back().name;
}

}  // namespace

std::uint64_t response_ns(const model::UnitFacts& unit) {
  return unit.first_byte_ns != 0 ? unit.first_byte_ns : unit.duration_ns;
}

std::uint8_t severity_of(std::uint64_t calls, std::uint64_t n_plus_one_threshold) {
  std::size_t severity = 0;
  for (std::size_t at = 0; at < rules::kSeverities.size(); ++at) {
    if (saturating_product(2, calls) >= saturating_product(rules::kSeverities[at].halves, n_plus_one_threshold))
      severity = at;
  }
  return static_cast<std::uint8_t>(severity);
}

model::Score score_of(const model::UnitFacts& unit, std::uint64_t queries, std::uint8_t worst_severity) {
  const bool deletes = unit.operation == model::Operation::Delete;
  model::Score out;
  out.response = points_up_to(rules::kResponse, response_ns(unit));
  out.queries = points_up_to(deletes ? rules::kDeleteQueries : rules::kQueries, queries);
  if (unit.memory_bytes) out.memory = points_up_to(rules::kMemory, *unit.memory_bytes);
  out.cache = cache_points(unit.cache_hits, unit.cache_misses);
  Points sum;
  for (const Points& part : {out.response, out.queries, out.memory.value_or(Points{}), out.cache.value_or(Points{})}) {
    sum.points += part.points;
    sum.of += part.of;
  }
  const rules::Severity& severity =
      rules::kSeverities[std::min<std::size_t>(worst_severity, rules::kSeverities.size() - 1)];
  out.penalty = deletes ? severity.delete_penalty : severity.penalty;
  const std::uint32_t scaled = (100 * sum.points + sum.of / 2) / sum.of;
  out.value = scaled - std::min(scaled, out.penalty);
  out.grade = grade_of(out.value);
  return out;
}

model::Score route_score(model::Operation operation, std::uint64_t duration_ns, std::uint64_t queries,
                         std::uint64_t cache_hits, std::uint64_t cache_misses, std::uint8_t worst_severity) {
  model::UnitFacts facts;
  facts.operation = operation;
  facts.duration_ns = duration_ns;
  facts.cache_hits = cache_hits;
  facts.cache_misses = cache_misses;
  return score_of(facts, queries, worst_severity);
}

}  // namespace mercury::analysis
