// A unit to be judged, written down query by query. One query starts 1 ms after the one before it and takes 1 µs.
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/fingerprint.h"
#include "analysis/verdict.h"

namespace mercury::analysis {

// A site in application code, as a client sends it.
inline model::Site site_at(std::string_view function, std::uint32_t line = 1) {
  model::Site site;
  site.frames.push_back({line, true, "/srv/shop/views.py", "shop.views", std::string(function)});
  return site;
}

// A site that follows a relation.
inline model::Site relation_at(std::string_view function, std::string_view operation, std::string_view relation_kind,
                               std::string_view relation, std::string_view owner_table) {
  model::Site site = site_at(function);
  site.operation = operation;
  site.relation_kind = relation_kind;
  site.relation = relation;
  site.owner_table = owner_table;
  return site;
}

inline model::Site fetch_at(std::string_view function) {
  model::Site site = site_at(function);
  site.operation = "fetch";
  return site;
}

class Scene {
 public:
  model::UnitFacts unit{.name = "orders/"};
  model::Thresholds thresholds;
  std::vector<model::IgnoreRule> ignore;
  std::string today;
  std::vector<model::Query> queries;

  // Adds `count` queries of one statement; each has another ordinal.
  void add(std::string_view sql, const model::JudgedSite* site, std::uint32_t count = 1) {
    const model::StatementFacts& facts =
        statements_.emplace_back(statement_facts(normalise(sql, model::Vendor::Postgresql)));
    for (std::uint32_t at = 0; at < count; ++at) {
      model::Query& query = queries.emplace_back();
      query.statement = &facts;
      query.site = site;
      query.text = facts.fingerprint;
      query.ordinal = ++ordinal_;
      query.start_ns = queries.size() * 1'000'000;
      query.duration_ns = 1000;
    }
  }
  void add(std::string_view sql, const model::Site& site, std::uint32_t count = 1) { add(sql, known(site), count); }

  const model::JudgedSite* known(const model::Site& site) { return &sites_.emplace_back(judged(site)); }

  const model::Verdict& judge() { return judge_.judge(unit, queries, thresholds, ignore, today); }
  const std::vector<model::Finding>& findings() { return judge().findings; }
  // The only finding; an empty one with the id 0, if there is none or more than one.
  model::Finding finding() {
    const auto& all = findings();
    return all.size() == 1 ? all.front() : model::Finding{};
  }

 private:
  std::deque<model::StatementFacts> statements_;
  std::deque<model::JudgedSite> sites_;
  std::uint32_t ordinal_ = 0;
  Judge judge_;
};

inline constexpr std::string_view kOrders = R"(SELECT "id" FROM "shop_order")";
inline constexpr std::string_view kCustomer = R"(SELECT "id" FROM "shop_customer" WHERE "id" = 1)";
inline constexpr std::string_view kCountry = R"(SELECT "id" FROM "shop_country" WHERE "id" = 1)";

// The relation order → customer, as it is followed in a loop.
inline model::Site customer_site() {
  return relation_at("total", "follow", "foreign_key", "shop.Order.customer", "shop_order");
}

}  // namespace mercury::analysis
