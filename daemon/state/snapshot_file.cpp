#include "state/snapshot_file.h"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <system_error>

#include "base/log.h"
#include "model/vendor.h"
#include "platform/durable_file.h"
#include "state/snapshot_bytes.h"
#include "state/snapshot_findings.h"

namespace mercury::state {
namespace {

using base::Error;

constexpr std::string_view kMagic = "MERCURYS";
constexpr std::size_t kHeaderBytes = 32;
constexpr std::uint32_t kFileMode = 0600;      // statements and routes are their owner's business
constexpr std::uint32_t kNoName = 0xffffffff;  // a statement that was never repeated on a route

std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3U;
  }
  return hash;
}

template <typename T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T number_at(std::string_view bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// ---- each struct once, for both directions (`A` is a Writer or a Reader) ----

template <typename A>
void describe(A& a, In<A, model::HistogramState>& histogram) {
  a.number(histogram.scale);
  a.number(histogram.zero_count);
  a.number(histogram.count);
  a.number(histogram.sum);
  a.number(histogram.min);
  a.number(histogram.max);
  std::int64_t before = std::int64_t{INT32_MIN} - 1;
  a.list(histogram.buckets, 2, [&](auto& bucket) {
    a.number(bucket.first);
    a.number(bucket.second);
    a.require(before < bucket.first, "the buckets of a histogram do not ascend");
    before = bucket.first;
  });
}

template <typename A>
void describe(A& a, In<A, model::CellState>& cell) {
  a.number(cell.slot);
  a.require(cell.slot >= 0, "a time slot is negative");
  a.number(cell.count);
  a.number(cell.errors);
  describe(a, cell.duration);
  describe(a, cell.queries);
  describe(a, cell.db_time);
}
constexpr std::size_t kCellBytesMin = 3 + 3 * 7;

template <typename A>
void describe(A& a, In<A, model::SeriesState>& series, std::size_t names) {
  a.index(series.service, names);
  a.index(series.environment, names);
  a.index(series.run, names);
  a.index(series.route, names);
  a.choice(series.kind, model::UnitKind::Request, model::UnitKind::Outside);
  a.choice_or(series.method, model::Method::None, model::Method::Patch, model::Method::Other);
  a.number(series.status_class);
  a.number(series.failed);
  a.number(series.incomplete);
  a.number(series.cache_hits);
  a.number(series.cache_misses);
  a.time(series.last_seen);
  a.choice(series.operation, model::Operation::Unknown, model::Operation::Auth);
  a.list(series.findings, kFindingBytesMin, [&](auto& finding) { describe(a, finding); });
  describe(a, series.totals);
  a.list(series.seconds, kCellBytesMin, [&](auto& cell) { describe(a, cell); });
  a.list(series.minutes, kCellBytesMin, [&](auto& cell) { describe(a, cell); });
}
constexpr std::size_t kSeriesBytesMin = 14 + kCellBytesMin + 2;

template <typename A>
void describe(A& a, In<A, model::StatementState>& statement, std::size_t names) {
  a.number(statement.fingerprint);
  a.number(statement.text_check);
  a.number(statement.vendor);
  a.require(statement.vendor <= static_cast<std::uint8_t>(model::Vendor::Mssql), "a vendor is unknown");
  a.text(statement.text);
  a.text(statement.summary);
  a.number(statement.failed);
  a.number(statement.rows);
  a.number(statement.worst_repeat);
  a.index_or(statement.worst_repeat_route, names, kNoName);
  describe(a, statement.duration);
  a.list(statement.routes, 1, [&](auto& route) { a.index(route, names); });
  a.number(statement.more_routes);
}
constexpr std::size_t kStatementBytesMin = 18;

template <typename A>
void describe(A& a, In<A, model::Loss>& loss) {
  a.number(loss.created);
  a.number(loss.folded);
  a.number(loss.duplicates);
  a.number(loss.lost_in_restart);
  for (auto& count : loss.dropped) a.number(count);
}

template <typename A>
void describe(A& a, In<A, model::Totals>& totals) {
  describe(a, totals.loss);
  a.number(totals.queries);
  a.number(totals.open);
  a.number(totals.incomplete);
  a.number(totals.clients_gone);
  a.number(totals.routes);
  a.number(totals.statements);
  a.number(totals.overflowed);
}

template <typename A>
void describe(A& a, In<A, model::UserState>& user) {
  a.text(user.user);
  a.list(user.names, 1, [&](auto& name) { a.text(name); });
  const std::size_t names = user.names.size();
  a.list(user.series, kSeriesBytesMin, [&](auto& series) { describe(a, series, names); });
  a.list(user.statements, kStatementBytesMin, [&](auto& statement) { describe(a, statement, names); });
  a.number(user.overflowed);
  describe(a, user.gone);
}
constexpr std::size_t kUserBytesMin = 22;

template <typename A>
void describe(A& a, In<A, model::UnitHeader>& header) {
  a.number(header.number);
  a.number(header.unit_id);
  a.number(header.parent_id);
  a.number(header.start_ns);
  a.number(header.duration_ns);
  a.number(header.first_byte_ns);
  a.number(header.db_ns);
  a.number(header.queries);
  a.number(header.descendant_queries);
  a.number(header.descendant_db_ns);
  a.number(header.descendant_units);
  a.number(header.name);
  a.number(header.status);
  a.choice(header.kind, model::UnitKind::Request, model::UnitKind::Outside);
  a.choice_or(header.method, model::Method::None, model::Method::Patch, model::Method::Other);
  a.number(header.flags);
  a.choice(header.operation, model::Operation::Unknown, model::Operation::Auth);
  a.number(header.part);
  a.number(header.failed_queries);
}

template <typename A>
void describe(A& a, In<A, model::OpenUnitState>& open) {
  describe(a, open.header);
  a.text(open.route);
  a.time(open.end);
  a.time(open.seen);
  a.number(open.cache_hits);
  a.number(open.cache_misses);
}
constexpr std::size_t kOpenUnitBytesMin = 24;

template <typename A>
void describe(A& a, In<A, model::ClientStateOnDisk>& client) {
  a.text(client.incarnation);
  a.text(client.labels.user);
  a.text(client.labels.service);
  a.text(client.labels.environment);
  a.text(client.labels.run);
  a.number(client.pid);
  a.text(client.client);
  a.choice(client.state, model::ClientState::Connected, model::ClientState::Ended);
  a.time(client.connected);
  a.time(client.seen);
  describe(a, client.loss);
  a.number(client.highest);
  a.number(client.queries);
  a.number(client.incomplete);
  a.list(client.open, kOpenUnitBytesMin, [&](auto& open) { describe(a, open); });
}
constexpr std::size_t kClientBytesMin = 24;

template <typename A>
void describe(A& a, In<A, model::EngineState>& state) {
  a.time(state.written);
  a.number(state.restarts);
  a.list(state.users, kUserBytesMin, [&](auto& user) { describe(a, user); });
  a.list(state.clients, kClientBytesMin, [&](auto& client) { describe(a, client); });
}

Error damaged(const std::string& why) { return {"state_damaged", "this is no whole snapshot: " + why}; }

}  // namespace

std::string encode(const model::EngineState& state) {
  Writer writer;
  describe(writer, state);
  const std::string payload = writer.take();
  std::string out(kMagic);
  append(out, kSnapshotVersion);
  append(out, std::uint32_t{0});
  append(out, std::uint64_t{payload.size()});
  append(out, checksum(payload));
  out += payload;
  return out;
}

base::Result<model::EngineState> decode(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) {
    return damaged(fmt::format("{} bytes, its header alone has {}", bytes.size(), kHeaderBytes));
  }
  if (!bytes.starts_with(kMagic)) return damaged(fmt::format("it does not begin with {}", kMagic));
  const auto version = number_at<std::uint32_t>(bytes, 8);
  if (version > kSnapshotVersion) {
    return Error{"state_newer",
                 fmt::format("a later mercuryd wrote this snapshot in format {}, this one reads up to {}", version,
                             kSnapshotVersion)};
  }
  if (version == 0 || number_at<std::uint32_t>(bytes, 12) != 0) return damaged("its header is not one of mercuryd's");
  const std::string_view payload = bytes.substr(kHeaderBytes);
  if (const auto length = number_at<std::uint64_t>(bytes, 16); length != payload.size()) {
    return damaged(fmt::format("{} bytes of payload, its header says {}", payload.size(), length));
  }
  if (number_at<std::uint64_t>(bytes, 24) != checksum(payload)) return damaged("its checksum does not fit");
  Reader reader(payload);
  model::EngineState state;
  describe(reader, state);
  reader.require(reader.at_end(), "bytes are left over");
  if (!reader.ok()) return damaged(reader.reason());
  return state;
}

std::string snapshot_path(const std::string& directory, const platform::Address& address) {
  return platform::file_in(directory, "state-" + platform::short_hash(address.path) + ".mercury");
}

base::Result<model::EngineState> read_snapshot(const std::string& path) {
  base::Result<std::string> bytes = platform::read_all(path, kSnapshotBytesMax);
  if (!bytes) return bytes.error();
  base::Result<model::EngineState> state = decode(*bytes);
  if (!state) return state.error().in(path);
  return state;
}

base::Result<std::optional<model::EngineState>> load(const std::string& path) {
  base::Result<model::EngineState> state = read_snapshot(path);
  if (state) return std::optional(std::move(*state));
  const Error& error = state.error();
  if (error.code == "not_found" || error.code == "missing_directory") return std::optional<model::EngineState>();
  if (error.code != "state_damaged") return error;
  const std::string aside = path + ".damaged";
  std::error_code failed;
  std::filesystem::rename(path, aside, failed);  // which replaces an older one, on Windows too
  if (failed) {
    return Error{error.code, error.sentence + "; and it cannot be renamed to " + aside + ": " + failed.message()};
  }
  base::log::warn("snapshot damaged, starting without one", {{"kept_as", aside}, {"reason", error.sentence}});
  return std::optional<model::EngineState>();
}

base::Status save(const std::string& path, const model::EngineState& state) {
  const std::string bytes = encode(state);
  if (bytes.size() > kSnapshotBytesMax) {
    return Error{"state_too_large",
                 fmt::format("the state takes {} bytes, a snapshot has at most {}", bytes.size(), kSnapshotBytesMax)};
  }
  return platform::write_atomically(path, bytes, kFileMode);
}

}  // namespace mercury::state
