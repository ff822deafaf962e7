// The binary frames of the data plane: DEFINE, BATCH, UNIT, DROPPED, ACK, REPORT (PROTOCOL.md §4–§6).
//
// Decoders check every length, kind, flag and reserved field, and give a structured error; they do not know
// what an id stands for (aggregate::Dictionary does). A decoded value looks into the payload: it is valid as
// long as the frame is. Encoders exist for what tests and load generators send. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/loss.h"
#include "model/site.h"
#include "model/unit.h"

namespace mercury::wire {

enum class DefineKind : std::uint8_t { Statement = 1, Site, Route, Alias, Cache };
inline constexpr std::uint8_t kDefineCut = 1;

struct Define {
  std::uint32_t id = 0;
  DefineKind kind = DefineKind::Statement;
  bool cut = false;
  std::uint8_t vendor = 0;
  std::string_view text;  // of a site: its fields, see decode_site() (site_fields.cpp)
};

struct Batch {
  std::uint64_t sent_ns = 0;
  std::uint64_t created = 0;
};

struct Dropped {
  std::uint64_t created = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t buffered = 0;
  std::array<std::uint64_t, model::kDropReasons> totals{};
};

inline constexpr std::size_t kReportHeaderBytes = 16;  // before the verdict

struct Report {
  std::uint64_t nonce = 0;
  std::uint32_t findings_left_out = 0;
  std::uint32_t groups_left_out = 0;
  std::string_view verdict;  // JSON
};

base::Result<Define> decode_define(std::span<const std::byte> payload);
base::Result<model::Site> decode_site(std::string_view fields);
base::Result<Batch> decode_batch(std::span<const std::byte> payload);
base::Result<model::Unit> decode_unit(std::span<const std::byte> payload);
base::Result<Dropped> decode_dropped(std::span<const std::byte> payload);

// The delivery number of a UNIT payload, 0 if it is too short to have one: what an ERROR names.
std::uint64_t number_of_unit(std::span<const std::byte> payload);

// Whole frames, header included.
std::string encode_define(const Define& define);
std::string encode_site(const model::Site& site);  // the text of a Define of kind Site
std::string encode_batch(const Batch& batch);
std::string encode_unit(const model::UnitHeader& header, std::span<const model::QueryRecord> records,
                        std::string_view sections = {});
std::string encode_dropped(const Dropped& dropped);
std::string encode_ack(std::uint64_t highest);
std::string encode_report(const Report& report);

// The sections of a unit, as they stand after its records.
std::string encode_sections(const model::Unit& unit);

}  // namespace mercury::wire
