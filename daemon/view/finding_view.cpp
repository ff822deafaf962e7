#include "analysis/verdict.h"
#include "view/json.h"
#include "view/rows.h"

namespace mercury::view {
namespace {

using Role = model::FindingSample::Entry::Role;

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json line_or_null(std::uint32_t line) { return line == 0 ? Json(nullptr) : Json(line); }
double ms(std::uint64_t ns) { return static_cast<double>(ns) / kMs; }

Json place_json(const model::Place& place) {
  return {{"file", text_or_null(place.file)},
          {"line", line_or_null(place.line)},
          {"function", text_or_null(place.function)},
          {"module", text_or_null(place.module)},
          {"template", text_or_null(place.template_name)},
          {"template_line", line_or_null(place.template_line)},
          {"view", text_or_null(place.view)},
          {"serializer_field", text_or_null(place.serializer_field)},
          {"admin_column", text_or_null(place.admin_column)}};
}

Json suggestion_json(const model::Suggestion& suggestion) {
  Json edit = nullptr;
  if (suggestion.edit) {
    edit = {{"file", suggestion.edit->file},
            {"line", suggestion.edit->line},
            {"column", suggestion.edit->column},
            {"insert", suggestion.edit->insert}};
  }
  return {{"action", suggestion.action},
          {"path", text_or_null(suggestion.path)},
          {"text", suggestion.text},
          {"code", text_or_null(suggestion.code)},
          {"is_template", suggestion.is_template},
          {"edit", std::move(edit)},
          {"read", analysis::reading_of(suggestion.action)}};
}

Json sources_json(const model::FindingRow& row) {
  Json out = Json::array();
  for (std::size_t i = 0; i < row.finding.sources.size(); ++i) {
    const model::Source& source = row.finding.sources[i];
    out.push_back({{"fingerprint", hex(source.fingerprint)},
                   {"summary", i < row.source_summaries.size() ? Json(row.source_summaries[i]) : Json(nullptr)},
                   {"place", place_json(source.place)}});
  }
  return out;
}

Json sample_json(const model::FindingSample& sample, base::Time now) {
  Json records = Json::array();
  for (const auto& entry : sample.records) {
    Json role = entry.role == Role::Repeat ? Json("repeat") : entry.role == Role::Source ? Json("source") : Json();
    records.push_back({{"at_ms", ms(entry.at_ns)},
                       {"duration_ms", ms(entry.duration_ns)},
                       {"alias", entry.alias},
                       {"summary", entry.summary},
                       {"fingerprint", hex(entry.fingerprint)},
                       {"flags", record_flags_json(entry.flags)},
                       {"calls", entry.calls},
                       {"role", std::move(role)}});
  }
  return {{"duration_ms", ms(sample.header.duration_ns)},
          {"db_time_ms", ms(sample.header.db_ns + sample.header.descendant_db_ns)},
          {"queries", sample.header.queries + sample.header.descendant_queries},
          {"status", sample.header.status == 0 ? Json(nullptr) : Json(sample.header.status)},
          {"age_s", seconds_between(sample.end, now)},
          {"count", sample.count},
          {"records", std::move(records)},
          {"records_left_out", sample.records_left_out}};
}

}  // namespace

std::string finding_row(const model::FindingRow& row, bool with_sample, base::Time now) {
  const model::Finding& finding = row.finding;
  const analysis::Lesson& lesson = analysis::lesson_of(finding.kind);
  const bool whole_unit = finding.fingerprint == 0;
  const auto of_group = [whole_unit](Json value) { return whole_unit ? Json(nullptr) : std::move(value); };
  Json places = Json::array();
  for (const model::Place& place : row.places) places.push_back(place_json(place));
  Json out = {{"user", row.labels.user},
              {"service", row.labels.service},
              {"environment", row.labels.environment},
              {"run", row.labels.run},
              {"unit_kind", name_of(row.unit_kind)},
              {"method", name_of(row.method)},
              {"route", row.route},
              {"status_class", status_class_text(row.status_class)},
              {"id", hex(finding.id)},
              {"kind", name_of(finding.kind)},
              {"level", name_of(finding.level)},
              {"likely", finding.likely},
              {"severity", finding.severity},
              {"severity_name", analysis::severity_name(finding.severity)},
              {"state", name_of(row.state)},
              {"proven", row.proven},
              {"ignored", text_or_null(finding.ignored)},
              {"fingerprint", of_group(hex(finding.fingerprint))},
              {"summary", of_group(row.summary)},
              {"text", of_group(row.text)},
              {"alias", of_group(row.alias)},
              {"repeats_max", row.repeats_max},
              {"repeats_min", row.repeats_min},
              {"units", row.units},
              {"route_units", row.route_units},
              {"total_time_ms", ms(row.total_time_ns)},
              {"saving_ms", ms(row.saving_ns)},
              {"relation", text_or_null(finding.relation)},
              {"relation_kind", text_or_null(finding.relation_kind)},
              {"operation", text_or_null(finding.operation)},
              {"trigger", place_json(finding.trigger)},
              {"places", std::move(places)},
              {"sources", sources_json(row)},
              {"suggestion", suggestion_json(finding.suggestion)},
              {"lesson", {{"title", lesson.title}, {"what", lesson.what}, {"why", lesson.why}}},
              {"first_seen_s", seconds_between(row.first_seen, now)},
              {"last_seen_s", seconds_between(row.last_seen, now)},
              {"gone_s", row.state == model::FindingState::Gone ? Json(seconds_between(row.last_seen, now)) : Json()}};
  if (with_sample) out["sample"] = row.sample ? sample_json(*row.sample, now) : Json(nullptr);
  return dump(out);
}

}  // namespace mercury::view
