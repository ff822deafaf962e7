// What a unit of work did wrong: proto/VERDICTS.md, the C++ half.
//
//   Judge judge;                                          // keeps its tables between units
//   const model::Verdict& verdict = judge.judge(unit, queries, thresholds, rules, today);
//
// A pure function of its arguments. `queries` are those of the unit and its descendants, in the order of their
// start, transaction control included or not. Threads: one Judge is for one thread. Failure: none but
// std::bad_alloc. Cost: some 10 ns a query where nothing is found; the verdict is valid until the next call.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "model/verdict.h"

namespace mercury::analysis {

// The two hashes of a site (VERDICTS.md §1).
model::JudgedSite judged(model::Site site);
// What a statement is, from its normalised text.
model::StatementFacts statement_facts(std::string_view normalised);
// The points and the grade of a route, from its p95 figures (ANALYSIS.md §5); `worst_severity` of its loops.
model::Score route_score(model::Operation operation, std::uint64_t duration_ns, std::uint64_t queries,
                         std::uint64_t cache_hits, std::uint64_t cache_misses, std::uint8_t worst_severity);

class Judge {
 public:
  Judge();
  ~Judge();
  Judge(Judge&&) noexcept;
  Judge& operator=(Judge&&) noexcept;

  // `today` is an ISO date, for rules with `until`; "" lets all of them hold.
  const model::Verdict& judge(const model::UnitFacts& unit, std::span<const model::Query> queries,
                              const model::Thresholds& thresholds, std::span<const model::IgnoreRule> ignore = {},
                              std::string_view today = {});

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

// Texts of rules.json: what a lesson says about a kind.
struct Lesson {
  std::string_view title, what, why;
};
const Lesson& lesson_of(model::FindingKind kind);
std::string_view reading_of(std::string_view action);  // a URL, "" for an unknown action
std::string_view severity_name(std::uint8_t severity);

}  // namespace mercury::analysis
