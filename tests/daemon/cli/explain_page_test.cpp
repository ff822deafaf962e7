// The teaching page, whole where it matters and by its sentences elsewhere.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "cli/pages.h"
#include "cli/text.h"
#include "daemon/cli/finding_rows.h"

namespace mercury::cli {
namespace {

using nlohmann::json;
using testing::elsewhere;
using testing::in_state;
using testing::in_the_project;
using testing::n_plus_one_row;
using testing::query_in_loop_row;
using testing::slow_response_row;
using testing::with_sample;

const Style kStyle{Colors::Never, 80};
const Style kUnbroken{Colors::Never, 1000};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string page_of(const json& row, const Here& here = in_the_project(), const Style& style = kUnbroken) {
  return render_explain(json::array({row}), here, style);
}

TEST(ExplainPage, TeachesSomebodyWhoNeverHeardOfIt) {
  EXPECT_EQ(page_of(with_sample(n_plus_one_row(), 31), in_the_project(), kStyle), R"(N+1 queries in GET shop/orders/
  level fail, severity high (3 of 5), proven by its growth
  id 3f2a81c0d4e5f607, service shop, environment development, user 1000

What happened
  One query fetched a list, and then one more query ran for each of its rows.
  The statement below ran between 3 and 31 times in one request. That was seen
  in 12 of 40 requests. All of it took 352.5 ms, of which about 340.2 ms were
  for the repeats.

      SELECT "shop_author"."id", "shop_author"."name" FROM "shop_author" WHERE
      "shop_author"."id" = ?

Why it matters
  Each round trip costs time, and there are as many as rows: what is quick with
  ten rows on your machine is slow with a thousand in production.
  Proven: it varied between 3 and 31 with the data. More rows mean more of these
  queries.
  The 31 repeats in the worst request took 31.0 ms. With ten times the rows that
  is about 310 repeats and 310.0 ms.

Where it happens
  shop/views.py:6 in order_list
    4      orders = list(Order.objects.all())
    5      for order in orders:
  > 6          print(order.author.name)
    7      return page(orders)

Where the rows came from
  shop/views.py:4 in order_list: SELECT shop_order
    2
    3  def order_list(request):
  > 4      orders = list(Order.objects.all())
    5      for order in orders:
    6          print(order.author.name)

What to write
  Fetch author together with its owner in one query: add
  .select_related("author") to the queryset.

      .select_related("author")

  In shop/views.py:4:

    def order_list(request):
  -     orders = list(Order.objects.all())
  +     orders = list(Order.objects.all().select_related("author"))
        for order in orders:

Read more
  https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related

The worst request
  41.0 ms, of it 33.0 ms in 33 queries, 31 of them the repeats; status 200; 12 s
  ago
  at ms    ms  0 to 41.0 ms                       statement
   0.50  1.50  ██····························  →  SELECT shop_order
   2.00  31.0  ·████████████████████████·····  ●  SELECT shop_author … ×31
   33.0  0.50  ························█·····     SELECT shop_basket
  → fetched the rows, ● the repeated statement
)");
}

TEST(ExplainPage, FitsTheTerminalButNeverBreaksCodeOrAddresses) {
  for (const std::size_t columns : {40U, 80U, 120U}) {
    for (const json& row : {n_plus_one_row(), query_in_loop_row(), slow_response_row()}) {
      std::istringstream lines(page_of(with_sample(row, 31), in_the_project(), {Colors::Never, columns}));
      for (std::string line; std::getline(lines, line);) {
        const bool to_be_copied =
            line.starts_with("  https://") || line.starts_with("  - ") || line.starts_with("  + ");
        EXPECT_TRUE(to_be_copied || display_width(line) <= columns) << line;
      }
    }
  }
  EXPECT_TRUE(has(page_of(n_plus_one_row(), in_the_project(), {Colors::Never, 40}),
                  "\n  +     orders = list(Order.objects.all().select_related(\"author\"))\n"));
}

TEST(ExplainPage, SaysHowItGrowsAsFarAsThatIsKnown) {
  json row = with_sample(n_plus_one_row(), 31);
  EXPECT_TRUE(has(page_of(row), "Proven: it varied between 3 and 31 with the data."));
  row["proven"] = false;
  row["repeats_min"] = 31;
  EXPECT_TRUE(has(page_of(row), "Not proven yet: it ran 31 times in 12 requests. If that number changes"));
  row["units"] = 1;
  EXPECT_TRUE(has(page_of(row), "Not proven yet: it ran 31 times in the one request that had it."));
  row = in_state(row, "constant", "aaaa");
  row["units"] = 12;
  const std::string constant = page_of(row);
  EXPECT_TRUE(has(constant, "It does not grow: it ran 31 times in each of 12 requests.")) << constant;
  EXPECT_FALSE(has(constant, "ten times the rows"));
  EXPECT_FALSE(has(page_of(slow_response_row()), "roven"));
}

TEST(ExplainPage, SaysWhatIsNotKnownOfALikelyOne) {
  json row = n_plus_one_row();
  EXPECT_FALSE(has(page_of(row), "ikely"));
  row["likely"] = true;
  EXPECT_TRUE(has(page_of(row), "Likely, not certain: the query that fetched the rows was not found"));
  EXPECT_TRUE(has(page_of(query_in_loop_row()), "it is not known whether the values were the same each time"));
}

TEST(ExplainPage, SaysThatASketchIsOne) {
  const std::string page = page_of(query_in_loop_row());
  EXPECT_TRUE(has(page, "\n      .filter(...__in=values)\n")) << page;
  EXPECT_TRUE(has(page, "This is a sketch to adapt, not code to paste")) << page;
  EXPECT_TRUE(has(page, "It belongs around template shop/basket.html:12.")) << page;
  EXPECT_FALSE(has(page_of(n_plus_one_row()), "sketch"));
  json row = query_in_loop_row();
  row["sources"] = n_plus_one_row()["sources"];
  EXPECT_TRUE(has(page_of(row), "It belongs to the queryset at shop/views.py:4 in order_list."));
}

TEST(ExplainPage, NamesThePlaceOfAnEditWhoseFileIsNotHereOrAnother) {
  const std::string away = page_of(n_plus_one_row(), elsewhere());
  EXPECT_TRUE(has(away, "It goes in at /srv/site/shop/views.py:4, behind the first 37 characters of that line.\n"))
      << away;
  EXPECT_TRUE(has(away, "The file cannot be read from here")) << away;
  EXPECT_FALSE(has(away, "\n  + "));
  json row = n_plus_one_row();
  row["suggestion"]["edit"]["line"] = 400;
  EXPECT_TRUE(has(page_of(row), "The file here is another version: it has no such place."));
  row["suggestion"]["edit"] = {
      {"file", "/x/admin.py"}, {"line", 7}, {"column", 0}, {"insert", "    list_select_related = (\"author\",)\n"}};
  EXPECT_TRUE(has(page_of(row), "\n      list_select_related = (\"author\",)\n"));
  EXPECT_TRUE(has(page_of(row), "It is a line of its own, before /x/admin.py:7.\n"));
}

TEST(ExplainPage, SeesThatTheFixIsThereAlready) {
  json row = n_plus_one_row();
  row["suggestion"]["edit"]["insert"] = ")";
  const std::string page = page_of(row);
  EXPECT_TRUE(has(page, "It is there already, at shop/views.py:4.\n")) << page;
  EXPECT_FALSE(has(page, "\n  + "));
}

TEST(ExplainPage, SaysThatItIsGoneOrIgnored) {
  EXPECT_TRUE(
      has(page_of(in_state(n_plus_one_row(), "gone", "aaaa")), "It is gone: the latest requests of this route"));
  EXPECT_TRUE(has(page_of(in_state(n_plus_one_row(), "ignored", "aaaa")), "It is ignored: read once a day.\n"));
}

TEST(ExplainPage, ListsFurtherPlacesAndRoutes) {
  json row = n_plus_one_row();
  row["places"] = {row["trigger"], testing::place("/srv/site/shop/mail.py", 3, "send")};
  EXPECT_TRUE(has(page_of(row), "\n  also at shop/mail.py:3 in send\n"));
  json rows = json::array({row});
  for (int i = 0; i < 7; ++i) {
    json other = n_plus_one_row();
    other["route"] = "r" + std::to_string(i) + "/";
    rows.push_back(other);
  }
  const std::string page = render_explain(rows, {}, kUnbroken);
  EXPECT_TRUE(has(page, "\nThe same code in other routes\n  GET r0/: 31 queries in one request")) << page;
  EXPECT_TRUE(has(page, "\n  and 2 more routes\n")) << page;
}

TEST(ExplainPage, SaysThatAPlaceWasNotCaptured) {
  json row = n_plus_one_row();
  row["trigger"] = nullptr;
  row["sources"][0]["place"] = nullptr;
  const std::string page = page_of(row);
  EXPECT_TRUE(has(page, "Its place was not captured. With \"CALL_SITES\": \"all\"")) << page;
  EXPECT_TRUE(has(page, "\n  a place not captured: SELECT shop_order\n")) << page;
  EXPECT_FALSE(has(page_of(slow_response_row()), "not captured"));
}

TEST(ExplainPage, PrintsNothingOfTheDaemonRaw) {
  json row = with_sample(n_plus_one_row(), 3);
  const std::string evil = "\x1b]0;evil\x07";
  for (const char* key : {"route", "text", "id", "service", "severity_name", "state", "level", "ignored"})
    row[key] = evil;
  row["lesson"] = testing::lesson(evil, evil, evil);
  row["trigger"]["file"] = row["trigger"]["function"] = row["trigger"]["template"] = evil;
  row["suggestion"]["code"] = row["suggestion"]["text"] = row["suggestion"]["read"] = evil;
  row["suggestion"]["edit"]["insert"] = row["suggestion"]["edit"]["file"] = evil;
  row["sample"]["records"][0]["summary"] = evil;
  const json rows = json::array({row});
  FindingsList list;
  list.findings = rank_findings(rows);
  list.limit = 1;
  for (const std::string& page : {page_of(row), page_of(row, elsewhere()), render_findings(list, {}, kStyle)}) {
    EXPECT_FALSE(has(page, "\x1b"));
    EXPECT_FALSE(has(page, "\x07"));
  }
}

TEST(ExplainPage, SurvivesRowsOfAnotherShape) {
  for (const json& odd : {json(nullptr), json(7), json("text"), json::array({1}),
                          json{{"kind", 5},
                               {"sources", {1, json::array()}},
                               {"places", "x"},
                               {"sample", {{"records", {1, "a"}}, {"count", "x"}}},
                               {"suggestion", {{"edit", {{"line", -1e300}, {"column", "x"}}}}}}}) {
    const json rows = json::array({odd});
    EXPECT_NE(render_explain(rows, in_the_project(), kStyle), "");
    FindingsList list;
    list.findings = rank_findings(rows);
    list.limit = 5;
    EXPECT_NE(render_findings(list, in_the_project(), kStyle), "");
  }
  EXPECT_EQ(render_explain(json::array(), {}, kStyle), "There is nothing to explain.\n");
}

}  // namespace
}  // namespace mercury::cli
