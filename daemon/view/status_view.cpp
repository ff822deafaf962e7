#include <fmt/format.h>

#include "proto/limits.h"
#include "view/json.h"
#include "view/rows.h"

namespace mercury::view {

std::string hex(std::uint64_t id) { return fmt::format("{:016x}", id); }

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json loss_json(const model::Loss& loss, std::uint64_t open, std::uint64_t incomplete) {
  Json dropped = Json::object();
  for (std::size_t i = 0; i < model::kDropReasons; ++i) {
    dropped[std::string(name_of(static_cast<model::DropReason>(i + 1)))] = loss.dropped[i];
  }
  return {{"created", loss.created},
          {"acknowledged", loss.acknowledged()},
          {"dropped", std::move(dropped)},
          {"buffered", loss.buffered()},
          {"received", loss.folded},
          {"duplicates", loss.duplicates},
          {"lost_in_restart", loss.lost_in_restart},
          {"open", open},
          {"incomplete", incomplete}};
}

namespace {

constexpr std::size_t kClientsBytesMax = 256 * 1024;

Json client_json(const model::ClientRow& row, base::Time now) {
  return {{"incarnation", row.incarnation},
          {"user", row.labels.user},
          {"pid", row.pid},
          {"service", row.labels.service},
          {"environment", row.labels.environment},
          {"run", row.labels.run},
          {"client", row.client},
          {"state", name_of(row.state)},
          {"connected_s", seconds_between(row.connected, now)},
          {"units", loss_json(row.loss, row.open, row.incomplete)},
          {"queries", row.queries}};
}

}  // namespace

namespace {

Json findings_json(const model::FindingTotals& totals) {
  std::uint64_t total = 0;
  Json by_kind = Json::object();
  for (std::size_t kind = 0; kind < totals.open_by_kind.size(); ++kind) {
    total += totals.open_by_kind[kind];
    if (totals.open_by_kind[kind] > 0) {
      by_kind[std::string(name_of(static_cast<model::FindingKind>(kind)))] = totals.open_by_kind[kind];
    }
  }
  return {{"total", total},
          {"by_kind", std::move(by_kind)},
          {"gone", totals.gone},
          {"constant", totals.constant},
          {"ignored", totals.ignored},
          {"overflowed", totals.overflowed},
          {"partial", totals.partial}};
}

}  // namespace

std::string status_row(const StatusFacts& facts, const model::Totals& totals,
                       const std::vector<model::ClientRow>& clients, base::Time now) {
  // Labels are a stranger's: the row stops where it would grow beyond its frame, and says how many it left out.
  Json rows = Json::array();
  std::size_t bytes = 0;
  for (const model::ClientRow& client : clients) {
    Json row = client_json(client, now);
    bytes += dump(row).size();
    if (bytes > kClientsBytesMax) break;
    rows.push_back(std::move(row));
  }
  const std::uint64_t left_out = totals.clients - std::min<std::uint64_t>(totals.clients, rows.size());
  Json limits = Json::object();
  for (const auto& [name, value] :
       {std::pair{"connections_max", limits::connections_max}, std::pair{"clients_max", limits::clients_max},
        std::pair{"routes_user_max", limits::routes_user_max},
        std::pair{"statements_user_max", limits::statements_user_max}}) {
    limits[name] = value;
  }
  return dump(
      {{"schema_version", kSchemaVersion},
       {"version", facts.version},
       {"protocol", facts.protocol},
       {"pid", facts.pid},
       {"uptime_s", seconds_between(facts.started, now)},
       {"address", facts.address},
       {"state", facts.draining ? "draining" : "running"},
       {"memory_bytes", facts.memory_bytes},
       {"restarts", facts.restarts},
       {"restored", facts.restored_from ? Json(seconds_between(*facts.restored_from, now)) : Json(nullptr)},
       {"snapshot",
        {{"path", facts.snapshot_path.empty() ? Json(nullptr) : Json(facts.snapshot_path)},
         {"age_s", facts.snapshot_written ? Json(seconds_between(*facts.snapshot_written, now)) : Json(nullptr)},
         {"behind", facts.snapshot_behind}}},
       {"connections", facts.connections},
       {"units", loss_json(totals.loss, totals.open, totals.incomplete)},
       {"queries", {{"received", totals.queries}}},
       {"series",
        {{"routes", totals.routes},
         {"statements", totals.statements},
         {"overflowed", totals.overflowed},
         {"runs_forgotten", totals.runs_forgotten}}},
       {"errors", facts.errors},
       {"rejects", facts.rejects},
       {"limits", std::move(limits)},
       {"clients", std::move(rows)},
       {"clients_left_out", left_out},
       {"findings", findings_json(totals.findings)},
       {"gone", {{"clients", totals.clients_gone}, {"units", loss_json(totals.gone, 0, 0)}}}});
}

std::string reset_row(std::uint64_t routes, std::uint64_t statements, std::uint64_t units) {
  return dump({{"routes", routes}, {"statements", statements}, {"units", units}});
}

std::string error_reply(std::int64_t request_id, const std::string& code, const std::string& sentence) {
  return dump({{"request_id", request_id},
               {"more", false},
               {"schema_version", kSchemaVersion},
               {"error", {{"code", code}, {"sentence", sentence}}}});
}

}  // namespace mercury::view
