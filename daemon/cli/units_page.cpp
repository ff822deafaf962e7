// A unit's statements over time, in text:
//
//   1. GET shop/orders/  200, 1,234 ms (db 980 ms, 52 queries), 12 s ago
//        at ms      ms  0 to 1,234 ms                   statement             calls
//         1.20    0.40  █·····························  SELECT shop_order         1
//         2.10     970  █████████████████████████·····  SELECT shop_customer     51
//
// Calls of one statement in a row are one line, from the first's start to the last's end: an N+1 shows as what it is.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/field.h"
#include "cli/pages.h"
#include "cli/routes.h"
#include "cli/table.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kBarColumns = 30;
constexpr std::size_t kRunsMax = 30;  // lines of one unit
constexpr std::size_t kIndent = 4;
constexpr std::size_t kStatementLeast = 28;

double weight(const json& row, std::string_view order) {
  if (order == "queries") return field::number_or(row, {"queries"}, 0);
  if (order == "db") return field::number_or(row, {"db_time_ms"}, 0);
  if (order == "age") return -field::number_or(row, {"age_s"}, 0);  // the newest first
  return field::number_or(row, {"duration_ms"}, 0);
}

// The daemon names the flags of a record.
bool is_failed(const json& record) {
  const json& flags = field::at(record, {"flags"});
  return flags.is_array() && std::ranges::find(flags, json("failed")) != flags.end();
}

// Calls of the same statement, one after the other.
struct Run {
  const json* first = nullptr;
  double begin_ms = 0;
  double end_ms = 0;
  double busy_ms = 0;
  double calls = 0;
  bool failed = false;
};

bool continues(const Run& run, const json& record) {
  return field::raw_text(*run.first, {"fingerprint"}) == field::raw_text(record, {"fingerprint"}) &&
         field::raw_text(*run.first, {"alias"}) == field::raw_text(record, {"alias"}) &&
         field::raw_text(*run.first, {"summary"}) == field::raw_text(record, {"summary"});
}

std::vector<Run> runs_of(const json& records) {
  std::vector<Run> runs;
  if (!records.is_array()) return runs;
  for (const json& record : records) {
    const double at = field::number_or(record, {"at_ms"}, 0);
    const double took = field::number_or(record, {"duration_ms"}, 0);
    if (runs.empty() || !continues(runs.back(), record)) runs.push_back({&record, at, at, 0, 0, false});
    Run& run = runs.back();
    run.end_ms = std::max(run.end_ms, at + took);
    run.busy_ms += took;
    run.calls += field::number_or(record, {"calls"}, 1);
    run.failed = run.failed || is_failed(record);
  }
  return runs;
}

std::string bar(double begin_ms, double end_ms, double total_ms) {
  const auto column = [total_ms](double ms) {
    if (total_ms <= 0) return 0.0;
    return std::clamp(ms / total_ms, 0.0, 1.0) * static_cast<double>(kBarColumns);
  };
  const auto from = std::min(static_cast<std::size_t>(std::floor(column(begin_ms))), kBarColumns - 1);
  const auto to = std::clamp(static_cast<std::size_t>(std::ceil(column(end_ms))), from + 1, kBarColumns);
  std::string out;
  for (std::size_t i = 0; i < kBarColumns; ++i) out += i >= from && i < to ? "█" : "·";
  return out;
}

std::string timeline(const json& unit, const Style& style) {
  const std::vector<Run> runs = runs_of(field::at(unit, {"records"}));
  if (runs.empty()) return std::string(kIndent, ' ') + "no queries\n";
  double total = field::number_or(unit, {"duration_ms"}, 0);
  for (const Run& run : runs) total = std::max(total, run.end_ms);
  const bool aliases = std::ranges::any_of(runs, [&runs](const Run& run) {
    return field::raw_text(*run.first, {"alias"}) != field::raw_text(*runs.front().first, {"alias"});
  });
  std::vector<Column> columns{{"at ms", Align::Right},
                              {"ms", Align::Right},
                              {fmt::format("0 to {} ms", ms_text(total)), Align::Left, kRigid, 2}};
  if (aliases) columns.push_back({"alias", Align::Left, kRigid, 1});
  columns.push_back({"statement", Align::Left, kStatementLeast});
  columns.push_back({"calls", Align::Right});
  Table table(std::move(columns));
  for (std::size_t i = 0; i < runs.size() && i < kRunsMax; ++i) {
    const Run& run = runs[i];
    const std::string summary = field::text(*run.first, {"summary"});
    const std::string statement =
        (run.failed ? "failed: " : "") + (summary.empty() ? std::string("(unknown)") : summary);
    std::vector<Cell> cells{ms_text(run.begin_ms), ms_text(run.busy_ms), bar(run.begin_ms, run.end_ms, total)};
    if (aliases) cells.emplace_back(field::text(*run.first, {"alias"}));
    cells.emplace_back(statement, run.failed ? Tone::Bad : Tone::Plain);
    cells.emplace_back(number_text(run.calls));
    table.add(std::move(cells));
  }
  std::string out = table.render(style, kIndent);
  if (runs.size() > kRunsMax)
    out += fmt::format("{}{} more lines; --json has all\n", std::string(kIndent, ' '), runs.size() - kRunsMax);
  if (const double left_out = field::number_or(unit, {"records_left_out"}, 0); left_out > 0) {
    out +=
        fmt::format("{}{} more queries were counted but not kept\n", std::string(kIndent, ' '), number_text(left_out));
  }
  return out;
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
    page += title(unit, number, style) + timeline(unit, style) + "\n";
  }
  return page + listing_line(rows.size(), "unit", listing, style);
}

}  // namespace mercury::cli
