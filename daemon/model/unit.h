// A unit of work as it arrives: one request, task, command, test or block, with its queries.
//
// UnitHeader and QueryRecord are PROTOCOL.md §5 in memory; QueryRecord is the wire's 32 bytes exactly, so that
// decoding a record is a copy. All durations are nanoseconds; ids are those of one connection's dictionary.
// Plain values: no ownership, no thread rules.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace mercury::model {

static_assert(std::endian::native == std::endian::little, "records are copied from the wire as they stand");

enum class UnitKind : std::uint8_t { Request = 1, Task, Command, Test, Block, Outside };
enum class Operation : std::uint8_t { Unknown, List, Detail, Create, Update, Delete, Search, Auth };

// HTTP methods by their wire code; the names are OpenTelemetry's `http.request.method`.
enum class Method : std::uint8_t { None, Get, Head, Post, Put, Delete, Connect, Options, Trace, Patch, Other = 255 };

std::string_view name_of(UnitKind kind);        // "request", …
std::string_view name_of(Method method);        // "GET", …, "" for None, "_OTHER"
std::string_view name_of(Operation operation);  // "list", …, "" for Unknown

namespace unit_flag {
inline constexpr std::uint8_t kMoreParts = 1;
inline constexpr std::uint8_t kFailed = 2;
inline constexpr std::uint8_t kFolded = 4;
inline constexpr std::uint8_t kStreamed = 8;
inline constexpr std::uint8_t kReportWanted = 16;
inline constexpr std::uint8_t kKnown = 31;
}  // namespace unit_flag

namespace record_flag {
inline constexpr std::uint16_t kMany = 1;
inline constexpr std::uint16_t kFailed = 2;
inline constexpr std::uint16_t kInTransaction = 4;
inline constexpr std::uint16_t kSummary = 8;
inline constexpr std::uint16_t kControl = 16;
inline constexpr std::uint16_t kKnown = 31;
}  // namespace record_flag

struct UnitHeader {
  std::uint64_t number = 0;
  std::uint64_t unit_id = 0;
  std::uint64_t parent_id = 0;
  std::uint64_t start_ns = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t first_byte_ns = 0;
  std::uint64_t db_ns = 0;
  std::uint64_t queries = 0;
  std::uint64_t descendant_queries = 0;
  std::uint64_t descendant_db_ns = 0;
  std::uint32_t descendant_units = 0;
  std::uint32_t name = 0;
  std::uint16_t status = 0;
  UnitKind kind = UnitKind::Request;
  Method method = Method::None;
  std::uint8_t flags = 0;
  Operation operation = Operation::Unknown;
  std::uint16_t part = 0;
  std::uint32_t failed_queries = 0;

  [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  bool operator==(const UnitHeader&) const = default;
};

struct QueryRecord {
  std::uint32_t statement = 0;
  std::uint32_t site = 0;
  std::uint32_t ordinal = 0;
  std::int32_t rows = -1;
  std::uint64_t start_alias = 0;
  std::uint64_t duration_flags = 0;

  [[nodiscard]] std::uint64_t start_ns() const { return start_alias & ((std::uint64_t{1} << 56) - 1); }
  [[nodiscard]] std::uint8_t alias() const { return static_cast<std::uint8_t>(start_alias >> 56); }
  [[nodiscard]] std::uint64_t duration_ns() const { return duration_flags & ((std::uint64_t{1} << 48) - 1); }
  [[nodiscard]] std::uint16_t flags() const { return static_cast<std::uint16_t>(duration_flags >> 48); }
  [[nodiscard]] bool has(std::uint16_t flag) const { return (flags() & flag) != 0; }
  // How many calls of the driver this record stands for.
  [[nodiscard]] std::uint64_t calls() const { return has(record_flag::kSummary) ? ordinal : 1; }
};
static_assert(sizeof(QueryRecord) == 32);

inline QueryRecord record_at(const std::byte* bytes) {
  QueryRecord out;
  std::memcpy(&out, bytes, sizeof out);
  return out;
}

struct CacheCounts {
  std::uint32_t cache = 0;
  std::uint32_t hits = 0;
  std::uint32_t misses = 0;
  std::uint32_t sets = 0;
  std::uint32_t deletes = 0;
};

// One UNIT frame, a view into the receive buffer: valid until the next read of its connection.
struct Unit {
  UnitHeader header;
  std::span<const std::byte> record_bytes;  // record_count × record_size
  std::size_t record_size = sizeof(QueryRecord);
  std::uint32_t record_count = 0;
  std::span<const std::byte> cache_bytes;  // whole 20-byte entries
  std::uint64_t template_ns = 0;
  std::uint32_t template_renders = 0;
  std::optional<std::uint64_t> cpu_ns;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint64_t> nonce;
  std::string_view exception;

  [[nodiscard]] QueryRecord record(std::size_t index) const {
    return record_at(record_bytes.data() + index * record_size);
  }
  [[nodiscard]] std::size_t cache_count() const { return cache_bytes.size() / sizeof(CacheCounts); }
  [[nodiscard]] CacheCounts cache(std::size_t index) const {
    CacheCounts out;
    std::memcpy(&out, cache_bytes.data() + index * sizeof out, sizeof out);
    return out;
  }
};

}  // namespace mercury::model
