// What a reader may see: plain structs that `aggregate` fills and `view` turns into rows of PROTOCOL.md §8.
//
// They are copies, one row at a time, so a view needs no lock and no table. Times are base::Time, durations
// nanoseconds; a Distribution with count 0 has nothing to say and is shown as null.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/loss.h"
#include "model/unit.h"
#include "model/verdict.h"

namespace mercury::model {

struct Distribution {
  std::uint64_t count = 0;
  double sum = 0;
  double max = 0;
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
};

struct Labels {
  std::string user;
  std::string service;
  std::string environment;
  std::string run;
  bool operator==(const Labels&) const = default;
};

// One window of a route, or all of it. Durations in ns, queries as counts.
struct RouteWindow {
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  Distribution duration;
  Distribution queries;
  Distribution db_time;
};

// With a window, what is only known since the start (failed, incomplete, cache) is left out.
struct RouteRow {
  bool since_start = true;
  Labels labels;
  UnitKind kind = UnitKind::Request;
  Method method = Method::None;
  std::string route;
  std::uint8_t status_class = 0;  // 2 for 2xx, 0 for none
  RouteWindow window;             // the one that was asked for
  std::uint64_t failed = 0;
  std::uint64_t incomplete = 0;
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
  base::Time last_seen;
  std::uint64_t findings = 0;  // open ones
  std::optional<Score> score;  // of its p95 figures, since the start
};

enum class FindingState : std::uint8_t { Open, Gone, Constant, Ignored };
std::string_view name_of(FindingState state);

// A unit in which a finding was at its worst.
struct FindingSample {
  UnitHeader header;
  base::Time end;
  std::uint64_t count = 0;  // repeats in it
  struct Entry {
    std::uint64_t at_ns = 0;
    std::uint64_t duration_ns = 0;
    std::string alias;
    std::string summary;
    std::uint64_t fingerprint = 0;
    std::uint16_t flags = 0;
    std::uint64_t calls = 1;
    enum class Role : std::uint8_t { Other, Repeat, Source } role = Role::Other;
  };
  std::vector<Entry> records;
  std::uint64_t records_left_out = 0;
};

// A finding of one route, folded over its units.
struct FindingRow {
  Labels labels;
  UnitKind unit_kind = UnitKind::Request;
  Method method = Method::None;
  std::string route;
  std::uint8_t status_class = 0;
  Finding finding;  // of its worst unit; kind and level as the route shows them
  FindingState state = FindingState::Open;
  bool proven = false;
  std::string alias, summary, text;
  std::vector<std::string> source_summaries;  // beside finding.sources
  std::vector<Place> places;                  // further triggers
  std::uint64_t repeats_min = 0, repeats_max = 0;
  std::uint64_t units = 0, route_units = 0;
  std::uint64_t total_time_ns = 0, saving_ns = 0;
  base::Time first_seen, last_seen;
  std::optional<FindingSample> sample;  // where it was asked for and is known
};

// How many findings there are, by state.
struct FindingTotals {
  std::array<std::uint64_t, 7> open_by_kind{};  // index: FindingKind
  std::uint64_t gone = 0, constant = 0, ignored = 0;
  std::uint64_t overflowed = 0;  // not listed: findings_user_max
  std::uint64_t partial = 0;     // units judged without some of their queries: held_queries_max
};

struct StatementRow {
  std::string user;
  std::uint64_t fingerprint = 0;
  std::string summary;
  std::string text;
  std::string vendor;
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
  std::uint64_t rows = 0;
  Distribution duration;
  std::uint64_t worst_repeat = 0;
  std::string worst_repeat_route;
  std::vector<std::string> routes;
  std::uint64_t more_routes = 0;
};

struct RouteDetail {
  RouteRow row;
  RouteWindow last_1m, last_5m, last_15m;
  std::vector<StatementRow> statements;  // those that took most time
  std::uint64_t statements_left_out = 0;
};

enum class UnitState : std::uint8_t { Closed, Open, Incomplete };
std::string_view name_of(UnitState state);

struct TimelineEntry {
  std::uint64_t at_ns = 0;
  std::uint64_t duration_ns = 0;
  std::string alias;
  std::string summary;
  std::uint64_t fingerprint = 0;
  std::uint16_t flags = 0;
  std::uint64_t calls = 1;
};

struct UnitRow {
  Labels labels;
  std::string incarnation;
  UnitState state = UnitState::Closed;
  UnitHeader header;
  std::string route;
  base::Time end;
  std::vector<TimelineEntry> records;
  std::uint64_t records_left_out = 0;
};

enum class ClientState : std::uint8_t { Connected, Disconnected, Ended };
std::string_view name_of(ClientState state);

struct ClientRow {
  std::string incarnation;
  Labels labels;
  std::int64_t pid = 0;
  std::string client;
  ClientState state = ClientState::Connected;
  base::Time connected;
  Loss loss;
  std::uint64_t queries = 0;
  std::uint64_t open = 0;
  std::uint64_t incomplete = 0;
};

// Sums over the clients that one reader may see; `gone` are those that were forgotten.
struct Totals {
  Loss loss;
  std::uint64_t queries = 0;
  std::uint64_t open = 0;
  std::uint64_t incomplete = 0;
  Loss gone;  // the share of forgotten clients
  std::uint64_t clients_gone = 0;
  std::uint64_t clients = 0;  // remembered, connected or not
  std::uint64_t routes = 0;
  std::uint64_t statements = 0;
  std::uint64_t overflowed = 0;
  std::uint64_t runs_forgotten = 0;  // series of test runs that ended long ago
  FindingTotals findings;
};

}  // namespace mercury::model
