// One client incarnation, as the engine knows it: who it is, what it sent, what was lost, what is open.
//
// Known by (user, incarnation); outlives its connections, so that numbers are folded once whatever happens to
// the stream between. `loss` is the ledger of PROTOCOL.md §6. Owned by Engine. Threads: the loop's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "aggregate/tables.h"
#include "base/clock.h"
#include "model/loss.h"
#include "model/snapshot.h"
#include "model/verdict.h"

namespace mercury::aggregate {

// Queries that wait for the unit they are judged with: of an open unit's parts, or of finished sub-units.
struct HeldQueries {
  std::vector<model::Query> queries;  // their sites are kept alive by `sites`
  std::vector<std::shared_ptr<const model::JudgedSite>> sites;
  std::unordered_map<std::uint64_t, std::uint64_t> findings;  // of sub-units: id → largest count in one of them
  std::uint8_t levels = 0;                                    // of sub-units below each other
  std::uint64_t cache_hits = 0, cache_misses = 0;
  bool partial = false;  // some were left out: held_queries_max
};

// A unit that is sent in parts.
struct OpenUnit {
  model::UnitHeader header;  // of its newest part: totals are cumulative
  std::string route;
  base::Time end;   // of its newest part
  base::Time seen;  // when that came
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
  std::vector<SampleRecord> records;
  std::uint64_t records_left_out = 0;
  HeldQueries held;
  bool counted = false;  // in its series already, when it was given up
};

struct Client {
  std::string incarnation;
  model::Labels labels;
  std::int64_t pid = 0;
  std::string client;
  model::ClientState state = model::ClientState::Connected;
  base::Time connected;
  base::Time seen;
  model::Loss loss;
  std::uint64_t highest = 0;  // every number up to it is folded, or was dropped by the client
  std::uint64_t queries = 0;
  std::uint64_t incomplete = 0;
  std::map<std::uint64_t, OpenUnit> open;               // by unit_id
  std::map<std::uint64_t, std::uint64_t> closed_early;  // unit_id → queries counted, of units given up as incomplete
  std::map<std::uint64_t, HeldQueries> held;            // of finished sub-units, by unit_id of the parent
  std::size_t held_count = 0;                           // of queries in `held` and in `open`
  std::vector<std::string> aliases;                     // by id, as its newest units had them; cut for display
  model::Thresholds thresholds;
  std::vector<model::IgnoreRule> ignore;
  UserTables* tables = nullptr;

  [[nodiscard]] model::ClientRow row() const;
  // Forgets what waits for this unit.
  void drop_held(std::uint64_t unit_id);
};

}  // namespace mercury::aggregate
