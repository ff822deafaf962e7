#include <fmt/format.h>

#include "view/json.h"
#include "view/rows.h"

namespace mercury::view {
namespace {

Json duration_json(const model::Distribution& of) {
  return {{"p50", number(of, of.p50, kMs)},
          {"p95", number(of, of.p95, kMs)},
          {"p99", number(of, of.p99, kMs)},
          {"max", number(of, of.max, kMs)},
          {"mean", number(of, mean(of), kMs)}};
}

void add_window(Json& out, const model::RouteWindow& window) {
  out["count"] = window.count;
  out["errors"] = window.errors;
  out["duration_ms"] = duration_json(window.duration);
  const model::Distribution& queries = window.queries;
  out["queries"] = {{"mean", number(queries, mean(queries), 1)},
                    {"max", number(queries, queries.max, 1)},
                    {"p95", number(queries, queries.p95, 1)},
                    {"total", number(queries, queries.sum, 1)}};
  const model::Distribution& db = window.db_time;
  out["db_time_ms"] = {
      {"mean", number(db, mean(db), kMs)}, {"p95", number(db, db.p95, kMs)}, {"total", number(db, db.sum, kMs)}};
}

Json window_json(const model::RouteWindow& window) {
  Json out = Json::object();
  add_window(out, window);
  return out;
}

Json route_json(const model::RouteRow& row, base::Time now) {
  Json out = {{"user", row.labels.user},
              {"service", row.labels.service},
              {"environment", row.labels.environment},
              {"run", row.labels.run},
              {"kind", name_of(row.kind)},
              {"method", name_of(row.method)},
              {"route", row.route},
              {"status_class", status_class_text(row.status_class)}};
  add_window(out, row.window);
  const auto known = [&row](std::uint64_t count) { return row.since_start ? Json(count) : Json(nullptr); };
  out["failed"] = known(row.failed);
  out["incomplete"] = known(row.incomplete);
  out["cache"] = {{"hits", known(row.cache_hits)}, {"misses", known(row.cache_misses)}};
  out["findings"] = row.findings;
  out["grade"] = row.score ? Json(row.score->grade) : Json(nullptr);
  out["score"] = row.score ? Json(row.score->value) : Json(nullptr);
  out["last_seen_s"] = seconds_between(row.last_seen, now);
  return out;
}

}  // namespace

std::string status_class_text(std::uint8_t status_class) {
  return status_class == 0 ? "" : fmt::format("{}xx", status_class);
}

std::string route_row(const model::RouteRow& row, base::Time now) { return dump(route_json(row, now)); }

std::string route_detail_row(const model::RouteDetail& detail, base::Time now) {
  Json out = route_json(detail.row, now);
  out["windows"] = {{"1m", window_json(detail.last_1m)},
                    {"5m", window_json(detail.last_5m)},
                    {"15m", window_json(detail.last_15m)},
                    {"all", window_json(detail.row.window)}};
  Json statements = Json::array();
  for (const model::StatementRow& statement : detail.statements) statements.push_back(statement_json(statement));
  out["statements"] = std::move(statements);
  out["statements_left_out"] = detail.statements_left_out;
  return dump(out);
}

}  // namespace mercury::view
