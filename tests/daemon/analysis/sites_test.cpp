// The hashes and the place of a site, and the facts of a statement (VERDICTS.md §1).
#include "analysis/sites.h"

#include <gtest/gtest.h>

#include "analysis/fingerprint.h"
#include "daemon/analysis/verdict_scene.h"

namespace mercury::analysis {
namespace {

model::Site full_site() {
  model::Site site;
  site.frames.push_back({5, false, "/env/django/query.py", "django.query", "fetch"});
  site.frames.push_back({10, true, "/srv/shop/models.py", "shop.models", "total"});
  site.frames.push_back({20, true, "/srv/shop/views.py", "shop.views", "index"});
  site.template_name = "shop/order.html";
  site.template_line = 3;
  site.view = "shop.views.index";
  site.serializer_field = "items";
  site.admin_column = "price";
  site.relation = "shop.Order.customer";
  site.path = "orders";
  return site;
}

TEST(Site, HashesTheLinesOfItsKey) {
  EXPECT_EQ(judged(full_site()).key,
            fingerprint_id("/srv/shop/models.py:10:total\n/srv/shop/views.py:20:index\nshop/order.html:3\n"
                           "shop.views.index\nitems\nprice\nshop.Order.customer\norders"));
  EXPECT_EQ(judged({}).key, fingerprint_id(":0\n\n\n\n\n"));
}

TEST(Site, HashesTheLinesOfItsIdentity) {
  EXPECT_EQ(judged(full_site()).identity,
            fingerprint_id("shop.models.total\nshop.views.index\nshop/order.html\nshop.views.index\nitems\nprice\n"
                           "shop.Order.customer\norders"));
  EXPECT_EQ(judged({}).identity, fingerprint_id("\n\n\n\n\n"));
}

TEST(Site, IsKnownByItsLibraryFramesIfItHasNoOthers) {
  model::Site site;
  site.frames.push_back({5, false, "/env/django/query.py", "django.query", "fetch"});
  EXPECT_EQ(judged(site).key, fingerprint_id("/env/django/query.py:5:fetch\n:0\n\n\n\n\n"));
  EXPECT_EQ(judged(site).identity, fingerprint_id("django.query.fetch\n\n\n\n\n\n"));
}

TEST(Site, HasThePlaceOfItsInnermostApplicationFrame) {
  const model::JudgedSite site = judged(full_site());
  EXPECT_EQ(place_of(&site), (model::Place{.file = "/srv/shop/models.py",
                                           .function = "total",
                                           .module = "shop.models",
                                           .template_name = "shop/order.html",
                                           .view = "shop.views.index",
                                           .serializer_field = "items",
                                           .admin_column = "price",
                                           .line = 10,
                                           .template_line = 3}));
  model::Site library = full_site();
  library.frames.resize(1);
  const model::JudgedSite known = judged(library);
  EXPECT_EQ(place_of(&known).file, "");
  EXPECT_EQ(place_of(nullptr), model::Place{});
}

TEST(FindingId, IsTheHashOfSixteenBytesOrOfTheUnit) {
  const model::JudgedSite site{{}, 0, 0x1817161514131211ULL};
  EXPECT_EQ(finding_id(0x0807060504030201ULL, &site),
            fingerprint_id("\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13\x14\x15\x16\x17\x18"));
  EXPECT_EQ(finding_id(1, nullptr), fingerprint_id(std::string("\1", 1) + std::string(15, '\0')));
  EXPECT_EQ(finding_id(model::FindingKind::SlowResponse, "orders/"), fingerprint_id("slow_response\norders/"));
}

TEST(StatementFacts, AreReadOffTheNormalisedText) {
  const model::StatementFacts facts = statement_facts(R"(SELECT "a" FROM "t" INNER JOIN "u" ON x = y)");
  EXPECT_EQ(facts.fingerprint, fingerprint_id(R"(SELECT "a" FROM "t" INNER JOIN "u" ON x = y)"));
  EXPECT_EQ(facts.operation, "SELECT");
  EXPECT_EQ(facts.targets, (std::vector<std::string>{"t", "u"}));
  EXPECT_EQ(statement_facts("").fingerprint, 0U);
}

}  // namespace
}  // namespace mercury::analysis
