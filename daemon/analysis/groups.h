// The queries of a unit, grouped by (alias, fingerprint, site key, scope): VERDICTS.md §2.
//
// The hot path of the verdict. One open-addressing table is kept between units and never cleared: a slot belongs to
// this unit if it has its generation. What only a finding needs (different texts, slow calls) is counted on demand,
// along the chain of the group's queries.
//
// Ownership: looks into the queries of the last collect(), which must outlive the calls after it. Threads: one object,
// one thread. Failure: none but std::bad_alloc. Cost: a few ns a query, no allocation once a unit as large was seen.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "model/verdict.h"

namespace mercury::analysis {

bool is_write(const model::StatementFacts& statement);

struct Group {
  const model::StatementFacts* statement = nullptr;  // never null
  const model::JudgedSite* site = nullptr;
  std::uint64_t key = 0;
  std::uint64_t calls = 0;  // c
  std::uint64_t time_ns = 0;
  std::uint32_t alias = 0;
  std::uint32_t first = 0, last = 0;          // of its queries
  std::uint32_t run_first = 0, run_last = 0;  // of those that c and t count
  std::uint64_t scope = 0;
  bool apart = false;  // it can be no loop (§2.3)
  bool slow = false;   // a call took slow_query_ns
};

struct SlowCalls {
  std::uint64_t calls = 0, time_ns = 0, over_ns = 0;
};

class Groups {
 public:
  void collect(const model::UnitFacts& unit, std::span<const model::Query> queries,
               const model::Thresholds& thresholds);

  // In the order of their first queries; empty if no group of the unit can be anything.
  [[nodiscard]] std::span<const Group> all() const { return std::span(groups_).first(groups_size_); }
  [[nodiscard]] std::uint64_t queries() const { return calls_; }
  [[nodiscard]] std::uint64_t db_ns() const { return db_ns_; }

  [[nodiscard]] bool is_loop(const Group& group) const {
    return !group.apart && has_loops_ && has_calls_of_loop(group);
  }
  // Whether it can be anything at all: most groups are one quick query.
  [[nodiscard]] bool is_plain(const Group& group) const {
    return group.calls < 2 && !group.slow && thresholds_.loop_calls_min > 1;
  }
  [[nodiscard]] bool has_calls_of_loop(const Group& group) const { return group.calls >= thresholds_.loop_calls_min; }
  [[nodiscard]] std::uint64_t start_ns(const Group& group) const { return queries_[group.first].start_ns; }
  // d: different (text, ordinal) pairs, or nothing if that is not known.
  [[nodiscard]] std::optional<std::uint64_t> distinct(const Group& group);
  [[nodiscard]] SlowCalls slow_calls(const Group& group) const;
  [[nodiscard]] bool is_of_single_rows(const Group& group) const;

 private:
  struct Slot {
    std::uint32_t generation = 0;
    std::uint32_t group = 0;
  };

  void gather();
  void begin_generation();
  [[nodiscard]] bool is_plain_unit();
  // Whether every query says which one before it is the last of its group.
  [[nodiscard]] bool is_told() const;
  Group& make(const model::StatementFacts& statement, const model::JudgedSite* site, bool apart, std::uint32_t at);
  Group& told_group_of(std::uint32_t at);
  void add(Group& group, const model::Query& query) const;
  Group& group_of(const model::StatementFacts& statement, const model::JudgedSite* site, bool apart, std::uint32_t at);
  bool lend_sites();
  void lend(const model::JudgedSite* site, const Group& to);
  void narrow_to_run(Group& group) const;
  [[nodiscard]] bool is_slow(const model::Query& query) const {
    return query.duration_ns / query.calls >= thresholds_.slow_query_ns;
  }

  std::span<const model::Query> queries_;
  model::Thresholds thresholds_;
  bool has_loops_ = true;
  bool polls_ = false;      // the unit is a command
  bool own_apart_ = false;  // what a test does itself

  std::vector<Group> groups_;  // the first groups_size_ are of this unit; it never shrinks
  std::size_t groups_size_ = 0;
  std::vector<std::uint32_t> next_;      // of a query: the next one of its group
  std::vector<std::uint32_t> group_at_;  // of a query: its group, where queries are told
  std::vector<Slot> slots_;
  std::uint64_t mask_ = 0;  // of slots_, as many as this unit needs
  std::uint32_t generation_ = 0;
  std::vector<const model::JudgedSite*> lent_;  // by query, for those without a site; empty if there are none

  std::uint64_t calls_ = 0;
  std::uint64_t db_ns_ = 0;
  bool any_with_site_ = false;
  bool any_without_site_ = false;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs_;  // of distinct()
};

}  // namespace mercury::analysis
