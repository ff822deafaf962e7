#include "session/session.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "proto/limits.h"
#include "session_fixture.h"

namespace mercury::session {
namespace {

using namespace std::chrono_literals;

TEST_F(SessionTest, AcknowledgesAfterSixtyFourUnitsAtOnce) {
  auto peer = client();
  send_units(*peer, 1, static_cast<std::uint64_t>(limits::ack_units_max) - 1);
  EXPECT_TRUE(peer->receive().empty());
  send_units(*peer, 64, 64);
  const auto frames = peer->receive();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(frames[0].is(FrameType::Ack));
  EXPECT_EQ(highest_of(frames[0]), 64U);
}

TEST_F(SessionTest, AcknowledgesOneUnitAfterFiftyMilliseconds) {
  auto peer = client();
  send_units(*peer, 1, 1);
  peer->advance(std::chrono::milliseconds(limits::ack_interval_ms) - 1ns);
  EXPECT_TRUE(peer->receive().empty());
  peer->advance(1ns);
  ASSERT_EQ(peer->receive().size(), 1U);
  EXPECT_FALSE(peer->session().deadline());
}

TEST_F(SessionTest, APeerThatSaysNothingIsToldSo) {
  MemoryPeer peer(world_);
  peer.advance(std::chrono::milliseconds(limits::handshake_ms) - 1ns);
  EXPECT_TRUE(peer.receive().empty());
  peer.advance(1ns);
  const auto frames = peer.receive();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].json().at("code"), "handshake_timeout");
}

TEST_F(SessionTest, APeersFaultAffectsNobodyElse) {
  auto good = client();
  auto bad = client("ffffffffffffffffffffffffffffffff");
  bad->send(std::string("\xff\xff\xff\xff\x06\x00\x00\x00", 8));
  EXPECT_EQ(bad->receive().back().json().at("code"), "frame_too_large");
  send_units(*good, 1, 1);
  good->advance(60ms);
  EXPECT_TRUE(good->receive().back().is(FrameType::Ack));
}

TEST_F(SessionTest, UnitsBeforeAFaultAreAcknowledgedWithIt) {
  auto peer = client();
  send_units(*peer, 1, 3);
  peer->send(support::unit_frame({.number = 3, .name = 1}));
  const auto frames = peer->receive();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(highest_of(frames[0]), 3U);
  EXPECT_EQ(frames[1].json().at("code"), "number_not_increasing");
  EXPECT_EQ(frames[1].json().at("number"), 3);
}

TEST_F(SessionTest, GoesAwayAndReadsOnUntilBye) {
  auto peer = client();
  world_.registry.drain(world_.clock.now());
  const auto frames = peer->receive();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(frames[0].is(FrameType::Goaway));
  send_units(*peer, 1, 2);
  peer->send(wire::encode_frame(FrameType::Bye, ""));
  EXPECT_EQ(highest_of(peer->receive().back()), 2U);
  EXPECT_TRUE(peer->session().finished());
}

TEST_F(SessionTest, AByeThatWasAskedForIsNoFarewell) {
  auto peer = client();
  peer->send(define_route(1, "stream/"));
  peer->send(wire::encode_batch({1'010'000'000, 1}));
  peer->send(support::unit_frame({.number = 1, .unit_id = 7, .name = 1, .flags = model::unit_flag::kMoreParts}));
  world_.registry.drain(world_.clock.now());
  peer->send(wire::encode_frame(FrameType::Bye, ""));
  EXPECT_TRUE(peer->session().finished());
  const auto clients = world_.engine.clients("", 10);
  EXPECT_EQ(clients.at(0).state, model::ClientState::Disconnected);
  EXPECT_EQ(clients.at(0).open, 1U);
  EXPECT_EQ(clients.at(0).incomplete, 0U);
}

TEST_F(SessionTest, ARowThatDoesNotFitAFrameIsAnErrorAndTheConnectionGoesOn) {
  auto peer = client();
  // A timeline of statements whose summaries grow sixfold in JSON.
  const std::string alias(64, '\x01');
  const std::string table(200, '\x01');
  peer->send(wire::encode_define({1, wire::DefineKind::Alias, false, 0, alias}));
  for (std::uint32_t id = 2; id < 202; ++id) {
    const std::string sql = "SELECT a FROM \"" + std::to_string(id) + table + "\"";
    peer->send(wire::encode_define({id, wire::DefineKind::Statement, false, 2, sql}));
  }
  support::UnitSpec spec{.number = 1};
  for (std::uint32_t id = 2; id < 202; ++id) spec.statements.push_back(id);
  spec.alias = 1;
  peer->send(wire::encode_batch({1'010'000'000, 1}));
  peer->send(support::unit_frame(spec));
  auto asking = reader();
  asking->send(command("units"));
  const auto frames = asking->receive();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_LE(frames[0].payload.size(), static_cast<std::size_t>(limits::frame_bytes_max));
  asking->send(command("status"));
  EXPECT_EQ(asking->receive().back().json().at("result").at("units").at("received"), 1);
}

TEST_F(SessionTest, DeepJsonIsNamedAndNotFollowed) {
  auto peer = reader();
  peer->send(wire::encode_frame(FrameType::Command, std::string(30'000, '[') + std::string(30'000, ']')));
  EXPECT_EQ(peer->receive().back().json().at("sentence"), "the payload is a list, it must be an object");
}

TEST_F(SessionTest, TotalsThatDoNotAddUpAreRefused) {
  MemoryPeer peer(world_);
  wire::Hello liar;
  liar.protocol_min = liar.protocol_max = 1;
  liar.incarnation = kIncarnation;
  liar.created = 5;
  liar.acknowledged = 9;
  peer.send(wire::encode_hello(liar));
  EXPECT_EQ(peer.receive().back().json().at("code"), "hello_invalid");
  EXPECT_EQ(world_.engine.totals("").loss, model::Loss{});
}

TEST_F(SessionTest, GoesAwayForGoodWhenNoByeComes) {
  auto peer = client();
  world_.registry.drain(world_.clock.now());
  peer->advance(std::chrono::milliseconds(limits::goaway_ms) - 1ns);
  EXPECT_FALSE(peer->session().finished());
  peer->advance(1ns);
  EXPECT_TRUE(peer->session().finished());
}

TEST_F(SessionTest, ADrainingDaemonWelcomesNobody) {
  world_.registry.drain(world_.clock.now());
  MemoryPeer peer(world_);
  peer.send(hello(kIncarnation));
  EXPECT_EQ(peer.receive().back().json().at("code"), "stopping");
}

TEST_F(SessionTest, ConnectionsOfOneUserAreLimited) {
  std::vector<std::unique_ptr<MemoryPeer>> peers;
  for (std::int64_t i = 0; i < limits::connections_user_max; ++i) peers.push_back(reader());
  MemoryPeer one_more(world_, {"1000", 1, false});
  one_more.send(hello(""));
  EXPECT_EQ(one_more.receive().back().json().at("code"), "connections_max");
  EXPECT_EQ(world_.registry.rejects().at("connections_max"), 1U);
  MemoryPeer other_user(world_, {"1001", 1, false});
  other_user.send(hello(""));
  EXPECT_TRUE(other_user.receive().back().is(FrameType::Welcome));
  one_more.close();
  peers.pop_back();
  auto again = reader();
}

TEST_F(SessionTest, StatusTellsTheInvariant) {
  auto peer = client();
  send_units(*peer, 1, 5);
  peer->send(wire::encode_batch({0, 9}));
  peer->send(wire::encode_dropped({9, 0, 2, {1, 0, 1, 0, 0, 0}}));
  const auto status = ask("status").at("result");
  EXPECT_EQ(status.at("schema_version"), 1);
  EXPECT_EQ(status.at("units").at("created"), 9);
  EXPECT_EQ(status.at("units").at("acknowledged"), 5);
  EXPECT_EQ(status.at("units").at("dropped").at("buffer_full"), 1);
  EXPECT_EQ(status.at("units").at("dropped").at("too_large"), 1);
  EXPECT_EQ(status.at("units").at("buffered"), 2);
  EXPECT_EQ(status.at("clients").at(0).at("service"), "shop");
  EXPECT_EQ(status.at("clients").at(0).at("units"), status.at("units"));
  EXPECT_EQ(status.at("memory_bytes"), 1234567);
}

TEST_F(SessionTest, AReaderSeesItsOwnUserOnly) {
  auto mine = client();
  send_units(*mine, 1, 1);
  auto other = client(kIncarnation, {"1001", 7, false});
  send_units(*other, 1, 2);
  EXPECT_EQ(ask("status").at("result").at("units").at("acknowledged"), 1);
  EXPECT_EQ(rows_of({ReceivedFrame{13, ask("routes").dump()}}).size(), 1U);
  EXPECT_EQ(ask("status", {{"user", "1001"}}).at("error").at("code"), "permission_denied");
  const PeerIdentity root{"0", 1, true};
  EXPECT_EQ(ask("status", {}, root).at("result").at("units").at("acknowledged"), 3);
  EXPECT_EQ(ask("status", {{"user", "1001"}}, root).at("result").at("units").at("acknowledged"), 2);
}

TEST_F(SessionTest, ResetAndShutdownNeedTheRight) {
  auto mine = client();
  send_units(*mine, 1, 1);
  EXPECT_EQ(ask("reset", {}, {"1001", 1, false}).at("result").at("routes"), 0);
  EXPECT_EQ(ask("reset", {{"user", "1000"}}, {"1001", 1, false}).at("error").at("code"), "permission_denied");
  EXPECT_EQ(ask("reset").at("result").at("routes"), 1);
  EXPECT_EQ(ask("shutdown").at("error").at("code"), "permission_denied");
  EXPECT_EQ(world_.host.shutdowns, 0);
  EXPECT_EQ(ask("shutdown", {}, {"0", 1, true}).at("result").at("stopping"), true);
  EXPECT_EQ(world_.host.shutdowns, 1);
}

TEST_F(SessionTest, FindingsAreListedAndExplained) {
  auto peer = client();
  peer->send(define_route(1, "books/"));
  peer->send(wire::encode_define({2, wire::DefineKind::Statement, false, 1, "SELECT a FROM t WHERE id = 1"}));
  peer->send(wire::encode_batch({1'010'000'000, 1}));
  peer->send(support::unit_frame({.number = 1, .name = 1, .statements = {2, 2, 2, 2}}));
  const auto rows = ask("findings").at("rows");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("kind"), "query_in_loop");
  EXPECT_EQ(rows[0].at("repeats_max"), 4);
  EXPECT_FALSE(rows[0].contains("sample"));
  const std::string id = rows[0].at("id");
  const auto explained = ask("explain", {{"id", id.substr(0, 4)}}).at("rows");
  ASSERT_EQ(explained.size(), 1U);
  EXPECT_EQ(explained[0].at("sample").at("records").size(), 4U);
  EXPECT_EQ(ask("explain", {{"id", "xyz"}}).at("error").at("code"), "arguments_invalid");
  EXPECT_TRUE(ask("findings", {{"kind", "write_loop"}}).at("rows").empty());
  EXPECT_TRUE(ask("findings", {}, {"1001", 1, false}).at("rows").empty());
  EXPECT_EQ(ask("status").at("result").at("findings").at("by_kind").at("query_in_loop"), 1);
}

TEST_F(SessionTest, HelloCarriesThresholdsAndRules) {
  MemoryPeer peer(world_, {"1000", 42, false});
  peer.send(wire::encode_frame(
      FrameType::Hello,
      R"({"protocol":{"min":1,"max":1},"incarnation":"00112233445566778899aabbccddeeff","next_unit":1,"totals":{},)"
      R"("thresholds":{"loop_calls_min":5,"n_plus_one_threshold":-1,"later":1},)"
      R"("ignore":[{"route":"books/","reason":"on purpose"},{"route":"without a reason"},7]})"));
  ASSERT_TRUE(peer.receive().at(0).is(FrameType::Welcome));
  peer.send(define_route(1, "books/"));
  peer.send(wire::encode_define({2, wire::DefineKind::Statement, false, 1, "SELECT a FROM t WHERE id = 1"}));
  peer.send(wire::encode_batch({1'010'000'000, 2}));
  peer.send(support::unit_frame({.number = 1, .name = 1, .statements = {2, 2, 2, 2}}));
  EXPECT_TRUE(ask("findings", {{"all", "true"}}).at("rows").empty());
  peer.send(support::unit_frame({.number = 2, .name = 1, .statements = {2, 2, 2, 2, 2}}));
  const auto rows = ask("findings", {{"all", "true"}}).at("rows");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("state"), "ignored");
  EXPECT_EQ(rows[0].at("ignored"), "on purpose");
}

TEST_F(SessionTest, AWrongArgumentOrCommandIsNamed) {
  EXPECT_EQ(ask("routes", {{"window", "2h"}}).at("error").at("sentence"),
            "window is '2h', allowed are 1m, 5m, 15m and all");
  EXPECT_EQ(ask("fly").at("error").at("code"), "command_unknown");
}

TEST_F(SessionTest, ALongListingComesInSlicesAndIsWhole) {
  auto peer = client();
  peer->send(wire::encode_batch({1'010'000'000, 3000}));
  for (std::uint64_t number = 1; number <= 3000; ++number) {
    peer->send(define_route(1, "r" + std::to_string(number) + "/"));
    peer->send(support::unit_frame({.number = number, .name = 1}));
  }
  auto asking = reader();
  asking->send(command("routes"));
  const auto frames = asking->receive();
  EXPECT_GT(frames.size(), 10U);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].json().at("more"), i + 1 < frames.size());
    EXPECT_LT(frames[i].payload.size(), 64U * 1024);
  }
  EXPECT_EQ(rows_of(frames).size(), 3000U);
}

TEST_F(SessionTest, RowsForgottenDuringAListingAreLeftOut) {
  auto peer = client();
  peer->send(wire::encode_batch({1'010'000'000, 500}));
  for (std::uint64_t number = 1; number <= 500; ++number) {
    peer->send(define_route(1, "r" + std::to_string(number) + "/"));
    peer->send(support::unit_frame({.number = number, .name = 1}));
  }
  auto asking = reader();
  asking->send(command("routes"));
  world_.engine.reset("");
  const auto frames = asking->receive();
  EXPECT_TRUE(rows_of(frames).empty());
  EXPECT_EQ(frames.back().json().at("more"), false);
}

TEST_F(SessionTest, AConnectionThatEndsWithoutByeLeavesItsClientDisconnected) {
  auto peer = client();
  send_units(*peer, 1, 1);
  peer->close();
  EXPECT_EQ(ask("status").at("result").at("clients").at(0).at("state"), "disconnected");
  auto again = client();
  again->send(wire::encode_frame(FrameType::Bye, ""));
  EXPECT_EQ(ask("status").at("result").at("clients").at(0).at("state"), "ended");
}

TEST_F(SessionTest, TheHighestCommonVersionIsSpoken) {
  MemoryPeer peer(world_);
  peer.send(hello(kIncarnation, 1, 7));
  EXPECT_EQ(peer.receive().at(0).json().at("protocol"), 1);
  MemoryPeer newer(world_);
  newer.send(hello(kIncarnation, 2, 7));
  const auto reject = newer.receive().at(0).json();
  EXPECT_EQ(reject.at("code"), "version_unsupported");
  EXPECT_EQ(reject.at("required"), (nlohmann::json{{"min", 1}, {"max", 1}}));
  EXPECT_EQ(reject.at("sentence"), "the peer speaks protocol 2 to 7, this daemon 1 to 1");
}

TEST_F(SessionTest, APeerThatAsksAndDoesNotReadIsCutOff) {
  auto peer = client();
  for (std::int64_t i = 0; i < limits::commands_pending_max; ++i) peer->send(command("status"));
  EXPECT_TRUE(world_.registry.errors().empty());
  peer->send(command("status"));
  EXPECT_EQ(world_.registry.errors().count("slow_reader"), 1U);
  EXPECT_EQ(peer->receive().back().json().at("code"), "slow_reader");
}

}  // namespace
}  // namespace mercury::session
