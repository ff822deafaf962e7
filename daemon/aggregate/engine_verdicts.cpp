// From records to findings: the queries of a unit and its sub-units are judged when it closes, and the verdict is
// folded into its route.
//
// Sub-units arrive before their parent, so their queries are held until it comes; a unit in parts holds its own. Both
// are bounded by held_queries_max a client: beyond it the oldest are judged without, and `partial` counts that.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "aggregate/engine.h"
#include "proto/limits.h"

namespace mercury::aggregate {
namespace {

namespace record_flag = model::record_flag;
using model::FindingKind;
using Entry = model::FindingSample::Entry;

constexpr std::size_t kParentsMax = 1000;  // that sub-units wait for; one that was dropped never comes
constexpr std::uint8_t kLevelsMax = 8;     // of sub-units below each other
constexpr std::size_t kSamplesMax = 32;    // timelines that one unit can give
constexpr std::size_t kAliasShownMax = 64;
constexpr auto kHeldMax = static_cast<std::size_t>(limits::held_queries_max);

const Statement& statement_of(const model::Query& query) { return static_cast<const Statement&>(*query.statement); }

bool starts_before(const model::Query& a, const model::Query& b) { return a.start_ns < b.start_ns; }

// Adds `from` to `to` as queries of a sub-unit.
void append(HeldQueries& to, std::span<const model::Query> queries,
            std::span<const std::shared_ptr<const model::JudgedSite>> sites) {
  to.queries.insert(to.queries.end(), queries.begin(), queries.end());
  to.sites.insert(to.sites.end(), sites.begin(), sites.end());
}

// Whether a normalised SELECT says how many rows it wants at most, as a page of a list does.
bool is_capped(std::string_view text) {
  if (text.ends_with("…")) return true;  // it was cut, and a LIMIT stands at the end
  return text.find(" LIMIT ?") != std::string_view::npos || text.find(" FETCH ") != std::string_view::npos ||
         text.find("SELECT TOP ") != std::string_view::npos || text.find("ROWNUM") != std::string_view::npos;
}

// `groups` are merged(): in the order of their ids.
std::uint64_t count_of(std::span<const model::GroupCount> groups, std::uint64_t id) {
  const auto at = std::ranges::lower_bound(groups, id, {}, &model::GroupCount::id);
  return at != groups.end() && at->id == id ? at->count : 0;
}

// One entry an id: two lines of one function can share it.
std::vector<model::GroupCount> merged(std::vector<model::GroupCount> groups) {
  std::ranges::sort(groups, {}, &model::GroupCount::id);
  std::vector<model::GroupCount> out;
  for (const model::GroupCount& group : groups) {
    if (!out.empty() && out.back().id == group.id) {
      out.back().count += group.count;
    } else {
      out.push_back(group);
    }
  }
  return out;
}

}  // namespace

void Client::drop_held(std::uint64_t unit_id) {
  const auto at = held.find(unit_id);
  if (at == held.end()) return;
  held_count -= at->second.queries.size();
  held.erase(at);
}

void Engine::note_aliases(Client& client, const Dictionary& dictionary) const {
  for (const std::uint8_t id : aliases_) {
    if (id >= client.aliases.size()) client.aliases.resize(std::size_t{id} + 1);
    const std::string_view alias = dictionary.text(id).substr(0, kAliasShownMax);
    if (client.aliases[id] != alias) client.aliases[id] = alias;
  }
}

void Engine::hold_sites(const Dictionary& dictionary, const model::Unit& unit, std::size_t most) {
  sites_.clear();
  std::size_t queries = 0;
  for (std::size_t i = 0; i < unit.record_count && queries < most; ++i) {
    const model::QueryRecord record = unit.record(i);
    if (record.has(record_flag::kControl) || record.calls() == 0) continue;
    ++queries;
    const auto& site = dictionary.site(record.site);
    if (site && (sites_.empty() || sites_.back() != site)) sites_.push_back(site);
  }
}

void Engine::keep_part(Client& client, const Dictionary& dictionary, const model::Unit& unit, HeldQueries& keep) {
  const std::size_t room = kHeldMax - std::min(kHeldMax, client.held_count);
  keep.partial |= queries_.size() > room;
  const std::size_t kept = std::min(room, queries_.size());
  hold_sites(dictionary, unit, kept);
  append(keep, std::span(queries_).first(kept), sites_);
  client.held_count += kept;
}

void Engine::judge(Client& client, Series& series, const Closing& closing, HeldQueries* own) {
  const model::UnitHeader& header = closing.header;
  HeldQueries below;
  if (const auto held = client.held.find(header.unit_id); held != client.held.end()) {
    below = std::move(held->second);
    client.held_count -= below.queries.size();
    client.held.erase(held);
  }
  if (own != nullptr) {
    queries_ = own->queries;
    sites_ = own->sites;
    below.partial |= own->partial;
  }
  if (own != nullptr || !below.queries.empty()) {
    queries_.insert(queries_.end(), below.queries.begin(), below.queries.end());
    for (model::Query& query : queries_) query.same = model::previous::kUnknown;
    is_sorted_ = std::ranges::is_sorted(queries_, starts_before);
  }
  if (!is_sorted_) {
    std::ranges::stable_sort(queries_, starts_before);
    for (model::Query& query : queries_) query.same = model::previous::kUnknown;
  }
  client.tables->judged_in_part += below.partial ? 1 : 0;
  model::UnitFacts facts;
  facts.kind = header.kind;
  facts.operation = header.operation;
  facts.name = closing.route;
  facts.duration_ns = header.duration_ns;
  facts.first_byte_ns = header.first_byte_ns;
  facts.in_tests = !client.labels.run.empty();
  below.cache_hits += closing.cache_hits;
  below.cache_misses += closing.cache_misses;
  facts.cache_hits = below.cache_hits;
  facts.cache_misses = below.cache_misses;
  facts.memory_bytes = closing.memory_bytes;
  const std::string today =
      client.ignore.empty()
          ? std::string()
          : fmt::format("{:%F}",
                        fmt::gmtime(std::chrono::system_clock::to_time_t(
                            std::chrono::time_point_cast<std::chrono::system_clock::duration>(closing.arrival.now))));
  const model::Verdict& verdict = judge_.judge(facts, queries_, client.thresholds, client.ignore, today);
  verdict_ = &verdict;
  fold_verdict(client, series, closing, verdict, below);
  if (header.parent_id != 0 && header.parent_id != header.unit_id && below.levels < kLevelsMax)
    hold_for_parent(client, header, std::move(below), verdict);
}

void Engine::fold_verdict(Client& client, Series& series, const Closing& closing, const model::Verdict& verdict,
                          const HeldQueries& below) {
  const std::vector<model::GroupCount> groups =
      verdict.groups.empty() ? std::vector<model::GroupCount>() : merged(verdict.groups);
  if (!below.partial) series.findings.note(groups);  // a count that was cut says nothing of how it varies
  UserTables& tables = *client.tables;
  std::size_t samples = 0;
  std::uint64_t told = 0;
  for (const model::Finding& finding : verdict.findings) {
    const std::uint64_t repeats = finding.fingerprint == 0 ? finding.count : count_of(groups, finding.id);
    const auto sub = below.findings.find(finding.id);
    if (sub != below.findings.end() && sub->second >= finding.count) continue;  // a sub-unit's, counted there
    if (observer_ != nullptr && finding.ignored.empty()) {
      observer_->on_finding(closing.route, finding);
      ++told;
    }
    bool is_worst = false;
    RouteFinding* row = series.findings.fold(finding, std::max(repeats, finding.count), series.totals.count,
                                             closing.arrival.end, tables.findings_share, is_worst);
    if (row == nullptr || !is_worst) continue;
    if (finding.alias < client.aliases.size() && finding.fingerprint != 0) row->alias = client.aliases[finding.alias];
    const auto at = std::ranges::find(queries_, finding.fingerprint,
                                      [](const model::Query& query) { return query.statement->fingerprint; });
    if (finding.fingerprint != 0 && at != queries_.end()) {
      row->summary = statement_of(*at).summary;
      row->text = statement_of(*at).text;
    }
    row->source_summaries.clear();
    row->capped = false;
    for (const model::Source& source : finding.sources) {
      const auto from = std::ranges::find(queries_, source.fingerprint,
                                          [](const model::Query& query) { return query.statement->fingerprint; });
      if (from == queries_.end()) {
        row->source_summaries.emplace_back();
        continue;
      }
      row->source_summaries.push_back(statement_of(*from).summary);
      row->capped |= is_capped(statement_of(*from).text);
    }
    row->sample = samples++ < kSamplesMax ? sample_of(client, closing, finding) : nullptr;
  }
  if (observer_ != nullptr) observer_->on_unit(closing.route, closing.header, told);
}

void Engine::hold_for_parent(Client& client, const model::UnitHeader& header, HeldQueries below,
                             const model::Verdict& verdict) {
  if (queries_.empty() && !below.partial && below.cache_hits + below.cache_misses == 0) return;
  const bool is_scope = header.kind != model::UnitKind::Block && header.kind != model::UnitKind::Outside;
  for (model::Query& query : queries_) {
    query.own = false;
    if (!is_scope || query.scope != 0) continue;
    query.scope = header.unit_id;
    query.command = header.kind == model::UnitKind::Command;
  }
  HeldQueries& held = client.held[header.parent_id];
  held.partial |= below.partial;
  held.cache_hits += below.cache_hits;
  held.cache_misses += below.cache_misses;
  append(held, queries_, sites_);
  held.sites.insert(held.sites.end(), below.sites.begin(), below.sites.end());
  held.levels = std::max<std::uint8_t>(held.levels, below.levels + 1);
  for (const model::Finding& finding : verdict.findings) {  // those of sub-units are among them
    if (finding.fingerprint == 0 || held.findings.size() >= kHeldMax) continue;
    std::uint64_t& most = held.findings[finding.id];
    most = std::max(most, finding.count);
  }
  client.held_count += queries_.size();
  while (client.held_count > kHeldMax || client.held.size() > kParentsMax) {  // the largest id is the newest parent
    const auto oldest = client.held.begin();
    client.held_count -= oldest->second.queries.size();
    if (client.held.size() == 1) {
      oldest->second = {};
      oldest->second.partial = true;
      return;
    }
    client.held.erase(oldest);
    ++client.tables->judged_in_part;
  }
}

std::unique_ptr<model::FindingSample> Engine::sample_of(const Client& client, const Closing& closing,
                                                        const model::Finding& finding) const {
  auto out = std::make_unique<model::FindingSample>();
  out->header = closing.header;
  out->end = closing.arrival.end;
  out->count = finding.count;
  const auto most = static_cast<std::size_t>(limits::finding_records_max);
  std::size_t others = 0;
  for (const model::Query& query : queries_) {
    const bool is_repeat = query.statement->fingerprint == finding.fingerprint && query.alias == finding.alias;
    const bool is_source = std::ranges::any_of(finding.sources, [&](const model::Source& source) {
      return source.fingerprint == query.statement->fingerprint;
    });
    // Half of the room is the repeats', so that neither hides the other.
    if (out->records.size() >= most || (!is_repeat && !is_source && others >= most / 2)) {
      ++out->records_left_out;
      continue;
    }
    Entry entry;
    others += !is_repeat && !is_source ? 1 : 0;
    entry.role = is_repeat ? Entry::Role::Repeat : is_source ? Entry::Role::Source : Entry::Role::Other;
    entry.at_ns = query.start_ns - std::min(query.start_ns, closing.header.start_ns);
    entry.duration_ns = query.duration_ns;
    if (query.alias < client.aliases.size()) entry.alias = client.aliases[query.alias];
    entry.summary = statement_of(query).summary;
    entry.fingerprint = query.statement->fingerprint;
    entry.flags = query.flags;
    entry.calls = query.calls;
    out->records.push_back(std::move(entry));
  }
  return out;
}

}  // namespace mercury::aggregate
