#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "analysis/groups.h"
#include "analysis/rules_table.h"
#include "analysis/saturate.h"
#include "analysis/score.h"
#include "analysis/silence.h"
#include "analysis/sites.h"
#include "analysis/sources.h"
#include "analysis/suggestion.h"
#include "analysis/verdict.h"

namespace mercury::analysis {
namespace {

using model::Finding;
using model::FindingKind;
using model::Level;
using model::Thresholds;
using model::UnitFacts;

constexpr std::uint64_t kNsPerMs = 1'000'000;

// A finding and what it is ordered by.
struct Found {
  Finding finding;
  bool of_unit = false;
  std::uint64_t start_ns = 0;

  [[nodiscard]] auto rank() const {
    return std::tuple(~finding.saving_ns, of_unit, start_ns, finding.id);  // the largest saving first
  }
};

// The limits that hold for a unit; nothing: none does.
struct UnitLimits {
  std::optional<std::uint64_t> response_ms, queries;
};

UnitLimits limits_of(const UnitFacts& unit, const Thresholds& thresholds) {
  UnitLimits out{thresholds.response_ms, thresholds.queries};
  const auto operation = static_cast<std::size_t>(unit.operation);
  if (unit.kind != model::UnitKind::Request || operation == 0 || operation > rules::kOperations.size()) return out;
  const rules::Limits& own = rules::kOperations[operation - 1];
  return {out.response_ms.value_or(own.response_ms), out.queries.value_or(own.queries)};
}

Level level_of(std::uint64_t calls, std::uint64_t threshold) {
  if (calls >= threshold) return Level::Fail;
  return saturating_product(10, calls) >= saturating_product(8, threshold) ? Level::Warn : Level::Notice;
}

// Ids are hashes of 1 µs; those of a route's groups are the same in each of its units.
class Ids {
 public:
  std::uint64_t of(const Group& group) {
    const std::uint64_t fingerprint = group.statement->fingerprint;
    const std::uint64_t identity = group.site == nullptr ? 0 : group.site->identity;
    Known& known = known_[(fingerprint ^ (identity >> 7U)) % known_.size()];
    if (known.id == 0 || known.fingerprint != fingerprint || known.identity != identity)
      known = {fingerprint, identity, finding_id(fingerprint, group.site)};
    return known.id;
  }

 private:
  struct Known {
    std::uint64_t fingerprint = 0, identity = 0, id = 0;
  };
  std::array<Known, 512> known_{};
};

bool is_by_key(const model::JudgedSite& site) { return site.site.relation_kind == "get_by_key"; }

// What all findings of a group have.
Finding finding_of(const Group& group, std::uint64_t id) {
  Finding out;
  out.id = id;
  out.fingerprint = group.statement->fingerprint;
  out.alias = group.alias;
  out.trigger = place_of(group.site);
  if (group.site == nullptr) return out;
  out.relation = group.site->site.relation;
  out.relation_kind = group.site->site.relation_kind;
  out.operation = group.site->site.operation;
  return out;
}

}  // namespace

struct Judge::Tables {
  Groups groups;
  Sources sources;
  Ids ids;
  std::vector<Found> found;
  model::Verdict verdict;

  // What is judged now.
  const UnitFacts* unit = nullptr;
  Thresholds thresholds;
  std::span<const model::IgnoreRule> ignore;
  std::string_view today;

  void judge_group(const Group& group);
  void judge_loop(const Group& group, Finding finding);
  void judge_slow(const Group& group, Finding finding);
  void judge_unit();
  void add_of_unit(Finding finding);
  void finish();
};

void Judge::Tables::judge_group(const Group& group) {
  if (!group.apart && group.calls >= 2 && unit->kind != model::UnitKind::Outside)
    verdict.groups.push_back({ids.of(group), group.calls});
  const model::StatementFacts& statement = *group.statement;
  if (groups.is_loop(group) && (statement.operation == "SELECT" || is_write(statement)))
    return judge_loop(group, finding_of(group, ids.of(group)));
  if (group.slow) judge_slow(group, finding_of(group, ids.of(group)));
}

void Judge::Tables::judge_loop(const Group& group, Finding finding) {
  finding.count = group.calls;
  finding.distinct = groups.distinct(group);
  finding.time_ns = group.time_ns;
  finding.saving_ns = group.time_ns - group.time_ns / group.calls;
  finding.severity = severity_of(group.calls, thresholds.n_plus_one);
  finding.level = level_of(group.calls, thresholds.n_plus_one);
  Sources::Path path;
  if (is_write(*group.statement)) {
    finding.kind = FindingKind::WriteLoop;
    finding.level = Level::Warn;
  } else if (has_relation(group.site) && (finding.distinct != 1 || !is_by_key(*group.site))) {
    finding.kind = FindingKind::NPlusOne;
    for (const Group* source : sources.of(group))
      finding.sources.push_back({source->statement->fingerprint, place_of(source->site)});
    finding.likely = finding.sources.empty();
    path = sources.path_of(group);
  } else if (finding.distinct == 1) {
    finding.kind = FindingKind::RepeatedQuery;
    finding.level = Level::Warn;
  } else {
    finding.kind = FindingKind::QueryInLoop;
    finding.likely = !finding.distinct;
  }
  finding.suggestion = suggestion_for(finding.kind, &group, path, finding.count);
  finding.ignored = reason_to_ignore(finding.kind, unit->name, group.site, ignore, today);
  found.push_back({std::move(finding), false, groups.start_ns(group)});
}

void Judge::Tables::judge_slow(const Group& group, Finding finding) {
  const SlowCalls slow = groups.slow_calls(group);
  finding.kind = FindingKind::SlowQuery;
  finding.level = Level::Warn;
  finding.count = slow.calls;
  finding.time_ns = slow.time_ns;
  finding.saving_ns = slow.over_ns;
  finding.suggestion = suggestion_for(finding.kind, &group, {}, finding.count);
  finding.ignored = reason_to_ignore(finding.kind, unit->name, group.site, ignore, today);
  found.push_back({std::move(finding), false, groups.start_ns(group)});
}

void Judge::Tables::judge_unit() {
  if (unit->kind == model::UnitKind::Outside) return;
  const UnitLimits limits = limits_of(*unit, thresholds);
  if (limits.queries && groups.queries() > *limits.queries) {
    Finding finding;
    finding.kind = FindingKind::TooManyQueries;
    finding.count = groups.queries();
    finding.time_ns = groups.db_ns();
    add_of_unit(std::move(finding));
  }
  if (!limits.response_ms) return;
  const std::uint64_t limit_ns = saturating_product(*limits.response_ms, kNsPerMs);
  if (const std::uint64_t took = response_ns(*unit); took > limit_ns) {
    Finding finding;
    finding.kind = FindingKind::SlowResponse;
    finding.count = 1;
    finding.time_ns = took;
    finding.saving_ns = took - limit_ns;
    add_of_unit(std::move(finding));
  }
}

void Judge::Tables::add_of_unit(Finding finding) {
  finding.id = finding_id(finding.kind, unit->name);
  finding.level = unit->in_tests ? Level::Fail : Level::Warn;
  finding.suggestion = suggestion_for(finding.kind, nullptr, {}, finding.count);
  finding.ignored = reason_to_ignore(finding.kind, unit->name, nullptr, ignore, today);
  found.push_back({std::move(finding), true, 0});
}

// Puts the findings in their order into the verdict, and gives it its score.
void Judge::Tables::finish() {
  std::ranges::stable_sort(found, {}, &Found::rank);
  std::uint8_t worst = 0;
  for (Found& one : found) {
    const Finding& finding = one.finding;
    const bool counts = finding.kind == FindingKind::NPlusOne || finding.kind == FindingKind::QueryInLoop;
    if (counts && finding.ignored.empty()) worst = std::max(worst, finding.severity);
    verdict.findings.push_back(std::move(one.finding));
  }
  if (unit->kind != model::UnitKind::Outside) verdict.score = score_of(*unit, groups.queries(), worst);
}

Judge::Judge() : tables_(std::make_unique<Tables>()) {}
Judge::~Judge() = default;
Judge::Judge(Judge&&) noexcept = default;
Judge& Judge::operator=(Judge&&) noexcept = default;

const model::Verdict& Judge::judge(const UnitFacts& unit, std::span<const model::Query> queries,
                                   const Thresholds& thresholds, std::span<const model::IgnoreRule> ignore,
                                   std::string_view today) {
  Tables& tables = *tables_;
  tables.unit = &unit;
  tables.thresholds = thresholds;
  tables.ignore = ignore;
  tables.today = today;
  tables.found.clear();
  tables.verdict.findings.clear();
  tables.verdict.groups.clear();
  tables.verdict.score.reset();
  tables.groups.collect(unit, queries, thresholds);
  tables.sources.begin(tables.groups);
  tables.verdict.queries = tables.groups.queries();
  tables.verdict.db_ns = tables.groups.db_ns();
  for (const Group& group : tables.groups.all()) {
    if (!tables.groups.is_plain(group)) tables.judge_group(group);
  }
  tables.judge_unit();
  tables.finish();
  return tables.verdict;
}

}  // namespace mercury::analysis
