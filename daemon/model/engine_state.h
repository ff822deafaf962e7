// Everything the engine keeps, as plain values: what a snapshot on disk holds (`state` encodes it).
//
// Names of a user's tables are interned: `names` is written once, everything else refers to it by index, so the
// file stays small. Histograms are their exact parts; restoring one and merging it gives what was saved.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/loss.h"
#include "model/snapshot.h"

namespace mercury::model {

// An exponential histogram of `aggregate`: counts by bucket index at a scale.
struct HistogramState {
  std::int32_t scale = 6;
  std::uint64_t zero_count = 0;
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  std::vector<std::pair<std::int32_t, std::uint64_t>> buckets;  // index, count; ascending
};

// One window slot or the totals of a series.
struct CellState {
  std::int64_t slot = 0;  // number of the slot since the epoch; 0 for totals
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  HistogramState duration;
  HistogramState queries;
  HistogramState db_time;
};

// A finding of a route; its worst unit's timeline is not kept.
struct FindingOnDisk {
  Finding worst;
  std::string alias, summary, text;
  std::vector<std::string> source_summaries;
  std::vector<Place> places;
  std::uint64_t repeats_min = 0, repeats_max = 0, occurrences = 0, units = 0, total_time_ns = 0, saving_ns = 0;
  base::Time first_seen, last_seen;
  bool capped = false;
  std::uint64_t last_unit = 0;
};

struct SeriesState {
  std::uint32_t service = 0, environment = 0, run = 0, route = 0;  // indices of names
  UnitKind kind = UnitKind::Request;
  Method method = Method::None;
  std::uint8_t status_class = 0;
  std::uint64_t failed = 0, incomplete = 0, cache_hits = 0, cache_misses = 0;
  base::Time last_seen;
  Operation operation = Operation::Unknown;
  std::vector<FindingOnDisk> findings;
  CellState totals;
  std::vector<CellState> seconds;  // slots of 5 s
  std::vector<CellState> minutes;  // slots of 1 min
};

struct StatementState {
  std::uint64_t fingerprint = 0;
  std::uint8_t vendor = 0;
  std::string text;  // as displayed
  std::string summary;
  std::uint64_t text_check = 0;  // a second hash of the whole text: tells equal ids apart
  std::uint64_t failed = 0, rows = 0, worst_repeat = 0;
  std::uint32_t worst_repeat_route = 0;
  HistogramState duration;
  std::vector<std::uint32_t> routes;
  std::uint64_t more_routes = 0;
};

// A unit of which parts have come; its timeline is not kept.
struct OpenUnitState {
  UnitHeader header;
  std::string route;
  base::Time end;
  base::Time seen;
  std::uint64_t cache_hits = 0, cache_misses = 0;
};

struct ClientStateOnDisk {
  std::string incarnation;
  Labels labels;
  std::int64_t pid = 0;
  std::string client;
  ClientState state = ClientState::Disconnected;
  base::Time connected;
  base::Time seen;
  Loss loss;
  std::uint64_t highest = 0;  // highest number seen
  std::uint64_t queries = 0;
  std::uint64_t incomplete = 0;
  std::vector<OpenUnitState> open;
};

struct UserState {
  std::string user;
  std::vector<std::string> names;
  std::vector<SeriesState> series;
  std::vector<StatementState> statements;
  std::uint64_t overflowed = 0;
  Totals gone;
};

struct EngineState {
  base::Time written;
  std::uint64_t restarts = 0;  // how often a daemon was started on this state
  std::vector<UserState> users;
  std::vector<ClientStateOnDisk> clients;
};

}  // namespace mercury::model
