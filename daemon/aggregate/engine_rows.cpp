// What a reader may see: copies of single rows, made when they are asked for.
#include <algorithm>
#include <chrono>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "aggregate/engine.h"
#include "analysis/verdict.h"

namespace mercury::aggregate {
namespace {

constexpr std::size_t kRouteStatementsMax = 50;  // of one route: the row must fit a frame

using namespace std::chrono_literals;

model::Distribution distribution_of(const ExponentialHistogram& histogram) {
  model::Distribution out;
  out.count = histogram.count();
  if (out.count == 0) return out;
  out.sum = static_cast<double>(histogram.sum());
  out.max = static_cast<double>(histogram.max());
  out.p50 = histogram.quantile(0.50);
  out.p95 = histogram.quantile(0.95);
  out.p99 = histogram.quantile(0.99);
  return out;
}

model::RouteWindow window_of(const Cell& cell) {
  return {cell.count, cell.errors, distribution_of(cell.duration), distribution_of(cell.queries),
          distribution_of(cell.db_time)};
}

model::RouteWindow window_of(const Series& series, Window window, base::Time now) {
  return window_of(window ? series.windows.last(*window, now) : series.totals);
}

model::RouteRow row_of(const UserTables& tables, const SeriesKey& key, const Series& series, Window window,
                       base::Time now) {
  model::RouteRow row;
  row.labels = {tables.user(), tables.name(key.service), tables.name(key.environment), tables.name(key.run)};
  row.kind = key.kind;
  row.method = key.method;
  row.route = tables.name(key.route);
  row.status_class = key.status_class;
  row.window = window_of(series, window, now);
  row.since_start = !window;
  row.failed = series.failed;
  row.incomplete = series.incomplete;
  row.cache_hits = series.cache_hits;
  row.cache_misses = series.cache_misses;
  row.last_seen = series.last_seen;
  const std::uint64_t units = series.totals.count;
  row.findings = static_cast<std::uint64_t>(std::ranges::count_if(
      series.findings.all(), [units](const auto& at) { return at.second.state(units) == model::FindingState::Open; }));
  if (!window && key.kind != model::UnitKind::Outside && units > 0) {
    row.score = analysis::route_score(series.operation, static_cast<std::uint64_t>(row.window.duration.p95),
                                      static_cast<std::uint64_t>(row.window.queries.p95), series.cache_hits,
                                      series.cache_misses, series.findings.worst_severity(units));
  }
  return row;
}

void add_findings(model::FindingTotals& totals, const UserTables& tables) {
  totals.overflowed += tables.findings_share.overflowed;
  totals.partial += tables.judged_in_part;
  for (const auto& [key, series] : tables.all_series()) {
    for (const auto& [id, finding] : series->findings.all()) {
      switch (finding.state(series->totals.count)) {
        case model::FindingState::Open: ++totals.open_by_kind[static_cast<std::size_t>(finding.shown_kind())]; break;
        case model::FindingState::Gone: ++totals.gone; break;
        case model::FindingState::Constant: ++totals.constant; break;
        case model::FindingState::Ignored: ++totals.ignored; break;
      }
    }
  }
}

model::StatementRow row_of(const UserTables& tables, const Statement& statement) {
  model::StatementRow row;
  row.user = tables.user();
  row.fingerprint = statement.fingerprint;
  row.summary = statement.summary;
  row.text = statement.text;
  row.vendor = model::name_of(statement.vendor);
  row.calls = statement.duration.count();
  row.failed = statement.failed;
  row.rows = statement.rows;
  row.duration = distribution_of(statement.duration);
  row.worst_repeat = statement.worst_repeat;
  if (statement.worst_repeat_route != kNoName) row.worst_repeat_route = tables.name(statement.worst_repeat_route);
  for (const NameIndex name : statement.routes.all()) row.routes.push_back(tables.name(name));
  row.more_routes = statement.more_routes;
  return row;
}

model::TimelineEntry entry_of(const SampleRecord& record) {
  return {record.at_ns,       record.duration_ns, record.alias, record.summary,
          record.fingerprint, record.flags,       record.calls};
}

bool sees(std::string_view wanted, std::string_view user) { return wanted.empty() || wanted == user; }

void add_client(model::Totals& totals, const Client& client) {
  totals.loss += client.loss;
  totals.queries += client.queries;
  totals.open += client.open.size();
  totals.incomplete += client.incomplete;
}

}  // namespace

model::ClientRow Client::row() const {
  return {incarnation, labels, pid, client, state, connected, loss, queries, open.size(), incomplete};
}

model::Totals Engine::totals(std::string_view user) const {
  model::Totals out;
  for (const auto& [key, client] : clients_) {
    if (!sees(user, client->labels.user)) continue;
    add_client(out, *client);
    ++out.clients;
  }
  for (const auto& [name, tables] : users_) {
    if (!sees(user, name)) continue;
    out.loss += tables->gone.loss;
    out.gone += tables->gone.loss;
    out.queries += tables->gone.queries;
    out.incomplete += tables->gone.incomplete;
    out.clients_gone += tables->gone.clients_gone;
    out.routes += tables->all_series().size();
    out.statements += static_cast<std::uint64_t>(std::ranges::count_if(
        tables->all_statements(), [](const auto& at) { return at.second->duration.count() > 0; }));
    out.overflowed += tables->overflowed();
    out.runs_forgotten += tables->runs_forgotten();
    add_findings(out.findings, *tables);
  }
  return out;
}

std::vector<model::ClientRow> Engine::clients(std::string_view user, std::size_t most) const {
  std::vector<const Client*> chosen;
  for (const auto& [key, client] : clients_) {
    if (sees(user, client->labels.user)) chosen.push_back(client.get());
  }
  const auto sooner = [](const Client* a, const Client* b) {
    return std::tie(a->state, b->connected, a->incarnation) < std::tie(b->state, a->connected, b->incarnation);
  };
  const auto shown = static_cast<std::ptrdiff_t>(std::min(most, chosen.size()));
  std::ranges::partial_sort(chosen, chosen.begin() + shown, sooner);
  std::vector<model::ClientRow> out;
  for (const Client* client : std::span(chosen).first(static_cast<std::size_t>(shown))) out.push_back(client->row());
  return out;
}

std::vector<RouteKey> Engine::route_keys(std::string_view user) const {
  std::vector<RouteKey> out;
  for (const auto& [name, tables] : users_) {
    if (!sees(user, name)) continue;
    for (const auto& [key, series] : tables->all_series()) out.push_back({name, key, tables->generation()});
  }
  return out;
}

std::optional<model::RouteRow> Engine::route(const RouteKey& key, Window window, base::Time now) const {
  const auto found = users_.find(key.user);
  if (found == users_.end() || found->second->generation() != key.generation) return std::nullopt;
  const Series* series = std::as_const(*found->second).find_series(key.key);
  if (series == nullptr) return std::nullopt;
  return row_of(*found->second, key.key, *series, window, now);
}

std::optional<Engine::RouteName> Engine::route_name(const RouteKey& key) const {
  const auto found = users_.find(key.user);
  if (found == users_.end() || found->second->generation() != key.generation) return std::nullopt;
  return RouteName{found->second->name(key.key.service), found->second->name(key.key.route)};
}

std::optional<model::RouteDetail> Engine::route_detail(const RouteKey& key, base::Time now) const {
  auto row = route(key, std::nullopt, now);
  if (!row) return std::nullopt;
  const UserTables& tables = *users_.at(key.user);
  const Series& series = *tables.find_series(key.key);
  model::RouteDetail out{std::move(*row),
                         window_of(series, 1min, now),
                         window_of(series, 5min, now),
                         window_of(series, 15min, now),
                         {},
                         0};
  std::vector<const Statement*> used;
  for (const auto& [fingerprint, statement] : tables.all_statements()) {
    if (statement->routes.contains(key.key.route)) used.push_back(statement.get());
  }
  const std::size_t shown = std::min(used.size(), kRouteStatementsMax);
  std::ranges::partial_sort(used, used.begin() + static_cast<std::ptrdiff_t>(shown), std::ranges::greater{},
                            [](const Statement* statement) { return statement->duration.sum(); });
  for (const Statement* statement : std::span(used).first(shown)) out.statements.push_back(row_of(tables, *statement));
  out.statements_left_out = used.size() - shown;
  return out;
}

std::vector<StatementKey> Engine::statement_keys(std::string_view user) const {
  std::vector<StatementKey> out;
  for (const auto& [name, tables] : users_) {
    if (!sees(user, name)) continue;
    for (const auto& [fingerprint, statement] : tables->all_statements()) {
      if (statement->duration.count() > 0) out.push_back({name, fingerprint, statement->check});
    }
  }
  return out;
}

std::optional<model::StatementRow> Engine::statement(const StatementKey& key) const {
  const auto found = users_.find(key.user);
  if (found == users_.end()) return std::nullopt;
  const Statement* statement = found->second->find_statement(key.fingerprint, key.check);
  if (statement == nullptr || statement->duration.count() == 0) return std::nullopt;
  return row_of(*found->second, *statement);
}

std::vector<model::UnitRow> Engine::units(std::string_view user) const {
  std::vector<model::UnitRow> out;
  const auto add = [&out](const auto& from, const model::Labels& labels, const std::string& incarnation,
                          model::UnitState state) {
    model::UnitRow row{labels, incarnation, state, from.header, from.route, from.end, {}, from.records_left_out};
    for (const SampleRecord& record : from.records) row.records.push_back(entry_of(record));
    out.push_back(std::move(row));
  };
  for (const auto& [key, client] : clients_) {
    if (!sees(user, client->labels.user)) continue;
    for (const auto& [id, open] : client->open) add(open, client->labels, client->incarnation, model::UnitState::Open);
  }
  for (const auto& [name, tables] : users_) {
    if (!sees(user, name)) continue;
    for (const UnitSample& sample : tables->samples()) {
      add(sample, sample.labels, sample.incarnation,
          sample.incomplete ? model::UnitState::Incomplete : model::UnitState::Closed);
    }
  }
  return out;
}

std::vector<std::string> Engine::users() const {
  std::vector<std::string> out;
  for (const auto& [name, tables] : users_) out.push_back(name);
  std::ranges::sort(out);
  return out;
}

std::vector<FindingKey> Engine::finding_keys(std::string_view user, const FindingFilter& filter) const {
  std::vector<std::tuple<bool, std::uint64_t, FindingKey>> found;  // of the whole unit, saving
  for (const auto& [name, tables] : users_) {
    if (!sees(user, name)) continue;
    for (const auto& [key, series] : tables->all_series()) {
      if (series->findings.all().empty() || tables->name(key.route).find(filter.route) == std::string::npos) continue;
      for (const auto& [id, finding] : series->findings.all()) {
        const bool shown = filter.all || finding.state(series->totals.count) == model::FindingState::Open;
        const bool of_kind = filter.kind.empty() || model::name_of(finding.shown_kind()) == filter.kind;
        if (!shown || !of_kind || (!filter.id.empty() && !fmt::format("{:016x}", id).starts_with(filter.id))) continue;
        found.emplace_back(finding.worst.fingerprint == 0, finding.saving_ns,
                           FindingKey{name, key, id, tables->generation()});
      }
    }
  }
  std::ranges::sort(found, [](const auto& a, const auto& b) {
    const auto& [a_whole, a_saving, a_key] = a;
    const auto& [b_whole, b_saving, b_key] = b;
    return std::tie(a_whole, b_saving, a_key.id) < std::tie(b_whole, a_saving, b_key.id);
  });
  std::vector<FindingKey> out;
  out.reserve(found.size());
  for (auto& [whole, saving, key] : found) out.push_back(std::move(key));
  return out;
}

std::optional<model::FindingRow> Engine::finding(const FindingKey& key, bool with_sample) const {
  const auto user = users_.find(key.user);
  if (user == users_.end() || user->second->generation() != key.generation) return std::nullopt;
  const UserTables& tables = *user->second;
  const Series* series = tables.find_series(key.key);
  if (series == nullptr) return std::nullopt;
  const auto found = series->findings.all().find(key.id);
  if (found == series->findings.all().end()) return std::nullopt;
  const RouteFinding& from = found->second;
  model::FindingRow row;
  row.labels = {key.user, tables.name(key.key.service), tables.name(key.key.environment), tables.name(key.key.run)};
  row.unit_kind = key.key.kind;
  row.method = key.key.method;
  row.route = tables.name(key.key.route);
  row.status_class = key.key.status_class;
  row.route_units = series->totals.count;
  row.finding = from.shown(row.route_units);
  row.state = from.state(row.route_units);
  row.proven = from.proven();
  row.alias = from.alias;
  row.summary = from.summary;
  row.text = from.text;
  row.source_summaries = from.source_summaries;
  row.places = from.places;
  row.repeats_min = from.repeats_min;
  row.repeats_max = from.repeats_max;
  row.units = from.units;
  row.total_time_ns = from.total_time_ns;
  row.saving_ns = from.saving_ns;
  row.first_seen = from.first_seen;
  row.last_seen = from.last_seen;
  if (with_sample && from.sample) row.sample = *from.sample;
  return row;
}

}  // namespace mercury::aggregate
