// Rows as a daemon would send them, for the pages and for the fake daemon.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace mercury::cli::testing {

using nlohmann::json;

inline json route_row(const std::string& method, const std::string& route, int count, double mean_ms,
                      const std::string& status_class = "2xx") {
  return {{"user", "1000"},
          {"service", "shop"},
          {"environment", "development"},
          {"run", ""},
          {"kind", method.empty() ? "task" : "request"},
          {"method", method},
          {"route", route},
          {"status_class", method.empty() ? "" : status_class},
          {"count", count},
          {"errors", status_class == "5xx" ? count : 0},
          {"failed", 0},
          {"incomplete", 0},
          {"duration_ms",
           {{"p50", mean_ms}, {"p95", 2 * mean_ms}, {"p99", 3 * mean_ms}, {"max", 4 * mean_ms}, {"mean", mean_ms}}},
          {"queries", {{"mean", 3.5}, {"max", 7}, {"p95", 6}, {"total", 3.5 * count}}},
          {"db_time_ms", {{"mean", mean_ms / 2}, {"p95", mean_ms}, {"total", mean_ms / 2 * count}}},
          {"cache", {{"hits", 0}, {"misses", 0}}},
          {"findings", nullptr},
          {"grade", nullptr},
          {"score", nullptr},
          {"last_seen_s", 3.2}};
}

inline json statement_row(const std::string& fingerprint, const std::string& summary, int calls, double mean_ms) {
  return {{"user", "1000"},
          {"fingerprint", fingerprint},
          {"summary", summary},
          {"text", summary + " WHERE id = ?"},
          {"vendor", "postgresql"},
          {"calls", calls},
          {"failed", 0},
          {"rows", calls},
          {"duration_ms",
           {{"p50", mean_ms},
            {"p95", 2 * mean_ms},
            {"p99", 3 * mean_ms},
            {"max", 4 * mean_ms},
            {"mean", mean_ms},
            {"total", mean_ms * calls}}},
          {"worst_repeat", {{"count", 51}, {"route", "shop/orders/"}}},
          {"routes", {"shop/orders/"}},
          {"more_routes", 0}};
}

inline json detail_row(json row, const json& statements) {
  json window;
  for (const char* key : {"count", "errors", "duration_ms", "queries", "db_time_ms"}) window[key] = row[key];
  for (const char* name : {"1m", "5m", "15m", "all"}) row["windows"][name] = window;
  row["statements"] = statements;
  return row;
}

inline json units_of(int created, int acknowledged, const json& dropped, int buffered) {
  return {{"created", created},       {"acknowledged", acknowledged},
          {"dropped", dropped},       {"buffered", buffered},
          {"received", acknowledged}, {"duplicates", 0},
          {"lost_in_restart", 0},     {"open", 1},
          {"incomplete", 0}};
}

inline json status_row() {
  const json units = units_of(2000, 2000, {{"buffer_full", 0}}, 0);
  return {{"schema_version", 1},
          {"version", "0.1.0"},
          {"protocol", 1},
          {"pid", 4711},
          {"uptime_s", 8000.5},
          {"address", "unix:///run/user/1000/mercury/mercuryd-1.sock"},
          {"state", "running"},
          {"memory_bytes", 12345678},
          {"restarts", 0},
          {"restored", nullptr},
          {"connections", 2},
          {"units", units},
          {"queries", {{"received", 14000}}},
          {"series", {{"routes", 12}, {"statements", 34}, {"overflowed", 0}}},
          {"findings", {{"total", 7}, {"by_kind", {{"n_plus_one", 3}, {"slow_query", 4}, {"write_loop", 0}}}}},
          {"errors", json::object()},
          {"rejects", json::object()},
          {"clients",
           {{{"incarnation", std::string(32, 'a')},
             {"user", "1000"},
             {"pid", 1234},
             {"service", "shop"},
             {"environment", "development"},
             {"run", ""},
             {"client", "mercuryd-python/0.1.0"},
             {"state", "connected"},
             {"connected_s", 730.2},
             {"units", units},
             {"queries", 14000}}}},
          {"clients_left_out", 0},
          {"gone", {{"clients", 0}}}};
}

}  // namespace mercury::cli::testing
