#include "aggregate/tables.h"

#include <algorithm>
#include <chrono>

#include "analysis/fingerprint.h"
#include "analysis/summary.h"
#include "analysis/verdict.h"
#include "proto/limits.h"

namespace mercury::aggregate {
namespace {

constexpr std::string_view kOverflow = "(overflow)";

// FNV-1a, 64 bits: tells statements apart whose fingerprints are equal by accident.
std::uint64_t check_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

std::string cut(std::string_view text, std::int64_t bytes_max) {
  if (text.size() <= static_cast<std::size_t>(bytes_max)) return std::string(text);
  auto end = static_cast<std::size_t>(bytes_max) - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "…";
}

bool slower(const UnitSample& a, const UnitSample& b) { return a.header.duration_ns > b.header.duration_ns; }

}  // namespace

std::size_t SeriesKeyHash::operator()(const SeriesKey& key) const {
  std::uint64_t hash = (std::uint64_t{key.route} << 32U) ^ (std::uint64_t{key.service} << 20U) ^
                       (std::uint64_t{key.environment} << 10U) ^ key.run;
  hash ^=
      (static_cast<std::uint64_t>(key.kind) << 16U) ^ (static_cast<std::uint64_t>(key.method) << 8U) ^ key.status_class;
  hash *= 0x9E3779B97F4A7C15ULL;
  return static_cast<std::size_t>(hash ^ (hash >> 32U));
}

NameIndex UserTables::find_name(std::string_view text) const {
  const auto found = name_index_.find(text);
  return found == name_index_.end() ? kNoName : found->second;
}

NameIndex UserTables::intern(std::string_view text) {
  const auto [at, made] = name_index_.try_emplace(std::string(text), static_cast<NameIndex>(names_.size()));
  if (made) names_.emplace_back(text);
  return at->second;
}

const Series* UserTables::find_series(const SeriesKey& key) const {
  const auto found = series_.find(key);
  return found == series_.end() ? nullptr : found->second.get();
}

Series* UserTables::find_series(const SeriesKey& key) {
  const auto found = series_.find(key);
  return found == series_.end() ? nullptr : found->second.get();
}

Series& UserTables::series(const SeriesNames& names, SeriesKey& key) {
  key.service = find_name(names.service);
  key.environment = find_name(names.environment);
  key.run = find_name(names.run);
  key.route = find_name(names.route);
  if (key.service != kNoName && key.environment != kNoName && key.run != kNoName && key.route != kNoName) {
    if (Series* found = find_series(key)) return *found;
  }
  if (series_.size() >= static_cast<std::size_t>(limits::routes_user_max)) {
    ++overflowed_;
    key = SeriesKey{intern(""),          intern(""), intern(""), intern(kOverflow), model::UnitKind::Request,
                    model::Method::None, 0};
  } else {
    key.service = intern(names.service);
    key.environment = intern(names.environment);
    key.run = intern(names.run);
    key.route = intern(names.route);
  }
  std::unique_ptr<Series>& place = series_[key];
  if (!place) place = std::make_unique<Series>();
  return *place;
}

Statement* UserTables::insert_statement(std::uint64_t fingerprint, std::uint64_t check) {
  auto made = std::make_unique<Statement>();
  made->fingerprint = fingerprint;
  made->check = check;
  return statements_.emplace(fingerprint, std::move(made))->second.get();
}

Statement* UserTables::overflow_statement() {
  if (overflow_statement_ == nullptr) {
    const std::uint64_t fingerprint = analysis::fingerprint_id(kOverflow);
    overflow_statement_ = const_cast<Statement*>(find_statement(fingerprint, check_of(kOverflow)));  // restored
    if (overflow_statement_ == nullptr) overflow_statement_ = insert_statement(fingerprint, check_of(kOverflow));
    overflow_statement_->text = kOverflow;
    overflow_statement_->summary = kOverflow;
    ++overflow_statement_->references;  // the table's own: it is never freed
  }
  return overflow_statement_;
}

Statement* UserTables::refer(std::string_view sql, model::Vendor vendor) {
  const std::string text = analysis::normalise(sql, vendor);
  const std::uint64_t fingerprint = analysis::fingerprint_id(text);
  const std::uint64_t check = check_of(text);
  auto* statement = const_cast<Statement*>(find_statement(fingerprint, check));
  if (statement == nullptr) {
    if (statements_.size() >= static_cast<std::size_t>(limits::statements_user_max)) {
      ++overflowed_;
      statement = overflow_statement();
    } else {
      statement = insert_statement(fingerprint, check);
      static_cast<model::StatementFacts&>(*statement) = analysis::statement_facts(text);
      statement->fingerprint = fingerprint;  // of nothing, too: rows are found by it
      statement->vendor = vendor;
      statement->text = cut(text, limits::display_bytes_max);
      statement->summary = analysis::summary(text);
    }
  }
  ++statement->references;
  return statement;
}

void UserTables::unrefer(Statement* statement) {
  if (--statement->references > 0 || statement->duration.count() > 0) return;
  const auto [first, last] = statements_.equal_range(statement->fingerprint);
  for (auto at = first; at != last; ++at) {
    if (at->second.get() == statement) {
      statements_.erase(at);
      return;
    }
  }
}

const Statement* UserTables::find_statement(std::uint64_t fingerprint, std::uint64_t check) const {
  const auto [first, last] = statements_.equal_range(fingerprint);
  for (auto at = first; at != last; ++at) {
    if (at->second->check == check) return at->second.get();
  }
  return nullptr;
}

std::shared_ptr<const model::JudgedSite> UserTables::refer_site(model::Site site) {
  model::JudgedSite judged = analysis::judged(std::move(site));
  // Key and identity leave out what a suggestion needs, so an equal key is no equal site.
  std::uint64_t hash = judged.key ^ judged.identity;
  for (const std::uint64_t part : {std::uint64_t{judged.site.anchor.line}, std::uint64_t{judged.site.anchor.column},
                                   static_cast<std::uint64_t>(judged.site.anchor.kind),
                                   std::uint64_t{judged.site.flags}, std::uint64_t{judged.site.frames.size()}}) {
    hash = (hash ^ part) * 0x9E3779B97F4A7C15ULL;
  }
  for (const std::string* text :
       {&judged.site.operation, &judged.site.relation_kind, &judged.site.owner_table, &judged.site.model,
        &judged.site.state, &judged.site.joins, &judged.site.ignore, &judged.site.anchor.file}) {
    hash = hash * 0x9E3779B97F4A7C15ULL + check_of(*text);
  }
  auto& place = sites_[hash];
  if (auto known = place.lock()) {
    if (known->site == judged.site) return known;
    return std::make_shared<const model::JudgedSite>(std::move(judged));  // differs in library frames only
  }
  const auto most = static_cast<std::size_t>(limits::sites_user_max);
  if (sites_.size() > most) {
    if (!sites_are_full_) {
      std::erase_if(sites_, [hash](const auto& entry) { return entry.first != hash && entry.second.expired(); });
    }
    if (sites_.size() > most) {
      sites_are_full_ = true;
      sites_.erase(hash);
      ++overflowed_;
      return nullptr;
    }
  }
  auto made = std::make_shared<const model::JudgedSite>(std::move(judged));
  place = made;
  return made;
}

bool UserTables::wants_sample(std::uint64_t duration_ns) const {
  return samples_.size() < static_cast<std::size_t>(limits::slow_units_max) ||
         duration_ns > samples_.front().header.duration_ns;
}

// samples_ is a heap whose front is the fastest of those that are kept.
void UserTables::keep_sample(UnitSample sample) {
  if (!wants_sample(sample.header.duration_ns)) return;
  if (samples_.size() == static_cast<std::size_t>(limits::slow_units_max)) {
    std::ranges::pop_heap(samples_, slower);
    samples_.pop_back();
  }
  samples_.push_back(std::move(sample));
  std::ranges::push_heap(samples_, slower);
}

void UserTables::expire(base::Time now) {
  constexpr auto kRunKept = std::chrono::milliseconds(limits::run_keep_ms);
  for (auto at = series_.begin(); at != series_.end();) {
    Series& series = *at->second;
    if (!name(at->first.run).empty() && now - series.last_seen > kRunKept) {
      findings_share.count -= series.findings.all().size();
      ++runs_forgotten_;
      ++series_version_;
      at = series_.erase(at);
      continue;
    }
    series.windows.expire(now);
    ++at;
  }
}

UserTables::Forgotten UserTables::forget_all() {
  Forgotten out{series_.size(), 0, samples_.size()};
  series_.clear();
  names_.clear();
  name_index_.clear();
  samples_.clear();
  overflowed_ = 0;
  findings_share = {};
  judged_in_part = 0;
  ++generation_;
  ++series_version_;
  for (auto at = statements_.begin(); at != statements_.end();) {
    Statement& statement = *at->second;
    if (statement.duration.count() > 0) ++out.statements;
    if (statement.references == 0) {
      at = statements_.erase(at);
      continue;
    }
    statement.duration = ExponentialHistogram();
    statement.failed = statement.rows = statement.worst_repeat = statement.more_routes = 0;
    statement.worst_repeat_route = kNoName;
    statement.routes = {};
    ++at;
  }
  return out;
}

}  // namespace mercury::aggregate
