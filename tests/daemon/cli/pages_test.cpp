// Whole pages from fixed rows: what a person sees is what stands here.
#include "cli/pages.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/routes.h"
#include "cli/text.h"
#include "daemon/cli/rows.h"

namespace mercury::cli {
namespace {

using nlohmann::json;
using testing::detail_row;
using testing::route_row;
using testing::statement_row;

const Style kWide{Colors::Never, 120};
const Style kNarrow{Colors::Never, 80};
const Here kNowhere;
constexpr std::int64_t kNow = 1795375931;  // 2026-11-22 19:32:11 UTC

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(StatusPage, IsAPageThatAPersonUnderstands) {
  EXPECT_EQ(render_status(testing::status_row(), kNow, kWide), R"(mercuryd 0.1.0 is running, pid 4711, protocol 1
  up        2 h 13 min, since 2026-11-22 17:18:51 UTC
  address   unix:///run/user/1000/mercury/mercuryd-1.sock
  memory    12.3 MB
  restarts  0

Measured
  units     2,000 created = 2,000 acknowledged + 0 dropped + 0 buffered ✓
            2,000 received, 0 duplicates, 0 lost in restarts
            1 open, 0 incomplete
  dropped   none
  queries   14,000
  series    12 routes, 34 statements, 0 overflowed
  findings  7 (3 n_plus_one, 4 slow_query)
  errors    none
  rejects   none

Clients
                                                                                     acknow-
  service  environment   pid  user  client            state        connected  units   ledged  dropped  buffered  queries
  shop     development  1234  1000  mercuryd…n/0.1.0  connected  12 min 10 s  2,000    2,000        0         0   14,000
)");
}

TEST(StatusPage, SaysWhatWasLostAndWhy) {
  json status = testing::status_row();
  status["units"] = testing::units_of(2000, 1983, {{"buffer_full", 12}, {"exit", 3}, {"rejected", 0}}, 2);
  status["errors"] = {{"frame_too_large", 1}, {"unit_invalid", 1234}};
  status["rejects"] = {{"version_unsupported", 2}};
  const std::string page = render_status(status, kNow, kWide);
  EXPECT_TRUE(has(page, "2,000 created = 1,983 acknowledged + 15 dropped + 2 buffered ✓")) << page;
  EXPECT_TRUE(has(page, "dropped   buffer_full 12, exit 3\n")) << page;
  EXPECT_TRUE(has(page, "errors    frame_too_large 1, unit_invalid 1,234\n")) << page;
  EXPECT_TRUE(has(page, "rejects   version_unsupported 2\n")) << page;
}

TEST(StatusPage, DoesNotBelieveASumThatIsWrong) {
  json status = testing::status_row();
  status["units"]["acknowledged"] = 1990;
  EXPECT_TRUE(
      has(render_status(status, kNow, kWide), "1,990 acknowledged + 0 dropped + 0 buffered ✗ (10 not accounted for)"));
}

TEST(StatusPage, TellsARestoredDaemonAndForgottenClients) {
  json status = testing::status_row();
  status["restarts"] = 2;
  status["restored"] = 61.4;
  status["gone"]["clients"] = 5;
  status["clients_left_out"] = 7;
  const std::string page = render_status(status, kNow, kWide);
  EXPECT_TRUE(has(page, "restarts  2; began with a snapshot 1 min 1 s old\n")) << page;
  EXPECT_TRUE(has(page, "Clients (5 more were forgotten; the sums above hold them)\n")) << page;
  EXPECT_TRUE(has(page, "\n  7 more are not listed\n")) << page;
}

TEST(StatusPage, CountsFindingsAsFarAsTheDaemonDoes) {
  json status = testing::status_row();
  status["findings"] = {{"total", 0}, {"by_kind", json::object()}};
  EXPECT_TRUE(has(render_status(status, kNow, kWide), "\n  findings  0\n"));
  status["findings"]["overflowed"] = 12;
  status["findings"]["partial"] = 3;
  const std::string page = render_status(status, kNow, kWide);
  EXPECT_TRUE(has(page, "12 not listed: there is no room for more"));
  EXPECT_TRUE(has(page, "3 units judged without some of their queries"));
  status["findings"] = nullptr;
  EXPECT_TRUE(has(render_status(status, kNow, kWide), "\n  findings  –\n"));
}

TEST(StatusPage, ShowsADashForWhatIsNotThere) {
  const std::string page = render_status(json::object(), kNow, kWide);
  EXPECT_TRUE(has(page, "memory    –\n")) << page;
  EXPECT_TRUE(has(page, "– received")) << page;
  EXPECT_TRUE(has(page, "Clients\n  none\n")) << page;
}

TEST(RoutesPage, NumbersTheRoutesAndAlignsTheirNumbers) {
  json rows{route_row("GET", "shop/orders/", 1234, 12.34), route_row("POST", "shop/orders/<int:pk>/", 7, 250)};
  sort_routes(rows, "time");
  EXPECT_EQ(render_routes(rows, {"all", "time", 50}, kWide),
            R"(                                                      p50    p95    max  queries  queries      db
#  method  route                  requests  errors     ms     ms     ms     /req      max  ms/req
1  GET     shop/orders/              1,234       0   12.3   24.7   49.4      3.5        7    6.17
2  POST    shop/orders/<int:pk>/         7       0  250.0  500.0  1,000      3.5        7   125.0
2 rows, since the start, by time
)");
}

TEST(RoutesPage, ShowsOnlyTheColumnsThatTellRowsApart) {
  json rows{route_row("GET", "a/", 1, 1), route_row("GET", "a/", 1, 1, "5xx")};
  EXPECT_TRUE(has(render_routes(rows, {"all", "time", 50}, kWide), "route  status  requests"));
  rows = {route_row("GET", "a/", 1, 1), route_row("GET", "b/", 1, 1)};
  EXPECT_FALSE(has(render_routes(rows, {"all", "time", 50}, kWide), "status"));
  rows[1]["service"] = "blog";
  rows[1]["user"] = "1001";
  const std::string page = render_routes(rows, {"all", "time", 50}, kWide);
  EXPECT_TRUE(has(page, "service  user  requests")) << page;
  EXPECT_FALSE(has(page, "environment")) << page;
}

TEST(RoutesPage, HasAGradeOnlyIfTheDaemonGivesOne) {
  json rows = json::array({route_row("GET", "a/", 1, 1)});
  EXPECT_FALSE(has(render_routes(rows, {"all", "time", 50}, kWide), "grade"));
  rows[0]["grade"] = "B+";
  EXPECT_TRUE(has(render_routes(rows, {"all", "time", 50}, kWide), "grade"));
  EXPECT_TRUE(has(render_routes(rows, {"all", "time", 50}, kWide), "B+"));
}

TEST(RoutesPage, SaysHowManyRowsItLeavesOut) {
  const json rows{route_row("GET", "a/", 3, 1), route_row("GET", "b/", 2, 1), route_row("GET", "c/", 1, 1)};
  EXPECT_TRUE(has(render_routes(rows, {"5m", "p95", 1}, kWide), "\n3 rows, last 5m, by p95; 2 more with --limit 0\n"));
  EXPECT_TRUE(has(render_routes(rows, {"all", "time", 3}, kWide), "\n3 rows, since the start, by time\n"));
  EXPECT_EQ(render_routes(json::array(), {"1m", "time", 3}, kWide),
            "Nothing was measured in the last 1m; --window all shows all since the start.\n");
}

TEST(RoutesPage, ShowsADashWhereNothingWasMeasured) {
  json row = route_row("GET", "a/", 0, 1);
  for (const char* key : {"duration_ms", "queries", "db_time_ms"}) row[key] = nullptr;
  const std::string page = render_routes(json::array({row}), {"all", "time", 50}, kWide);
  EXPECT_FALSE(has(page, "null"));
  EXPECT_TRUE(has(page, "1  GET     a/            0       0    –    –    –        –        –       –\n")) << page;
}

TEST(SortRoutes, KnowsEachOrderAndIsTheSameForEqualRows) {
  json a = route_row("GET", "a/", 10, 5);        // 50 ms in all
  json b = route_row("GET", "b/", 1, 40);        // 40 ms
  json c = route_row("GET", "c/", 3, 1, "5xx");  // 3 ms
  c["queries"]["mean"] = 90;
  b["db_time_ms"]["total"] = 1000;
  const auto first = [&](const std::string& order) {
    json rows{c, b, a};
    sort_routes(rows, order);
    return rows[0]["route"].get<std::string>();
  };
  EXPECT_EQ(first("time"), "a/");
  EXPECT_EQ(first("count"), "a/");
  EXPECT_EQ(first("p95"), "b/");
  EXPECT_EQ(first("db"), "b/");
  EXPECT_EQ(first("queries"), "c/");
  EXPECT_EQ(first("errors"), "c/");
  json same{route_row("GET", "b/", 1, 1), route_row("GET", "a/", 1, 1, "5xx"), route_row("GET", "a/", 1, 1)};
  sort_routes(same, "time");
  EXPECT_EQ(same[0]["route"], "a/");
  EXPECT_EQ(same[0]["status_class"], "2xx");
  EXPECT_EQ(same[2]["route"], "b/");
}

TEST(RoutePage, ShowsWindowsAndStatements) {
  const json statements{statement_row("0b", "SELECT shop_item", 20, 0.04),
                        statement_row("0a", "SELECT shop_order", 10, 1.5)};
  const json rows{detail_row(route_row("GET", "shop/orders/", 10, 5), statements),
                  detail_row(route_row("GET", "shop/orders/", 1, 5, "5xx"), statements)};
  EXPECT_EQ(render_route(rows, json(), 50, kNowhere, kWide), R"(GET shop/orders/
  service shop, environment development, user 1000

2xx: 10 requests, 0 errors, 0 failed, 0 incomplete; last seen 3.2 s ago
                             p50   p95   p99   max  queries  queries  queries      db  db p95
  window  requests  errors    ms    ms    ms    ms     /req      p95      max  ms/req      ms
  1m            10       0  5.00  10.0  15.0  20.0      3.5        6        7    2.50    5.00
  5m            10       0  5.00  10.0  15.0  20.0      3.5        6        7    2.50    5.00
  15m           10       0  5.00  10.0  15.0  20.0      3.5        6        7    2.50    5.00
  all           10       0  5.00  10.0  15.0  20.0      3.5        6        7    2.50    5.00

5xx: 1 request, 1 error, 0 failed, 0 incomplete; last seen 3.2 s ago
                             p50   p95   p99   max  queries  queries  queries      db  db p95
  window  requests  errors    ms    ms    ms    ms     /req      p95      max  ms/req      ms
  1m             1       1  5.00  10.0  15.0  20.0      3.5        6        7    2.50    5.00
  5m             1       1  5.00  10.0  15.0  20.0      3.5        6        7    2.50    5.00
  15m            1       1  5.00  10.0  15.0  20.0      3.5        6        7    2.50    5.00
  all            1       1  5.00  10.0  15.0  20.0      3.5        6        7    2.50    5.00

Statements, counted in every route that uses them
                                                                           mean   p95   max  total   worst
  #  statement          text                          calls  failed  rows    ms    ms    ms     ms  repeat  in
  1  SELECT shop_order  SELECT shop_or… WHERE id = ?     10       0    10  1.50  3.00  6.00   15.0      51  shop/orders/
  2  SELECT shop_item   SELECT shop_it… WHERE id = ?     20       0    20  0.04  0.08  0.16   0.80      51  shop/orders/
)");
  EXPECT_TRUE(has(render_route(rows, json(), 1, kNowhere, kWide), "\n  1 more with --limit 0\n"));
}

TEST(StatementsPage, ShowsWhatEachStatementCosts) {
  json rows{statement_row("0b", "SELECT shop_item", 20, 0.04), statement_row("0a", "SELECT shop_order", 10, 1.5)};
  rows[0]["failed"] = 2;
  sort_statements(rows, "time");
  EXPECT_EQ(
      render_statements(rows, {"", "time", 50}, kWide),
      R"(                                                                           mean   p95   max  total   worst
#  statement          text                            calls  failed  rows    ms    ms    ms     ms  repeat  in
1  SELECT shop_order  SELECT shop_order WHERE id = ?     10       0    10  1.50  3.00  6.00   15.0      51  shop/orders/
2  SELECT shop_item   SELECT shop_item WHERE id = ?      20       2    20  0.04  0.08  0.16   0.80      51  shop/orders/
2 statements, by time
)");
  sort_statements(rows, "calls");
  EXPECT_EQ(rows[0]["fingerprint"], "0b");
  EXPECT_EQ(render_statements(json::array(), {"", "time", 50}, kWide), "No statement was measured yet.\n");
}

json record(double at_ms, double duration_ms, const std::string& summary, const json& flags = json::array()) {
  return {{"at_ms", at_ms},     {"duration_ms", duration_ms}, {"alias", "default"},
          {"summary", summary}, {"fingerprint", summary},     {"flags", flags},
          {"calls", 1}};
}

json unit(const json& records) {
  return {{"user", "1000"},
          {"incarnation", std::string(32, 'a')},
          {"unit_id", "0000000000000005"},
          {"parent_id", nullptr},
          {"state", "closed"},
          {"kind", "request"},
          {"method", "GET"},
          {"route", "shop/orders/"},
          {"status", 200},
          {"duration_ms", 100},
          {"db_time_ms", 62},
          {"queries", records.size()},
          {"age_s", 12},
          {"records", records},
          {"records_left_out", 0}};
}

TEST(UnitsPage, DrawsTheStatementsOverTimeAndRepeatsAsOneLine) {
  json records = json::array({record(0, 10, "SELECT shop_order")});
  for (int i = 0; i < 50; ++i) records.push_back(record(10 + i, 1, "SELECT shop_customer"));
  records.push_back(record(98, 2, "UPDATE shop_order", {"failed"}));
  EXPECT_EQ(render_units(json::array({unit(records)}), {"", "duration", 5}, kNarrow),
            R"(1. GET shop/orders/  200, 100.0 ms (db 62.0 ms, 52 queries), 12 s ago
    at ms   ms 0 to 100.0 ms                  statement                 calls
        0 10.0 ███··························· SELECT shop_order             1
     10.0 50.0 ···███████████████············ SELECT shop_customer         50
     98.0 2.00 ·····························█ failed: UPDATE shop_order     1

1 unit, by duration
)");
}

TEST(UnitsPage, NamesAUnitThatIsStillOpenAndWhatWasNotKept) {
  json open = unit(json::array({record(0, 200, "SELECT a")}));  // a record that ends after what is known of the unit
  open["state"] = "open";
  open["status"] = nullptr;
  open["records_left_out"] = 1234;
  const std::string page = render_units(json::array({open}), {"", "duration", 5}, kNarrow);
  EXPECT_TRUE(has(page, "1. GET shop/orders/  open, 100.0 ms (db 62.0 ms, 1 query), 12 s ago\n")) << page;
  EXPECT_TRUE(has(page, "0 to 200.0 ms")) << page;
  EXPECT_TRUE(has(page, "    1,234 more queries were counted but not kept\n")) << page;
  EXPECT_TRUE(has(render_units(json::array({unit(json::array())}), {"", "duration", 5}, kNarrow), "    no queries\n"));
}

TEST(UnitsPage, ShowsThirtyLinesOfAUnitAndCountsTheRest) {
  json records = json::array();
  for (int i = 0; i < 30; ++i) records.push_back(record(i, 1, "SELECT t" + std::to_string(i)));
  EXPECT_FALSE(has(render_units(json::array({unit(records)}), {"", "duration", 5}, kNarrow), "more lines"));
  records.push_back(record(30, 1, "SELECT last"));
  const std::string page = render_units(json::array({unit(records)}), {"", "duration", 5}, kNarrow);
  EXPECT_TRUE(has(page, "    1 more lines; --json has all\n")) << page;
  EXPECT_FALSE(has(page, "SELECT last"));
}

TEST(TopPage, TakesTheGradesThatARowHasSinceTheStart) {
  json rows{route_row("GET", "a/", 1, 1), route_row("GET", "a/", 1, 1, "5xx"), route_row("GET", "new/", 1, 1)};
  json all{route_row("GET", "a/", 9, 1), route_row("GET", "a/", 9, 1, "5xx")};
  all[0]["grade"] = "A+";
  all[0]["findings"] = 3;
  all[1]["grade"] = "F";
  rows[0]["findings"] = 2;
  take_grades(rows, all);
  EXPECT_EQ(rows[0]["grade"], "A+");
  EXPECT_EQ(rows[0]["findings"], 2) << "what the row says itself stays";
  EXPECT_EQ(rows[1]["grade"], "F");
  EXPECT_EQ(rows[2]["grade"], nullptr);
  EXPECT_EQ(rows[0]["count"], 1);
}

TEST(TopPage, SaysHowMuchComesInAndFitsItsLines) {
  json earlier = testing::status_row();
  json later = earlier;
  later["units"]["received"] = 2100;
  later["queries"]["received"] = 14600;
  const Rates rates = rates_between(earlier, later, 2.0);
  EXPECT_EQ(rates.units_per_s, 50.0);
  EXPECT_EQ(rates.queries_per_s, 300.0);
  EXPECT_EQ(rates_between(later, earlier, 2.0).units_per_s, std::nullopt) << "another daemon";
  EXPECT_EQ(rates_between(json::object(), later, 2.0).units_per_s, std::nullopt);
  json rows = json::array();
  for (int i = 0; i < 20; ++i) rows.push_back(route_row("GET", "r" + std::to_string(i) + "/", 20 - i, 1));
  const std::string page = render_top(later, rows, rates, {"1m", "time", 20}, 10, kNarrow);
  EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), 10);
  EXPECT_EQ(page.find("mercuryd 0.1.0  up 2 h 13 min  1 client  memory 12.3 MB\n"
                      "50 units/s  300 queries/s  2,100 units received  0 dropped  1 open\n"),
            0U)
      << page;
}

TEST(DoctorPage, HasALineForEachCheckAndTheRemedyBelow) {
  const std::vector<Check> checks{{Check::State::Ok, "address", "somebody listens", ""},
                                  {Check::State::Warn, "mode", "0777", "chmod 0700 it"}};
  EXPECT_EQ(render_doctor(checks, kWide),
            "ok    address  somebody listens\n"
            "warn  mode     0777\n"
            "               → chmod 0700 it\n");
}

TEST(DoctorPage, WarnsOfEachTroubleThatStatusTells) {
  const auto warned = [](const json& status) {
    std::string names;
    for (const Check& check : check_status(status, "0.1.0")) {
      EXPECT_EQ(check.state == Check::State::Warn, !check.remedy.empty()) << check.name;
      if (check.state == Check::State::Warn) names += check.name + " ";
    }
    return names;
  };
  EXPECT_EQ(warned(testing::status_row()), "");
  json status = testing::status_row();
  status["version"] = "0.2.0";
  EXPECT_EQ(warned(status), "version ");
  status = testing::status_row();
  status["units"] = testing::units_of(10, 9, {{"exit", 1}}, 0);
  EXPECT_EQ(warned(status), "loss ");
  status["units"] = testing::units_of(10, 9, json::object(), 0);
  EXPECT_EQ(warned(status), "loss ");
  status = testing::status_row();
  status["restarts"] = 1;
  EXPECT_EQ(warned(status), "snapshot ");
  status["restored"] = 12;
  EXPECT_EQ(warned(status), "");
  status["series"]["overflowed"] = 1;
  status["rejects"] = {{"users_max", 1}};
  EXPECT_EQ(warned(status), "limits errors ");
}

TEST(AnyPage, SurvivesRowsOfAnotherShape) {
  for (const json& odd :
       {json(nullptr), json(7), json("text"), json::array({1}),
        json{{"duration_ms", 5}, {"units", "x"}, {"clients", {1, "a"}}, {"windows", 3}, {"records", {1}}}}) {
    EXPECT_NE(render_status(odd, kNow, kWide), "");
    EXPECT_NE(render_routes(json::array({odd}), {"all", "time", 5}, kWide), "");
    EXPECT_NE(render_route(json::array({odd}), json(), 5, kNowhere, kWide), "");
    EXPECT_NE(render_statements(json::array({odd}), {"", "time", 5}, kWide), "");
    EXPECT_NE(render_units(json::array({odd}), {"", "duration", 5}, kWide), "");
    EXPECT_NE(render_top(odd, json::array({odd}), {}, {"1m", "time", 5}, 40, kWide), "");
  }
}

TEST(AnyPage, FitsEightyColumns) {
  json status = testing::status_row();
  status["clients"][0]["service"] = "a_service_with_a_rather_long_name";
  const json statements = json::array({statement_row("0a", std::string(300, 'x'), 10'000'000, 1234)});
  const json rows = json::array({detail_row(route_row("GET", std::string(300, 'r'), 10'000'000, 1234.5), statements)});
  for (const std::string& page :
       {render_status(status, kNow, kNarrow), render_routes(rows, {"all", "time", 5}, kNarrow),
        render_statements(statements, {"", "time", 5}, kNarrow),
        render_units(json::array({unit(json::array({record(0, 1, std::string(300, 's'))}))}), {"", "duration", 5},
                     kNarrow)}) {
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 80U) << line;
  }
}

}  // namespace
}  // namespace mercury::cli
