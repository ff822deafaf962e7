#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/field.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

double weight(const json& row, std::string_view order) {
  if (order == "calls") return field::number_or(row, {"calls"}, 0);
  if (order == "p95") return field::number_or(row, {"duration_ms", "p95"}, 0);
  if (order == "rows") return field::number_or(row, {"rows"}, 0);
  if (order == "repeat") return field::number_or(row, {"worst_repeat", "count"}, 0);
  return field::number_or(row, {"duration_ms", "total"}, 0);
}

}  // namespace

void sort_statements(json& rows, const std::string& order) {
  std::sort(rows.begin(), rows.end(), [&order](const json& left, const json& right) {
    const double left_weight = weight(left, order);
    const double right_weight = weight(right, order);
    if (left_weight != right_weight) return left_weight > right_weight;
    return field::raw_text(left, {"fingerprint"}) < field::raw_text(right, {"fingerprint"});
  });
}

std::string statements_table(const json& rows, std::size_t limit, const Style& style, std::size_t indent) {
  constexpr int kTextDrop = 3;
  Table table({{"#", Align::Right},
               {"statement", Align::Left, 14},
               {"text", Align::Left, 20, kTextDrop},
               {"calls", Align::Right},
               {"failed", Align::Right, kRigid, 2},
               {"rows", Align::Right, kRigid, 4},
               {"mean\nms", Align::Right},
               {"p95\nms", Align::Right},
               {"max\nms", Align::Right, kRigid, 1},
               {"total\nms", Align::Right},
               {"worst\nrepeat", Align::Right},
               {"in", Align::Left, 12, 5}});
  std::size_t number = 0;
  for (const json& row : rows) {
    if (number++ == limit) break;
    const bool failing = field::number_or(row, {"failed"}, 0) > 0;
    const std::string summary = field::text(row, {"summary"});
    table.add({number_text(static_cast<double>(number)),
               summary.empty() ? std::string("(unknown)") : summary,
               field::text(row, {"text"}),
               number_text(field::number(row, {"calls"})),
               {number_text(field::number(row, {"failed"})), failing ? Tone::Bad : Tone::Plain},
               number_text(field::number(row, {"rows"})),
               ms_text(field::number(row, {"duration_ms", "mean"})),
               ms_text(field::number(row, {"duration_ms", "p95"})),
               ms_text(field::number(row, {"duration_ms", "max"})),
               ms_text(field::number(row, {"duration_ms", "total"})),
               number_text(field::number(row, {"worst_repeat", "count"})),
               field::text(row, {"worst_repeat", "route"})});
  }
  return table.render(style, indent);
}

std::string render_statements(const json& rows, const Listing& listing, const Style& style) {
  if (rows.empty()) return "No statement was measured yet.\n";
  return statements_table(rows, listing.limit, style, 0) + listing_line(rows.size(), "statement", listing, style);
}

}  // namespace mercury::cli
