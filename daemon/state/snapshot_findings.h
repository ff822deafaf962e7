// The findings in a snapshot's payload, for both archives of snapshot_bytes.h. Only for snapshot_file.cpp.
#pragma once

#include <cstddef>

#include "model/engine_state.h"
#include "state/snapshot_bytes.h"

namespace mercury::state {

template <typename A, typename T>
using In = typename A::template Field<T>;

template <typename A>
void describe(A& a, In<A, model::Place>& place) {
  for (auto* text : {&place.file, &place.function, &place.module, &place.template_name, &place.view,
                     &place.serializer_field, &place.admin_column}) {
    a.text(*text);
  }
  a.number(place.line);
  a.number(place.template_line);
}

template <typename A>
void describe(A& a, In<A, model::Suggestion>& suggestion) {
  for (auto* text : {&suggestion.action, &suggestion.path, &suggestion.text, &suggestion.code}) a.text(*text);
  a.flag(suggestion.is_template);
  a.optional(suggestion.edit, [&](auto& edit) {
    a.text(edit.file);
    a.text(edit.insert);
    a.number(edit.line);
    a.number(edit.column);
  });
}

template <typename A>
void describe(A& a, In<A, model::Finding>& finding) {
  a.number(finding.id);
  a.choice(finding.kind, model::FindingKind::NPlusOne, model::FindingKind::SlowResponse);
  a.choice(finding.level, model::Level::Notice, model::Level::Fail);
  a.flag(finding.likely);
  a.number(finding.severity);
  a.require(finding.severity <= 5, "a severity is over 5");
  a.number(finding.fingerprint);
  a.number(finding.alias);
  a.number(finding.count);
  a.optional(finding.distinct, [&](auto& distinct) { a.number(distinct); });
  a.number(finding.time_ns);
  a.number(finding.saving_ns);
  for (auto* text : {&finding.relation, &finding.relation_kind, &finding.operation, &finding.ignored}) a.text(*text);
  describe(a, finding.trigger);
  a.list(finding.sources, 10, [&](auto& source) {
    a.number(source.fingerprint);
    describe(a, source.place);
  });
  describe(a, finding.suggestion);
}

template <typename A>
void describe(A& a, In<A, model::FindingOnDisk>& finding) {
  describe(a, finding.worst);
  for (auto* text : {&finding.alias, &finding.summary, &finding.text}) a.text(*text);
  a.list(finding.source_summaries, 1, [&](auto& text) { a.text(text); });
  a.list(finding.places, 9, [&](auto& place) { describe(a, place); });
  for (auto* number : {&finding.repeats_min, &finding.repeats_max, &finding.occurrences, &finding.units,
                       &finding.total_time_ns, &finding.saving_ns, &finding.last_unit}) {
    a.number(*number);
  }
  a.require(finding.repeats_min <= finding.repeats_max, "a finding's smallest count is over its largest");
  a.time(finding.first_seen);
  a.time(finding.last_seen);
  a.flag(finding.capped);
}
inline constexpr std::size_t kFindingBytesMin = 46;

}  // namespace mercury::state
