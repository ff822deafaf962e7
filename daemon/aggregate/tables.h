// The tables of one user: interned names, series by key, statements by fingerprint, slowest units.
//
// Each is bounded by a limit of proto/limits.json. What does not fit goes to a row named `(overflow)` and is
// counted in `overflowed`, so totals stay right whatever a client sends. Rows have stable addresses.
//
// `generation` grows when rows are forgotten (reset): whoever caches a name index compares generations first.
// A statement that a live dictionary refers to (`references` > 0) is emptied by a reset, never freed.
//
// Ownership: Engine owns the UserTables; Dictionaries hold counted references to Statements. Threads: the loop's.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aggregate/exponential_histogram.h"
#include "aggregate/findings.h"
#include "aggregate/route_windows.h"
#include "base/clock.h"
#include "model/engine_state.h"
#include "model/snapshot.h"
#include "model/vendor.h"
#include "proto/limits.h"

namespace mercury::aggregate {

using NameIndex = std::uint32_t;
inline constexpr NameIndex kNoName = 0xffffffff;

// Lets a map of strings be asked with a string_view, without a copy.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

struct SeriesKey {
  NameIndex service = 0, environment = 0, run = 0, route = 0;
  model::UnitKind kind = model::UnitKind::Request;
  model::Method method = model::Method::None;
  std::uint8_t status_class = 0;
  bool operator==(const SeriesKey&) const = default;
};

struct SeriesKeyHash {
  std::size_t operator()(const SeriesKey& key) const;
};

struct Series {
  Cell totals;
  RouteWindows windows;
  std::uint64_t failed = 0;
  std::uint64_t incomplete = 0;
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
  base::Time last_seen;
  model::Operation operation = model::Operation::Unknown;  // of its newest unit
  RouteFindings findings;
};

struct FindingKey {
  std::string user;
  SeriesKey key;
  std::uint64_t id = 0;
  std::uint64_t generation = 0;
};

struct StatementKey {
  std::string user;
  std::uint64_t fingerprint = 0;
  std::uint64_t check = 0;
};

struct RouteKey {
  std::string user;
  SeriesKey key;
  std::uint64_t generation = 0;
};

// The routes that use a statement, the first statement_routes_max of them. In place and compared all at once: each
// unit asks for each of its statements.
class StatementRoutes {
 public:
  StatementRoutes() { names_.fill(kNoName); }
  [[nodiscard]] bool contains(NameIndex name) const {
    // Written for four lanes: a loop over sixteen names takes twice as many instructions.
    using Lanes = std::array<NameIndex, 4>;
    Lanes found{};
    for (std::size_t i = 0; i < names_.size(); i += found.size()) {
      for (std::size_t lane = 0; lane < found.size(); ++lane) found[lane] |= names_[i + lane] == name ? ~0U : 0U;
    }
    const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(found);
    return (halves[0] | halves[1]) != 0;
  }
  // False if there is no room.
  bool add(NameIndex name) {
    if (count_ == names_.size()) return false;
    names_[count_++] = name;
    return true;
  }
  [[nodiscard]] std::span<const NameIndex> all() const { return std::span(names_).first(count_); }

 private:
  static_assert(limits::statement_routes_max % 4 == 0, "contains() compares four at a time");
  std::array<NameIndex, static_cast<std::size_t>(limits::statement_routes_max)> names_{};
  std::uint32_t count_ = 0;
};

// Four cache lines are what a record touches: the facts, the histogram, the counts, the routes.
struct alignas(64) Statement : model::StatementFacts {
  alignas(64) ExponentialHistogram duration;
  alignas(64) std::uint64_t unit_mark = 0;  // scratch of the unit that is being folded
  std::uint32_t unit_last = 0;              // likewise: its last query in it
  std::uint64_t unit_calls = 0;             // likewise
  std::uint64_t worst_repeat = 0;
  std::uint64_t failed = 0;
  std::uint64_t rows = 0;
  NameIndex worst_repeat_route = kNoName;
  std::uint32_t references = 0;  // dictionary entries that stand for it
  StatementRoutes routes;
  std::uint64_t more_routes = 0;  // units on routes beyond statement_routes_max

  std::uint64_t check = 0;  // a second hash of the whole text: equal fingerprints are told apart
  model::Vendor vendor = model::Vendor::Unknown;
  std::string text;  // normalised, cut at display_bytes_max
  std::string summary;

  // Asks for those lines before they are needed: a unit's statements lie far from each other.
  void prefetch() const {
    __builtin_prefetch(&fingerprint);
    __builtin_prefetch(&duration);
    __builtin_prefetch(&unit_mark);
    __builtin_prefetch(&routes);
  }
};

struct SampleRecord {
  std::uint64_t at_ns = 0;
  std::uint64_t duration_ns = 0;
  std::string alias;
  std::uint64_t fingerprint = 0;
  std::string summary;
  std::uint64_t calls = 1;
  std::uint16_t flags = 0;
};

struct UnitSample {
  model::Labels labels;
  std::string incarnation;
  std::string route;
  model::UnitHeader header;
  base::Time end;
  bool incomplete = false;
  std::vector<SampleRecord> records;
  std::uint64_t records_left_out = 0;
};

class UserTables {
 public:
  explicit UserTables(std::string user) : user_(std::move(user)) {}

  [[nodiscard]] const std::string& user() const { return user_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

  // ---- names ----
  [[nodiscard]] NameIndex find_name(std::string_view text) const;  // kNoName if it is not interned
  NameIndex intern(std::string_view text);
  [[nodiscard]] const std::string& name(NameIndex index) const { return names_[index]; }

  // ---- series ----
  [[nodiscard]] const Series* find_series(const SeriesKey& key) const;
  // The series of these names, made if there is room; otherwise the overflow series, and `overflowed` counts.
  // On return `key` is the key of the series.
  struct SeriesNames {
    std::string_view service, environment, run, route;
  };
  Series& series(const SeriesNames& names, SeriesKey& key);
  Series* find_series(const SeriesKey& key);
  // Changes when a series is forgotten: a pointer to one is good as long as this is the same.
  [[nodiscard]] std::uint64_t series_version() const { return series_version_; }
  [[nodiscard]] const std::unordered_map<SeriesKey, std::unique_ptr<Series>, SeriesKeyHash>& all_series() const {
    return series_;
  }

  // ---- statements ----
  // The statement of this SQL text, counted as one more reference; the overflow statement if there is no room.
  Statement* refer(std::string_view sql, model::Vendor vendor);
  void unrefer(Statement* statement);
  Statement* overflow_statement();
  [[nodiscard]] const Statement* find_statement(std::uint64_t fingerprint, std::uint64_t check) const;
  [[nodiscard]] const std::unordered_multimap<std::uint64_t, std::unique_ptr<Statement>>& all_statements() const {
    return statements_;
  }

  // ---- sites ----
  // The site with its hashes, shared by all who name an equal one; null, and `overflowed` counts, if there is no room.
  std::shared_ptr<const model::JudgedSite> refer_site(model::Site site);

  // ---- samples ----
  // Whether a unit of this duration would be kept.
  [[nodiscard]] bool wants_sample(std::uint64_t duration_ns) const;
  void keep_sample(UnitSample sample);
  [[nodiscard]] const std::vector<UnitSample>& samples() const { return samples_; }

  // Frees the time slots that have left the windows, and forgets the series of test runs that ended long ago.
  void expire(base::Time now);
  // About once a second: what found no room may look again.
  void allow_sweep() { sites_are_full_ = false; }
  [[nodiscard]] std::uint64_t runs_forgotten() const { return runs_forgotten_; }  // series of theirs

  [[nodiscard]] std::uint64_t overflowed() const { return overflowed_; }
  FindingsShare findings_share;
  std::uint64_t judged_in_part = 0;  // units of which held_queries_max left something out
  model::Totals gone;                // sums of this user's forgotten clients
  std::size_t open_records = 0;      // timelines kept for units that are open
  std::size_t dictionary_bytes = 0;  // names in the dictionaries of this user's connections

  struct Forgotten {
    std::uint64_t series = 0, statements = 0, samples = 0;
  };
  Forgotten forget_all();

  [[nodiscard]] model::UserState save() const;
  void restore(const model::UserState& state);

 private:
  Statement* insert_statement(std::uint64_t fingerprint, std::uint64_t check);

  std::string user_;
  std::uint64_t generation_ = 1;
  std::uint64_t series_version_ = 1;
  std::vector<std::string> names_;
  std::unordered_map<std::string, NameIndex, TextHash, std::equal_to<>> name_index_;
  std::unordered_map<SeriesKey, std::unique_ptr<Series>, SeriesKeyHash> series_;
  std::unordered_multimap<std::uint64_t, std::unique_ptr<Statement>> statements_;
  Statement* overflow_statement_ = nullptr;
  std::unordered_map<std::uint64_t, std::weak_ptr<const model::JudgedSite>> sites_;  // by a hash of all of a site
  std::vector<UnitSample> samples_;  // at most slow_units_max, slowest kept
  std::uint64_t overflowed_ = 0;
  std::uint64_t runs_forgotten_ = 0;
  bool sites_are_full_ = false;  // a sweep freed nothing, and the next would be as slow
};

}  // namespace mercury::aggregate
