#include "aggregate/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "proto/limits.h"

namespace mercury::aggregate {
namespace {

using base::Error;
using model::Unit;
using model::UnitHeader;
namespace record_flag = model::record_flag;
namespace unit_flag = model::unit_flag;

constexpr auto kAgeMax = std::chrono::milliseconds(limits::unit_age_max_ms);
constexpr std::uint16_t kServerError = 500;
constexpr std::size_t kOpenRecordsMax = 10'000;  // timelines of all open units of a user
constexpr std::size_t kAliasShownMax = 64;

// Every id defined and of its kind, and the totals what the records say: nothing is folded before.
base::Status check_unit(const Dictionary& dictionary, const Unit& unit) {
  if (auto fine = dictionary.check(unit.header.name, EntryKind::Route, "the unit's name"); !fine) return fine;
  std::uint64_t calls = 0;
  for (std::size_t i = 0; i < unit.record_count; ++i) {
    const model::QueryRecord record = unit.record(i);
    const bool known = (record.statement == 0 || dictionary.is(record.statement, EntryKind::Statement)) &&
                       (record.site == 0 || dictionary.is(record.site, EntryKind::Site)) &&
                       (record.alias() == 0 || dictionary.is(record.alias(), EntryKind::Alias));
    if (!known) {
      if (auto fine = dictionary.check(record.statement, EntryKind::Statement, "a record's statement"); !fine)
        return fine;
      if (auto fine = dictionary.check(record.site, EntryKind::Site, "a record's site"); !fine) return fine;
      return dictionary.check(record.alias(), EntryKind::Alias, "a record's alias");
    }
    if ((record.flags() & ~record_flag::kKnown) != 0) {
      return Error{"unit_invalid",
                   fmt::format("record flags 0x{:04x}, known are 0x{:04x}", record.flags(), record_flag::kKnown)};
    }
    if (!record.has(record_flag::kControl)) calls += record.calls();
  }
  for (std::size_t i = 0; i < unit.cache_count(); ++i) {
    if (auto fine = dictionary.check(unit.cache(i).cache, EntryKind::Cache, "a cache entry"); !fine) return fine;
  }
  const bool whole = unit.header.part == 0 && !unit.header.has(unit_flag::kMoreParts);
  if (whole && calls != unit.header.queries) {
    return Error{"totals_mismatch",
                 fmt::format("the unit says {} queries, its records are {}", unit.header.queries, calls)};
  }
  return base::Done{};
}

std::pair<std::uint64_t, std::uint64_t> cache_sums(const Unit& unit) {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  for (std::size_t i = 0; i < unit.cache_count(); ++i) {
    hits += unit.cache(i).hits;
    misses += unit.cache(i).misses;
  }
  return {hits, misses};
}

// Adds the unit's timeline to `records`, up to sample_records_max in all.
void add_timeline(const Dictionary& dictionary, const Unit& unit, std::vector<SampleRecord>& records,
                  std::uint64_t& left_out) {
  for (std::size_t i = 0; i < unit.record_count; ++i) {
    if (records.size() >= static_cast<std::size_t>(limits::sample_records_max)) {
      left_out += unit.record_count - i;
      return;
    }
    const model::QueryRecord record = unit.record(i);
    SampleRecord out;
    out.at_ns = record.start_ns();
    out.duration_ns = record.duration_ns();
    out.alias = dictionary.text(record.alias()).substr(0, kAliasShownMax);
    if (record.statement != 0) {
      out.fingerprint = dictionary.statement(record.statement)->fingerprint;
      out.summary = dictionary.statement(record.statement)->summary;
    }
    out.calls = record.calls();
    out.flags = record.flags();
    records.push_back(std::move(out));
  }
}

}  // namespace

base::Result<Folded> Engine::fold(Client& client, const Dictionary& dictionary, const Unit& unit, Arrival arrival) {
  const UnitHeader& header = unit.header;
  if (header.number > client.loss.created) {
    return Error{"number_invalid", fmt::format("number {} is higher than the {} units the client says it created",
                                               header.number, client.loss.created)};
  }
  if (header.number <= client.highest) {
    ++client.loss.duplicates;
    ++revision_;
    return Folded::Duplicate;
  }
  if (auto fine = check_unit(dictionary, unit); !fine) return fine.error();
  const bool whole = header.part == 0 && !header.has(unit_flag::kMoreParts);
  if (!whole) {
    if (auto fine = fold_part(client, dictionary, unit, arrival); !fine) return fine.error();
  } else {
    const std::string_view route = dictionary.text(header.name);
    const auto [hits, misses] = cache_sums(unit);
    client.queries += header.queries;
    const Closing closing{header, route, hits, misses, false, arrival, unit.memory_bytes};
    Series& series = fold_series(client, closing);
    fold_statements(client, dictionary, unit, route);
    collect_queries(client, dictionary, unit, nullptr);
    judge(client, series, closing, nullptr);
    if (client.tables->wants_sample(header.duration_ns)) {
      UnitSample sample{client.labels, client.incarnation, std::string(route), header, arrival.end, false, {}, 0};
      add_timeline(dictionary, unit, sample.records, sample.records_left_out);
      client.tables->keep_sample(std::move(sample));
    }
  }
  client.highest = header.number;
  ++client.loss.folded;
  client.seen = arrival.now;
  ++revision_;
  return Folded::Counted;
}

Series& Engine::fold_series(Client& client, const Closing& closing) {
  UserTables& tables = *client.tables;
  const UnitHeader& header = closing.header;
  SeriesKey key;
  key.kind = header.kind;
  key.method = header.method;
  key.status_class = static_cast<std::uint8_t>(std::min(header.status / 100, 9));
  Series& series =
      tables.series({client.labels.service, client.labels.environment, client.labels.run, closing.route}, key);
  const bool failed = header.has(unit_flag::kFailed);
  const bool error = failed || header.status >= kServerError;
  const auto record = [&](Cell& cell) {
    ++cell.count;
    cell.errors += error ? 1 : 0;
    cell.duration.record(header.duration_ns);
    cell.queries.record(header.queries);
    cell.db_time.record(header.db_ns);
  };
  record(series.totals);
  if (closing.arrival.now - closing.arrival.end <= kAgeMax) {
    series.windows.at(closing.arrival.end, closing.arrival.now, record);
  }
  series.failed += failed ? 1 : 0;
  series.incomplete += closing.incomplete ? 1 : 0;
  series.cache_hits += closing.cache_hits;
  series.cache_misses += closing.cache_misses;
  series.last_seen = std::max(series.last_seen, closing.arrival.end);
  series.operation = header.operation;
  return series;
}

void Engine::fold_statements(Client& client, const Dictionary& dictionary, const Unit& unit, std::string_view route) {
  UserTables& tables = *client.tables;
  ++mark_;
  touched_.clear();
  for (std::size_t i = 0; i < unit.record_count; ++i) {
    const model::QueryRecord record = unit.record(i);
    if (record.has(record_flag::kControl)) continue;
    Statement& statement =
        record.statement == 0 ? *tables.overflow_statement() : *dictionary.statement(record.statement);
    const std::uint64_t calls = record.calls();
    if (calls == 1) {
      statement.duration.record(record.duration_ns());
    } else if (calls > 1) {
      statement.duration.record_many(record.duration_ns() / calls, calls, record.duration_ns());
    }
    if (record.has(record_flag::kFailed)) statement.failed += calls;
    if (record.rows > 0) statement.rows += static_cast<std::uint64_t>(record.rows);
    if (statement.unit_mark != mark_) {
      statement.unit_mark = mark_;
      statement.unit_calls = 0;
      touched_.push_back(&statement);
    }
    statement.unit_calls += calls;
  }
  // The route's series was folded first, so its name is interned, unless the series overflowed.
  const NameIndex name = tables.find_name(route);
  for (Statement* statement : touched_) {
    if (statement->unit_calls > statement->worst_repeat) {
      statement->worst_repeat = statement->unit_calls;
      statement->worst_repeat_route = name;
    }
    if (name == kNoName || std::ranges::find(statement->routes, name) != statement->routes.end()) continue;
    if (statement->routes.size() < static_cast<std::size_t>(limits::statement_routes_max)) {
      statement->routes.push_back(name);
    } else {
      ++statement->more_routes;
    }
  }
}

base::Status Engine::fold_part(Client& client, const Dictionary& dictionary, const Unit& unit, Arrival arrival) {
  const UnitHeader& header = unit.header;
  const bool known = client.open.contains(header.unit_id);
  if (!known && header.has(unit_flag::kMoreParts) &&
      client.open.size() >= static_cast<std::size_t>(limits::open_units_client_max)) {
    return Error{"too_many_open", fmt::format("unit {} would be one more than the {} open units of a client",
                                              header.unit_id, limits::open_units_client_max)};
  }
  OpenUnit& open = client.open[header.unit_id];
  if (const auto closed = client.closed_early.find(header.unit_id); !known && closed != client.closed_early.end()) {
    // It was given up as incomplete and goes on after all: what was counted then is not counted again.
    open.header.queries = closed->second;
    open.counted = true;
    client.closed_early.erase(closed);
  }
  // Totals are cumulative: what is new is the difference to the part before, also when parts between were dropped.
  client.queries += header.queries - std::min(open.header.queries, header.queries);
  open.header = header;
  open.route = dictionary.text(header.name);
  open.end = arrival.end;
  open.seen = arrival.now;
  std::tie(open.cache_hits, open.cache_misses) = cache_sums(unit);
  fold_statements(client, dictionary, unit, open.route);
  const std::size_t before = open.records.size();
  if (client.tables->open_records < kOpenRecordsMax) {
    add_timeline(dictionary, unit, open.records, open.records_left_out);
    client.tables->open_records += open.records.size() - before;
  } else {
    open.records_left_out += unit.record_count;
  }
  collect_queries(client, dictionary, unit, &open.held);
  if (header.has(unit_flag::kMoreParts)) return base::Done{};
  client.tables->open_records -= open.records.size();
  HeldQueries own = std::exchange(open.held, {});
  client.held_count -= own.queries.size();
  if (!open.counted) {
    const Closing closing{open.header, open.route, open.cache_hits,  open.cache_misses,
                          false,       arrival,    unit.memory_bytes};
    Series& series = fold_series(client, closing);
    judge(client, series, closing, &own);
  } else {
    client.drop_held(header.unit_id);
  }
  client.tables->keep_sample({client.labels, client.incarnation, open.route, open.header, open.end, false,
                              std::move(open.records), open.records_left_out});
  client.open.erase(header.unit_id);
  return base::Done{};
}

}  // namespace mercury::aggregate
