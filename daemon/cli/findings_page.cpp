// The list of findings, a block for each:
//
//   1. fail, severe, proven: N+1 queries in GET shop/orders/
//      31 queries in one request (25 to 31), 12 of 40 requests, 340.0 ms lost
//      where  shop/views.py:14 in order_list
//      fix    .select_related("author") at shop/views.py:12
//      id     3f2a81c0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/field.h"
#include "cli/findings.h"
#include "cli/pages.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \r\n") + 1);
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

// What to write, in a line.
std::string fix_text(const json& finding, const Here& here) {
  const json& suggestion = field::at(finding, {"suggestion"});
  if (const json& edit = field::at(suggestion, {"edit"}); edit.is_object()) {
    return fmt::format("{} at {}", printable(trimmed(field::raw_text(edit, {"insert"}))), file_line_text(edit, here));
  }
  const std::string code = field::text(suggestion, {"code"});
  if (code.empty()) return field::text(suggestion, {"text"});
  const bool sketch = field::at(suggestion, {"is_template"}) != json(false);
  const json& sources = field::at(finding, {"sources"});
  std::string place;
  if (sources.is_array() && !sources.empty()) place = file_line_text(field::at(sources.front(), {"place"}), here);
  return fmt::format("{}{}{}", sketch ? "a sketch: " : "", code, place.empty() ? "" : " for the queryset at " + place);
}

std::string where_text(const json& finding, const Here& here) {
  std::string place = place_text(field::at(finding, {"trigger"}), here);
  if (!place.empty() || !is_loop(finding)) return place;
  return "the place was not captured (CALL_SITES)";
}

// The standing in its colour, the title strong; both wrapped together behind the rank.
std::string head_lines(const RankedFinding& finding, const Style& style) {
  const std::string rank = finding.rank == 0 ? "- " : fmt::format("{}. ", finding.rank);
  const std::string standing = standing_text(*finding.row) + ":";
  const std::size_t room = style.columns > rank.size() ? style.columns - rank.size() : 1;
  std::string out;
  for (const std::string& line : wrapped(standing + " " + finding_title(*finding.row), room)) {
    const bool whole = out.empty() && line.starts_with(standing);  // else the standing itself was wrapped
    out += out.empty() ? rank : std::string(rank.size(), ' ');
    if (whole) out += paint(standing, tone_of(*finding.row), style);
    out += paint(whole ? line.substr(standing.size()) : line, Tone::Strong, style) + "\n";
  }
  return out;
}

std::string block(const RankedFinding& finding, const Here& here, const Style& style) {
  const std::string margin(finding.rank == 0 ? 2 : fmt::format("{}. ", finding.rank).size(), ' ');
  std::string out = head_lines(finding, style) + hanging(margin, numbers_text(*finding.row), style.columns);
  const auto add = [&](const char* label, const std::string& text) {
    if (!text.empty()) out += hanging(margin + pad_right(label, 7), text, style.columns);
  };
  add("where", where_text(*finding.row, here));
  add("fix", fix_text(*finding.row, here));
  add("id", short_id(*finding.row));
  return out;
}

std::string nothing_found(const FindingsList& list) {
  const std::string kind = list.kind.empty() ? "" : " of kind " + printable(list.kind);
  if (list.units_judged == 0) return "No findings" + kind + ": nothing was measured yet. Open a page of the site.";
  const bool open_only = list.left_out.gone + list.left_out.constant + list.left_out.ignored > 0;
  return fmt::format("No {}findings{}: {} of {} {} judged{}.", open_only ? "open " : "", kind,
                     plural(list.units_judged, "unit"), plural(static_cast<double>(list.routes_judged), "route"),
                     list.units_judged == 1 ? "was" : "were",
                     kind.empty() && !open_only ? " and nothing stood out" : "");
}

}  // namespace

std::string finding_blocks(const std::vector<RankedFinding>& findings, std::size_t limit, const Here& here,
                           const Style& style) {
  std::string out;
  std::size_t count = 0;
  for (const RankedFinding& finding : findings) {
    if (count++ == limit) break;
    out += block(finding, here, style) + "\n";
  }
  return out;
}

std::string render_findings(const FindingsList& list, const Here& here, const Style& style) {
  const std::string left_out = left_out_text(list.left_out);
  const std::string hidden = left_out.empty() ? "" : hanging("", left_out + " See them with --all.", style.columns);
  if (list.findings.empty()) return hanging("", nothing_found(list), style.columns) + hidden;
  const auto count = static_cast<double>(list.findings.size());
  std::string last = plural(count, "finding") + ", the largest saving first";
  if (list.findings.size() > list.limit)
    last += fmt::format("; {} more with --limit 0", number_text(count - static_cast<double>(list.limit)));
  return finding_blocks(list.findings, list.limit, here, style) + hanging("", last + ".", style.columns) + hidden +
         hanging("", "What happened and what to write: mercuryctl explain " + short_id(*list.findings.front().row),
                 style.columns);
}

}  // namespace mercury::cli
