// Which query a loop's rows came from, and the path of the relation from there (VERDICTS.md §3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/analysis/verdict_scene.h"

namespace mercury::analysis {
namespace {

using model::Finding;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> functions_of(const Finding& finding) {
  std::vector<std::string> out;
  for (const model::Source& source : finding.sources) out.push_back(source.place.function);
  return out;
}

// The finding of the loop in `function`.
Finding finding_at(Scene& scene, std::string_view function) {
  for (const Finding& finding : scene.findings()) {
    if (finding.trigger.function == function) return finding;
  }
  ADD_FAILURE() << "no finding at " << function;
  return {};
}

TEST(Sources, AreTheEarlierQueriesOfTheOwnersTableLatestFirst) {
  Scene scene;
  for (const char* function : {"one", "two", "three", "four"}) scene.add(kOrders, fetch_at(function));
  scene.add(R"(SELECT 1 FROM "shop_other")", fetch_at("other"));
  scene.add(R"(DELETE FROM "shop_order")", site_at("delete"));
  scene.add(kCustomer, customer_site(), 3);
  scene.add(kOrders, fetch_at("late"));
  EXPECT_THAT(functions_of(scene.finding()), ElementsAre("four", "three", "two"));
}

TEST(Sources, LeaveOutWhatFetchesNoRows) {
  for (const char* operation : {"count", "exists", "aggregate"}) {
    Scene scene;
    model::Site site = fetch_at("total");
    site.operation = operation;
    scene.add(kOrders, site);
    scene.add(kCustomer, customer_site(), 3);
    EXPECT_TRUE(scene.finding().likely) << operation;
  }
}

TEST(Sources, TakeASingleRowOnlyWhereNothingElseIs) {
  for (const char* operation : {"get", "first", "follow", "load_field"}) {
    Scene scene;
    model::Site site = site_at("single");
    site.operation = operation;
    scene.add(kOrders, site, 2);
    scene.add(kCustomer, customer_site(), 3);
    EXPECT_THAT(functions_of(scene.finding()), ElementsAre("single")) << operation;
  }
  Scene both;
  both.add(kOrders, fetch_at("list"));
  model::Site site = site_at("single");
  site.operation = "get";
  both.add(kOrders, site, 2);
  both.add(kCustomer, customer_site(), 3);
  EXPECT_THAT(functions_of(both.finding()), ElementsAre("list"));
}

TEST(Sources, TakeALoopOfSingleRowsForAList) {
  Scene scene;
  scene.add(kOrders, fetch_at("list"));
  model::Site site = site_at("loop");
  site.operation = "get";
  scene.add(kOrders, site, 3);
  scene.add(kCustomer, customer_site(), 3);
  EXPECT_THAT(functions_of(finding_at(scene, "total")), ElementsAre("loop", "list"));
}

TEST(Sources, KnowAQueryWithoutASiteByItsRows) {
  for (const std::int32_t rows : {1, 2}) {
    Scene scene;
    scene.add(kOrders, fetch_at("list"));
    scene.add(R"(SELECT "name" FROM "shop_order")", nullptr);
    scene.queries.back().rows = rows;
    scene.add(kCustomer, customer_site(), 3);
    const std::vector<std::string> one{"list"}, several{"", "list"};
    EXPECT_EQ(functions_of(scene.finding()), rows == 1 ? one : several);
  }
}

TEST(Sources, IncludeChunksAndBulk) {
  Scene scene;
  model::Site site = fetch_at("iterator");
  site.flags = model::site_flag::kChunk;
  scene.add(kOrders, site, 9);
  scene.add(kCustomer, customer_site(), 3);
  EXPECT_THAT(functions_of(scene.finding()), ElementsAre("iterator"));
}

TEST(Sources, AreNoneOfALoopThatNamesNoOwner) {
  Scene scene;
  scene.add(kOrders, fetch_at("list"));
  scene.add(kCustomer, relation_at("get", "get", "get_by_key", "shop.Customer.id", ""), 3);
  EXPECT_THAT(functions_of(scene.finding()), IsEmpty());
  EXPECT_TRUE(scene.finding().likely);
  EXPECT_EQ(scene.finding().suggestion.action, "in_bulk");
}

TEST(Paths, AreTheFieldIfTheSourceFetchesTheOwner) {
  Scene scene;
  scene.add(kOrders, fetch_at("list"));
  scene.add(kCustomer, customer_site(), 3);
  EXPECT_EQ(scene.finding().suggestion.path, "customer");
}

TEST(Paths, ContinueThePathOfAPrefetch) {
  Scene scene;
  model::Site site = fetch_at("list");
  site.operation = "prefetch";
  site.path = "carts__orders";
  scene.add(kOrders, site);
  scene.add(kCustomer, customer_site(), 3);
  EXPECT_EQ(scene.finding().suggestion.path, "carts__orders__customer");
  EXPECT_EQ(scene.finding().suggestion.action, "prefetch_related");
}

TEST(Paths, GoThroughTheOnlyJoinOfTheOwner) {
  const struct {
    std::string joins, path;
  } rows[] = {{"order=shop_order", "order__customer"},
              {"a=b\nitem__order=shop_order\nc=d", "item__order__customer"},
              {"order=shop_order\nsecond=shop_order", ""},
              {"order=shop_orders", ""},
              {"shop_order", ""},
              {"", ""}};
  for (const auto& row : rows) {
    Scene scene;
    model::Site site = fetch_at("list");
    site.joins = row.joins;
    scene.add(R"(SELECT 1 FROM "shop_item" INNER JOIN "shop_order" ON x = y)", site);
    scene.add(kCustomer, customer_site(), 3);
    EXPECT_EQ(scene.finding().suggestion.path, row.path) << row.joins;
  }
}

TEST(Paths, GrowOverLoopsThatFollowEachOther) {
  Scene scene;
  scene.add(kOrders, fetch_at("list"));
  scene.add(kCustomer, customer_site(), 3);
  scene.add(kCountry, relation_at("flag", "follow", "foreign_key", "shop.Customer.country", "shop_customer"), 3);
  EXPECT_EQ(finding_at(scene, "flag").suggestion.path, "customer__country");
  EXPECT_THAT(functions_of(finding_at(scene, "flag")), ElementsAre("total"));
}

TEST(Paths, AreUnknownBehindAnUnknownPath) {
  Scene scene;
  scene.add(R"(SELECT 1 FROM "shop_item" INNER JOIN "shop_order" ON x = y)", fetch_at("list"));
  scene.add(kCustomer, customer_site(), 3);
  scene.add(kCountry, relation_at("flag", "follow", "foreign_key", "shop.Customer.country", "shop_customer"), 3);
  EXPECT_EQ(finding_at(scene, "flag").suggestion.path, "");
}

TEST(Paths, HaveAtMostFiveLoops) {
  Scene scene;
  scene.add(R"(SELECT 1 FROM "t0")", fetch_at("list"));
  for (int at = 1; at <= 7; ++at) {
    const std::string number = std::to_string(at);
    scene.add("SELECT 1 FROM \"t" + number + "\" WHERE a = 1",
              relation_at("loop" + number, "follow", "foreign_key", "m.f" + number, "t" + std::to_string(at - 1)), 3);
  }
  EXPECT_EQ(finding_at(scene, "loop5").suggestion.path, "f1__f2__f3__f4__f5");
  EXPECT_EQ(finding_at(scene, "loop6").suggestion.path, "f2__f3__f4__f5__f6");
  EXPECT_EQ(finding_at(scene, "loop7").suggestion.path, "f3__f4__f5__f6__f7");
}

TEST(Paths, DoNotGrowOverALoopThatFollowsNothing) {
  for (const char* relation_kind : {"", "get_by_key"}) {
    Scene scene;
    scene.add(kOrders, fetch_at("list"));
    scene.add(kCustomer, relation_at("loop", "follow", relation_kind, "shop.Order.customer", "shop_order"), 3);
    scene.add(kCountry, relation_at("flag", "follow", "foreign_key", "shop.Customer.country", "shop_customer"), 3);
    EXPECT_EQ(finding_at(scene, "flag").suggestion.path, "country") << relation_kind;
  }
}

}  // namespace
}  // namespace mercury::analysis
