// Findings as a daemon would send them, and the source files that they name.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/place.h"

namespace mercury::cli::testing {

using nlohmann::json;

inline json place(const std::string& file, int line, const std::string& function) {
  return {{"file", file},           {"line", line},
          {"function", function},   {"module", "shop.views"},
          {"template", nullptr},    {"template_line", nullptr},
          {"view", nullptr},        {"serializer_field", nullptr},
          {"admin_column", nullptr}};
}

inline json no_place() {
  json out = place("", 0, "");
  for (auto& value : out) value = nullptr;
  return out;
}

inline json lesson(const std::string& title, const std::string& what, const std::string& why) {
  return {{"title", title}, {"what", what}, {"why", why}};
}

// order.author followed in the loop of shop/views.py.
inline json n_plus_one_row() {
  return {
      {"user", "1000"},
      {"service", "shop"},
      {"environment", "development"},
      {"run", ""},
      {"unit_kind", "request"},
      {"method", "GET"},
      {"route", "shop/orders/"},
      {"status_class", "2xx"},
      {"id", "3f2a81c0d4e5f607"},
      {"kind", "n_plus_one"},
      {"level", "fail"},
      {"likely", false},
      {"severity", 3},
      {"severity_name", "high"},
      {"state", "open"},
      {"proven", true},
      {"ignored", nullptr},
      {"fingerprint", "00000000000000a1"},
      {"summary", "SELECT shop_author"},
      {"text", R"(SELECT "shop_author"."id", "shop_author"."name" FROM "shop_author" WHERE "shop_author"."id" = ?)"},
      {"alias", "default"},
      {"repeats_max", 31},
      {"repeats_min", 3},
      {"units", 12},
      {"route_units", 40},
      {"total_time_ms", 352.5},
      {"saving_ms", 340.25},
      {"relation", "shop.Order.author"},
      {"relation_kind", "foreign_key"},
      {"operation", "follow"},
      {"trigger", place("/srv/site/shop/views.py", 6, "order_list")},
      {"places", json::array()},
      {"sources", json::array({{{"fingerprint", "00000000000000a0"},
                                {"summary", "SELECT shop_order"},
                                {"place", place("/srv/site/shop/views.py", 4, "order_list")}}})},
      {"suggestion",
       {{"action", "select_related"},
        {"path", "author"},
        {"text", "Fetch author together with its owner in one query: add .select_related(\"author\") to the queryset."},
        {"code", ".select_related(\"author\")"},
        {"is_template", false},
        {"edit",
         {{"file", "/srv/site/shop/views.py"}, {"line", 4}, {"column", 37}, {"insert", ".select_related(\"author\")"}}},
        {"read", "https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related"}}},
      {"lesson", lesson("N+1 queries", "One query fetched a list, and then one more query ran for each of its rows.",
                        "Each round trip costs time, and there are as many as rows: what is quick with ten rows on "
                        "your machine is slow with a thousand in production.")},
      {"first_seen_s", 600},
      {"last_seen_s", 12},
      {"gone_s", nullptr}};
}

// In a template, with nothing that could be pasted.
inline json query_in_loop_row() {
  json row = n_plus_one_row();
  row["id"] = "3f2b000000000001";
  row["kind"] = "query_in_loop";
  row["level"] = "warn";
  row["severity_name"] = "mild";
  row["method"] = "POST";
  row["route"] = "shop/basket/<int:pk>/";
  row["proven"] = false;
  row["likely"] = true;
  row["repeats_min"] = row["repeats_max"] = 8;
  row["units"] = row["route_units"] = 1;
  row["total_time_ms"] = 10;
  row["saving_ms"] = 8.75;
  row["trigger"] = no_place();
  row["trigger"]["template"] = "shop/basket.html";
  row["trigger"]["template_line"] = 12;
  row["sources"] = json::array();
  row["suggestion"] = {{"action", "batch_query"},
                       {"path", nullptr},
                       {"text", "Ask once for all values, with .filter(...__in=values) or in_bulk(), before the loop."},
                       {"code", ".filter(...__in=values)"},
                       {"is_template", true},
                       {"edit", nullptr},
                       {"read", "https://docs.djangoproject.com/en/stable/topics/db/optimization/"}};
  row["lesson"] = lesson("Query in a loop", "The same statement ran again and again with other values.",
                         "The number of queries follows the number of rounds.");
  return row;
}

// Of the whole unit.
inline json slow_response_row() {
  json row = n_plus_one_row();
  row["id"] = "99aa000000000002";
  row["kind"] = "slow_response";
  row["level"] = "warn";
  row["severity_name"] = "none";
  row["proven"] = false;
  for (const char* key : {"fingerprint", "summary", "text", "alias"}) row[key] = nullptr;
  row["repeats_min"] = row["repeats_max"] = 1;
  row["total_time_ms"] = 900;
  row["saving_ms"] = 1.5;
  row["trigger"] = no_place();
  row["sources"] = json::array();
  row["suggestion"] = {{"action", "profile"},
                       {"path", nullptr},
                       {"text", "Compare the time in SQL with the whole."},
                       {"code", nullptr},
                       {"is_template", true},
                       {"edit", nullptr},
                       {"read", "https://docs.djangoproject.com/en/stable/topics/performance/"}};
  row["lesson"] = lesson("Slow response", "The answer took longer than its kind of operation should.",
                         "A person notices from a tenth of a second.");
  return row;
}

inline json in_state(json row, const std::string& state, const std::string& id) {
  row["state"] = state;
  row["id"] = id;
  if (state == "gone") row["gone_s"] = 180;
  if (state == "ignored") row["ignored"] = "read once a day";
  return row;
}

inline json record(double at_ms, double duration_ms, const std::string& summary, const json& role) {
  return {{"at_ms", at_ms},         {"duration_ms", duration_ms}, {"alias", "default"}, {"summary", summary},
          {"fingerprint", summary}, {"flags", json::array()},     {"calls", 1},         {"role", role}};
}

// A row of `explain`: the list, then `count` repeats of 1 ms each.
inline json with_sample(json row, int count) {
  json records = json::array({record(0.5, 1.5, "SELECT shop_order", row["sources"].empty() ? json() : json("source"))});
  for (int i = 0; i < count; ++i) records.push_back(record(2 + i, 1, "SELECT shop_author", "repeat"));
  records.push_back(record(2 + count, 0.5, "SELECT shop_basket", nullptr));
  row["sample"] = {{"duration_ms", count + 10},
                   {"db_time_ms", count + 2},
                   {"queries", count + 2},
                   {"status", 200},
                   {"age_s", 12},
                   {"count", count},
                   {"records", records},
                   {"records_left_out", 0}};
  return row;
}

inline const std::string kViews =
    "from shop.models import Order\n"
    "\n"
    "def order_list(request):\n"
    "    orders = list(Order.objects.all())\n"
    "    for order in orders:\n"
    "        print(order.author.name)\n"
    "    return page(orders)\n";

// In the project's directory, where its one file can be read.
inline Here in_the_project() {
  return {"/srv/site", [](const std::string& path) {
            return path == "/srv/site/shop/views.py" ? std::optional(kViews) : std::nullopt;
          }};
}

inline Here elsewhere() {
  return {"/home/me", [](const std::string&) { return std::optional<std::string>(); }};
}

}  // namespace mercury::cli::testing
