#include "analysis/groups.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "analysis/saturate.h"

namespace mercury::analysis {
namespace {

using model::JudgedSite;
using model::Query;
using model::StatementFacts;
namespace record_flag = model::record_flag;

constexpr std::uint32_t kEnd = UINT32_MAX;
constexpr std::size_t kSlotsMin = 64;
constexpr std::uint16_t kApart = model::site_flag::kChunk | model::site_flag::kBulk;

// Of a query whose statement is not known.
const StatementFacts& unknown_statement() {
  static const StatementFacts kUnknown;
  return kUnknown;
}

}  // namespace

bool is_write(const StatementFacts& statement) {
  const std::string& operation = statement.operation;
  return operation == "INSERT" || operation == "UPDATE" || operation == "DELETE" || operation == "REPLACE" ||
         operation == "MERGE";
}

void Groups::collect(const model::UnitFacts& unit, std::span<const Query> queries,
                     const model::Thresholds& thresholds) {
  queries_ = queries;
  thresholds_ = thresholds;
  thresholds_.loop_calls_min = std::max<std::uint64_t>(thresholds.loop_calls_min, 1);
  has_loops_ = unit.kind != model::UnitKind::Outside;
  polls_ = unit.kind == model::UnitKind::Command;
  own_apart_ = unit.kind == model::UnitKind::Test;
  lent_.clear();
  if (is_plain_unit()) return;
  gather();
  if (any_without_site_ && any_with_site_ && lend_sites()) gather();
  for (Group& group : std::span(groups_).first(groups_size_)) {
    if (group.scope == 0 ? polls_ : queries_[group.first].command) narrow_to_run(group);
  }
}

// Filled in place: a group that is copied would have to wait for its own stores.
inline Group& Groups::make(const StatementFacts& statement, const JudgedSite* site, bool apart, std::uint32_t at) {
  Group& made = groups_[groups_size_++];
  made.statement = &statement;
  made.site = site;
  made.key = site == nullptr ? 0 : site->key;
  made.calls = made.time_ns = 0;
  made.alias = queries_[at].alias;
  made.scope = queries_[at].scope;
  made.first = made.last = made.run_first = made.run_last = at;
  made.apart = apart;
  made.slow = false;
  return made;
}

inline void Groups::add(Group& group, const Query& query) const {
  group.calls = saturating_sum(group.calls, query.calls);
  group.time_ns = saturating_sum(group.time_ns, query.duration_ns);
  if (query.duration_ns >= thresholds_.slow_query_ns) group.slow |= is_slow(query);
}

void Groups::gather() {
  begin_generation();
  const bool lends = !lent_.empty();
  const bool told = !lends && is_told();
  any_with_site_ = any_without_site_ = false;
  for (std::uint32_t at = 0; at < queries_.size(); ++at) {
    const Query& query = queries_[at];
    if ((query.flags & record_flag::kControl) != 0 || query.calls == 0) continue;
    const StatementFacts& statement = query.statement != nullptr ? *query.statement : unknown_statement();
    const JudgedSite* site = query.site != nullptr || !lends ? query.site : lent_[at];
    bool apart = own_apart_ && query.own;
    if (site != nullptr) {
      any_with_site_ = true;
      apart |= (site->site.flags & kApart) != 0;
    } else {
      any_without_site_ = true;
    }
    if ((query.flags & record_flag::kMany) != 0) apart |= is_write(statement);
    if (told && query.same == model::previous::kNone) {
      group_at_[at] = static_cast<std::uint32_t>(groups_size_);
      next_[at] = kEnd;
      add(make(statement, site, apart, at), query);
    } else {
      add(told ? told_group_of(at) : group_of(statement, site, apart, at), query);
    }
  }
  for (const Group& group : all()) {
    calls_ = saturating_sum(calls_, group.calls);
    db_ns_ = saturating_sum(db_ns_, group.time_ns);
  }
}

void Groups::begin_generation() {
  calls_ = db_ns_ = 0;
  any_with_site_ = any_without_site_ = false;
  groups_size_ = 0;
  if (next_.size() < queries_.size()) {
    next_.resize(queries_.size());
    group_at_.resize(queries_.size());
    groups_.resize(queries_.size());  // as many as there can be
  }
  const std::size_t wanted = std::max(kSlotsMin, std::bit_ceil(queries_.size() * 2));
  if (slots_.size() < wanted) slots_.resize(wanted);
  mask_ = wanted - 1;
  if (++generation_ != 0) return;
  slots_.assign(slots_.size(), Slot{});  // after 2^32 units, a slot of the first could look like one of this
  generation_ = 1;
}

// Whether no statement occurs twice and none is slow: no group can be anything, so none is made. Most units are.
bool Groups::is_plain_unit() {
  if (thresholds_.loop_calls_min < 2) return false;
  std::uint64_t db_ns = 0;
  bool plain = true;
  for (const Query& query : queries_) {
    plain &= query.same == model::previous::kNone && query.calls == 1 &&
             query.duration_ns < thresholds_.slow_query_ns && (query.flags & record_flag::kControl) == 0;
    db_ns = saturating_sum(db_ns, query.duration_ns);
  }
  if (!plain) return false;
  calls_ = queries_.size();
  db_ns_ = db_ns;
  groups_size_ = 0;
  return true;
}

bool Groups::is_told() const {
  return std::ranges::none_of(queries_, [](const Query& query) { return query.same == model::previous::kUnknown; });
}

// The same as group_of(), where nothing has to be looked for and there is one.
Group& Groups::told_group_of(std::uint32_t at) {
  next_[at] = kEnd;
  group_at_[at] = group_at_[queries_[at].same];
  Group& group = groups_[group_at_[at]];
  next_[group.last] = at;
  group.last = group.run_last = at;
  return group;
}

// The group that the query is of, with the query at the end of its chain.
Group& Groups::group_of(const StatementFacts& statement, const JudgedSite* site, bool apart, std::uint32_t at) {
  const Query& query = queries_[at];
  next_[at] = kEnd;
  const std::uint64_t key = site == nullptr ? 0 : site->key;
  std::uint64_t hash = (statement.fingerprint ^ std::rotl(key, 32)) + query.alias * 2ULL + (apart ? 1 : 0);
  hash = (hash ^ std::rotl(query.scope, 17)) * 0x9E3779B97F4A7C15ULL;
  for (std::uint64_t place = (hash >> 32U) & mask_;; place = (place + 1) & mask_) {
    Slot& slot = slots_[place];
    if (slot.generation != generation_) {
      slot = {generation_, static_cast<std::uint32_t>(groups_size_)};
      return make(statement, site, apart, at);
    }
    Group& group = groups_[slot.group];
    if (group.key != key || group.alias != query.alias || group.apart != apart || group.scope != query.scope ||
        group.statement->fingerprint != statement.fingerprint || (group.site == nullptr) != (site == nullptr)) {
      continue;
    }
    next_[group.last] = at;
    group.last = group.run_last = at;
    return group;
  }
}

// §2.1: finds a site for the queries without one; says whether it found any.
bool Groups::lend_sites() {
  std::vector<const Group*> order;
  for (const Group& group : all()) order.push_back(&group);
  const auto name = [](const Group* group) { return std::tuple(group->alias, group->statement->fingerprint); };
  std::ranges::sort(order, {}, [&](const Group* group) { return std::tuple_cat(name(group), std::tuple(group)); });
  lent_.assign(queries_.size(), nullptr);
  bool any = false;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    const JudgedSite* site = nullptr;
    bool several = false;
    for (end = begin; end < order.size() && name(order[end]) == name(order[begin]); ++end) {
      const Group& group = *order[end];
      if (site == nullptr) site = group.site;
      several |= group.site != nullptr && group.key != site->key;
    }
    if (site == nullptr || several) continue;
    for (std::size_t at = begin; at < end; ++at) {
      if (order[at]->site != nullptr) continue;
      lend(site, *order[at]);
      any = true;
    }
  }
  return any;
}

void Groups::lend(const JudgedSite* site, const Group& to) {
  for (std::uint32_t at = to.first; at != kEnd; at = next_[at]) lent_[at] = site;
}

// §2.5: what is more than polling_gap_ns apart is polling.
void Groups::narrow_to_run(Group& group) const {
  std::uint32_t at = group.first;
  Group best = group;
  best.calls = best.time_ns = 0;
  while (at != kEnd) {
    Group run = group;
    run.run_first = at;
    run.calls = run.time_ns = 0;
    std::uint64_t start_ns = queries_[at].start_ns;
    while (at != kEnd && queries_[at].start_ns - start_ns <= thresholds_.polling_gap_ns) {
      run.run_last = at;
      run.calls = saturating_sum(run.calls, queries_[at].calls);
      run.time_ns = saturating_sum(run.time_ns, queries_[at].duration_ns);
      start_ns = queries_[at].start_ns;
      at = next_[at];
      if (run.calls > best.calls) best = run;
    }
  }
  group = best;
}

std::optional<std::uint64_t> Groups::distinct(const Group& group) {
  pairs_.clear();
  bool known = true;
  for (std::uint32_t at = group.run_first;; at = next_[at]) {
    const Query& query = queries_[at];
    known &= query.ordinal != 0 && (query.flags & record_flag::kSummary) == 0;
    pairs_.emplace_back(query.text, query.ordinal);
    if (at == group.run_last) break;
  }
  if (!known) {
    for (auto& pair : pairs_) pair.second = 0;
  }
  std::ranges::sort(pairs_);
  const auto end = std::unique(pairs_.begin(), pairs_.end());
  const auto count = static_cast<std::uint64_t>(end - pairs_.begin());
  return known || count >= 2 ? std::optional(count) : std::nullopt;
}

SlowCalls Groups::slow_calls(const Group& group) const {
  SlowCalls out;
  for (std::uint32_t at = group.first; at != kEnd; at = next_[at]) {
    const Query& query = queries_[at];
    if (!is_slow(query)) continue;
    out.calls = saturating_sum(out.calls, query.calls);
    out.time_ns = saturating_sum(out.time_ns, query.duration_ns);
    // No overflow: a slow query has a duration of at least as much.
    out.over_ns = saturating_sum(out.over_ns, query.duration_ns - query.calls * thresholds_.slow_query_ns);
  }
  return out;
}

bool Groups::is_of_single_rows(const Group& group) const {
  for (std::uint32_t at = group.first; at != kEnd; at = next_[at]) {
    if (queries_[at].rows != 1) return false;
  }
  return true;
}

}  // namespace mercury::analysis
