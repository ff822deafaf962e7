#include "cli/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "cli/field.h"
#include "cli/table.h"
#include "cli/text.h"

namespace mercury::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kRouteLeast = 16;

double weight(const json& row, const std::string& order) {
  const double count = field::number_or(row, {"count"}, 0);
  if (order == "p95") return field::number_or(row, {"duration_ms", "p95"}, 0);
  if (order == "count") return count;
  if (order == "queries") return field::number_or(row, {"queries", "mean"}, 0);
  if (order == "errors") return field::number_or(row, {"errors"}, 0);
  if (order == "db")
    return field::number_or(row, {"db_time_ms", "total"}, field::number_or(row, {"db_time_ms", "mean"}, 0) * count);
  return field::number_or(row, {"duration_ms", "mean"}, 0) * count;
}

std::array<std::string, 6> identity(const json& row) {
  return {
      field::raw_text(row, {"user"}),        field::raw_text(row, {"service"}),
      field::raw_text(row, {"environment"}), field::raw_text(row, {"run"}),
      field::raw_text(row, {"route"}),       field::raw_text(row, {"kind"}) + "\n" + field::raw_text(row, {"method"})};
}

// A column that is shown only if its values differ between rows.
struct Apart {
  const char* key;
  const char* header;
  int drop;
};
constexpr std::array<Apart, 5> kApart{{{"status_class", "status", 0},
                                       {"service", "service", 6},
                                       {"environment", "environment", 5},
                                       {"user", "user", 7},
                                       {"run", "run", 4}}};

std::vector<Apart> telling_apart(const json& rows) {
  std::vector<Apart> shown;
  for (const Apart& apart : kApart) {
    std::set<std::string> values;
    for (const json& row : rows) values.insert(field::raw_text(row, {apart.key}));
    if (values.size() > 1) shown.push_back(apart);
  }
  return shown;
}

std::string method_text(const json& row) {
  std::string method = field::text(row, {"method"});
  return method.empty() ? field::text(row, {"kind"}) : method;
}

// Columns that are there only if a row has one.
struct Judged {
  bool findings = false;
  bool grade = false;
};

Judged judged(const json& rows) {
  const auto some = [&rows](const char* key) {
    return std::ranges::any_of(rows, [key](const json& row) { return !field::at(row, {key}).is_null(); });
  };
  return {some("findings"), some("grade")};
}

Tone tone_of_grade(const std::string& grade) {
  if (grade == "D" || grade == "F") return Tone::Bad;
  return grade == "S" || grade.starts_with('A') ? Tone::Good : Tone::Plain;
}

std::vector<Column> columns_for(const std::vector<Apart>& apart, const Judged& shown) {
  std::vector<Column> columns{{"#", Align::Right}, {"method"}, {"route", Align::Left, kRouteLeast}};
  for (const Apart& one : apart) columns.push_back({one.header, Align::Left, kRigid, one.drop});
  if (shown.grade) columns.push_back({"grade", Align::Left, kRigid, 11});
  if (shown.findings) columns.push_back({"findings", Align::Right, kRigid, 12});
  // Left out first is what is told elsewhere (`route`), last what the list is for.
  constexpr std::array<std::pair<const char*, int>, 8> kNumbers{{{"requests", 0},
                                                                 {"errors", 10},
                                                                 {"p50\nms", 3},
                                                                 {"p95\nms", 0},
                                                                 {"max\nms", 2},
                                                                 {"queries\n/req", 9},
                                                                 {"queries\nmax", 1},
                                                                 {"db\nms/req", 8}}};
  for (const auto& [header, drop] : kNumbers) columns.push_back({header, Align::Right, kRigid, drop});
  return columns;
}

}  // namespace

void keep_service(json& rows, const std::string& service) {
  if (service.empty()) return;
  json kept = json::array();
  for (json& row : rows) {
    if (field::raw_text(row, {"service"}) == service) kept.push_back(std::move(row));
  }
  rows = std::move(kept);
}

void sort_routes(json& rows, const std::string& order) {
  std::sort(rows.begin(), rows.end(), [&order](const json& left, const json& right) {
    const double left_weight = weight(left, order);
    const double right_weight = weight(right, order);
    if (left_weight != right_weight) return left_weight > right_weight;
    return std::tuple(identity(left), field::raw_text(left, {"status_class"})) <
           std::tuple(identity(right), field::raw_text(right, {"status_class"}));
  });
}

void take_grades(json& rows, const json& since_the_start) {
  std::map<std::pair<std::array<std::string, 6>, std::string>, const json*> known;
  const auto key = [](const json& row) { return std::pair(identity(row), field::raw_text(row, {"status_class"})); };
  for (const json& row : since_the_start) known[key(row)] = &row;
  for (json& row : rows) {
    const auto found = known.find(key(row));
    if (found == known.end() || !row.is_object()) continue;
    for (const char* name : {"findings", "grade", "score"}) {
      if (field::at(row, {name}).is_null()) row[name] = field::at(*found->second, {name});
    }
  }
}

std::string route_title(const json& row) { return fmt::format("{} {}", method_text(row), field::text(row, {"route"})); }

bool same_route(const json& left, const json& right) { return identity(left) == identity(right); }

std::string routes_table(const json& rows, std::size_t limit, const Style& style) {
  const std::vector<Apart> apart = telling_apart(rows);
  const Judged shown = judged(rows);
  Table table(columns_for(apart, shown));
  std::size_t number = 0;
  for (const json& row : rows) {
    if (number++ == limit) break;
    std::vector<Cell> cells{number_text(static_cast<double>(number)), method_text(row), field::text(row, {"route"})};
    for (const Apart& one : apart) cells.emplace_back(field::text(row, {one.key}));
    const std::string grade = field::text(row, {"grade"});
    if (shown.grade) cells.emplace_back(grade.empty() ? std::string(kNothing) : grade, tone_of_grade(grade));
    const auto findings = field::number(row, {"findings"});
    if (shown.findings) cells.emplace_back(number_text(findings), findings > 0 ? Tone::Warn : Tone::Plain);
    const bool failing = field::number_or(row, {"errors"}, 0) > 0;
    cells.emplace_back(number_text(field::number(row, {"count"})));
    cells.emplace_back(number_text(field::number(row, {"errors"})), failing ? Tone::Bad : Tone::Plain);
    cells.emplace_back(ms_text(field::number(row, {"duration_ms", "p50"})));
    cells.emplace_back(ms_text(field::number(row, {"duration_ms", "p95"})));
    cells.emplace_back(ms_text(field::number(row, {"duration_ms", "max"})));
    cells.emplace_back(number_text(field::number(row, {"queries", "mean"})));
    cells.emplace_back(number_text(field::number(row, {"queries", "max"})));
    cells.emplace_back(ms_text(field::number(row, {"db_time_ms", "mean"})));
    table.add(std::move(cells));
  }
  return table.render(style);
}

}  // namespace mercury::cli
