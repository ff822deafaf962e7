#include "cli/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/field.h"
#include "cli/table.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kBarColumns = 30;
constexpr std::size_t kNarrowBarColumns = 8;
constexpr std::size_t kNarrow = 60;
constexpr std::size_t kLinesMax = 30;
constexpr std::size_t kStatementLeast = 28;
constexpr std::size_t kNarrowStatementLeast = 20;
constexpr std::size_t kCycleMax = 6;      // statements that come round together
constexpr std::size_t kCycleRepeats = 3;  // fewer are not folded

// Calls of the same statement, one after the other; or, in a fold, all further rounds of a cycle.
struct Line {
  const json* first = nullptr;
  double begin_ms = 0;
  double end_ms = 0;
  double busy_ms = 0;
  double calls = 0;
  bool failed = false;
  std::size_t folded = 0;  // statements in a round; 0: no fold
  std::size_t rounds = 0;

  void add(const Line& other) {
    end_ms = std::max(end_ms, other.end_ms);
    busy_ms += other.busy_ms;
    calls += other.calls;
    failed = failed || other.failed;
  }
};

// The daemon names the flags of a record.
bool is_failed(const json& record) {
  const json& flags = field::at(record, {"flags"});
  return flags.is_array() && std::ranges::find(flags, json("failed")) != flags.end();
}

bool is_same(const json& left, const json& right) {
  return std::ranges::all_of(
      std::initializer_list<const char*>{"fingerprint", "alias", "summary", "role"},
      [&](const char* key) { return field::raw_text(left, {key}) == field::raw_text(right, {key}); });
}

std::vector<Line> runs_of(const json& records) {
  std::vector<Line> runs;
  if (!records.is_array()) return runs;
  for (const json& record : records) {
    const double at = field::number_or(record, {"at_ms"}, 0);
    const double took = field::number_or(record, {"duration_ms"}, 0);
    const Line call{&record, at, at + took, took, field::number_or(record, {"calls"}, 1), is_failed(record)};
    if (!runs.empty() && is_same(*runs.back().first, record)) {
      runs.back().add(call);
    } else {
      runs.push_back(call);
    }
  }
  return runs;
}

// How often the `size` runs at `from` follow one another.
std::size_t rounds_at(const std::vector<Line>& runs, std::size_t from, std::size_t size) {
  std::size_t at = from + size;
  while (at < runs.size() && is_same(*runs[at].first, *runs[at - size].first)) ++at;
  return (at - from) / size;
}

std::vector<Line> folded(const std::vector<Line>& runs) {
  std::vector<Line> lines;
  for (std::size_t at = 0; at < runs.size();) {
    std::size_t size = 2;
    while (size <= kCycleMax && rounds_at(runs, at, size) < kCycleRepeats) ++size;
    if (size > kCycleMax) {
      lines.push_back(runs[at++]);
      continue;
    }
    const std::size_t end = at + size * rounds_at(runs, at, size);
    lines.insert(lines.end(), &runs[at], &runs[at] + size);
    Line fold = runs[at + size];
    for (std::size_t i = at + size + 1; i < end; ++i) fold.add(runs[i]);
    fold.folded = size;
    fold.rounds = (end - at) / size - 1;
    lines.push_back(fold);
    at = end;
  }
  return lines;
}

std::string bar(const Line& line, double total_ms, std::size_t columns) {
  const auto column = [total_ms, columns](double ms) {
    if (total_ms <= 0) return 0.0;
    return std::clamp(ms / total_ms, 0.0, 1.0) * static_cast<double>(columns);
  };
  const auto from = std::min(static_cast<std::size_t>(std::floor(column(line.begin_ms))), columns - 1);
  const auto to = std::clamp(static_cast<std::size_t>(std::ceil(column(line.end_ms))), from + 1, columns);
  std::string out;
  for (std::size_t i = 0; i < columns; ++i) out += i >= from && i < to ? "█" : "·";
  return out;
}

Cell statement_cell(const Line& line, Marks marks) {
  const std::string role = marks == Marks::Roles ? field::raw_text(*line.first, {"role"}) : "";
  Tone tone = line.failed ? Tone::Bad : Tone::Plain;
  if (tone == Tone::Plain && role == "repeat") tone = Tone::Warn;
  if (tone == Tone::Plain && role == "source") tone = Tone::Good;
  if (line.folded > 0) return {fmt::format("… these {} again, ×{}", line.folded, line.rounds), tone};
  const std::string summary = field::text(*line.first, {"summary"});
  std::string text = (line.failed ? "failed: " : "") + (summary.empty() ? std::string("(unknown)") : summary);
  if (marks == Marks::Roles && line.calls > 1) text += fmt::format(" … ×{}", number_text(line.calls));
  return {std::move(text), tone};
}

Cell mark_cell(const Line& line) {
  const std::string role = field::raw_text(*line.first, {"role"});
  if (line.folded > 0 || (role != "source" && role != "repeat")) return "";
  return role == "source" ? Cell{"→", Tone::Good} : Cell{"●", Tone::Warn};
}

std::string table_of(const std::vector<Line>& lines, double total, Marks marks, std::size_t indent,
                     const Style& style) {
  const bool aliases = std::ranges::any_of(lines, [&lines](const Line& line) {
    return field::raw_text(*line.first, {"alias"}) != field::raw_text(*lines.front().first, {"alias"});
  });
  const bool narrow = style.columns < kNarrow;
  const std::size_t bar_columns = narrow ? kNarrowBarColumns : kBarColumns;
  const std::string scale = narrow ? std::string("when") : fmt::format("0 to {} ms", ms_text(total));
  std::vector<Column> columns{{"at ms", Align::Right}, {"ms", Align::Right}, {scale, Align::Left, kRigid, 2}};
  if (aliases) columns.push_back({"alias", Align::Left, kRigid, 1});
  if (marks == Marks::Roles) columns.push_back({""});
  columns.push_back({"statement", Align::Left, narrow ? kNarrowStatementLeast : kStatementLeast});
  if (marks == Marks::None) columns.push_back({"calls", Align::Right});
  Table table(std::move(columns));
  for (std::size_t i = 0; i < lines.size() && i < kLinesMax; ++i) {
    const Line& line = lines[i];
    std::vector<Cell> cells{ms_text(line.begin_ms), ms_text(line.busy_ms), bar(line, total, bar_columns)};
    if (aliases) cells.emplace_back(line.folded > 0 ? "" : field::text(*line.first, {"alias"}));
    if (marks == Marks::Roles) cells.push_back(mark_cell(line));
    cells.push_back(statement_cell(line, marks));
    if (marks == Marks::None) cells.emplace_back(number_text(line.calls));
    table.add(std::move(cells));
  }
  return table.render(style, indent);
}

}  // namespace

std::string timeline(const json& unit, Marks marks, std::size_t indent, const Style& style) {
  const std::string margin(indent, ' ');
  const std::vector<Line> lines = folded(runs_of(field::at(unit, {"records"})));
  if (lines.empty()) return margin + "no queries\n";
  double total = field::number_or(unit, {"duration_ms"}, 0);
  for (const Line& line : lines) total = std::max(total, line.end_ms);
  std::string out = table_of(lines, total, marks, indent, style);
  if (lines.size() > kLinesMax)
    out += fmt::format("{}{} more lines; --json has all\n", margin, lines.size() - kLinesMax);
  if (const double left_out = field::number_or(unit, {"records_left_out"}, 0); left_out > 0)
    out += hanging(margin, number_text(left_out) + " more queries were counted but not kept", style.columns);
  return out;
}

}  // namespace mercury::cli
