// Every valid vector: decoded whole, byte by byte and split at every offset to the fields it names, and encoded
// again to the same bytes.
#include <gtest/gtest.h>

#include <span>

#include "conformance/vectors.h"
#include "support/report.h"
#include "wire/data_frames.h"
#include "wire/frame.h"
#include "wire/messages.h"

namespace mercury::conformance {
namespace {

using wire::FrameType;

struct Seen {
  std::uint8_t type;
  std::string payload;
  bool operator==(const Seen&) const = default;
};

std::span<const std::byte> as_span(const std::string& text) { return std::as_bytes(std::span(text)); }

// Feeds `pieces` to one decoder and returns its frames; the first frame of a vector need not be a HELLO, so the
// decoder is told of one before, unless the vector begins with it.
std::vector<Seen> decode(const std::vector<std::string>& pieces, bool needs_hello) {
  wire::FrameDecoder decoder;
  if (needs_hello) {
    const std::string hello = wire::encode_frame(FrameType::Hello, "{}");
    decoder.append(as_span(hello));
    EXPECT_TRUE(decoder.next());
  }
  std::vector<Seen> out;
  for (const std::string& piece : pieces) {
    decoder.append(as_span(piece));
    for (;;) {
      auto next = decoder.next();
      if (!next) {
        ADD_FAILURE() << next.error().code << ": " << next.error().sentence;
        return out;
      }
      if (!*next) break;
      out.push_back({(*next)->type, std::string((*next)->text())});
    }
  }
  EXPECT_EQ(decoder.buffered(), 0U);
  return out;
}

json site_json(const model::Site& site) {
  json fields = json::array();
  for (const auto& frame : site.frames) {
    fields.push_back({{"tag", 1},
                      {"line", frame.line},
                      {"flags", frame.application ? 1 : 0},
                      {"file", frame.file},
                      {"module", frame.module},
                      {"function", frame.function}});
  }
  if (site.template_line != 0 || !site.template_name.empty()) {
    fields.push_back({{"tag", 2}, {"line", site.template_line}, {"name", site.template_name}});
  }
  const std::pair<int, const std::string*> texts[] = {
      {3, &site.view},     {4, &site.serializer_field}, {5, &site.admin_column}, {6, &site.operation},
      {7, &site.relation}, {9, &site.relation_kind},    {10, &site.owner_table}, {11, &site.model},
      {12, &site.state},   {13, &site.joins},           {14, &site.path},        {16, &site.ignore}};
  for (const auto& [tag, text] : texts) {
    if (!text->empty()) fields.push_back({{"tag", tag}, {"text", *text}});
  }
  if (site.flags != 0) fields.push_back({{"tag", 8}, {"flags", site.flags}});
  if (site.anchor.kind != model::AnchorKind::None) {
    fields.push_back({{"tag", 15},
                      {"line", site.anchor.line},
                      {"column", site.anchor.column},
                      {"kind", static_cast<int>(site.anchor.kind)},
                      {"file", site.anchor.file}});
  }
  std::stable_sort(fields.begin(), fields.end(),
                   [](const json& one, const json& other) { return one.at("tag") < other.at("tag"); });
  return fields;
}

std::string printable(std::string_view text) {
  return json::parse(json(std::string(text)).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

std::string hex_of(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    out += kDigits[(static_cast<unsigned char>(byte) >> 4U) & 15U];
    out += kDigits[static_cast<unsigned char>(byte) & 15U];
  }
  return out;
}

json define_json(const wire::Define& define) {
  json out = {{"type", "DEFINE"},
              {"id", define.id},
              {"kind", static_cast<int>(define.kind)},
              {"flags", define.cut ? 1 : 0},
              {"vendor", define.vendor}};
  if (define.kind == wire::DefineKind::Site) {
    auto site = wire::decode_site(define.text);
    EXPECT_TRUE(site);
    out["fields"] = site_json(*site);
    EXPECT_EQ(*wire::decode_site(wire::encode_site(*site)), *site);
  } else {
    // Text that is not UTF-8 stands as hex in the vectors.
    const std::string shown = printable(define.text);
    out[shown == define.text ? "text" : "hex"] = shown == define.text ? shown : hex_of(define.text);
  }
  return out;
}

json sections_json(const model::Unit& unit) {
  json out = json::array();
  if (!unit.cache_bytes.empty()) {
    json entries = json::array();
    for (std::size_t i = 0; i < unit.cache_count(); ++i) {
      const auto counts = unit.cache(i);
      entries.push_back({{"cache", counts.cache},
                         {"hits", counts.hits},
                         {"misses", counts.misses},
                         {"sets", counts.sets},
                         {"deletes", counts.deletes}});
    }
    out.push_back({{"tag", 1}, {"entries", entries}});
  }
  if (unit.template_renders != 0)
    out.push_back({{"tag", 2}, {"ns", unit.template_ns}, {"renders", unit.template_renders}});
  if (unit.cpu_ns) out.push_back({{"tag", 3}, {"ns", *unit.cpu_ns}});
  if (unit.memory_bytes) out.push_back({{"tag", 4}, {"bytes", *unit.memory_bytes}});
  if (!unit.exception.empty()) out.push_back({{"tag", 5}, {"text", printable(unit.exception)}});
  if (unit.nonce) out.push_back({{"tag", 6}, {"nonce", *unit.nonce}});
  return out;
}

json unit_json(const model::Unit& unit) {
  const model::UnitHeader& header = unit.header;
  json records = json::array();
  for (std::size_t i = 0; i < unit.record_count; ++i) {
    const auto record = unit.record(i);
    records.push_back({{"statement", record.statement},
                       {"site", record.site},
                       {"ordinal", record.ordinal},
                       {"rows", record.rows},
                       {"start_ns", record.start_ns()},
                       {"alias", record.alias()},
                       {"duration_ns", record.duration_ns()},
                       {"flags", record.flags()}});
  }
  return {{"type", "UNIT"},
          {"record_count", unit.record_count},
          {"number", header.number},
          {"unit_id", header.unit_id},
          {"parent_id", header.parent_id},
          {"start_ns", header.start_ns},
          {"duration_ns", header.duration_ns},
          {"first_byte_ns", header.first_byte_ns},
          {"db_ns", header.db_ns},
          {"queries", header.queries},
          {"descendant_queries", header.descendant_queries},
          {"descendant_db_ns", header.descendant_db_ns},
          {"descendant_units", header.descendant_units},
          {"name", header.name},
          {"status", header.status},
          {"kind", static_cast<int>(header.kind)},
          {"method", static_cast<int>(header.method)},
          {"flags", header.flags},
          {"operation", static_cast<int>(header.operation)},
          {"part", header.part},
          {"failed_queries", header.failed_queries},
          {"records", records},
          {"sections", sections_json(unit)}};
}

// The fields of a frame as the vectors write them, and its bytes encoded again ("" for what only the peer encodes).
struct Decoded {
  json fields;
  std::string again;
};

Decoded decode_payload(const Seen& seen) {
  const auto payload = as_span(seen.payload);
  switch (static_cast<FrameType>(seen.type)) {
    case FrameType::Define: {
      auto define = wire::decode_define(payload);
      if (!define) return {define.error().code, ""};
      return {define_json(*define), wire::encode_define(*define)};
    }
    case FrameType::Batch: {
      auto batch = wire::decode_batch(payload);
      if (!batch) return {batch.error().code, ""};
      return {{{"type", "BATCH"}, {"sent_ns", batch->sent_ns}, {"created", batch->created}},
              wire::encode_batch(*batch)};
    }
    case FrameType::Unit: {
      auto unit = wire::decode_unit(payload);
      if (!unit) return {unit.error().sentence, ""};
      std::vector<model::QueryRecord> records;
      for (std::size_t i = 0; i < unit->record_count; ++i) records.push_back(unit->record(i));
      return {unit_json(*unit), wire::encode_unit(unit->header, records, wire::encode_sections(*unit))};
    }
    case FrameType::Dropped: {
      auto dropped = wire::decode_dropped(payload);
      if (!dropped) return {dropped.error().code, ""};
      json reasons = json::array();
      for (std::size_t i = 0; i < dropped->totals.size(); ++i) {
        if (dropped->totals[i] > 0) reasons.push_back({{"reason", i + 1}, {"total", dropped->totals[i]}});
      }
      return {{{"type", "DROPPED"},
               {"created", dropped->created},
               {"acknowledged", dropped->acknowledged},
               {"buffered", dropped->buffered},
               {"reasons", reasons}},
              wire::encode_dropped(*dropped)};
    }
    case FrameType::Bye: return {{{"type", "BYE"}}, wire::encode_frame(FrameType::Bye, seen.payload)};
    case FrameType::Ack: {
      std::uint64_t highest = 0;
      std::memcpy(&highest, seen.payload.data(), std::min(seen.payload.size(), sizeof highest));
      return {{{"type", "ACK"}, {"highest", highest}}, wire::encode_ack(highest)};
    }
    case FrameType::Report: {
      const auto report = support::read_report(seen.payload);
      return {{{"type", "REPORT"},
               {"nonce", report.nonce},
               {"findings_left_out", report.findings_left_out},
               {"groups_left_out", report.groups_left_out},
               {"json", report.verdict}},
              wire::encode_report({report.nonce, report.findings_left_out, report.groups_left_out, report.text})};
    }
    default: return {{{"json", json::parse(seen.payload, nullptr, false)}}, ""};
  }
}

// What only this version writes differs in a vector of a later one, and an empty section is as good as none.
json comparable(json fields) {
  fields.erase("header_bytes");
  fields.erase("record_bytes");
  if (fields.contains("sections")) {
    json kept = json::array();
    for (const json& section : fields.at("sections")) {
      if (section.value("entries", json(0)) != json::array() && section.value("text", json(0)) != "")
        kept.push_back(section);
    }
    fields["sections"] = kept;
  }
  return fields;
}

TEST(CodecConformance, EveryValidVectorDecodesToItsFieldsAndEncodesToItsBytes) {
  const auto vectors = load("valid");
  ASSERT_GT(vectors.size(), 30U);
  for (const Vector& vector : vectors) {
    SCOPED_TRACE(vector.name);
    const std::string bytes = bytes_of(vector.content.at("pieces"));
    const bool needs_hello =
        vector.content.at("needs_hello").get<bool>() || vector.content.at("direction") == "to_peer";
    std::vector<Seen> known;
    for (const Seen& seen : decode({bytes}, needs_hello)) {
      if (seen.type >= 1 && seen.type <= wire::kFrameTypeLast) known.push_back(seen);
    }
    const json& frames = vector.content.at("frames");
    ASSERT_EQ(known.size(), frames.size());
    std::string again;
    bool all_encoded = true;
    for (std::size_t i = 0; i < known.size(); ++i) {
      const Decoded decoded = decode_payload(known[i]);
      if (frames[i].contains("json") && frames[i].at("type") != "REPORT") {
        EXPECT_EQ(decoded.fields.value("json", json()), frames[i].at("json"));
        all_encoded = false;
        continue;
      }
      EXPECT_EQ(decoded.fields, comparable(frames[i])) << "frame " << i;
      again += decoded.again;
    }
    if (all_encoded && vector.content.at("re_encode").get<bool>()) {
      EXPECT_EQ(again, bytes);
    }
  }
}

TEST(CodecConformance, FramesDoNotDependOnHowTheBytesArrive) {
  for (const Vector& vector : load("valid")) {
    SCOPED_TRACE(vector.name);
    const std::string bytes = bytes_of(vector.content.at("pieces"));
    const bool needs_hello =
        vector.content.at("needs_hello").get<bool>() || vector.content.at("direction") == "to_peer";
    const std::vector<Seen> whole = decode({bytes}, needs_hello);
    std::vector<std::string> single;
    for (const char byte : bytes) single.emplace_back(1, byte);
    EXPECT_EQ(decode(single, needs_hello), whole);
    const std::size_t step = std::max<std::size_t>(1, bytes.size() / 2000);
    for (std::size_t at = 0; at <= bytes.size(); at += step) {
      ASSERT_EQ(decode({bytes.substr(0, at), bytes.substr(at)}, needs_hello), whole) << "split at " << at;
    }
  }
}

TEST(MessageConformance, EveryHelloIsReadToItsKeys) {
  for (const Vector& vector : load("valid")) {
    for (const json& frame : vector.content.at("frames")) {
      if (frame.at("type") != "HELLO") continue;
      SCOPED_TRACE(vector.name);
      const json& wanted = frame.at("json");
      auto hello = wire::decode_hello(wanted.dump());
      ASSERT_TRUE(hello) << hello.error().sentence;
      EXPECT_EQ(hello->protocol_min, wanted.at("protocol").at("min"));
      EXPECT_EQ(hello->protocol_max, wanted.at("protocol").at("max"));
      EXPECT_EQ(hello->incarnation, wanted.value("incarnation", ""));
      EXPECT_EQ(hello->next_unit, wanted.value("next_unit", 1U));
      EXPECT_EQ(hello->service, wanted.value("service", ""));
      EXPECT_EQ(hello->pid, wanted.value("pid", 0));
      if (wanted.contains("totals")) {
        EXPECT_EQ(hello->created, wanted.at("totals").at("created"));
      }
    }
  }
}

TEST(MessageConformance, EveryCommandIsReadToItsArguments) {
  for (const Vector& vector : load("valid")) {
    for (const json& frame : vector.content.at("frames")) {
      if (frame.at("type") != "COMMAND") continue;
      SCOPED_TRACE(vector.name);
      const json& wanted = frame.at("json");
      auto command = wire::decode_command(wanted.dump());
      ASSERT_TRUE(command) << command.error().sentence;
      EXPECT_EQ(command->request_id, wanted.at("request_id"));
      EXPECT_EQ(command->command, wanted.at("command"));
      for (const auto& [key, value] : wanted.at("arguments").items()) EXPECT_EQ(command->argument(key), value);
    }
  }
}

}  // namespace
}  // namespace mercury::conformance
