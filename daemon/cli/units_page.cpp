// Units with their statements over time:
//
//   1. GET shop/orders/  200, 1,234 ms (db 980 ms, 52 queries), 12 s ago
//      and its timeline.h
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/field.h"
#include "cli/pages.h"
#include "cli/routes.h"
#include "cli/text.h"
#include "cli/timeline.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kIndent = 4;

double weight(const json& row, std::string_view order) {
  if (order == "queries") return field::number_or(row, {"queries"}, 0);
  if (order == "db") return field::number_or(row, {"db_time_ms"}, 0);
  if (order == "age") return -field::number_or(row, {"age_s"}, 0);  // the newest first
  return field::number_or(row, {"duration_ms"}, 0);
}

std::string title(const json& unit, std::size_t number, const Style& style) {
  const std::string state = field::text(unit, {"state"});
  const double status = field::number_or(unit, {"status"}, 0);
  const auto queries = field::number(unit, {"queries"});
  std::string out = fmt::format("{}. {}  ", number, paint(route_title(unit), Tone::Strong, style));
  if (status > 0) out += paint(fmt::format("{:.0f}", status), status >= 500 ? Tone::Bad : Tone::Plain, style) + ", ";
  if (!state.empty() && state != "closed") out += paint(state, Tone::Warn, style) + ", ";
  out += fmt::format("{} ms (db {} ms, {})", ms_text(field::number(unit, {"duration_ms"})),
                     ms_text(field::number(unit, {"db_time_ms"})),
                     queries == 1 ? "1 query" : number_text(queries) + " queries");
  if (const auto age = field::number(unit, {"age_s"})) out += fmt::format(", {} ago", seconds_text(age));
  return out + "\n";
}

}  // namespace

void sort_units(json& rows, const std::string& order) {
  std::sort(rows.begin(), rows.end(), [&order](const json& left, const json& right) {
    const double left_weight = weight(left, order);
    const double right_weight = weight(right, order);
    if (left_weight != right_weight) return left_weight > right_weight;
    return std::pair(field::raw_text(left, {"incarnation"}), field::raw_text(left, {"unit_id"})) <
           std::pair(field::raw_text(right, {"incarnation"}), field::raw_text(right, {"unit_id"}));
  });
}

std::string render_units(const json& rows, const Listing& listing, const Style& style) {
  if (rows.empty()) return "No unit was measured yet.\n";
  std::string page;
  std::size_t number = 0;
  for (const json& unit : rows) {
    if (number++ == listing.limit) break;
    page += title(unit, number, style) + timeline(unit, Marks::None, kIndent, style) + "\n";
  }
  return page + listing_line(rows.size(), "unit", listing, style);
}

}  // namespace mercury::cli
