#include "view/json.h"
#include "view/rows.h"

namespace mercury::view {
namespace {

Json timeline_json(const model::TimelineEntry& entry) {
  return {{"at_ms", static_cast<double>(entry.at_ns) / kMs},
          {"duration_ms", static_cast<double>(entry.duration_ns) / kMs},
          {"alias", entry.alias},
          {"summary", entry.summary},
          {"fingerprint", hex(entry.fingerprint)},
          {"flags", record_flags_json(entry.flags)},
          {"calls", entry.calls}};
}

}  // namespace

Json record_flags_json(std::uint16_t flags) {
  Json out = Json::array();
  namespace flag = model::record_flag;
  for (const auto& [bit, name] : {std::pair{flag::kMany, "many"}, std::pair{flag::kFailed, "failed"},
                                  std::pair{flag::kInTransaction, "in_transaction"},
                                  std::pair{flag::kSummary, "summary"}, std::pair{flag::kControl, "control"}}) {
    if ((flags & bit) != 0) out.push_back(name);
  }
  return out;
}

std::string unit_row(const model::UnitRow& row, base::Time now) {
  Json records = Json::array();
  for (const model::TimelineEntry& entry : row.records) records.push_back(timeline_json(entry));
  return dump(
      {{"user", row.labels.user},
       {"service", row.labels.service},
       {"environment", row.labels.environment},
       {"run", row.labels.run},
       {"incarnation", row.incarnation},
       {"unit_id", hex(row.header.unit_id)},
       {"parent_id", row.header.parent_id == 0 ? Json(nullptr) : Json(hex(row.header.parent_id))},
       {"state", name_of(row.state)},
       {"kind", name_of(row.header.kind)},
       {"method", name_of(row.header.method)},
       {"route", row.route},
       {"status", row.header.status == 0 ? Json(nullptr) : Json(row.header.status)},
       {"duration_ms", static_cast<double>(row.header.duration_ns) / kMs},
       {"first_byte_ms",
        row.header.first_byte_ns == 0 ? Json(nullptr) : Json(static_cast<double>(row.header.first_byte_ns) / kMs)},
       {"db_time_ms", static_cast<double>(row.header.db_ns) / kMs},
       {"queries", row.header.queries},
       {"descendants",
        {{"units", row.header.descendant_units},
         {"queries", row.header.descendant_queries},
         {"db_time_ms", static_cast<double>(row.header.descendant_db_ns) / kMs}}},
       {"age_s", seconds_between(row.end, now)},
       {"records", std::move(records)},
       {"records_left_out", row.records_left_out}});
}

}  // namespace mercury::view
