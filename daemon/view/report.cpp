#include "view/report.h"

#include <optional>
#include <string_view>
#include <utility>

#include "view/json.h"

namespace mercury::view {
namespace {

using model::FindingKind;

Json place_json(const model::Place& place) {
  return {{"file", place.file},
          {"line", place.line},
          {"function", place.function},
          {"module", place.module},
          {"template_name", place.template_name},
          {"template_line", place.template_line},
          {"view", place.view},
          {"serializer_field", place.serializer_field},
          {"admin_column", place.admin_column}};
}

Json suggestion_json(const model::Suggestion& suggestion) {
  Json edit = nullptr;
  if (suggestion.edit) {
    edit = {{"file", suggestion.edit->file},
            {"line", suggestion.edit->line},
            {"column", suggestion.edit->column},
            {"insert", suggestion.edit->insert}};
  }
  return {{"action", suggestion.action}, {"path", suggestion.path}, {"text", suggestion.text},
          {"code", suggestion.code},     {"edit", std::move(edit)}, {"is_template", suggestion.is_template}};
}

Json finding_json(const model::Finding& finding, std::span<const std::string> aliases) {
  Json sources = Json::array();
  for (const model::Source& source : finding.sources)
    sources.push_back({{"fingerprint", hex(source.fingerprint)}, {"place", place_json(source.place)}});
  const bool of_unit = finding.kind == FindingKind::TooManyQueries || finding.kind == FindingKind::SlowResponse;
  const bool has_alias = !of_unit && finding.alias < aliases.size();
  return {{"id", hex(finding.id)},
          {"kind", name_of(finding.kind)},
          {"level", name_of(finding.level)},
          {"likely", finding.likely},
          {"severity", finding.severity},
          {"fingerprint", hex(finding.fingerprint)},
          {"alias", has_alias ? aliases[finding.alias] : std::string()},
          {"count", finding.count},
          {"distinct", finding.distinct ? Json(*finding.distinct) : Json(nullptr)},
          {"time_ns", finding.time_ns},
          {"saving_ns", finding.saving_ns},
          {"relation", finding.relation},
          {"relation_kind", finding.relation_kind},
          {"operation", finding.operation},
          {"trigger", place_json(finding.trigger)},
          {"sources", std::move(sources)},
          {"suggestion", suggestion_json(finding.suggestion)},
          {"ignored", finding.ignored}};
}

Json points_json(const std::optional<model::Points>& points) {
  return points ? Json{{"points", points->points}, {"of", points->of}} : Json(nullptr);
}

Json score_json(const model::Score& score) {
  return {{"value", score.value},
          {"grade", score.grade},
          {"response", points_json(score.response)},
          {"queries", points_json(score.queries)},
          {"memory", points_json(score.memory)},
          {"cache", points_json(score.cache)},
          {"penalty", score.penalty}};
}

// Appends what `json_of` makes of each row, as long as `out` stays within `bytes_max`; how many rows were left out.
template <typename Rows, typename JsonOf>
std::uint32_t append(std::string& out, const Rows& rows, std::size_t bytes_max, JsonOf json_of) {
  std::size_t done = 0;
  for (const auto& row : rows) {
    const std::string text = dump(json_of(row));
    if (out.size() + text.size() + 1 > bytes_max) break;
    if (done++ > 0) out += ',';
    out += text;
  }
  return static_cast<std::uint32_t>(rows.size() - done);
}

}  // namespace

Report report_of(const model::Verdict& verdict, std::span<const std::string> aliases, std::size_t bytes_max) {
  constexpr std::string_view kGroups = R"(],"groups":[)";
  const std::string rest = R"(],"score":)" + (verdict.score ? dump(score_json(*verdict.score)) : "null") +
                           R"(,"queries":)" + std::to_string(verdict.queries) + R"(,"db_ns":)" +
                           std::to_string(verdict.db_ns) + "}";
  const std::size_t room = bytes_max - rest.size();
  Report out;
  out.verdict = R"({"findings":[)";
  out.findings_left_out = append(out.verdict, verdict.findings, room - kGroups.size(),
                                 [&](const model::Finding& finding) { return finding_json(finding, aliases); });
  out.verdict += kGroups;
  out.groups_left_out = append(out.verdict, verdict.groups, room, [](const model::GroupCount& group) {
    return Json{{"id", hex(group.id)}, {"count", group.count}};
  });
  out.verdict += rest;
  return out;
}

}  // namespace mercury::view
