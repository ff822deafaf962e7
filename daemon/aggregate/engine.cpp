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
constexpr std::size_t kAhead = 8;  // records whose memory is asked for before the first of them needs it

// The judge may not change what it looks at, hence the const in Query; the tables are the engine's own.
Statement& statement_of(const model::Query& query) {
  return const_cast<Statement&>(static_cast<const Statement&>(*query.statement));
}

// Why a record cannot be: what read() has found is looked at again, slowly, for its sentence.
Error refusal(const Dictionary& dictionary, const model::QueryRecord& record) {
  if (auto fine = dictionary.check(record.statement, EntryKind::Statement, "a record's statement"); !fine)
    return fine.error();
  if (auto fine = dictionary.check(record.site, EntryKind::Site, "a record's site"); !fine) return fine.error();
  if (auto fine = dictionary.check(record.alias(), EntryKind::Alias, "a record's alias"); !fine) return fine.error();
  return Error{"unit_invalid",
               fmt::format("record flags 0x{:04x}, known are 0x{:04x}", record.flags(), record_flag::kKnown)};
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

base::Result<Folded> Engine::fold(Client& client, Dictionary& dictionary, const Unit& unit, Arrival arrival) {
  const UnitHeader& header = unit.header;
  verdict_ = nullptr;
  if (header.number > client.loss.created) {
    return Error{"number_invalid", fmt::format("number {} is higher than the {} units the client says it created",
                                               header.number, client.loss.created)};
  }
  if (header.number <= client.highest) {
    ++client.loss.duplicates;
    ++revision_;
    return Folded::Duplicate;
  }
  if (auto fine = read(client, dictionary, unit); !fine) return fine.error();
  const bool whole = header.part == 0 && !header.has(unit_flag::kMoreParts);
  if (!whole) {
    if (auto fine = fold_part(client, dictionary, unit, arrival); !fine) return fine.error();
  } else {
    const std::string_view route = dictionary.text(header.name);
    const auto [hits, misses] = cache_sums(unit);
    client.queries += header.queries;
    const Closing closing{header, route, hits, misses, false, arrival, unit.memory_bytes};
    KnownSeries& known = dictionary.series_of(header.name);
    Series& series = series_of(client, known, closing);
    fold_series(series, closing);
    fold_statements(known.series == nullptr ? client.tables->find_name(route) : known.key.route);
    note_aliases(client, dictionary);
    sites_.clear();
    if (header.parent_id != 0) hold_sites(dictionary, unit, SIZE_MAX);
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

base::Status Engine::read(const Client& client, const Dictionary& dictionary, const Unit& unit) {
  if (auto fine = dictionary.check(unit.header.name, EntryKind::Route, "the unit's name"); !fine) return fine;
  const std::span<const Meaning> meanings = dictionary.meanings();
  const auto stands_for = [meanings](std::uint32_t id, EntryKind kind) {
    return id < meanings.size() && (meanings[id].kinds & Dictionary::bit_of(kind)) != 0;
  };
  if (queries_.size() < unit.record_count) queries_.resize(unit.record_count);
  model::Query* const queries = queries_.data();
  const std::byte* bytes = unit.record_bytes.data();
  const std::size_t record_size = unit.record_size;
  const std::size_t record_count = unit.record_count;
  const std::uint64_t unit_start_ns = unit.header.start_ns;
  const std::uint64_t mark = ++mark_;
  aliases_.clear();
  std::uint32_t last_alias = UINT32_MAX;
  std::uint32_t count = 0;
  std::uint64_t calls = 0;
  std::uint64_t last_start_ns = 0;
  bool sorted = true;
  for (std::size_t i = 0; i < record_count; ++i, bytes += record_size) {
    const model::QueryRecord record = model::record_at(bytes);
    const std::uint8_t alias = record.alias();
    const std::uint16_t flags = record.flags();
    if (!stands_for(record.statement, EntryKind::Statement) || !stands_for(record.site, EntryKind::Site) ||
        (flags & ~record_flag::kKnown) != 0) [[unlikely]] {
      return refusal(dictionary, unit.record(i));  // not `record`, which would have to have an address
    }
    if (alias != last_alias) [[unlikely]] {
      if (!stands_for(alias, EntryKind::Alias)) return refusal(dictionary, unit.record(i));
      note_alias(alias);
      last_alias = alias;
    }
    const bool is_summary = (flags & record_flag::kSummary) != 0;
    if ((flags & record_flag::kControl) != 0 || (is_summary && record.ordinal == 0)) continue;
    Statement& statement =
        record.statement == 0 ? *client.tables->overflow_statement() : *meanings[record.statement].statement;
    model::Query& query = queries[count];
    query.statement = &statement;
    query.site = meanings[record.site].site;
    query.text = record.statement;
    query.alias = alias;
    query.ordinal = is_summary ? 0 : record.ordinal;
    query.rows = record.rows;
    query.flags = flags;
    query.own = true;
    query.command = false;
    query.scope = 0;
    query.start_ns = unit_start_ns + record.start_ns();
    query.duration_ns = record.duration_ns();
    query.calls = is_summary ? record.ordinal : 1;
    calls += query.calls;
    sorted &= query.start_ns >= last_start_ns;
    last_start_ns = query.start_ns;
    statement.prefetch();
    if (statement.unit_mark == mark) {
      query.same = same_as(query, statement.unit_last);
    } else {
      statement.unit_mark = mark;
      query.same = model::previous::kNone;
    }
    statement.unit_last = count++;
  }
  is_sorted_ = sorted;
  queries_.resize(count);
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

// Looks at the last query of the same statement only: one line that repeats it is the rule. Anything else has to be
// looked up.
std::uint32_t Engine::same_as(const model::Query& query, std::uint32_t last) const {
  const model::Query& before = queries_[last];
  const bool is_same = before.site == query.site && before.alias == query.alias &&
                       ((before.flags ^ query.flags) & record_flag::kMany) == 0;
  return is_same ? last : model::previous::kUnknown;
}

Series& Engine::series_of(Client& client, KnownSeries& known, const Closing& closing) {
  UserTables& tables = *client.tables;
  const UnitHeader& header = closing.header;
  const auto status_class = static_cast<std::uint8_t>(std::min(header.status / 100, 9));
  if (known.series != nullptr && known.version == tables.series_version() && known.client == &client &&
      known.key.kind == header.kind && known.key.method == header.method && known.key.status_class == status_class) {
    return *known.series;
  }
  SeriesKey key;
  key.kind = header.kind;
  key.method = header.method;
  key.status_class = status_class;
  const std::uint64_t overflowed = tables.overflowed();
  Series& series =
      tables.series({client.labels.service, client.labels.environment, client.labels.run, closing.route}, key);
  known = {};
  if (tables.overflowed() == overflowed) known = {&series, &client, key, tables.series_version()};
  return series;
}

void Engine::fold_series(Series& series, const Closing& closing) {
  const UnitHeader& header = closing.header;
  const bool failed = header.has(unit_flag::kFailed);
  const bool error = failed || header.status >= kServerError;
  const UnitMeasure unit{header.duration_ns, header.queries, header.db_ns, error};
  series.totals.record(unit);
  if (closing.arrival.now - closing.arrival.end <= kAgeMax) {
    series.windows.add(unit, closing.arrival.end, closing.arrival.now);
  }
  series.failed += failed ? 1 : 0;
  series.incomplete += closing.incomplete ? 1 : 0;
  series.cache_hits += closing.cache_hits;
  series.cache_misses += closing.cache_misses;
  series.last_seen = std::max(series.last_seen, closing.arrival.end);
  series.operation = header.operation;
}

namespace {

// Inside of fold_statements(): one query into its statement.
inline void fold_statement(Statement& statement, const model::Query& query, int index, NameIndex route) {
  if (query.calls == 1) [[likely]] {
    statement.duration.record(query.duration_ns, index);
  } else {
    statement.duration.record_many(query.duration_ns / query.calls, query.calls, query.duration_ns);
  }
  if ((query.flags & record_flag::kFailed) != 0) [[unlikely]]
    statement.failed += query.calls;
  if (query.rows > 0) statement.rows += static_cast<std::uint64_t>(query.rows);
  if (query.same == model::previous::kNone) {  // the first of its statement in the unit
    statement.unit_calls = 0;
    if (!statement.routes.contains(route) && route != kNoName && !statement.routes.add(route)) ++statement.more_routes;
  }
  statement.unit_calls += query.calls;
  if (statement.unit_calls > statement.worst_repeat) [[unlikely]] {
    statement.worst_repeat = statement.unit_calls;
    statement.worst_repeat_route = route;
  }
}

}  // namespace

void Engine::fold_statements(NameIndex route) {
  std::array<int, kAhead> indexes{};
  for (std::size_t begin = 0; begin < queries_.size(); begin += kAhead) {
    const std::span<const model::Query> some =
        std::span(queries_).subspan(begin, std::min(kAhead, queries_.size() - begin));
    for (std::size_t i = 0; i < some.size(); ++i) {
      const ExponentialHistogram& duration = statement_of(some[i]).duration;
      indexes[i] = duration.index_of(some[i].duration_ns);
      duration.prefetch(indexes[i]);
    }
    for (std::size_t i = 0; i < some.size(); ++i) fold_statement(statement_of(some[i]), some[i], indexes[i], route);
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
  fold_statements(client.tables->find_name(open.route));
  note_aliases(client, dictionary);
  const std::size_t before = open.records.size();
  if (client.tables->open_records < kOpenRecordsMax) {
    add_timeline(dictionary, unit, open.records, open.records_left_out);
    client.tables->open_records += open.records.size() - before;
  } else {
    open.records_left_out += unit.record_count;
  }
  keep_part(client, dictionary, unit, open.held);
  if (header.has(unit_flag::kMoreParts)) return base::Done{};
  client.tables->open_records -= open.records.size();
  HeldQueries own = std::exchange(open.held, {});
  client.held_count -= own.queries.size();
  if (!open.counted) {
    const Closing closing{open.header, open.route, open.cache_hits,  open.cache_misses,
                          false,       arrival,    unit.memory_bytes};
    KnownSeries unknown;
    Series& series = series_of(client, unknown, closing);
    fold_series(series, closing);
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
