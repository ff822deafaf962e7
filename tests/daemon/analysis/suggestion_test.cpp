// What is written about an N+1, and when it can be applied as it stands (VERDICTS.md §7).
#include <gtest/gtest.h>

#include "daemon/analysis/verdict_scene.h"

namespace mercury::analysis {
namespace {

using model::AnchorKind;
using model::Edit;
using model::Suggestion;

model::Anchor anchor(AnchorKind kind = AnchorKind::Chain) { return {12, 8, kind, "/srv/shop/views.py"}; }

// What is suggested for one N+1 whose source has `state` and `anchor`.
Suggestion suggested(std::string_view operation, std::string_view relation_kind, std::string_view state = "",
                     model::Anchor at = anchor()) {
  Scene scene;
  model::Site source = fetch_at("list");
  source.state = state;
  source.anchor = std::move(at);
  scene.add(kOrders, source);
  scene.add(kCustomer, relation_at("loop", operation, relation_kind, "shop.Order.customer", "shop_order"), 3);
  return scene.finding().suggestion;
}

TEST(Suggestion, FollowsFromTheOperationAndTheRelation) {
  const struct {
    const char *operation, *relation_kind, *action;
  } rows[] = {{"follow", "foreign_key", "select_related"},
              {"follow", "one_to_one", "select_related"},
              {"follow", "reverse_one_to_one", "select_related"},
              {"follow", "generic_foreign_key", "prefetch_related"},
              {"follow", "many_to_many", "batch_query"},
              {"iterate", "many_to_many", "prefetch_related"},
              {"prefetch", "reverse_foreign_key", "prefetch_objects"},
              {"filter", "many_to_many", "prefetch_object"},
              {"first", "many_to_many", "prefetch_object"},
              {"other", "many_to_many", "prefetch_object"},
              {"count", "many_to_many", "annotate_count"},
              {"exists", "many_to_many", "annotate_exists"},
              {"aggregate", "many_to_many", "annotate"},
              {"get", "get_by_key", "in_bulk"},
              {"load_field", "deferred_field", "load_field"},
              {"load_field", "foreign_key", "batch_query"},
              {"raw", "foreign_key", "batch_query"}};
  for (const auto& row : rows)
    EXPECT_EQ(suggested(row.operation, row.relation_kind).action, row.action) << row.operation;
}

TEST(Suggestion, SaysWhatToWriteAndWhere) {
  const Suggestion suggestion = suggested("follow", "foreign_key");
  EXPECT_EQ(suggestion.path, "customer");
  EXPECT_EQ(suggestion.code, R"(.select_related("customer"))");
  EXPECT_EQ(suggestion.text,
            "Fetch customer together with its owner in one query: add .select_related(\"customer\") to the queryset.");
  EXPECT_FALSE(suggestion.is_template);
  EXPECT_EQ(suggestion.edit, (Edit{"/srv/shop/views.py", R"(.select_related("customer"))", 12, 8}));
}

TEST(Suggestion, IsALineInAModelAdmin) {
  const Suggestion suggestion = suggested("follow", "foreign_key", "", anchor(AnchorKind::Admin));
  EXPECT_EQ(suggestion.edit, (Edit{"/srv/shop/views.py", "        list_select_related = (\"customer\",)\n", 12, 0}));
  EXPECT_TRUE(suggested("iterate", "many_to_many", "", anchor(AnchorKind::Admin)).is_template);
}

TEST(Suggestion, IndentsALineOfAModelAdminByABoundedColumn) {
  for (const std::uint32_t column : {255U, 256U, UINT32_MAX}) {
    model::Anchor at = anchor(AnchorKind::Admin);
    at.column = column;
    EXPECT_EQ(suggested("follow", "foreign_key", "", at).is_template, column > 255) << column;
  }
}

TEST(Suggestion, BendsToTheStateOfTheQueryset) {
  const struct {
    const char *operation, *relation_kind, *state, *action;
    bool is_template;
  } rows[] = {{"follow", "foreign_key", "sliced", "select_related", false},
              {"follow", "foreign_key", "iterator", "select_related", false},
              {"follow", "foreign_key", "only", "prefetch_related", false},
              {"follow", "foreign_key", "raw sliced", "prefetch_related", false},
              {"follow", "foreign_key", "only iterator", "prefetch_related", true},
              {"follow", "foreign_key", "values", "select_related", true},
              {"follow", "foreign_key", "sliced combined", "select_related", true},
              {"follow", "foreign_key", "valuesonly", "select_related", false},
              {"iterate", "many_to_many", "", "prefetch_related", false},
              {"iterate", "many_to_many", "iterator", "prefetch_related", true},
              {"load_field", "deferred_field", "only", "load_field", false},
              {"load_field", "deferred_field", "raw", "load_field", true},
              {"count", "many_to_many", "", "annotate_count", true}};
  for (const auto& row : rows) {
    const Suggestion suggestion = suggested(row.operation, row.relation_kind, row.state);
    EXPECT_EQ(suggestion.action, row.action) << row.operation << ' ' << row.state;
    EXPECT_EQ(suggestion.is_template, row.is_template) << row.operation << ' ' << row.state;
    EXPECT_EQ(suggestion.edit.has_value(), !row.is_template);
  }
}

TEST(Suggestion, IsATemplateWithoutAnAnchor) {
  const Suggestion suggestion = suggested("follow", "foreign_key", "", {});
  EXPECT_TRUE(suggestion.is_template);
  EXPECT_EQ(suggestion.code, R"(.select_related("customer"))");
}

TEST(Suggestion, NamesTheFieldWhereThePathIsUnknown) {
  Scene scene;
  scene.add(kCustomer, customer_site(), 3);
  const Suggestion suggestion = scene.finding().suggestion;
  EXPECT_EQ(suggestion.path, "");
  EXPECT_EQ(suggestion.code, R"(.select_related("customer"))");
  EXPECT_TRUE(suggestion.is_template);
}

TEST(Suggestion, PrefetchesAChainThatNeedsIt) {
  const struct {
    const char *operation, *relation_kind, *action;
  } rows[] = {{"follow", "foreign_key", "select_related"},
              {"follow", "generic_foreign_key", "prefetch_related"},
              {"iterate", "many_to_many", "prefetch_related"}};
  for (const auto& row : rows) {
    Scene scene;
    model::Site source = fetch_at("list");
    source.anchor = anchor();
    scene.add(kOrders, source);
    scene.add(kCustomer, relation_at("loop", row.operation, row.relation_kind, "shop.Order.buyer", "shop_order"), 3);
    scene.add(kCountry, relation_at("flag", "follow", "foreign_key", "shop.Customer.country", "shop_customer"), 4);
    const Suggestion suggestion = scene.findings()[0].suggestion;
    EXPECT_EQ(suggestion.action, row.action);
    EXPECT_EQ(suggestion.path, "buyer__country");
    EXPECT_FALSE(suggestion.is_template);
  }
}

TEST(Suggestion, DoesNotDropADeferThroughAChain) {
  Scene scene;
  model::Site source = fetch_at("list");
  source.anchor = anchor();
  scene.add(kOrders, source);
  scene.add(kCustomer, customer_site(), 3);
  scene.add(kCountry, relation_at("note", "load_field", "deferred_field", "shop.Customer.note", "shop_customer"), 4);
  EXPECT_EQ(scene.findings()[0].suggestion.action, "load_field");
  EXPECT_TRUE(scene.findings()[0].suggestion.is_template);
}

TEST(Suggestion, FillsEveryWordOnce) {
  Scene scene;
  scene.add(kOrders, fetch_at("list"), 3);
  for (model::Query& query : scene.queries) query.ordinal = 1;
  EXPECT_EQ(scene.finding().suggestion.text,
            "The same statement with the same values ran 3 times. Run it once before the loop, or keep its result in a "
            "cache.");
  Scene odd;
  odd.add(kOrders, fetch_at("list"));
  odd.add(kCustomer, relation_at("loop", "follow", "foreign_key", "m.{code}", "shop_order"), 3);
  EXPECT_EQ(odd.finding().suggestion.code, R"(.select_related("{code}"))") << "what is put in is not filled again";
}

}  // namespace
}  // namespace mercury::analysis
