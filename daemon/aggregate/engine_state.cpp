// The tables as plain values and back: what a snapshot on disk holds.
#include <algorithm>
#include <utility>

#include "aggregate/engine.h"
#include "analysis/verdict.h"
#include "proto/limits.h"

namespace mercury::aggregate {
namespace {

using Unit = ExponentialHistogram::Unit;

model::CellState save_cell(const Cell& cell, std::int64_t slot) {
  return {slot, cell.count, cell.errors, cell.duration.save(), cell.queries.save(), cell.db_time.save()};
}

Cell restore_cell(const model::CellState& state) {
  Cell cell;
  cell.count = state.count;
  cell.errors = state.errors;
  cell.duration = ExponentialHistogram::restore(state.duration, Unit::Nanoseconds);
  cell.queries = ExponentialHistogram::restore(state.queries, Unit::Count);
  cell.db_time = ExponentialHistogram::restore(state.db_time, Unit::Nanoseconds);
  return cell;
}

model::FindingOnDisk save_finding(const RouteFinding& from) {
  return {from.worst,       from.alias,       from.summary,     from.text,     from.source_summaries, from.places,
          from.repeats_min, from.repeats_max, from.occurrences, from.units,    from.total_time_ns,    from.saving_ns,
          from.first_seen,  from.last_seen,   from.capped,      from.last_unit};
}

RouteFinding restore_finding(const model::FindingOnDisk& from) {
  return {from.worst,         from.alias,       from.summary,     from.text,        from.source_summaries,
          from.places,        from.repeats_min, from.repeats_max, from.occurrences, from.units,
          from.total_time_ns, from.saving_ns,   from.first_seen,  from.last_seen,   from.capped,
          from.last_unit,     nullptr};
}

model::SeriesState save_series(const SeriesKey& key, const Series& series) {
  model::SeriesState out;
  out.service = key.service;
  out.environment = key.environment;
  out.run = key.run;
  out.route = key.route;
  out.kind = key.kind;
  out.method = key.method;
  out.status_class = key.status_class;
  out.failed = series.failed;
  out.incomplete = series.incomplete;
  out.cache_hits = series.cache_hits;
  out.cache_misses = series.cache_misses;
  out.last_seen = series.last_seen;
  out.totals = save_cell(series.totals, 0);
  const RouteWindows::Slots slots = series.windows.slots();
  slots.for_each_second([&](std::int64_t slot, const Cell& cell) { out.seconds.push_back(save_cell(cell, slot)); });
  slots.for_each_minute([&](std::int64_t slot, const Cell& cell) { out.minutes.push_back(save_cell(cell, slot)); });
  out.operation = series.operation;
  for (const auto& [id, finding] : series.findings.all()) out.findings.push_back(save_finding(finding));
  return out;
}

model::StatementState save_statement(const Statement& statement) {
  model::StatementState out;
  out.fingerprint = statement.fingerprint;
  out.text_check = statement.check;
  out.vendor = static_cast<std::uint8_t>(statement.vendor);
  out.text = statement.text;
  out.summary = statement.summary;
  out.failed = statement.failed;
  out.rows = statement.rows;
  out.worst_repeat = statement.worst_repeat;
  out.worst_repeat_route = statement.worst_repeat_route;
  out.duration = statement.duration.save();
  out.routes.assign(statement.routes.all().begin(), statement.routes.all().end());
  out.more_routes = statement.more_routes;
  return out;
}

}  // namespace

model::UserState UserTables::save() const {
  model::UserState out;
  out.user = user_;
  out.names = names_;
  for (const auto& [key, series] : series_) out.series.push_back(save_series(key, *series));
  for (const auto& [fingerprint, statement] : statements_) {
    if (statement->duration.count() > 0) out.statements.push_back(save_statement(*statement));
  }
  out.overflowed = overflowed_;
  out.gone = gone;
  return out;
}

void UserTables::restore(const model::UserState& state) {
  for (const std::string& name : state.names) intern(name);
  const auto known = [this](NameIndex index) { return index < names_.size(); };
  for (const model::SeriesState& from : state.series) {
    if (!known(from.service) || !known(from.environment) || !known(from.run) || !known(from.route)) continue;
    auto& place =
        series_[{from.service, from.environment, from.run, from.route, from.kind, from.method, from.status_class}];
    place = std::make_unique<Series>();
    place->totals = restore_cell(from.totals);
    for (const model::CellState& cell : from.seconds) place->windows.restore_second(cell.slot, restore_cell(cell));
    for (const model::CellState& cell : from.minutes) place->windows.restore_minute(cell.slot, restore_cell(cell));
    place->failed = from.failed;
    place->incomplete = from.incomplete;
    place->cache_hits = from.cache_hits;
    place->cache_misses = from.cache_misses;
    place->last_seen = from.last_seen;
    place->operation = from.operation;
    for (const model::FindingOnDisk& finding : from.findings) {
      if (findings_share.count >= static_cast<std::uint64_t>(limits::findings_user_max)) break;
      place->findings.restore(restore_finding(finding));
      ++findings_share.count;
    }
  }
  for (const model::StatementState& from : state.statements) {
    Statement* statement = insert_statement(from.fingerprint, from.text_check);
    statement->vendor = static_cast<model::Vendor>(from.vendor);
    static_cast<model::StatementFacts&>(*statement) = analysis::statement_facts(from.text);
    statement->fingerprint = from.fingerprint;  // a text that was cut for display has another
    statement->text = from.text;
    statement->summary = from.summary;
    statement->failed = from.failed;
    statement->rows = from.rows;
    statement->worst_repeat = from.worst_repeat;
    statement->worst_repeat_route = known(from.worst_repeat_route) ? from.worst_repeat_route : kNoName;
    statement->duration = ExponentialHistogram::restore(from.duration, Unit::Nanoseconds);
    for (const NameIndex name : from.routes) {
      if (known(name)) statement->routes.add(name);
    }
    statement->more_routes = from.more_routes;
  }
  overflowed_ = state.overflowed;
  gone = state.gone;
}

model::EngineState Engine::save(base::Time now) const {
  model::EngineState out;
  out.written = now;
  for (const auto& [name, tables] : users_) out.users.push_back(tables->save());
  for (const auto& [key, client] : clients_) {
    model::ClientStateOnDisk on_disk;
    on_disk.incarnation = client->incarnation;
    on_disk.labels = client->labels;
    on_disk.pid = client->pid;
    on_disk.client = client->client;
    on_disk.state = client->state;
    on_disk.connected = client->connected;
    on_disk.seen = client->seen;
    on_disk.loss = client->loss;
    on_disk.highest = client->highest;
    on_disk.queries = client->queries;
    on_disk.incomplete = client->incomplete;
    for (const auto& [id, open] : client->open) {
      on_disk.open.push_back({open.header, open.route, open.end, open.seen, open.cache_hits, open.cache_misses});
    }
    out.clients.push_back(std::move(on_disk));
  }
  return out;
}

void Engine::restore(const model::EngineState& state, base::Time now) {
  for (const model::UserState& user : state.users) {
    if (UserTables* tables = tables_of(user.user)) tables->restore(user);
  }
  for (const model::ClientStateOnDisk& from : state.clients) {
    UserTables* tables = tables_of(from.labels.user);
    if (tables == nullptr) continue;
    auto client = std::make_unique<Client>();
    client->incarnation = from.incarnation;
    client->labels = from.labels;
    client->pid = from.pid;
    client->client = from.client;
    client->state = from.state == model::ClientState::Ended ? from.state : model::ClientState::Disconnected;
    client->connected = from.connected;
    client->seen = from.seen;
    client->loss = from.loss;
    client->highest = from.highest;
    client->queries = from.queries;
    client->incomplete = from.incomplete;
    client->tables = tables;
    for (const model::OpenUnitState& open : from.open) {
      client->open[open.header.unit_id] = {open.header,       open.route, open.end, now, open.cache_hits,
                                           open.cache_misses, {},         0,        {},  false};
      client->open[open.header.unit_id].held.partial = true;  // the queries of its parts so far are not kept
    }
    clients_[from.labels.user + '/' + from.incarnation] = std::move(client);
  }
}

}  // namespace mercury::aggregate
