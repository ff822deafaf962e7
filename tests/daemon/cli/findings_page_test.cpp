#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/findings.h"
#include "cli/pages.h"
#include "cli/text.h"
#include "daemon/cli/finding_rows.h"
#include "daemon/cli/rows.h"

namespace mercury::cli {
namespace {

using nlohmann::json;
using testing::in_state;
using testing::in_the_project;
using testing::n_plus_one_row;
using testing::query_in_loop_row;
using testing::slow_response_row;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// `rows` must outlive the page.
std::string page_of(const json& rows, std::size_t columns, std::size_t limit = 10) {
  FindingsList list;
  list.findings = rank_findings(rows);
  list.left_out = leave_out_closed(list.findings);
  list.limit = limit;
  return render_findings(list, in_the_project(), {Colors::Never, columns});
}

json some_rows() {
  return {slow_response_row(), n_plus_one_row(), query_in_loop_row(),
          in_state(n_plus_one_row(), "gone", "aaaa000000000001"),
          in_state(n_plus_one_row(), "ignored", "aaaa000000000002")};
}

TEST(FindingsPage, IsRankedByWhatCanBeSavedAndFits80Columns) {
  EXPECT_EQ(page_of(some_rows(), 80), R"(1. fail, high, proven: N+1 queries in GET shop/orders/
   31 queries in one request (3 to 31), 12 of 40 requests, 340.2 ms lost
   where  shop/views.py:6 in order_list
   fix    .select_related("author") at shop/views.py:4
   id     3f2a81c0

2. warn, mild, likely: Query in a loop in POST shop/basket/<int:pk>/
   8 queries in one request, 1 request, 8.75 ms lost
   where  template shop/basket.html:12
   fix    a sketch: .filter(...__in=values)
   id     3f2b0000

3. warn: Slow response in GET shop/orders/
   12 of 40 requests, 1.50 ms over the limit
   fix    Compare the time in SQL with the whole.
   id     99aa0000

3 findings, the largest saving first.
Left out: 1 gone, 1 ignored. See them with --all.
What happened and what to write: mercuryctl explain 3f2a81c0
)");
}

TEST(FindingsPage, Fits40Columns) {
  const json rows = json::array({n_plus_one_row()});
  EXPECT_EQ(page_of(rows, 40), R"(1. fail, high, proven: N+1 queries in
   GET shop/orders/
   31 queries in one request (3 to 31),
   12 of 40 requests, 340.2 ms lost
   where  shop/views.py:6 in order_list
   fix    .select_related("author") at
          shop/views.py:4
   id     3f2a81c0

1 finding, the largest saving first.
What happened and what to write:
mercuryctl explain 3f2a81c0
)");
}

TEST(FindingsPage, NeverGoesOverTheTerminal) {
  json rows = some_rows();
  rows[1]["route"] = std::string(200, 'r');
  rows[1]["trigger"]["file"] = "/" + std::string(200, 'f') + ".py";
  rows[2]["suggestion"]["code"] = std::string(200, 'c');
  for (const std::size_t columns : {40U, 80U, 120U}) {
    std::istringstream lines(page_of(rows, columns));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), columns) << line;
  }
}

TEST(FindingsPage, ShowsTheStateOfWhatIsNotOpen) {
  json rows = some_rows();
  rows.push_back(in_state(n_plus_one_row(), "constant", "aaaa000000000003"));
  FindingsList list;
  list.findings = rank_findings(rows);
  list.limit = 10;
  const std::string page = render_findings(list, in_the_project(), {Colors::Never, 120});
  EXPECT_TRUE(has(page, "\n4. gone for 3 min 0 s, fail, high, proven: N+1")) << page;
  EXPECT_TRUE(has(page, "\n5. ignored (read once a day), fail")) << page;
  EXPECT_TRUE(has(page, "\n6. constant, fail")) << page;
  EXPECT_FALSE(has(page, "Left out"));
}

TEST(FindingsPage, CountsWhatTheLimitLeavesOut) {
  EXPECT_TRUE(has(page_of(some_rows(), 80, 1), "3 findings, the largest saving first; 2 more with --limit 0.\n"));
  EXPECT_FALSE(has(page_of(some_rows(), 80, 1), "\n2. "));
}

TEST(FindingsPage, SaysHowMuchWasJudgedWhereNothingWasFound) {
  FindingsList list;
  list.units_judged = 1234;
  list.routes_judged = 5;
  const Style style{Colors::Never, 120};
  EXPECT_EQ(render_findings(list, {}, style),
            "No findings: 1,234 units of 5 routes were judged and nothing stood out.\n");
  list.left_out.gone = 2;
  EXPECT_EQ(render_findings(list, {}, style),
            "No open findings: 1,234 units of 5 routes were judged.\nLeft out: 2 gone. See them with --all.\n");
  list.left_out.gone = 0;
  list.kind = "slow_query";
  EXPECT_EQ(render_findings(list, {}, style), "No findings of kind slow_query: 1,234 units of 5 routes were judged.\n");
  EXPECT_EQ(render_findings({}, {}, style), "No findings: nothing was measured yet. Open a page of the site.\n");
}

TEST(FindingsPage, SaysThatAPlaceWasNotCaptured) {
  json row = n_plus_one_row();
  row["trigger"] = testing::no_place();
  const json rows = json::array({row});
  EXPECT_TRUE(has(page_of(rows, 80), "where  the place was not captured (CALL_SITES)\n"));
}

TEST(FindingsPage, ColoursTheLevelAndSaysItInWords) {
  const json rows = json::array({n_plus_one_row()});
  FindingsList list;
  list.findings = rank_findings(rows);
  list.limit = 10;
  EXPECT_TRUE(has(render_findings(list, {}, {Colors::Always, 80}), "1. \x1b[31mfail, high, proven:\x1b[0m\x1b[1m N+1"));
}

TEST(RankFindings, IsTheSameInAnyOrderOfTheRows) {
  json rows = some_rows();
  json other = n_plus_one_row();
  other["status_class"] = "5xx";
  rows.push_back(other);
  const auto order = [](const json& of) {
    std::string ids;
    for (const RankedFinding& finding : rank_findings(of)) ids += short_id(*finding.row) + finding_route(*finding.row);
    return ids;
  };
  json reversed = rows;
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(order(rows), order(reversed));
  EXPECT_TRUE(has(order(rows), "3f2a81c0GET shop/orders/3f2a81c0GET shop/orders/ (5xx)")) << order(rows);
  EXPECT_EQ(rank_findings(rows).front().rank, 1U);
}

TEST(Fails, NeedsTheKindTheLevelAndAnOpenState) {
  const auto gate = [](const char* kind, FindingLevel level) { return Gate{kind, level, kind}; };
  const json warn = query_in_loop_row();
  EXPECT_TRUE(fails(n_plus_one_row(), gate("n_plus_one", FindingLevel::Fail)));
  EXPECT_TRUE(fails(n_plus_one_row(), gate("any", FindingLevel::Notice)));
  EXPECT_FALSE(fails(n_plus_one_row(), gate("query_in_loop", FindingLevel::Notice)));
  EXPECT_FALSE(fails(warn, gate("any", FindingLevel::Fail)));
  EXPECT_TRUE(fails(warn, gate("any", FindingLevel::Warn)));
  EXPECT_TRUE(fails(warn, gate("query_in_loop", FindingLevel::Notice)));
  for (const char* state : {"gone", "constant", "ignored"})
    EXPECT_FALSE(fails(in_state(n_plus_one_row(), state, "1"), gate("any", FindingLevel::Notice))) << state;
  json odd = n_plus_one_row();
  odd["level"] = "terrible";
  EXPECT_TRUE(fails(odd, gate("any", FindingLevel::Fail))) << "what a gate does not know it does not let through";
}

TEST(NumbersText, CountsInTheWordsOfTheUnit) {
  json row = n_plus_one_row();
  row["unit_kind"] = "command";
  row["kind"] = "write_loop";
  row["units"] = row["route_units"] = 1;
  EXPECT_EQ(numbers_text(row), "31 writes in one run (3 to 31), 1 run, 340.2 ms lost");
  row["kind"] = "slow_query";
  row["repeats_min"] = row["repeats_max"] = 1;
  EXPECT_EQ(numbers_text(row), "1 slow query in one run, 1 run, 340.2 ms over the limit");
  row["repeats_max"] = 2;
  EXPECT_EQ(numbers_text(row), "2 slow queries in one run (1 to 2), 1 run, 340.2 ms over the limit");
  EXPECT_EQ(numbers_text(json::object()), "0 units");
}

TEST(RoutePage, ShowsItsFindingsBelowTheStatements) {
  const json rows = json::array({testing::detail_row(testing::route_row("GET", "shop/orders/", 10, 5), json::array())});
  const json findings{n_plus_one_row(), in_state(n_plus_one_row(), "gone", "aaaa000000000001")};
  const std::string page = render_route(rows, findings, 5, in_the_project(), {Colors::Never, 80});
  EXPECT_TRUE(has(page, R"(
Findings, explained by `mercuryctl explain` and their id
- fail, high, proven: N+1 queries in GET shop/orders/
  31 queries in one request (3 to 31), 12 of 40 requests, 340.2 ms lost
  where  shop/views.py:6 in order_list
  fix    .select_related("author") at shop/views.py:4
  id     3f2a81c0
  Left out: 1 gone. See them with findings --all.
)")) << page;
  EXPECT_TRUE(has(render_route(rows, json::array(), 5, {}, {}), "\nFindings\n  none\n"));
  EXPECT_FALSE(has(render_route(rows, json(), 5, {}, {}), "Findings"));
}

TEST(RoutesPage, HasFindingsAndGradeOnlyIfTheDaemonJudges) {
  json rows{testing::route_row("GET", "a/", 2, 1), testing::route_row("GET", "b/", 1, 1)};
  rows[0]["findings"] = 2;
  rows[0]["grade"] = "D";
  const std::string page = render_routes(rows, {"all", "time", 50}, {Colors::Never, 120});
  EXPECT_TRUE(has(page, "route  grade  findings  requests")) << page;
  EXPECT_TRUE(has(page, "a/     D             2         2")) << page;
  EXPECT_TRUE(has(page, "b/     –             –         1")) << page;
  EXPECT_TRUE(has(render_routes(rows, {"all", "time", 50}, {Colors::Never, 80}), "grade findings")) << "at 80, too";
}

}  // namespace
}  // namespace mercury::cli
