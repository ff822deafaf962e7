#include "wire/data_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "proto/limits.h"
#include "wire/bytes.h"
#include "wire/frame.h"

namespace mercury::wire {
namespace {

using base::Error;
using model::Unit;
using model::UnitHeader;

constexpr std::size_t kUnitHeaderBytes = 112;
constexpr std::size_t kRecordBytes = sizeof(model::QueryRecord);
constexpr std::uint8_t kVendorLast = 5;

enum class SectionTag : std::uint16_t { Cache = 1, Template, Cpu, Memory, Exception, Nonce };

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::int64_t define_bytes_max(DefineKind kind) {
  switch (kind) {
    case DefineKind::Statement: return limits::statement_bytes_max;
    case DefineKind::Site: return limits::site_bytes_max;
    default: return limits::name_bytes_max;
  }
}

UnitHeader read_header(ByteReader in) {
  UnitHeader out;
  in.take_bytes(8);  // the three size fields, read by decode_unit()
  for (std::uint64_t* field :
       {&out.number, &out.unit_id, &out.parent_id, &out.start_ns, &out.duration_ns, &out.first_byte_ns, &out.db_ns,
        &out.queries, &out.descendant_queries, &out.descendant_db_ns}) {
    *field = in.take<std::uint64_t>();
  }
  out.descendant_units = in.take<std::uint32_t>();
  out.name = in.take<std::uint32_t>();
  out.status = in.take<std::uint16_t>();
  out.kind = static_cast<model::UnitKind>(in.take<std::uint8_t>());
  // A method or operation of a later version is one that this version has no name for.
  const auto method = in.take<std::uint8_t>();
  out.method = method <= 9 ? static_cast<model::Method>(method) : model::Method::Other;
  out.flags = in.take<std::uint8_t>();
  const auto operation = in.take<std::uint8_t>();
  out.operation = operation <= 7 ? static_cast<model::Operation>(operation) : model::Operation::Unknown;
  out.part = in.take<std::uint16_t>();
  out.failed_queries = in.take<std::uint32_t>();
  return out;
}

void write_header(std::string& out, const UnitHeader& header, std::uint32_t records) {
  put_u16(out, kUnitHeaderBytes);
  put_u16(out, kRecordBytes);
  put_u32(out, records);
  for (const std::uint64_t field :
       {header.number, header.unit_id, header.parent_id, header.start_ns, header.duration_ns, header.first_byte_ns,
        header.db_ns, header.queries, header.descendant_queries, header.descendant_db_ns}) {
    put_u64(out, field);
  }
  put_u32(out, header.descendant_units);
  put_u32(out, header.name);
  put_u16(out, header.status);
  put_u8(out, static_cast<std::uint8_t>(header.kind));
  put_u8(out, static_cast<std::uint8_t>(header.method));
  put_u8(out, header.flags);
  put_u8(out, static_cast<std::uint8_t>(header.operation));
  put_u16(out, header.part);
  put_u32(out, header.failed_queries);
  put_u32(out, 0);
}

base::Status check_header(const UnitHeader& header) {
  const auto kind = static_cast<unsigned>(header.kind);
  if (kind < 1 || kind > 6) return Error{"unit_invalid", fmt::format("unit kind {}, known are 1 to 6", kind)};
  if ((header.flags & ~model::unit_flag::kKnown) != 0) {
    return Error{"unit_invalid",
                 fmt::format("unit flags 0x{:02x}, known are 0x{:02x}", header.flags, model::unit_flag::kKnown)};
  }
  if (header.unit_id == 0) return Error{"unit_invalid", "unit_id is 0, it counts from 1"};
  if (header.number == 0) return Error{"number_invalid", "a unit has number 0, numbers count from 1"};
  return base::Done{};
}

Error reserved_error(std::string_view where) {
  return {"frame_reserved", fmt::format("a reserved field of {} is not 0", where)};
}

Error section_error(std::uint16_t tag, std::size_t length) {
  return {"unit_invalid", fmt::format("section {} of {} bytes has the wrong size or ends past the frame", tag, length)};
}

// One section's value into `unit`; false if its size is wrong. Unknown tags are skipped.
bool read_section(std::uint16_t tag, std::span<const std::byte> value, Unit& unit) {
  ByteReader in(value);
  switch (static_cast<SectionTag>(tag)) {
    case SectionTag::Cache: unit.cache_bytes = value; return value.size() % sizeof(model::CacheCounts) == 0;
    case SectionTag::Template:
      unit.template_ns = in.take<std::uint64_t>();
      unit.template_renders = in.take<std::uint32_t>();
      return value.size() == 12;
    case SectionTag::Cpu: unit.cpu_ns = in.take<std::uint64_t>(); return value.size() == 8;
    case SectionTag::Memory: unit.memory_bytes = in.take<std::uint64_t>(); return value.size() == 8;
    case SectionTag::Exception: unit.exception = text_of(value); return true;
    case SectionTag::Nonce: unit.nonce = in.take<std::uint64_t>(); return value.size() == 8;
  }
  return true;
}

base::Status read_sections(std::span<const std::byte> bytes, Unit& unit) {
  ByteReader in(bytes);
  while (in.left() > 0) {
    const auto tag = in.take<std::uint16_t>();
    const auto reserved = in.take<std::uint16_t>();
    const auto length = in.take<std::uint32_t>();
    const auto value = in.take_bytes(length);
    if (in.failed() || !read_section(tag, value, unit)) return section_error(tag, length);
    if (reserved != 0) return reserved_error("a section");
  }
  return base::Done{};
}

void put_section(std::string& out, SectionTag tag, std::string_view value) {
  put_u16(out, static_cast<std::uint16_t>(tag));
  put_u16(out, 0);
  put_u32(out, static_cast<std::uint32_t>(value.size()));
  out += value;
}

std::string u64_text(std::uint64_t value) {
  std::string out;
  put_u64(out, value);
  return out;
}

}  // namespace

base::Result<Define> decode_define(std::span<const std::byte> payload) {
  ByteReader in(payload);
  Define out;
  out.id = in.take<std::uint32_t>();
  const auto kind = in.take<std::uint8_t>();
  const auto flags = in.take<std::uint8_t>();
  out.vendor = in.take<std::uint8_t>();
  const auto zero = in.take<std::uint8_t>();
  if (in.failed())
    return Error{"define_invalid", fmt::format("a DEFINE of {} bytes, at least 8 are needed", payload.size())};
  if (kind < 1 || kind > 5) return Error{"define_invalid", fmt::format("kind {}, known are 1 to 5", kind)};
  if ((flags & ~kDefineCut) != 0) return Error{"define_invalid", fmt::format("flags 0x{:02x}, known are 0x01", flags)};
  if (zero != 0) return reserved_error("a DEFINE");
  if (out.vendor > kVendorLast) out.vendor = 0;  // of a later version: unknown to this one
  out.kind = static_cast<DefineKind>(kind);
  out.cut = flags != 0;
  if (const std::int64_t most = define_bytes_max(out.kind); in.left() > static_cast<std::size_t>(most)) {
    return Error{"define_invalid", fmt::format("kind {} with {} bytes, at most {} are allowed", kind, in.left(), most)};
  }
  out.text = in.take_text(in.left());
  return out;
}

base::Result<Batch> decode_batch(std::span<const std::byte> payload) {
  ByteReader in(payload);
  const auto sent = in.take<std::uint64_t>();
  const auto created = in.take<std::uint64_t>();
  if (in.failed()) return Error{"batch_invalid", fmt::format("a BATCH of {} bytes, 16 are needed", payload.size())};
  return Batch{sent, created};
}

std::uint64_t number_of_unit(std::span<const std::byte> payload) {
  return payload.size() < 16 ? 0 : get<std::uint64_t>(payload.data() + 8);
}

base::Result<Unit> decode_unit(std::span<const std::byte> payload) {
  if (payload.size() < kUnitHeaderBytes) {
    return Error{"unit_invalid",
                 fmt::format("a UNIT of {} bytes, its header has {}", payload.size(), kUnitHeaderBytes)};
  }
  const auto header_bytes = get<std::uint16_t>(payload.data());
  const auto record_bytes = get<std::uint16_t>(payload.data() + 2);
  const auto count = get<std::uint32_t>(payload.data() + 4);
  if (header_bytes < kUnitHeaderBytes || record_bytes < kRecordBytes) {
    return Error{"unit_invalid", fmt::format("header of {} and records of {} bytes, at least {} and {} are needed",
                                             header_bytes, record_bytes, kUnitHeaderBytes, kRecordBytes)};
  }
  if (count > limits::unit_records_max + limits::unit_groups_max + 1) {
    return Error{"too_many_records", fmt::format("{} records, at most {} and {} summaries are allowed", count,
                                                 limits::unit_records_max, limits::unit_groups_max + 1)};
  }
  const std::size_t records_end = header_bytes + std::size_t{count} * record_bytes;
  if (records_end > payload.size()) {
    return Error{"unit_invalid",
                 fmt::format("{} records end at byte {}, the frame at {}", count, records_end, payload.size())};
  }
  if (get<std::uint32_t>(payload.data() + 108) != 0) return reserved_error("a UNIT");
  Unit unit;
  unit.header = read_header(ByteReader(payload));
  if (auto fine = check_header(unit.header); !fine) return fine.error();
  unit.record_bytes = payload.subspan(header_bytes, std::size_t{count} * record_bytes);
  unit.record_size = record_bytes;
  unit.record_count = count;
  if (auto fine = read_sections(payload.subspan(records_end), unit); !fine) return fine.error();
  return unit;
}

base::Result<Dropped> decode_dropped(std::span<const std::byte> payload) {
  ByteReader in(payload);
  Dropped out;
  out.created = in.take<std::uint64_t>();
  out.acknowledged = in.take<std::uint64_t>();
  out.buffered = in.take<std::uint64_t>();
  const auto count = in.take<std::uint32_t>();
  std::uint64_t reserved = in.take<std::uint32_t>();
  if (in.failed() || in.left() < std::size_t{count} * 16) {
    return Error{"dropped_invalid", fmt::format("a DROPPED of {} bytes with {} reasons", payload.size(), count)};
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto reason = in.take<std::uint16_t>();
    reserved |= in.take<std::uint16_t>() | in.take<std::uint32_t>();
    const auto total = in.take<std::uint64_t>();
    // A reason of a later version is still a loss; "encode_failed" is the nearest that names the client.
    const std::size_t known = reason >= 1 && reason <= model::kDropReasons
                                  ? reason
                                  : static_cast<std::size_t>(model::DropReason::EncodeFailed);
    out.totals[known - 1] += total;
  }
  if (reserved != 0) return reserved_error("a DROPPED");
  return out;
}

std::string encode_define(const Define& define) {
  std::string payload;
  put_u32(payload, define.id);
  put_u8(payload, static_cast<std::uint8_t>(define.kind));
  put_u8(payload, define.cut ? kDefineCut : 0);
  put_u8(payload, define.vendor);
  put_u8(payload, 0);
  payload += define.text;
  return encode_frame(FrameType::Define, payload);
}

std::string encode_batch(const Batch& batch) {
  std::string payload;
  put_u64(payload, batch.sent_ns);
  put_u64(payload, batch.created);
  return encode_frame(FrameType::Batch, payload);
}

std::string encode_unit(const UnitHeader& header, std::span<const model::QueryRecord> records,
                        std::string_view sections) {
  std::string payload;
  payload.reserve(kUnitHeaderBytes + records.size_bytes() + sections.size());
  write_header(payload, header, static_cast<std::uint32_t>(records.size()));
  payload.append(reinterpret_cast<const char*>(records.data()), records.size_bytes());
  payload += sections;
  return encode_frame(FrameType::Unit, payload);
}

std::string encode_sections(const Unit& unit) {
  std::string out;
  if (!unit.cache_bytes.empty()) put_section(out, SectionTag::Cache, text_of(unit.cache_bytes));
  if (unit.template_renders != 0) {
    std::string value = u64_text(unit.template_ns);
    put_u32(value, unit.template_renders);
    put_section(out, SectionTag::Template, value);
  }
  if (unit.cpu_ns) put_section(out, SectionTag::Cpu, u64_text(*unit.cpu_ns));
  if (unit.memory_bytes) put_section(out, SectionTag::Memory, u64_text(*unit.memory_bytes));
  if (!unit.exception.empty()) put_section(out, SectionTag::Exception, unit.exception);
  if (unit.nonce) put_section(out, SectionTag::Nonce, u64_text(*unit.nonce));
  return out;
}

std::string encode_dropped(const Dropped& dropped) {
  std::string payload;
  put_u64(payload, dropped.created);
  put_u64(payload, dropped.acknowledged);
  put_u64(payload, dropped.buffered);
  const auto counted = std::ranges::count_if(dropped.totals, [](std::uint64_t total) { return total > 0; });
  put_u32(payload, static_cast<std::uint32_t>(counted));
  put_u32(payload, 0);
  for (std::size_t i = 0; i < dropped.totals.size(); ++i) {
    if (dropped.totals[i] == 0) continue;
    put_u16(payload, static_cast<std::uint16_t>(i + 1));
    put_u16(payload, 0);
    put_u32(payload, 0);
    put_u64(payload, dropped.totals[i]);
  }
  return encode_frame(FrameType::Dropped, payload);
}

std::string encode_ack(std::uint64_t highest) {
  std::string payload;
  put_u64(payload, highest);
  return encode_frame(FrameType::Ack, payload);
}

std::string encode_report(const Report& report) {
  std::string payload;
  payload.reserve(kReportHeaderBytes + report.verdict.size());
  put_u64(payload, report.nonce);
  put_u32(payload, report.findings_left_out);
  put_u32(payload, report.groups_left_out);
  payload += report.verdict;
  return encode_frame(FrameType::Report, payload);
}

}  // namespace mercury::wire
