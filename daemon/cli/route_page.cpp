#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "cli/field.h"
#include "cli/pages.h"
#include "cli/routes.h"
#include "cli/table.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

std::string labels(const json& row) {
  std::string out;
  for (const char* key : {"service", "environment", "run", "user"}) {
    const std::string value = field::text(row, {key});
    if (!value.empty()) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", key, value);
  }
  return out;
}

std::string totals(const json& row) {
  const std::string status = field::text(row, {"status_class"});
  const auto count = [&row](const char* key) { return field::number_or(row, {key}, 0); };
  std::string out = fmt::format("{}{}, {}, {} failed, {} incomplete", status.empty() ? "" : status + ": ",
                                plural(count("count"), "request"), plural(count("errors"), "error"),
                                number_text(count("failed")), number_text(count("incomplete")));
  const auto hits = field::number(row, {"cache", "hits"});
  const auto misses = field::number(row, {"cache", "misses"});
  if (hits && misses && *hits + *misses > 0) {
    out += fmt::format("; cache hits {}, misses {}", number_text(hits), number_text(misses));
  }
  if (const std::string grade = field::text(row, {"grade"}); !grade.empty())
    out += fmt::format("; grade {}, score {}", grade, number_text(field::number(row, {"score"})));
  if (const auto ago = field::number(row, {"last_seen_s"})) out += fmt::format("; last seen {} ago", seconds_text(ago));
  return out;
}

std::string windows_table(const json& windows, const Style& style) {
  Table table({{"window"},
               {"requests", Align::Right},
               {"errors", Align::Right},
               {"p50\nms", Align::Right, kRigid, 5},
               {"p95\nms", Align::Right},
               {"p99\nms", Align::Right, kRigid, 2},
               {"max\nms", Align::Right, kRigid, 4},
               {"queries\n/req", Align::Right},
               {"queries\np95", Align::Right, kRigid, 1},
               {"queries\nmax", Align::Right, kRigid, 3},
               {"db\nms/req", Align::Right},
               {"db p95\nms", Align::Right, kRigid, 1}});
  for (const char* name : {"1m", "5m", "15m", "all"}) {
    const json& window = field::at(windows, {name});
    if (!window.is_object()) continue;
    const auto number = [&window](field::Path path) { return number_text(field::number(window, path)); };
    const auto ms = [&window](field::Path path) { return ms_text(field::number(window, path)); };
    table.add({name, number({"count"}), number({"errors"}), ms({"duration_ms", "p50"}), ms({"duration_ms", "p95"}),
               ms({"duration_ms", "p99"}), ms({"duration_ms", "max"}), number({"queries", "mean"}),
               number({"queries", "p95"}), number({"queries", "max"}), ms({"db_time_ms", "mean"}),
               ms({"db_time_ms", "p95"})});
  }
  return table.render(style, 2);
}

// The statements of all the series, each once.
json statements_of(const json& rows) {
  std::set<std::string> seen;
  json out = json::array();
  for (const json& row : rows) {
    const json& statements = field::at(row, {"statements"});
    if (!statements.is_array()) continue;
    for (const json& statement : statements) {
      if (seen.insert(field::raw_text(statement, {"fingerprint"})).second) out.push_back(statement);
    }
  }
  sort_statements(out, "time");
  return out;
}

std::string statements_section(const json& rows, std::size_t most, const Style& style) {
  const json statements = statements_of(rows);
  std::string out = "\n" + paint("Statements", Tone::Strong, style) + ", counted in every route that uses them\n";
  if (statements.empty()) return out + "  none\n";
  out += statements_table(statements, most, style, 2);
  if (statements.size() > most)
    out += fmt::format("  {} more with --limit 0\n", number_text(static_cast<double>(statements.size() - most)));
  return out;
}

std::string findings_section(const json& findings, const Here& here, const Style& style) {
  if (!findings.is_array()) return {};
  std::vector<RankedFinding> shown = rank_findings(findings);
  for (RankedFinding& finding : shown) finding.rank = 0;  // its rank among those of other routes is not known here
  const std::string left_out = left_out_text(leave_out_closed(shown));
  std::string out = "\n" + paint("Findings", Tone::Strong, style);
  out += shown.empty() ? "\n  none\n" : ", explained by `mercuryctl explain` and their id\n";
  std::string blocks = finding_blocks(shown, shown.size(), here, style);
  if (blocks.ends_with("\n\n")) blocks.pop_back();
  out += blocks;
  if (!left_out.empty()) out += hanging("  ", left_out + " See them with findings --all.", style.columns);
  return out;
}

}  // namespace

std::string render_route(const json& rows, const json& findings, std::size_t statements_max, const Here& here,
                         const Style& style) {
  if (rows.empty()) return "Nothing was measured for this route.\n";
  std::string page = paint(route_title(rows.front()), Tone::Strong, style) + "\n";
  if (const std::string about = labels(rows.front()); !about.empty()) page += "  " + about + "\n";
  for (const json& row : rows) {
    page += "\n" + totals(row) + "\n" + windows_table(field::at(row, {"windows"}), style);
  }
  return page + statements_section(rows, statements_max, style) + findings_section(findings, here, style);
}

}  // namespace mercury::cli
