// The findings of one route: unit verdicts, folded so that neither order nor the number of workers matters.
//
// A unit verdict (analysis) says what one unit did wrong. Here the same finding of many units becomes one row:
// how many units, the smallest and largest count, time lost, first and last seen, and its worst unit as a sample.
// What only many units can tell (proven by growth, constant, gone) is worked out when it is viewed (`state_of`).
//
// Bounded by findings_user_max over all routes of a user; `FindingsShare` keeps that account. A finding that does not
// fit is counted. Ownership: a Series owns its RouteFindings. Threads: the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "model/snapshot.h"
#include "model/verdict.h"

namespace mercury::aggregate {

struct RouteFinding {
  model::Finding worst;
  std::string alias, summary, text;
  std::vector<std::string> source_summaries;
  std::vector<model::Place> places;  // triggers other than worst's, at most kPlacesMax
  std::uint64_t repeats_min = 0;     // over the units in which its group occurred at least twice
  std::uint64_t repeats_max = 0;
  std::uint64_t occurrences = 0;  // such units
  std::uint64_t units = 0;        // in which it was a finding
  std::uint64_t total_time_ns = 0;
  std::uint64_t saving_ns = 0;
  base::Time first_seen, last_seen;
  bool capped = false;          // its source has a LIMIT: that its count never varies says nothing
  std::uint64_t last_unit = 0;  // number of the route's unit in which it was last a finding
  std::unique_ptr<model::FindingSample> sample;

  // Whether the count differs between units by growth_min or more.
  [[nodiscard]] bool proven() const;
  // As a reader sees it, when the route has had `route_units` units.
  [[nodiscard]] model::FindingState state(std::uint64_t route_units) const;
  [[nodiscard]] model::FindingKind shown_kind() const;
  // Kind and level with what only many units can tell.
  [[nodiscard]] model::Finding shown(std::uint64_t route_units) const;
};

// What the findings of one user may take.
struct FindingsShare {
  std::uint64_t count = 0;
  std::uint64_t overflowed = 0;
};

class RouteFindings {
 public:
  // Notes how often known groups occurred in a unit; one entry an id.
  void note(const std::vector<model::GroupCount>& groups);
  // The row of this finding, made if there is room; null if not. `repeats`: how often its id occurred in the unit.
  // `is_worst` is set if the unit is its worst so far. Precondition: the unit's groups were noted.
  RouteFinding* fold(const model::Finding& finding, std::uint64_t repeats, std::uint64_t unit_number, base::Time at,
                     FindingsShare& share, bool& is_worst);
  [[nodiscard]] const std::unordered_map<std::uint64_t, RouteFinding>& all() const { return findings_; }
  void restore(RouteFinding finding) { findings_[finding.worst.id] = std::move(finding); }
  // The severity that counts for the route's grade: of loops seen in at least one of twenty units.
  [[nodiscard]] std::uint8_t worst_severity(std::uint64_t route_units) const;

 private:
  std::unordered_map<std::uint64_t, RouteFinding> findings_;  // by id
};

}  // namespace mercury::aggregate
