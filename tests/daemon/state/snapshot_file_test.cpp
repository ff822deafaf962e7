#include "state/snapshot_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>
#include <tuple>

#include "platform/place.h"
#include "state/snapshot_writer.h"

namespace mercury::state {
namespace {

namespace fs = std::filesystem;

using platform::testing::TemporaryDirectory;

base::Time at(std::int64_t ns) { return base::Time(base::Duration(ns)); }

model::HistogramState histogram(std::uint64_t seed) {
  return {6, seed, 3 * seed, 1000 * seed, 1, 999, {{-640, 1}, {-5, seed}, {0, 2}, {12, UINT64_MAX}}};
}

model::CellState cell(std::int64_t slot, std::uint64_t seed) {
  return {slot, seed, seed / 2, histogram(seed), histogram(seed + 1), {}};
}

model::Loss loss(std::uint64_t seed) { return {seed, seed - 3, 1, 2, {0, 1, 0, 0, 1, 0}}; }

model::FindingOnDisk finding() {
  model::FindingOnDisk out;
  out.worst.id = UINT64_MAX;
  out.worst.kind = model::FindingKind::WriteLoop;
  out.worst.level = model::Level::Warn;
  out.worst.severity = 5;
  out.worst.distinct = 31;
  out.worst.relation = "shop.Book.author";
  out.worst.trigger.file = "/srv/shop/views.py";
  out.worst.trigger.line = 11;
  out.worst.sources = {{7, {}}, {8, out.worst.trigger}};
  out.worst.suggestion = {"select_related", "author", "text", "code", false, model::Edit{"f", "i", 3, 4}};
  out.worst.ignored = "on purpose";
  out.alias = "default";
  out.source_summaries = {"SELECT a", ""};
  out.places = {out.worst.trigger};
  out.repeats_min = 3;
  out.repeats_max = 31;
  out.occurrences = out.units = 12;
  out.saving_ns = 99;
  out.first_seen = at(1);
  out.last_seen = at(2);
  out.last_unit = 40;
  return out;
}

model::UserState sample_user() {
  model::UserState user;
  user.user = "1000";
  user.names = {"", "shop", "production", "shop/orders/<int:pk>"};
  model::SeriesState series;
  series.service = 1;
  series.environment = 2;
  series.route = 3;
  series.method = model::Method::Other;
  series.status_class = 5;
  series.failed = 7;
  series.last_seen = at(1'790'000'000'123'456'789);
  series.operation = model::Operation::Delete;
  series.findings = {finding(), {}};
  series.totals = cell(0, 300);
  series.seconds = {cell(358'000'000, 4), cell(358'000'001, 5)};
  series.minutes = {cell(29'833'333, 6)};
  user.series.push_back(series);
  model::StatementState statement;
  statement.fingerprint = 0xfeedfacecafebeef;
  statement.text_check = UINT64_MAX;
  statement.vendor = 2;
  statement.text = "SELECT * FROM shop_order WHERE id = ?";
  statement.summary = "SELECT shop_order";
  statement.worst_repeat = 101;
  statement.worst_repeat_route = 3;
  statement.duration = histogram(11);
  statement.routes = {3};
  user.statements.push_back(statement);
  statement.worst_repeat_route = 0xffffffff;
  user.statements.push_back(statement);
  user.overflowed = 9;
  user.gone.loss = loss(50);
  user.gone.queries = 1;
  user.gone.incomplete = 3;
  user.gone.clients_gone = 4;
  user.gone.overflowed = 7;
  return user;
}

model::ClientStateOnDisk sample_client() {
  model::ClientStateOnDisk client;
  client.incarnation = "00112233445566778899aabbccddeeff";
  client.labels = {"1000", "shop", "production", ""};
  client.pid = -1;
  client.client = "mercuryd-python/0.1.0";
  client.state = model::ClientState::Ended;
  client.connected = at(-1);
  client.seen = at(std::int64_t{1} << 61U);
  client.loss = loss(1000);
  client.highest = 998;
  client.queries = 12'345;
  client.incomplete = 1;
  model::OpenUnitState open;
  open.header = {40,
                 41,
                 42,
                 43,
                 44,
                 45,
                 46,
                 47,
                 48,
                 49,
                 50,
                 51,
                 200,
                 model::UnitKind::Task,
                 model::Method::Get,
                 1,
                 model::Operation::Auth,
                 3,
                 52};
  open.route = "import_orders";
  open.end = at(5);
  open.seen = at(6);
  open.cache_hits = 7;
  client.open.push_back(open);
  return client;
}

model::EngineState sample() {
  model::EngineState state;
  state.written = at(1'790'000'000'000'000'000);
  state.restarts = 3;
  state.users.push_back(sample_user());
  state.users.push_back({});
  state.clients.push_back(sample_client());
  return state;
}

// The header of the format, put together here from its description and not by the code under test.
std::string seal(const std::string& payload) {
  std::uint64_t hash = 14695981039346656037U;
  for (const unsigned char byte : payload) hash = (hash ^ byte) * 1099511628211U;
  std::string header = "MERCURYS";
  const auto append = [&header](std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) header += static_cast<char>(value >> (8 * i));
  };
  append(1, 4);
  append(0, 4);
  append(payload.size(), 8);
  append(hash, 8);
  return header + payload;
}

std::string payload_of(const std::string& file) { return file.substr(32); }

TEST(SnapshotFile, GivesBackWhatWasSaved) {
  const std::string bytes = encode(sample());
  const auto decoded = decode(bytes);
  ASSERT_TRUE(decoded) << decoded.error().sentence;
  EXPECT_EQ(encode(*decoded), bytes);
  EXPECT_EQ(decoded->written, at(1'790'000'000'000'000'000));
  EXPECT_EQ(decoded->restarts, 3U);
  ASSERT_EQ(decoded->users.size(), 2U);
  const model::UserState& user = decoded->users[0];
  EXPECT_EQ(user.names[3], "shop/orders/<int:pk>");
  EXPECT_EQ(user.gone.overflowed, 7U);
  EXPECT_EQ(user.gone.loss, loss(50));
  const model::SeriesState& series = user.series.at(0);
  EXPECT_EQ(series.route, 3U);
  EXPECT_EQ(series.method, model::Method::Other);
  EXPECT_EQ(series.last_seen, at(1'790'000'000'123'456'789));
  EXPECT_EQ(series.totals.duration.buckets, histogram(300).buckets);
  EXPECT_EQ(series.operation, model::Operation::Delete);
  ASSERT_EQ(series.findings.size(), 2U);
  const model::FindingOnDisk& kept = series.findings[0];
  EXPECT_EQ(kept.worst, finding().worst);
  EXPECT_EQ(kept.places, finding().places);
  EXPECT_EQ(kept.source_summaries, finding().source_summaries);
  EXPECT_EQ(std::tie(kept.repeats_min, kept.repeats_max, kept.saving_ns, kept.last_unit, kept.last_seen),
            std::tuple(3U, 31U, 99U, 40U, at(2)));
  EXPECT_EQ(series.seconds.at(1).slot, 358'000'001);
  EXPECT_EQ(series.minutes.at(0).queries.count, 21U);
  EXPECT_EQ(user.statements.at(0).fingerprint, 0xfeedfacecafebeefU);
  EXPECT_EQ(user.statements.at(1).worst_repeat_route, 0xffffffffU);
  const model::ClientStateOnDisk& client = decoded->clients.at(0);
  EXPECT_EQ(client.pid, -1);
  EXPECT_EQ(client.connected, at(-1));
  EXPECT_EQ(client.seen, at(std::int64_t{1} << 61U));
  EXPECT_EQ(client.loss, loss(1000));
  EXPECT_EQ(client.open.at(0).header, sample_client().open.at(0).header);
  EXPECT_EQ(client.open.at(0).route, "import_orders");
}

TEST(SnapshotFile, AnEmptyStateIsItsHeaderAndFourBytes) {
  const std::string bytes = encode({});
  EXPECT_EQ(bytes, seal(std::string(4, '\0')));
  ASSERT_TRUE(decode(bytes));
}

TEST(SnapshotFile, ATimeThatCouldOverflowADifferenceIsDamage) {
  model::EngineState state;
  state.written = at(INT64_MAX);
  const auto decoded = decode(encode(state));
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().sentence.find("a time is out of range"), std::string::npos) << decoded.error().sentence;
}

TEST(SnapshotFile, EveryTruncationIsDamage) {
  const std::string bytes = encode(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto decoded = decode(std::string(bytes, 0, length));
    ASSERT_FALSE(decoded) << length;
    ASSERT_EQ(decoded.error().code, "state_damaged") << length;
  }
}

TEST(SnapshotFile, EveryTruncationUnderAChecksumThatFitsIsDamage) {
  const std::string payload = payload_of(encode(sample()));
  for (std::size_t length = 0; length < payload.size(); ++length) {
    const auto decoded = decode(seal(payload.substr(0, length)));
    ASSERT_FALSE(decoded) << length;
    ASSERT_EQ(decoded.error().code, "state_damaged") << length;
  }
  const auto longer = decode(seal(payload + '\0'));
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().sentence,
            "this is no whole snapshot: bytes are left over (payload byte " + std::to_string(payload.size()) + ")");
}

TEST(SnapshotFile, EveryFlippedBitIsAnError) {
  const std::string bytes = encode(sample());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto decoded = decode(flipped);
    ASSERT_FALSE(decoded) << bit;
    ASSERT_EQ(decoded.error().code, bit / 8 >= 8 && bit / 8 < 12 && flipped[8] != 0 ? "state_newer" : "state_damaged")
        << bit;
  }
}

// Whatever is accepted must be what restore() may trust; so it must at least be written and read again as it is.
void expect_error_or_valid(const std::string& file, int& accepted) {
  const auto decoded = decode(file);
  if (!decoded) {
    ASSERT_EQ(decoded.error().code, "state_damaged");
    return;
  }
  ++accepted;
  const std::string again = encode(*decoded);
  ASSERT_LE(again.size(), file.size());  // shorter where a flipped varint had leading zeroes
  const auto twice = decode(again);
  ASSERT_TRUE(twice) << twice.error().sentence;
  ASSERT_EQ(encode(*twice), again);
  for (const model::UserState& user : decoded->users) {
    for (const model::SeriesState& series : user.series) {
      ASSERT_LT(std::max({series.service, series.environment, series.run, series.route}), user.names.size());
      ASSERT_GE(series.totals.slot, 0);
    }
    for (const model::StatementState& statement : user.statements) {
      for (const std::uint32_t route : statement.routes) ASSERT_LT(route, user.names.size());
    }
  }
}

TEST(SnapshotFile, TenThousandFlippedBytesUnderAChecksumThatFitsAreAnErrorOrAValidState) {
  const std::string payload = payload_of(encode(sample()));
  std::mt19937 random(20'261'122);
  int accepted = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::string flipped = payload;
    const std::size_t flips = 1 + random() % 4;
    for (std::size_t i = 0; i < flips; ++i) flipped[random() % flipped.size()] = static_cast<char>(random());
    expect_error_or_valid(seal(flipped), accepted);
    ASSERT_FALSE(HasFatalFailure()) << "round " << round;
  }
  EXPECT_GT(accepted, 100);
  EXPECT_LT(accepted, 9'900);
}

TEST(SnapshotFile, RandomBytesUnderAChecksumThatFitsAreAnErrorOrAValidState) {
  std::mt19937 random(1);
  int accepted = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::string payload(random() % 64, '\0');
    for (char& byte : payload) byte = static_cast<char>(random() % 8 == 0 ? random() : random() % 4);
    expect_error_or_valid(seal(payload), accepted);
    ASSERT_FALSE(HasFatalFailure()) << "round " << round;
  }
}

TEST(SnapshotFile, ACountThatLiesAllocatesNothing) {
  // written 0, restarts 0, then "2^62 users" and a few bytes.
  const std::string payload = std::string("\0\0\x80\x80\x80\x80\x80\x80\x80\x80\x40", 11) + "abc";
  const auto decoded = decode(seal(payload));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().sentence, "this is no whole snapshot: a list ends past the file (payload byte 11)");
}

TEST(SnapshotFile, NamesTheFirstThingThatDoesNotFit) {
  const auto changed = [](const std::function<void(model::EngineState&)>& change) {
    model::EngineState state = sample();
    change(state);
    const auto decoded = decode(encode(state));
    if (decoded) return std::string("accepted");
    const std::string& sentence = decoded.error().sentence;
    return sentence.substr(0, sentence.find(" (payload byte"));
  };
  const std::string start = "this is no whole snapshot: ";
  EXPECT_EQ(changed([](auto& s) { s.users[0].series[0].run = 3; }), "accepted");
  EXPECT_EQ(changed([](auto& s) { s.users[0].series[0].run = 4; }), start + "an index points past its list");
  EXPECT_EQ(changed([](auto& s) { s.users[0].statements[0].worst_repeat_route = 4; }),
            start + "an index points past its list");
  EXPECT_EQ(changed([](auto& s) { s.users[0].statements[0].vendor = 5; }), "accepted");
  EXPECT_EQ(changed([](auto& s) { s.users[0].statements[0].vendor = 6; }), start + "a vendor is unknown");
  EXPECT_EQ(changed([](auto& s) { s.users[0].series[0].kind = static_cast<model::UnitKind>(0); }),
            start + "an enumerator is unknown");
  EXPECT_EQ(changed([](auto& s) { s.users[0].series[0].method = static_cast<model::Method>(10); }),
            start + "an enumerator is unknown");
  EXPECT_EQ(changed([](auto& s) { s.clients[0].state = static_cast<model::ClientState>(3); }),
            start + "an enumerator is unknown");
  EXPECT_EQ(changed([](auto& s) { s.users[0].series[0].totals.slot = -1; }), start + "a time slot is negative");
  EXPECT_EQ(changed([](auto& s) {
              std::swap(s.users[0].statements[0].duration.buckets[0], s.users[0].statements[0].duration.buckets[1]);
            }),
            start + "the buckets of a histogram do not ascend");
}

// ---- on disk ----

void write_file(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SnapshotPath, IsOfOneAddress) {
  // The hash is that of proto/PROTOCOL.md's paths: FNV-1a 64 of the path, first 12 of 16 hex digits.
  EXPECT_EQ(snapshot_path("/var/lib/mercury", {"a"}),
            platform::file_in("/var/lib/mercury", "state-af63dc4c8601.mercury"));
  EXPECT_NE(snapshot_path("/s", {"/run/a.sock"}), snapshot_path("/s", {"/run/b.sock"}));
}

TEST(SnapshotOnDisk, NoFileAndNoDirectoryAreAnEmptyStart) {
  const TemporaryDirectory directory;
  for (const std::string name : {"state-1.mercury", "none/state-1.mercury"}) {
    const auto loaded = load(directory / name);
    ASSERT_TRUE(loaded) << loaded.error().sentence;
    EXPECT_FALSE(loaded->has_value());
  }
}

TEST(SnapshotOnDisk, IsReadableByItsOwnerOnlyAndComesBack) {
  const TemporaryDirectory directory;
  const std::string path = directory / "state-1.mercury";
  const auto saved = save(path, sample());
  ASSERT_TRUE(saved) << saved.error().sentence;
  if (fs::path::preferred_separator == '/') {  // Windows has access lists, which the directory hands down
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  }
  const auto loaded = load(path);
  ASSERT_TRUE(loaded);
  ASSERT_TRUE(loaded->has_value());
  EXPECT_EQ(encode(**loaded), encode(sample()));
}

TEST(SnapshotOnDisk, ADamagedFileIsPutAsideAndTheDaemonStartsEmpty) {
  const TemporaryDirectory directory;
  const std::string path = directory / "state-1.mercury";
  std::string bytes = encode(sample());
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file(path, bytes);
  write_file(path + ".damaged", "an older one");
  const auto loaded = load(path);
  ASSERT_TRUE(loaded) << loaded.error().sentence;
  EXPECT_FALSE(loaded->has_value());
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(read_file(path + ".damaged"), bytes);
}

TEST(SnapshotOnDisk, OnlyLookingLeavesADamagedFileWhereItIs) {
  const TemporaryDirectory directory;
  const std::string path = directory / "state-1.mercury";
  write_file(path, "MERCURYS");
  const auto read = read_snapshot(path);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().sentence, path + ": this is no whole snapshot: 8 bytes, its header alone has 32");
  EXPECT_TRUE(fs::exists(path));
}

TEST(SnapshotOnDisk, OneOfALaterVersionIsRefusedAndKept) {
  const TemporaryDirectory directory;
  const std::string path = directory / "state-1.mercury";
  std::string bytes = encode(sample());
  bytes[8] = 2;
  write_file(path, bytes);
  const auto loaded = load(path);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, "state_newer");
  EXPECT_EQ(loaded.error().sentence,
            path + ": a later mercuryd wrote this snapshot in format 2, this one reads up to 1");
  EXPECT_EQ(read_file(path), bytes);
}

TEST(SnapshotOnDisk, AFileThatCannotBeReadIsAnErrorAndNotAnEmptyStart) {
  const TemporaryDirectory directory;
  const std::string path = directory / "state-1.mercury";
  fs::create_directory(path);
  const auto loaded = load(path);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, "not_a_file");
}

// ---- beside the loop ----

base::Status wait_for(SnapshotWriter& writer) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < end) {
    if (auto outcome = writer.finished()) return *outcome;
    std::this_thread::yield();
  }
  return base::Error{"timed_out", "the snapshot was not written"};
}

TEST(SnapshotWriter, WritesBesideTheLoopAndTellsOnce) {
  const TemporaryDirectory directory;
  SnapshotWriter writer(directory / "state-1.mercury");
  EXPECT_FALSE(writer.finished());
  writer.start(sample());
  EXPECT_TRUE(writer.busy());
  const base::Status outcome = wait_for(writer);
  ASSERT_TRUE(outcome) << outcome.error().sentence;
  EXPECT_FALSE(writer.busy());
  EXPECT_FALSE(writer.finished());
  EXPECT_EQ(read_file(writer.path()), encode(sample()));
}

TEST(SnapshotWriter, TheLastWriteWinsOverOneThatIsUnderWay) {
  const TemporaryDirectory directory;
  SnapshotWriter writer(directory / "state-1.mercury");
  writer.start(sample());
  model::EngineState last = sample();
  last.restarts = 99;
  ASSERT_TRUE(writer.write(last));
  EXPECT_FALSE(writer.busy());
  EXPECT_EQ(read_file(writer.path()), encode(last));
}

TEST(SnapshotWriter, TellsWhyItCouldNotWrite) {
  const TemporaryDirectory directory;
  SnapshotWriter writer(directory / "none/state-1.mercury");
  writer.start(sample());
  const base::Status outcome = wait_for(writer);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "missing_directory");
}

}  // namespace
}  // namespace mercury::state
