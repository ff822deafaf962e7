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

model::FindingRow finding() {
  model::FindingRow row;
  row.labels = {"1000", "shop", "production", ""};
  row.route = "books/";
  row.finding.id = 0xab;
  row.finding.fingerprint = 0xcd;
  row.finding.level = model::Level::Fail;
  row.finding.severity = 3;
  row.finding.relation = "shop.Book.author";
  row.finding.trigger.file = "/srv/views.py";
  row.finding.trigger.line = 11;
  row.finding.sources = {{0xef, {}}};
  row.finding.suggestion = {"select_related", "author", "do it",
                            ".x()",           false,    model::Edit{"/srv/views.py", ".x()", 9, 4}};
  row.source_summaries = {"SELECT shop_book"};
  row.repeats_min = 3;
  row.repeats_max = 31;
  row.total_time_ns = 5'000'000;
  row.first_seen = kNow - 9s;
  row.last_seen = kNow - 2s;
  return row;
}

TEST(FindingRow, HasTheFieldsOfTheProtocol) {
  const json row = json::parse(finding_row(finding(), false, kNow));
  EXPECT_EQ(
      keys_of(row),
      (std::set<std::string>{
          "user",          "service",     "environment", "run",         "unit_kind",     "method",     "route",
          "status_class",  "id",          "kind",        "level",       "likely",        "severity",   "severity_name",
          "state",         "proven",      "ignored",     "fingerprint", "summary",       "text",       "alias",
          "repeats_max",   "repeats_min", "units",       "route_units", "total_time_ms", "saving_ms",  "relation",
          "relation_kind", "operation",   "trigger",     "places",      "sources",       "suggestion", "lesson",
          "first_seen_s",  "last_seen_s", "gone_s"}));
  EXPECT_EQ(row.at("id"), "00000000000000ab");
  EXPECT_EQ(row.at("kind"), "n_plus_one");
  EXPECT_EQ(row.at("level"), "fail");
  EXPECT_EQ(row.at("severity_name"), "high");
  EXPECT_EQ(row.at("total_time_ms"), 5.0);
  EXPECT_EQ(row.at("trigger").at("line"), 11);
  EXPECT_TRUE(row.at("trigger").at("template").is_null());
  EXPECT_EQ(row.at("sources").at(0).at("summary"), "SELECT shop_book");
  EXPECT_EQ(row.at("suggestion").at("edit"),
            (json{{"file", "/srv/views.py"}, {"line", 9}, {"column", 4}, {"insert", ".x()"}}));
  EXPECT_EQ(row.at("suggestion").at("read").get<std::string>().substr(0, 8), "https://");
  EXPECT_EQ(row.at("lesson").at("title"), "N+1 queries");
  EXPECT_EQ(row.at("last_seen_s"), 2.0);
  EXPECT_TRUE(row.at("gone_s").is_null());
}

TEST(FindingRow, OfTheWholeUnitHasNoStatement) {
  model::FindingRow row = finding();
  row.finding.kind = model::FindingKind::TooManyQueries;
  row.finding.fingerprint = 0;
  row.state = model::FindingState::Gone;
  const json shown = json::parse(finding_row(row, false, kNow));
  for (const char* key : {"fingerprint", "summary", "text", "alias"}) EXPECT_TRUE(shown.at(key).is_null()) << key;
  EXPECT_EQ(shown.at("gone_s"), 2.0);
}

TEST(FindingRow, OfExplainHasItsWorstUnit) {
  model::FindingRow row = finding();
  EXPECT_TRUE(json::parse(finding_row(row, true, kNow)).at("sample").is_null());
  model::FindingSample sample;
  sample.header.queries = 32;
  sample.count = 31;
  sample.end = kNow - 4s;
  sample.records.push_back({2'000'000, 1'000'000, "default", "SELECT a", 7, model::record_flag::kFailed, 1,
                            model::FindingSample::Entry::Role::Repeat});
  row.sample = sample;
  const json shown = json::parse(finding_row(row, true, kNow)).at("sample");
  EXPECT_EQ(shown.at("count"), 31);
  EXPECT_EQ(shown.at("age_s"), 4.0);
  EXPECT_EQ(shown.at("records").at(0).at("role"), "repeat");
  EXPECT_EQ(shown.at("records").at(0).at("flags"), json{"failed"});
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
