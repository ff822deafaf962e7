// Units for tests, made as a client would make them: named values in, whole frames or model::Unit out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/unit.h"
#include "wire/data_frames.h"

namespace mercury::support {

struct UnitSpec {
  std::uint64_t number = 1;
  std::uint64_t unit_id = 0;  // 0: the same as number
  std::uint32_t name = 0;
  std::uint16_t status = 200;
  std::uint64_t duration_ns = 5'000'000;
  std::vector<std::uint32_t> statements{};  // one record each
  std::uint64_t record_ns = 100'000;
  std::uint8_t flags = 0;
  std::uint16_t part = 0;
  std::uint64_t queries = UINT64_MAX;  // UINT64_MAX: as many as there are records
  std::uint8_t alias = 0;
  std::uint64_t parent_id = 0;
  std::optional<std::uint64_t> nonce = std::nullopt;  // asks for a report, with the flag
};

inline model::UnitHeader header_of(const UnitSpec& spec) {
  model::UnitHeader header;
  header.number = spec.number;
  header.unit_id = spec.unit_id == 0 ? spec.number : spec.unit_id;
  header.start_ns = 1'000'000'000;
  header.duration_ns = spec.duration_ns;
  header.queries = spec.queries == UINT64_MAX ? spec.statements.size() : spec.queries;
  header.db_ns = header.queries * spec.record_ns;
  header.name = spec.name;
  header.status = spec.status;
  header.method = model::Method::Get;
  header.parent_id = spec.parent_id;
  header.flags = spec.flags;
  if (spec.nonce) header.flags |= model::unit_flag::kReportWanted;
  header.part = spec.part;
  return header;
}

inline std::vector<model::QueryRecord> records_of(const UnitSpec& spec) {
  std::vector<model::QueryRecord> out;
  for (std::size_t i = 0; i < spec.statements.size(); ++i) {
    model::QueryRecord record;
    record.statement = spec.statements[i];
    record.start_alias = i * spec.record_ns | (std::uint64_t{spec.alias} << 56U);
    record.duration_flags = spec.record_ns;
    out.push_back(record);
  }
  return out;
}

// Owns the records that its Unit looks into.
class UnitOf {
 public:
  explicit UnitOf(const UnitSpec& spec) : records_(records_of(spec)) {
    unit_.header = header_of(spec);
    look();
  }
  UnitOf(model::UnitHeader header, std::vector<model::QueryRecord> records) : records_(std::move(records)) {
    unit_.header = header;
    look();
  }
  UnitOf(const UnitOf&) = delete;
  UnitOf& operator=(const UnitOf&) = delete;
  operator const model::Unit&() const { return unit_; }
  model::Unit& unit() { return unit_; }

 private:
  void look() {
    unit_.record_bytes = std::as_bytes(std::span(records_));
    unit_.record_count = static_cast<std::uint32_t>(records_.size());
  }
  std::vector<model::QueryRecord> records_;
  model::Unit unit_;
};

inline std::string unit_frame(const UnitSpec& spec) {
  model::Unit sections;
  sections.nonce = spec.nonce;
  return wire::encode_unit(header_of(spec), records_of(spec), wire::encode_sections(sections));
}

}  // namespace mercury::support
