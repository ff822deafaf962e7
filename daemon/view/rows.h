// JSON rows of PROTOCOL.md §8, one function a kind of row: pure functions of a snapshot struct and the time.
//
// Each returns the text of one JSON object: UTF-8, bytes that are not UTF-8 replaced, 64-bit ids as 16 hex
// digits, times in ms, null where nothing was measured. Thread rules: none. Cost: some 10 µs a row.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/snapshot.h"

namespace mercury::view {

inline constexpr int kSchemaVersion = 1;

// What `status` tells beside the engine's totals.
struct StatusFacts {
  std::string version;
  int protocol = 1;
  std::int64_t pid = 0;
  std::string address;
  bool draining = false;
  base::Time started;
  std::uint64_t memory_bytes = 0;
  std::uint64_t restarts = 0;
  std::optional<base::Time> restored_from;
  std::string snapshot_path;
  std::optional<base::Time> snapshot_written;
  bool snapshot_behind = false;
  std::size_t connections = 0;
  std::map<std::string, std::uint64_t> errors;
  std::map<std::string, std::uint64_t> rejects;
};

// `clients` are those that fit, of kClientsShownMax; `clients_left_out` counts the others.
inline constexpr std::size_t kClientsShownMax = 500;
std::string status_row(const StatusFacts& facts, const model::Totals& totals,
                       const std::vector<model::ClientRow>& clients, base::Time now);
std::string route_row(const model::RouteRow& row, base::Time now);
std::string route_detail_row(const model::RouteDetail& detail, base::Time now);
std::string statement_row(const model::StatementRow& row);
std::string unit_row(const model::UnitRow& row, base::Time now);
// `with_sample`: for `explain`, with the timeline of its worst unit (null where it is not known any more).
std::string finding_row(const model::FindingRow& row, bool with_sample, base::Time now);
std::string reset_row(std::uint64_t routes, std::uint64_t statements, std::uint64_t units);

// A whole JSON object for REPLY: `{"request_id": 1, "more": false, "schema_version": 1, "error": {…}}`.
std::string error_reply(std::int64_t request_id, const std::string& code, const std::string& sentence);

}  // namespace mercury::view
