// Which findings are silenced, and why (VERDICTS.md §6).
#include <gtest/gtest.h>

#include "analysis/silence.h"
#include "daemon/analysis/verdict_scene.h"

namespace mercury::analysis {
namespace {

using model::FindingKind;
using model::IgnoreRule;

// A site with a library frame around two of the application.
model::Site silenced_site() {
  model::Site site = site_at("total");
  site.frames.push_back({7, false, "/env/django/query.py", "django.query", "fetch"});
  site.frames.push_back({9, true, "/srv/shop/api.py", "shop.api", "orders"});
  site.relation = "shop.Order.customer";
  site.serializer_field = "items.product";
  return site;
}

TEST(Silence, NeedsEveryKeyOfARule) {
  const struct {
    IgnoreRule rule;
    bool silent;
  } rows[] = {
      {{.reason = "r"}, true},
      {{.kind = "n_plus_one", .reason = "r"}, true},
      {{.kind = "write_loop", .reason = "r"}, false},
      {{.route = "orders/", .reason = "r"}, true},
      {{.route = "orders", .reason = "r"}, false},
      {{.file = "/srv/shop/views.py", .reason = "r"}, true},
      {{.file = "shop/views.py", .reason = "r"}, true},
      {{.file = "api.py", .reason = "r"}, true},
      {{.file = "iews.py", .reason = "r"}, false},
      {{.file = "query.py", .reason = "r"}, false},
      {{.function = "total", .reason = "r"}, true},
      {{.function = "orders", .reason = "r"}, true},
      {{.function = "fetch", .reason = "r"}, false},
      {{.field = "shop.Order.customer", .reason = "r"}, true},
      {{.field = "customer", .reason = "r"}, true},
      {{.field = "items.product", .reason = "r"}, true},
      {{.field = "product", .reason = "r"}, false},
      {{.file = "views.py", .function = "orders", .field = "customer", .reason = "r"}, true},
      {{.file = "views.py", .function = "orders", .field = "other", .reason = "r"}, false},
      {{.reason = "r", .until = "2026-06-02"}, true},
      {{.reason = "r", .until = "2026-06-01"}, true},
      {{.reason = "r", .until = "2026-05-31"}, false},
  };
  const model::JudgedSite site = judged(silenced_site());
  for (const auto& row : rows) {
    const std::string_view reason =
        reason_to_ignore(FindingKind::NPlusOne, "orders/", &site, {&row.rule, 1}, "2026-06-01");
    EXPECT_EQ(reason, row.silent ? "r" : "") << &row - rows;
  }
}

TEST(Silence, CountsLibraryFramesWhereThereAreNoOthers) {
  model::Site site;
  site.frames.push_back({7, false, "/env/django/query.py", "django.query", "fetch"});
  const model::JudgedSite known = judged(site);
  const IgnoreRule rule{.file = "query.py", .function = "fetch", .reason = "r"};
  EXPECT_EQ(reason_to_ignore(FindingKind::NPlusOne, "", &known, {&rule, 1}, ""), "r");
}

TEST(Silence, OfAPlaceDoesNotSilenceTheUnit) {
  const IgnoreRule rules[] = {{.file = "views.py", .reason = "file"},
                              {.field = "customer", .reason = "field"},
                              {.kind = "slow_response", .route = "orders/", .reason = "unit"}};
  EXPECT_EQ(reason_to_ignore(FindingKind::SlowResponse, "orders/", nullptr, rules, ""), "unit");
  EXPECT_EQ(reason_to_ignore(FindingKind::TooManyQueries, "orders/", nullptr, rules, ""), "");
}

TEST(Silence, WithoutADateHoldsForEver) {
  const IgnoreRule rule{.reason = "r", .until = "1999-01-01"};
  EXPECT_EQ(reason_to_ignore(FindingKind::SlowResponse, "", nullptr, {&rule, 1}, ""), "r");
  EXPECT_EQ(reason_to_ignore(FindingKind::SlowResponse, "", nullptr, {&rule, 1}, "2000-01-01"), "");
}

TEST(Silence, OfTheSiteComesFirst) {
  const struct {
    const char *ignore, *reason;
  } rows[] = {{"n_plus_one|few rows", "few rows"},
              {"|few rows", "few rows"},
              {"|a|b", "a|b"},
              {"write_loop|other", "rule"},
              {"n_plus_one|", "rule"},
              {"|", "rule"},
              {"few rows", "rule"},
              {"", "rule"}};
  const IgnoreRule rule{.reason = "rule"};
  for (const auto& row : rows) {
    model::Site site = silenced_site();
    site.ignore = row.ignore;
    const model::JudgedSite known = judged(site);
    EXPECT_EQ(reason_to_ignore(FindingKind::NPlusOne, "", &known, {&rule, 1}, ""), row.reason) << row.ignore;
  }
}

}  // namespace
}  // namespace mercury::analysis
