#include "verdict_json.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "analysis/fingerprint.h"
#include "model/vendor.h"
#include "view/report.h"

namespace mercury::analysis {
namespace {

using nlohmann::json;

constexpr std::size_t kBytesMax = 100'000'000;  // no vector is as long

// The enumerator between `first` and `last` that has this name.
template <typename Enum>
Enum enumerator(std::string_view name, Enum first, Enum last) {
  for (auto code = static_cast<int>(first); code <= static_cast<int>(last); ++code) {
    if (model::name_of(static_cast<Enum>(code)) == name) return static_cast<Enum>(code);
  }
  throw std::invalid_argument("no such name: " + std::string(name));
}

// The value of `key`, or what `to` has if there is none.
template <typename T>
void take(const json& from, const char* key, T& to) {
  if (const auto at = from.find(key); at != from.end() && !at->is_null()) to = at->get<T>();
}
template <typename T>
void take(const json& from, const char* key, std::optional<T>& to) {
  if (const auto at = from.find(key); at != from.end() && !at->is_null()) to = at->get<T>();
}

// The position of `value` in `values`, at the end if it is new.
template <typename T>
std::size_t position_of(std::vector<T>& values, const T& value) {
  const auto at = std::ranges::find(values, value);
  const auto position = static_cast<std::size_t>(at - values.begin());
  if (at == values.end()) values.push_back(value);
  return position;
}

model::UnitFacts read_unit(const json& from) {
  model::UnitFacts unit;
  unit.kind = enumerator(from.at("kind").get<std::string>(), model::UnitKind::Request, model::UnitKind::Outside);
  unit.operation =
      enumerator(from.value("operation", std::string()), model::Operation::Unknown, model::Operation::Auth);
  take(from, "duration_ns", unit.duration_ns);
  take(from, "first_byte_ns", unit.first_byte_ns);
  take(from, "in_tests", unit.in_tests);
  take(from, "cache_hits", unit.cache_hits);
  take(from, "cache_misses", unit.cache_misses);
  take(from, "memory_bytes", unit.memory_bytes);
  return unit;
}

model::Thresholds read_thresholds(const json& from) {
  model::Thresholds out;
  for (const auto& [name, value] : from.items()) {
    const auto number = value.get<std::uint64_t>();
    if (name == "n_plus_one_threshold") {
      out.n_plus_one = number;
    } else if (name == "loop_calls_min") {
      out.loop_calls_min = number;
    } else if (name == "slow_query_ns") {
      out.slow_query_ns = number;
    } else if (name == "polling_gap_ns") {
      out.polling_gap_ns = number;
    } else if (name == "response_ms") {
      out.response_ms = number;
    } else if (name == "queries") {
      out.queries = number;
    } else {
      throw std::invalid_argument("no such threshold: " + name);
    }
  }
  return out;
}

model::IgnoreRule read_rule(const json& from) {
  model::IgnoreRule rule;
  const std::pair<const char*, std::string*> all[] = {
      {"kind", &rule.kind},   {"route", &rule.route},   {"file", &rule.file},  {"function", &rule.function},
      {"field", &rule.field}, {"reason", &rule.reason}, {"until", &rule.until}};
  for (const auto& [key, text] : all) take(from, key, *text);
  return rule;
}

model::Site read_site(const json& from) {
  model::Site site;
  for (const json& row : from.value("frames", json::array())) {
    model::SiteFrame frame;
    take(row, "line", frame.line);
    take(row, "application", frame.application);
    take(row, "file", frame.file);
    take(row, "module", frame.module);
    take(row, "function", frame.function);
    site.frames.push_back(std::move(frame));
  }
  if (const json row = from.value("template", json()); !row.is_null()) {
    take(row, "name", site.template_name);
    take(row, "line", site.template_line);
  }
  if (const json row = from.value("anchor", json()); !row.is_null()) {
    take(row, "line", site.anchor.line);
    take(row, "column", site.anchor.column);
    site.anchor.kind = static_cast<model::AnchorKind>(row.at("kind").get<int>());
    take(row, "file", site.anchor.file);
  }
  const std::pair<const char*, std::string*> all[] = {{"view", &site.view},
                                                      {"serializer_field", &site.serializer_field},
                                                      {"admin_column", &site.admin_column},
                                                      {"operation", &site.operation},
                                                      {"relation", &site.relation},
                                                      {"relation_kind", &site.relation_kind},
                                                      {"owner_table", &site.owner_table},
                                                      {"model", &site.model},
                                                      {"state", &site.state},
                                                      {"joins", &site.joins},
                                                      {"path", &site.path},
                                                      {"ignore", &site.ignore}};
  for (const auto& [key, text] : all) take(from, key, *text);
  take(from, "flags", site.flags);
  return site;
}

model::StatementFacts read_statement(const json& from) {
  const auto sql = from.at("sql").get<std::string>();
  return statement_facts(normalise(sql, model::parse_vendor(from.value("vendor", std::string()))));
}

model::Query read_query(const json& from, VerdictCase& of, const json& statements, std::vector<std::string>& texts) {
  model::Query query;
  if (const json at = from.value("statement", json()); !at.is_null()) {
    query.statement = &of.statements.at(at.get<std::size_t>());
    query.text = position_of(texts, statements.at(at.get<std::size_t>()).at("sql").get<std::string>());
  }
  if (const json at = from.value("site", json()); !at.is_null()) query.site = &of.sites.at(at.get<std::size_t>());
  query.alias = static_cast<std::uint32_t>(position_of(of.aliases, from.value("alias", std::string("default"))));
  take(from, "ordinal", query.ordinal);
  take(from, "rows", query.rows);
  take(from, "flags", query.flags);
  take(from, "own", query.own);
  take(from, "scope", query.scope);
  take(from, "command", query.command);
  take(from, "start_ns", query.start_ns);
  take(from, "duration_ns", query.duration_ns);
  take(from, "calls", query.calls);
  return query;
}

}  // namespace

VerdictCase read_case(const json& from) {
  VerdictCase out;
  const json& unit = from.at("unit");
  out.unit = read_unit(unit);
  *out.name = unit.value("name", std::string());
  out.unit.name = *out.name;
  out.thresholds = read_thresholds(from.value("thresholds", json::object()));
  for (const json& rule : from.value("ignore", json::array())) out.ignore.push_back(read_rule(rule));
  take(from, "today", out.today);
  const json statements = from.value("statements", json::array());
  for (const json& statement : statements) out.statements.push_back(read_statement(statement));
  for (const json& site : from.value("sites", json::array())) out.sites.push_back(judged(read_site(site)));
  std::vector<std::string> texts;
  for (const json& query : from.value("queries", json::array()))
    out.queries.push_back(read_query(query, out, statements, texts));
  std::ranges::stable_sort(out.queries, {}, &model::Query::start_ns);
  return out;
}

json verdict_json(const model::Verdict& verdict, const std::vector<std::string>& aliases) {
  return json::parse(view::report_of(verdict, aliases, kBytesMax).verdict);
}

}  // namespace mercury::analysis
