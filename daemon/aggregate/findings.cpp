#include "aggregate/findings.h"

#include <algorithm>
#include <utility>

#include "analysis/rules_table.h"
#include "proto/limits.h"

namespace mercury::aggregate {
namespace {

using model::Finding;
using model::FindingKind;
using model::FindingState;

constexpr std::size_t kPlacesMax = 3;
constexpr std::uint64_t kGradeShare = 20;  // a finding in fewer than one of so many units leaves the grade alone

bool is_loop(FindingKind kind) { return kind <= FindingKind::WriteLoop; }
bool is_read_loop(FindingKind kind) { return kind == FindingKind::NPlusOne || kind == FindingKind::QueryInLoop; }

bool is_worse(const Finding& a, const Finding& b) {
  return std::pair(a.count, a.time_ns) > std::pair(b.count, b.time_ns);
}

}  // namespace

bool RouteFinding::proven() const {
  return is_loop(worst.kind) && repeats_max - repeats_min >= analysis::rules::kGrowthMin;
}

FindingState RouteFinding::state(std::uint64_t route_units) const {
  if (!worst.ignored.empty()) return FindingState::Ignored;
  if (route_units - last_unit >= analysis::rules::kGoneAfterUnits) return FindingState::Gone;
  const bool constant = !capped && is_read_loop(worst.kind) && repeats_min == repeats_max &&
                        occurrences >= analysis::rules::kConstantUnitsMin;
  return constant ? FindingState::Constant : FindingState::Open;
}

FindingKind RouteFinding::shown_kind() const {
  return worst.kind == FindingKind::QueryInLoop && proven() ? FindingKind::NPlusOne : worst.kind;
}

Finding RouteFinding::shown(std::uint64_t route_units) const {
  Finding out = worst;
  out.kind = shown_kind();
  if (state(route_units) == FindingState::Constant) out.level = model::Level::Notice;
  return out;
}

void RouteFindings::note(const std::vector<model::GroupCount>& groups) {
  if (findings_.empty()) return;
  for (const model::GroupCount& group : groups) {
    const auto found = findings_.find(group.id);
    if (found == findings_.end()) continue;
    RouteFinding& finding = found->second;
    ++finding.occurrences;
    finding.repeats_min = std::min(finding.repeats_min, group.count);
    finding.repeats_max = std::max(finding.repeats_max, group.count);
  }
}

RouteFinding* RouteFindings::fold(const Finding& finding, std::uint64_t repeats, std::uint64_t unit_number,
                                  base::Time at, FindingsShare& share, bool& is_worst) {
  auto found = findings_.find(finding.id);
  is_worst = found == findings_.end();
  if (is_worst) {
    const auto most = static_cast<std::uint64_t>(limits::findings_user_max);
    if (share.count >= most) {
      share.count -= std::erase_if(
          findings_, [&](const auto& one) { return one.second.state(unit_number) == FindingState::Gone; });
    }
    if (share.count >= most) {
      ++share.overflowed;
      return nullptr;
    }
    ++share.count;
    found = findings_.try_emplace(finding.id).first;
    RouteFinding& made = found->second;
    made.worst = finding;
    made.first_seen = made.last_seen = at;
    made.repeats_min = made.repeats_max = repeats;
    made.occurrences = 1;
  } else if (finding.fingerprint == 0) {  // of the whole unit: no group of it was noted
    note({{finding.id, finding.count}});
  }
  RouteFinding& row = found->second;
  const bool again = !is_worst && row.last_unit == unit_number;  // another loop of this unit has the same id
  const bool silenced = row.worst.ignored.empty();
  row.units += again ? 0 : 1;
  row.repeats_max = std::max(row.repeats_max, repeats);
  row.total_time_ns += finding.time_ns;
  row.saving_ns += finding.saving_ns;
  row.first_seen = std::min(row.first_seen, at);
  row.last_seen = std::max(row.last_seen, at);
  row.last_unit = std::max(row.last_unit, unit_number);
  const model::Place& other = is_worse(finding, row.worst) ? row.worst.trigger : finding.trigger;
  if (is_worse(finding, row.worst)) is_worst = true;
  if (other != (is_worst ? finding : row.worst).trigger && row.places.size() < kPlacesMax &&
      std::ranges::find(row.places, other) == row.places.end()) {
    row.places.push_back(other);
  }
  if (is_worst) {
    row.worst = finding;
    std::erase(row.places, finding.trigger);
  }
  row.worst.ignored =
      again && silenced ? std::string() : finding.ignored;  // the newest word of the application on that
  return &row;
}

std::uint8_t RouteFindings::worst_severity(std::uint64_t route_units) const {
  std::uint8_t worst = 0;
  for (const auto& [id, finding] : findings_) {
    if (!is_read_loop(finding.worst.kind) || finding.state(route_units) != FindingState::Open) continue;
    if (finding.units * kGradeShare >= route_units) worst = std::max(worst, finding.worst.severity);
  }
  return worst;
}

}  // namespace mercury::aggregate
