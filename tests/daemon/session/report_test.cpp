#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "proto/limits.h"
#include "session_fixture.h"
#include "support/report.h"

namespace mercury::session {
namespace {

class ReportTest : public SessionTest {
 protected:
  // A client that offers the capability, unless `more` says otherwise, with a route (1), a statement (2), an alias (3).
  std::unique_ptr<MemoryPeer> asking(const nlohmann::json& more = {}) {
    nlohmann::json keys = {{"protocol", {{"min", 1}, {"max", 1}}},
                           {"incarnation", kIncarnation},
                           {"next_unit", 1},
                           {"totals", nlohmann::json::object()},
                           {"capabilities", {"later", "report"}}};
    if (!more.is_null()) keys.update(more);
    auto peer = std::make_unique<MemoryPeer>(world_);
    peer->send(wire::encode_frame(FrameType::Hello, keys.dump()));
    capabilities_ = peer->receive().at(0).json().at("capabilities");
    peer->send(define_route(1, "books/"));
    peer->send(wire::encode_define({2, wire::DefineKind::Statement, false, 1, "SELECT a FROM t WHERE id = 1"}));
    peer->send(wire::encode_define({3, wire::DefineKind::Alias, false, 1, "replica"}));
    peer->send(wire::encode_batch({1'010'000'000, 100}));
    return peer;
  }
  // The report of the only frame that came.
  support::ReceivedReport only_report(MemoryPeer& peer) {
    auto frames = peer.receive();
    EXPECT_EQ(frames.size(), 1U);
    if (frames.size() != 1 || !frames[0].is(FrameType::Report)) {
      ADD_FAILURE() << "no REPORT came";
      return {};
    }
    payload_ = frames[0].payload;
    return support::read_report(payload_);
  }
  // Defines `count` statements from id 4 on and sends a unit with a loop of each; each loop takes longer than the next.
  void send_loops(MemoryPeer& peer, std::uint64_t number, std::uint32_t count) {
    std::vector<model::QueryRecord> records;
    for (std::uint32_t id = 4; id < 4 + count; ++id) {
      const std::string sql = "SELECT a FROM t" + std::to_string(id);
      peer.send(wire::encode_define({id, wire::DefineKind::Statement, false, 1, sql}));
      for (int call = 0; call < 3; ++call) {
        model::QueryRecord record;
        record.statement = id;
        record.start_alias = records.size();
        record.duration_flags = 1000 + count - id;
        records.push_back(record);
      }
    }
    auto header = support::header_of({.number = number, .name = 1, .queries = records.size(), .nonce = 9});
    model::Unit sections;
    sections.nonce = 9;
    peer.send(wire::encode_unit(header, records, wire::encode_sections(sections)));
  }

  nlohmann::json capabilities_;  // that the last WELCOME granted

 private:
  std::string payload_;
};

TEST_F(ReportTest, AUnitThatAsksHasItsVerdictAtOnceAndBeforeItsAck) {
  auto peer = asking();
  peer->send(support::unit_frame({.number = 1, .name = 1, .statements = {2, 2, 2, 2}, .alias = 3, .nonce = 77}));
  const auto report = only_report(*peer);
  EXPECT_EQ(capabilities_, nlohmann::json::array({"report"}));
  EXPECT_EQ(report.nonce, 77U);
  EXPECT_EQ(report.findings_left_out + report.groups_left_out, 0U);
  EXPECT_EQ(report.verdict.at("queries"), 4);
  EXPECT_EQ(report.verdict.at("db_ns"), 400'000);
  ASSERT_EQ(report.verdict.at("findings").size(), 1U);
  const auto& finding = report.verdict.at("findings")[0];
  EXPECT_EQ(finding.at("kind"), "query_in_loop");
  EXPECT_EQ(finding.at("alias"), "replica");
  EXPECT_EQ(finding.at("count"), 4);
  ASSERT_EQ(report.verdict.at("groups").size(), 1U);
  EXPECT_EQ(report.verdict.at("groups")[0], (nlohmann::json{{"id", finding.at("id")}, {"count", 4}}));
  EXPECT_EQ(ask("findings").at("rows").at(0).at("id"), finding.at("id"));
  peer->advance(std::chrono::milliseconds(limits::ack_interval_ms));
  EXPECT_EQ(highest_of(peer->receive().at(0)), 1U);
}

TEST_F(ReportTest, TheVerdictIsOnTheUnitWithItsDescendants) {
  auto peer = asking();
  peer->send(support::unit_frame({.number = 1, .unit_id = 5, .name = 1, .statements = {2, 2}, .parent_id = 4}));
  EXPECT_TRUE(peer->receive().empty());
  peer->send(support::unit_frame({.number = 2, .unit_id = 4, .name = 1, .statements = {2}, .nonce = 1}));
  const auto report = only_report(*peer);
  EXPECT_EQ(report.verdict.at("queries"), 3);
  // Two of the queries are another request's, and so no loop with this one's.
  EXPECT_TRUE(report.verdict.at("findings").empty());
  EXPECT_EQ(report.verdict.at("groups").size(), 1U);
}

TEST_F(ReportTest, TheVerdictIsByTheThresholdsAndRulesOfHelloAndByItsRun) {
  auto peer = asking({{"run", "a test run"},
                      {"thresholds", {{"response_ms", 1}}},
                      {"ignore", {{{"kind", "slow_response"}, {"reason", "on purpose"}}}}});
  peer->send(support::unit_frame({.number = 1, .name = 1, .nonce = 1}));
  const auto report = only_report(*peer);
  ASSERT_EQ(report.verdict.at("findings").size(), 1U);
  EXPECT_EQ(report.verdict.at("findings")[0].at("ignored"), "on purpose");
  EXPECT_EQ(report.verdict.at("findings")[0].at("kind"), "slow_response");
  EXPECT_EQ(report.verdict.at("findings")[0].at("level"), "fail");
  EXPECT_EQ(report.verdict.at("findings")[0].at("alias"), "");
}

TEST_F(ReportTest, WhoDoesNotAskOrMayNotAskHasNone) {
  auto peer = asking();
  peer->send(support::unit_frame({.number = 1, .name = 1, .statements = {2, 2, 2, 2}}));
  EXPECT_TRUE(peer->receive().empty());
  peer->close();
  auto other = asking({{"capabilities", {"later"}}});
  EXPECT_EQ(capabilities_, nlohmann::json::array());
  other->send(support::unit_frame({.number = 2, .name = 1, .statements = {2, 2, 2, 2}, .nonce = 5}));
  EXPECT_TRUE(other->receive().empty());
  EXPECT_EQ(ask("status").at("result").at("units").at("received"), 2);
}

TEST_F(ReportTest, WhatDoesNotFitIsTheCheapestAndIsCounted) {
  auto peer = asking();
  constexpr std::uint32_t kLoops = 3000;
  send_loops(*peer, 1, kLoops);
  const auto report = only_report(*peer);
  EXPECT_LE(report.text.size() + 16, static_cast<std::size_t>(limits::report_bytes_max));
  EXPECT_GT(report.text.size() + 16, static_cast<std::size_t>(limits::report_bytes_max) - 2000);
  const auto& findings = report.verdict.at("findings");
  EXPECT_GT(findings.size(), 100U);
  EXPECT_EQ(findings.size() + report.findings_left_out, kLoops);
  EXPECT_EQ(report.verdict.at("groups").size() + report.groups_left_out, kLoops);
  for (std::size_t i = 1; i < findings.size(); ++i)
    EXPECT_GT(findings[i - 1].at("saving_ns"), findings[i].at("saving_ns"));
  EXPECT_EQ(report.verdict.at("queries"), 3 * kLoops);
}

TEST_F(ReportTest, AClientThatAsksAndDoesNotReadIsCutOff) {
  auto peer = asking();
  for (std::uint64_t number = 1; number <= 20; ++number) send_loops(*peer, number, 500);
  EXPECT_EQ(world_.registry.errors().count("slow_reader"), 1U);
  EXPECT_EQ(peer->receive().back().json().at("code"), "slow_reader");
}

}  // namespace
}  // namespace mercury::session
