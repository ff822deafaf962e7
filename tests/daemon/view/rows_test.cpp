#include "view/rows.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace mercury::view {
namespace {

using json = nlohmann::json;
using namespace std::chrono_literals;

constexpr base::Time kNow{std::chrono::hours(1'000'000)};

std::set<std::string> keys_of(const json& object) {
  std::set<std::string> out;
  for (const auto& [key, value] : object.items()) out.insert(key);
  return out;
}

model::Distribution distribution(std::uint64_t count, double each) {
  return {count, each * static_cast<double>(count), each, each, each, each};
}

model::RouteRow route() {
  model::RouteRow row;
  row.labels = {"1000", "shop", "production", ""};
  row.method = model::Method::Get;
  row.route = "books/<int:pk>/";
  row.status_class = 2;
  row.window = {4, 1, distribution(4, 2e6), distribution(4, 3), distribution(4, 5e5)};
  row.failed = 1;
  row.cache_hits = 7;
  row.last_seen = kNow - 5s;
  return row;
}

TEST(RouteRow, HasTheFieldsOfTheProtocolInItsUnits) {
  const json row = json::parse(route_row(route(), kNow));
  EXPECT_EQ(keys_of(row), (std::set<std::string>{"user",   "service",    "environment",  "run",     "kind",
                                                 "method", "route",      "status_class", "count",   "errors",
                                                 "failed", "incomplete", "duration_ms",  "queries", "db_time_ms",
                                                 "cache",  "findings",   "grade",        "score",   "last_seen_s"}));
  EXPECT_EQ(row.at("duration_ms"), (json{{"p50", 2.0}, {"p95", 2.0}, {"p99", 2.0}, {"max", 2.0}, {"mean", 2.0}}));
  EXPECT_EQ(row.at("queries"), (json{{"mean", 3.0}, {"max", 3.0}, {"p95", 3.0}, {"total", 12.0}}));
  EXPECT_EQ(row.at("db_time_ms"), (json{{"mean", 0.5}, {"p95", 0.5}, {"total", 2.0}}));
  EXPECT_EQ(row.at("status_class"), "2xx");
  EXPECT_EQ(row.at("cache").at("hits"), 7);
  EXPECT_EQ(row.at("last_seen_s"), 5.0);
}

TEST(RouteRow, SaysNullWhereNothingWasMeasured) {
  model::RouteRow row = route();
  row.window = {};
  row.since_start = false;
  const json shown = json::parse(route_row(row, kNow));
  EXPECT_EQ(shown.at("count"), 0);
  EXPECT_TRUE(shown.at("duration_ms").at("p95").is_null());
  EXPECT_TRUE(shown.at("failed").is_null());
  EXPECT_TRUE(shown.at("cache").at("hits").is_null());
}

TEST(StatusRow, HasTheFieldsOfTheProtocol) {
  StatusFacts facts;
  facts.snapshot_path = "/state/x";
  facts.snapshot_written = kNow - 3s;
  facts.snapshot_behind = true;
  model::Totals totals;
  totals.loss.created = 10;
  totals.loss.folded = 6;
  totals.loss.lost_in_restart = 1;
  totals.loss.dropped[0] = 2;
  totals.clients = 3;
  model::ClientRow client;
  client.incarnation = "a";
  const json row = json::parse(status_row(facts, totals, {client}, kNow));
  EXPECT_EQ(keys_of(row), (std::set<std::string>{
                              "schema_version", "version",          "protocol", "pid",      "uptime_s", "address",
                              "state",          "memory_bytes",     "restarts", "restored", "snapshot", "connections",
                              "units",          "queries",          "series",   "errors",   "rejects",  "limits",
                              "clients",        "clients_left_out", "findings", "gone"}));
  EXPECT_EQ(row.at("snapshot"), (json{{"path", "/state/x"}, {"age_s", 3.0}, {"behind", true}}));
  EXPECT_EQ(row.at("units").at("created"), 10);
  EXPECT_EQ(row.at("units").at("acknowledged"), 7);
  EXPECT_EQ(row.at("units").at("received"), 6);
  EXPECT_EQ(row.at("units").at("buffered"), 1);
  EXPECT_EQ(row.at("clients_left_out"), 2);
}

TEST(StatusRow, FitsAFrameWhateverLabelsAClientChose) {
  model::ClientRow client;
  client.incarnation = std::string(32, 'a');
  client.labels = {std::string(128, '\x01'), std::string(128, '\x01'), std::string(128, '\x01'),
                   std::string(128, '\x01')};
  model::Totals totals;
  totals.clients = 500;
  const std::string row = status_row({}, totals, std::vector<model::ClientRow>(500, client), kNow);
  EXPECT_LT(row.size(), 300U * 1024);
  const json shown = json::parse(row);
  EXPECT_EQ(shown.at("clients").size() + shown.at("clients_left_out").get<std::size_t>(), 500U);
}

TEST(AnyRow, ReplacesBytesThatAreNotUtf8) {
  model::RouteRow row = route();
  row.route = "caf\xe9/";
  EXPECT_EQ(json::parse(route_row(row, kNow)).at("route"), "caf\xef\xbf\xbd/");
}

TEST(UnitRow, NamesFlagsAndIds) {
  model::UnitRow row;
  row.header.unit_id = 255;
  row.header.queries = 2;
  row.end = kNow - 1s;
  row.records.push_back(
      {1'000'000, 2'000'000, "default", "SELECT a", 0xabc, model::record_flag::kMany | model::record_flag::kFailed, 3});
  const json shown = json::parse(unit_row(row, kNow));
  EXPECT_EQ(shown.at("unit_id"), "00000000000000ff");
  EXPECT_TRUE(shown.at("parent_id").is_null());
  EXPECT_TRUE(shown.at("status").is_null());
  EXPECT_EQ(shown.at("records").at(0).at("flags"), (json{"many", "failed"}));
  EXPECT_EQ(shown.at("records").at(0).at("fingerprint"), "0000000000000abc");
  EXPECT_EQ(shown.at("records").at(0).at("at_ms"), 1.0);
}

}  // namespace
}  // namespace mercury::view
