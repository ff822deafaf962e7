#include "view/json.h"
#include "view/rows.h"

namespace mercury::view {

Json statement_json(const model::StatementRow& row) {
  const model::Distribution& of = row.duration;
  return {{"user", row.user},
          {"fingerprint", hex(row.fingerprint)},
          {"summary", row.summary},
          {"text", row.text},
          {"vendor", row.vendor},
          {"calls", row.calls},
          {"failed", row.failed},
          {"rows", row.rows},
          {"duration_ms",
           {{"p50", number(of, of.p50, kMs)},
            {"p95", number(of, of.p95, kMs)},
            {"p99", number(of, of.p99, kMs)},
            {"max", number(of, of.max, kMs)},
            {"mean", number(of, mean(of), kMs)},
            {"total", number(of, of.sum, kMs)}}},
          {"worst_repeat", {{"count", row.worst_repeat}, {"route", row.worst_repeat_route}}},
          {"routes", row.routes},
          {"more_routes", row.more_routes}};
}

std::string statement_row(const model::StatementRow& row) { return dump(statement_json(row)); }

}  // namespace mercury::view
