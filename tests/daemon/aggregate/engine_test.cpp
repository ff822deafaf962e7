#include "aggregate/engine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>

#include "proto/limits.h"
#include "support/units.h"

namespace mercury::aggregate {
namespace {

using namespace std::chrono_literals;
using model::ClientState;
using support::UnitOf;
using support::UnitSpec;

constexpr const char* kIncarnation = "00112233445566778899aabbccddeeff";

class EngineTest : public testing::Test {
 protected:
  EngineTest() { client_ = &attach(kIncarnation); }

  Client& attach(const std::string& incarnation, const std::string& user = "1000") {
    ClientFacts facts;
    facts.incarnation = incarnation;
    facts.labels = {user, "shop", "production", ""};
    auto client = engine_.attach(facts, now_);
    EXPECT_TRUE(client);
    engine_.on_created(**client, 1'000'000);
    return **client;
  }
  void define(Dictionary& dictionary, Client& client) {
    dictionary.use(*client.tables);
    ASSERT_TRUE(dictionary.define_text(1, EntryKind::Route, "books/"));
    ASSERT_TRUE(dictionary.define_statement(2, "SELECT * FROM book WHERE id = 7", model::Vendor::Sqlite));
    ASSERT_TRUE(dictionary.define_statement(3, "SELECT * FROM author WHERE id = %s", model::Vendor::Sqlite));
  }
  base::Result<Folded> fold(const UnitSpec& spec) {
    if (dictionary_.size() == 0) define(dictionary_, *client_);
    return engine_.fold(*client_, dictionary_, UnitOf(spec), {now_, now_});
  }
  std::vector<model::RouteRow> routes(Window window = std::nullopt, const std::string& user = "") {
    std::vector<model::RouteRow> out;
    for (const RouteKey& key : engine_.route_keys(user)) out.push_back(*engine_.route(key, window, now_));
    return out;
  }
  std::vector<model::StatementRow> statements() {
    std::vector<model::StatementRow> out;
    for (const StatementKey& key : engine_.statement_keys("")) out.push_back(*engine_.statement(key));
    std::ranges::sort(out, {}, &model::StatementRow::text);
    return out;
  }

  base::Time now_ = base::Time(1'000'000h);
  Engine engine_;
  Client* client_;
  Dictionary dictionary_;
};

TEST_F(EngineTest, CountsAUnitInItsSeriesItsStatementsAndItsLedger) {
  ASSERT_TRUE(fold({.number = 1, .name = 1, .statements = {2, 3, 3}}));
  const auto rows = routes();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].route, "books/");
  EXPECT_EQ(rows[0].status_class, 2);
  EXPECT_EQ(rows[0].window.count, 1U);
  EXPECT_EQ(rows[0].window.queries.max, 3);
  EXPECT_EQ(rows[0].window.db_time.sum, 300'000);
  EXPECT_EQ(rows[0].window.duration.max, 5'000'000);
  const auto listed = statements();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].text, "SELECT * FROM author WHERE id = ?");
  EXPECT_EQ(listed[0].calls, 2U);
  EXPECT_EQ(listed[0].worst_repeat, 2U);
  EXPECT_EQ(listed[0].worst_repeat_route, "books/");
  EXPECT_EQ(listed[1].text, "SELECT * FROM book WHERE id = ?");
  EXPECT_EQ(engine_.totals("").queries, 3U);
  EXPECT_EQ(client_->loss.folded, 1U);
}

TEST_F(EngineTest, ANumberIsFoldedOnce) {
  ASSERT_EQ(*fold({.number = 1, .name = 1}), Folded::Counted);
  ASSERT_EQ(*fold({.number = 3, .name = 1}), Folded::Counted);
  EXPECT_EQ(*fold({.number = 3, .name = 1}), Folded::Duplicate);
  EXPECT_EQ(*fold({.number = 2, .name = 1}), Folded::Duplicate);
  EXPECT_EQ(routes()[0].window.count, 2U);
  EXPECT_EQ(client_->loss.duplicates, 2U);
}

TEST_F(EngineTest, ARefusedUnitLeavesNothingBehind) {
  const std::vector<std::pair<UnitSpec, std::string>> refused{
      {{.number = 1, .name = 9}, "id_unknown"},
      {{.number = 1, .name = 2}, "id_kind"},
      {{.number = 1, .name = 1, .statements = {2, 1}}, "id_kind"},
      {{.number = 1, .name = 1, .statements = {2, 40}}, "id_unknown"},
      {{.number = 1, .name = 1, .statements = {2}, .queries = 2}, "totals_mismatch"},
      {{.number = 1'000'001, .name = 1}, "number_invalid"},
  };
  for (const auto& [spec, code] : refused) {
    const auto result = fold(spec);
    ASSERT_FALSE(result) << code;
    EXPECT_EQ(result.error().code, code);
  }
  EXPECT_TRUE(routes().empty());
  EXPECT_TRUE(statements().empty());
  EXPECT_EQ(client_->loss.folded, 0U);
  EXPECT_EQ(client_->highest, 0U);
}

TEST_F(EngineTest, TransactionControlIsNoQuery) {
  define(dictionary_, *client_);
  auto records = support::records_of({.statements = {2, 3}});
  records[0].duration_flags |= std::uint64_t{model::record_flag::kControl} << 48U;
  auto header = support::header_of({.number = 1, .name = 1, .queries = 1});
  ASSERT_TRUE(engine_.fold(*client_, dictionary_, UnitOf(header, records), {now_, now_}));
  EXPECT_EQ(statements().size(), 1U);
  EXPECT_EQ(routes()[0].window.queries.max, 1);
}

TEST_F(EngineTest, ASummaryRecordCountsItsCalls) {
  define(dictionary_, *client_);
  auto records = support::records_of({.statements = {2}, .record_ns = 3'000'000});
  records[0].ordinal = 1000;
  records[0].duration_flags |= std::uint64_t{model::record_flag::kSummary} << 48U;
  auto header = support::header_of({.number = 1, .name = 1, .flags = model::unit_flag::kFolded, .queries = 1000});
  ASSERT_TRUE(engine_.fold(*client_, dictionary_, UnitOf(header, records), {now_, now_}));
  EXPECT_EQ(statements()[0].calls, 1000U);
  EXPECT_EQ(statements()[0].duration.sum, 3'000'000);
  EXPECT_EQ(statements()[0].worst_repeat, 1000U);
}

TEST_F(EngineTest, PartsCountOnceWhenTheLastOneComes) {
  const std::uint8_t more = model::unit_flag::kMoreParts;
  ASSERT_TRUE(fold({.number = 1, .unit_id = 7, .name = 1, .statements = {2}, .flags = more, .part = 0, .queries = 1}));
  EXPECT_EQ(engine_.totals("").open, 1U);
  EXPECT_TRUE(routes().empty());
  EXPECT_EQ(engine_.units("")[0].state, model::UnitState::Open);
  ASSERT_TRUE(
      fold({.number = 2, .unit_id = 7, .name = 1, .statements = {2, 3}, .flags = more, .part = 1, .queries = 3}));
  ASSERT_TRUE(fold({.number = 3, .unit_id = 7, .name = 1, .duration_ns = 20'000'000, .part = 2, .queries = 3}));
  EXPECT_EQ(engine_.totals("").open, 0U);
  EXPECT_EQ(routes()[0].window.count, 1U);
  EXPECT_EQ(routes()[0].window.queries.max, 3);
  EXPECT_EQ(routes()[0].window.duration.max, 20'000'000);
  EXPECT_EQ(engine_.totals("").queries, 3U);
  EXPECT_EQ(client_->loss.folded, 3U);
  EXPECT_EQ(engine_.units("")[0].records.size(), 3U);
}

TEST_F(EngineTest, TotalsStayRightWhenAPartWasDropped) {
  const std::uint8_t more = model::unit_flag::kMoreParts;
  ASSERT_TRUE(fold({.number = 1, .unit_id = 7, .name = 1, .statements = {2}, .flags = more, .queries = 1}));
  ASSERT_TRUE(fold({.number = 4, .unit_id = 7, .name = 1, .statements = {2}, .part = 3, .queries = 50}));
  EXPECT_EQ(routes()[0].window.queries.max, 50);
  EXPECT_EQ(engine_.totals("").queries, 50U);
}

TEST_F(EngineTest, AUnitWhosePartsStopIsIncompleteAfterTheGap) {
  ASSERT_TRUE(fold({.number = 1, .unit_id = 7, .name = 1, .flags = model::unit_flag::kMoreParts}));
  now_ += std::chrono::milliseconds(limits::part_gap_ms);
  engine_.tick(now_);
  EXPECT_EQ(engine_.totals("").open, 1U);
  now_ += 1ms;
  engine_.tick(now_);
  EXPECT_EQ(engine_.totals("").open, 0U);
  EXPECT_EQ(engine_.totals("").incomplete, 1U);
  EXPECT_EQ(routes()[0].incomplete, 1U);
}

TEST_F(EngineTest, AUnitThatGoesOnAfterItWasGivenUpCountsOnce) {
  const std::uint8_t more = model::unit_flag::kMoreParts;
  ASSERT_TRUE(fold({.number = 1, .unit_id = 7, .name = 1, .statements = {2}, .flags = more, .queries = 10}));
  now_ += std::chrono::milliseconds(limits::part_gap_ms) + 1ms;
  engine_.tick(now_);
  ASSERT_TRUE(fold({.number = 2, .unit_id = 7, .name = 1, .statements = {2}, .flags = more, .part = 1, .queries = 12}));
  ASSERT_TRUE(fold({.number = 3, .unit_id = 7, .name = 1, .part = 2, .queries = 15}));
  EXPECT_EQ(routes()[0].window.count, 1U);
  EXPECT_EQ(engine_.totals("").queries, 15U);
  EXPECT_EQ(engine_.totals("").incomplete, 1U);
}

TEST_F(EngineTest, TheLastPartOfAUnitIsTakenWhenTooManyAreOpen) {
  for (std::int64_t i = 0; i < limits::open_units_client_max; ++i) {
    ASSERT_TRUE(fold({.number = static_cast<std::uint64_t>(i) + 1, .name = 1, .flags = model::unit_flag::kMoreParts}));
  }
  EXPECT_TRUE(fold({.number = 1000, .name = 1, .part = 3}));
}

TEST_F(EngineTest, TimelinesOfOpenUnitsAreLimitedAUser) {
  std::uint64_t kept = 0;
  std::uint64_t left_out = 0;
  const std::vector<std::uint32_t> many(200, 2);
  for (std::uint64_t number = 1; number <= 100; ++number) {
    ASSERT_TRUE(fold({.number = number, .name = 1, .statements = many, .flags = model::unit_flag::kMoreParts}));
  }
  for (const auto& unit : engine_.units("")) {
    kept += unit.records.size();
    left_out += unit.records_left_out;
  }
  EXPECT_EQ(kept, 10'000U);
  EXPECT_EQ(left_out, 10'000U);
}

TEST_F(EngineTest, ClientsThatSaidByeAreForgottenFirst) {
  engine_.disconnect(*client_, ClientState::Disconnected, now_);
  for (std::int64_t i = 0; i < limits::clients_max; ++i) {
    now_ += 1ms;
    engine_.disconnect(attach(std::string(32 - std::to_string(i).size(), '0') + std::to_string(i)), ClientState::Ended,
                       now_);
  }
  engine_.tick(now_);
  EXPECT_EQ(engine_.totals("").clients, static_cast<std::uint64_t>(limits::clients_max));
  EXPECT_EQ(&attach(kIncarnation), client_);
}

TEST_F(EngineTest, AnOpenUnitOutlivesAConnectionButNotItsClient) {
  ASSERT_TRUE(fold({.number = 1, .unit_id = 7, .name = 1, .flags = model::unit_flag::kMoreParts}));
  engine_.disconnect(*client_, ClientState::Disconnected, now_);
  EXPECT_EQ(engine_.totals("").open, 1U);
  engine_.disconnect(*client_, ClientState::Ended, now_);
  EXPECT_EQ(engine_.totals("").incomplete, 1U);
}

TEST_F(EngineTest, OpenUnitsOfAClientAreLimited) {
  UnitSpec spec{.name = 1, .flags = model::unit_flag::kMoreParts};
  for (std::int64_t i = 0; i < limits::open_units_client_max; ++i) {
    spec.number = static_cast<std::uint64_t>(i) + 1;
    ASSERT_TRUE(fold(spec));
  }
  ++spec.number;
  const auto result = fold(spec);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "too_many_open");
}

TEST_F(EngineTest, WindowsForgetAndTotalsDoNot) {
  ASSERT_TRUE(fold({.number = 1, .name = 1}));
  now_ += 90s;
  ASSERT_TRUE(fold({.number = 2, .name = 1}));
  EXPECT_EQ(routes(1min)[0].window.count, 1U);
  EXPECT_EQ(routes(5min)[0].window.count, 2U);
  now_ += 16min;
  EXPECT_EQ(routes(15min)[0].window.count, 0U);
  EXPECT_EQ(routes(std::nullopt)[0].window.count, 2U);
}

TEST_F(EngineTest, AVeryLateUnitCountsInTheTotalsOnly) {
  define(dictionary_, *client_);
  const UnitSpec spec{.number = 1, .name = 1};
  ASSERT_TRUE(engine_.fold(*client_, dictionary_, UnitOf(spec), {now_ - 16min, now_}));
  EXPECT_EQ(routes(15min)[0].window.count, 0U);
  EXPECT_EQ(routes(std::nullopt)[0].window.count, 1U);
}

TEST_F(EngineTest, AClientThatComesBackIsTheSameClient) {
  ASSERT_TRUE(fold({.number = 1, .name = 1}));
  engine_.disconnect(*client_, ClientState::Disconnected, now_);
  EXPECT_EQ(&attach(kIncarnation), client_);
  EXPECT_EQ(engine_.clients("", 10'000).size(), 1U);
  EXPECT_NE(&attach(kIncarnation, "1001"), client_);  // another user's incarnation is another client
}

TEST_F(EngineTest, WhatADeadDaemonAcknowledgedIsLostInRestartNeverReceived) {
  ASSERT_TRUE(fold({.number = 1, .name = 1}));
  const model::EngineState saved = engine_.save(now_);
  Engine restored;
  restored.restore(saved, now_);
  ClientFacts facts;
  facts.incarnation = kIncarnation;
  facts.labels = client_->labels;
  facts.next_unit = 11;
  facts.said.created = 10;
  facts.said.folded = 8;  // the client holds 8 as acknowledged, the snapshot has 1
  Client& client = **restored.attach(facts, now_);
  EXPECT_EQ(client.highest, 1U);
  EXPECT_EQ(client.loss.folded, 1U);
  EXPECT_EQ(client.loss.lost_in_restart, 7U);
  EXPECT_EQ(client.loss.acknowledged(), 8U);
}

TEST_F(EngineTest, UsersNeverShareARow) {
  ASSERT_TRUE(fold({.number = 1, .name = 1, .statements = {2}}));
  Client& other = attach("ffffffffffffffffffffffffffffffff", "1001");
  Dictionary dictionary;
  define(dictionary, other);
  ASSERT_TRUE(
      engine_.fold(other, dictionary, UnitOf(UnitSpec{.number = 1, .name = 1, .statements = {2}}), {now_, now_}));
  EXPECT_EQ(routes(std::nullopt, "").size(), 2U);
  EXPECT_EQ(routes(std::nullopt, "1001").size(), 1U);
  EXPECT_EQ(engine_.totals("1001").queries, 1U);
  EXPECT_EQ(engine_.clients("1000", 10'000).size(), 1U);
  EXPECT_EQ(engine_.statement_keys("1000").size(), 1U);
}

TEST_F(EngineTest, RoutesOverTheLimitGoToTheOverflowSeries) {
  define(dictionary_, *client_);
  std::uint64_t number = 0;
  const auto visit = [&](const std::string& route) {
    ASSERT_TRUE(dictionary_.define_text(1, EntryKind::Route, route));
    ASSERT_TRUE(fold({.number = ++number, .name = 1}));
  };
  for (std::int64_t i = 0; i < limits::routes_user_max; ++i) visit("r" + std::to_string(i));
  EXPECT_EQ(engine_.totals("").overflowed, 0U);
  visit("one more");
  visit("another");
  visit("r0");
  EXPECT_EQ(engine_.totals("").overflowed, 2U);
  std::uint64_t count = 0;
  std::uint64_t overflow = 0;
  for (const auto& row : routes()) {
    count += row.window.count;
    if (row.route == "(overflow)") overflow = row.window.count;
  }
  EXPECT_EQ(overflow, 2U);
  EXPECT_EQ(count, number);
}

TEST_F(EngineTest, StatementsOverTheLimitGoToTheOverflowStatement) {
  define(dictionary_, *client_);
  std::uint64_t number = 0;
  const auto run = [&](const std::string& sql) {
    ASSERT_TRUE(dictionary_.define_statement(2, sql, model::Vendor::Sqlite));
    ASSERT_TRUE(fold({.number = ++number, .name = 1, .statements = {2}}));
  };
  for (std::int64_t i = 0; i < limits::statements_user_max + 50; ++i) run("SELECT a FROM t" + std::to_string(i));
  std::uint64_t calls = 0;
  std::uint64_t overflow = 0;
  for (const auto& row : statements()) {
    calls += row.calls;
    if (row.text == "(overflow)") overflow = row.calls;
  }
  EXPECT_EQ(calls, number);
  EXPECT_GE(overflow, 50U);
  EXPECT_LE(engine_.totals("").statements, static_cast<std::uint64_t>(limits::statements_user_max) + 1);
}

TEST_F(EngineTest, ADefinitionThatWasNeverUsedTakesNoRoom) {
  define(dictionary_, *client_);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(dictionary_.define_statement(2, "SELECT a FROM t" + std::to_string(i), model::Vendor::Sqlite));
  }
  EXPECT_EQ(client_->tables->all_statements().size(), 2U);
}

TEST_F(EngineTest, NamesInTheDictionariesOfAUserAreLimitedAndGivenBack) {
  const std::string name(1024, 'n');
  const auto fits = static_cast<std::uint32_t>(limits::dictionary_user_bytes_max / 1024);
  std::vector<std::unique_ptr<Dictionary>> dictionaries;
  for (std::uint32_t defined = 0; defined < fits;) {
    dictionaries.push_back(std::make_unique<Dictionary>());
    dictionaries.back()->use(*client_->tables);
    for (std::uint32_t id = 1; id <= limits::dictionary_max && defined < fits; ++id, ++defined) {
      ASSERT_TRUE(dictionaries.back()->define_text(id, EntryKind::Route, name));
    }
  }
  Dictionary one_more;
  one_more.use(*client_->tables);
  const auto refused = one_more.define_text(1, EntryKind::Route, "n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "id_out_of_range");
  dictionaries.pop_back();
  EXPECT_TRUE(one_more.define_text(1, EntryKind::Route, "n"));
}

TEST_F(EngineTest, ResetForgetsRowsAndLiveConnectionsGoOn) {
  ASSERT_TRUE(fold({.number = 1, .name = 1, .statements = {2, 3}}));
  const auto old_keys = engine_.route_keys("");
  const ForgottenCounts forgotten = engine_.reset("1000");
  EXPECT_EQ(forgotten.routes, 1U);
  EXPECT_EQ(forgotten.statements, 2U);
  EXPECT_EQ(forgotten.units, 1U);
  EXPECT_TRUE(routes().empty());
  EXPECT_TRUE(statements().empty());
  ASSERT_TRUE(fold({.number = 2, .name = 1, .statements = {2}}));
  EXPECT_EQ(routes()[0].window.count, 1U);
  EXPECT_EQ(statements()[0].calls, 1U);
  EXPECT_FALSE(engine_.route(old_keys[0], std::nullopt, now_));
}

TEST_F(EngineTest, DropsNeverGoDown) {
  ASSERT_TRUE(engine_.on_dropped(*client_, {5, 0, 0, 0, 0, 0}, 10));
  const auto result = engine_.on_dropped(*client_, {4, 0, 0, 0, 0, 0}, 10);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "dropped_invalid");
  EXPECT_EQ(client_->loss.dropped_total(), 5U);
}

TEST_F(EngineTest, ForgottenClientsStayInTheTotals) {
  ASSERT_TRUE(fold({.number = 1, .name = 1, .statements = {2}}));
  engine_.disconnect(*client_, ClientState::Ended, now_);
  const auto before = engine_.totals("");
  for (std::int64_t i = 0; i < limits::clients_max; ++i) {
    now_ += 1ms;
    attach(std::string(32 - std::to_string(i).size(), '0') + std::to_string(i));
  }
  engine_.tick(now_);
  EXPECT_EQ(engine_.clients("", 10'000).size(), static_cast<std::size_t>(limits::clients_max));
  const auto after = engine_.totals("");
  EXPECT_EQ(after.clients_gone, 1U);
  EXPECT_EQ(after.queries, before.queries);
  EXPECT_EQ(after.loss.folded, before.loss.folded);
}

TEST_F(EngineTest, ASavedStateRestoresToTheSameRows) {
  ASSERT_TRUE(fold({.number = 1, .name = 1, .statements = {2, 3, 3}}));
  ASSERT_TRUE(fold(
      {.number = 2, .unit_id = 9, .name = 1, .statements = {2}, .flags = model::unit_flag::kMoreParts, .queries = 4}));
  Engine restored;
  restored.restore(engine_.save(now_), now_);
  const auto row = *restored.route(restored.route_keys("")[0], 1min, now_);
  EXPECT_EQ(row.window.count, 1U);
  EXPECT_EQ(row.window.queries.p95, routes()[0].window.queries.p95);
  EXPECT_EQ(row.window.duration.sum, routes()[0].window.duration.sum);
  EXPECT_EQ(restored.statement_keys("").size(), 2U);
  EXPECT_EQ(restored.totals("").loss, engine_.totals("").loss);
  EXPECT_EQ(restored.totals("").open, 1U);
  EXPECT_EQ(restored.clients("", 10'000)[0].state, ClientState::Disconnected);
  // The open unit goes on where it was: its totals are not counted twice.
  Client& client = **restored.attach({kIncarnation, client_->labels, 1, "", "", 4, {}}, now_);
  Dictionary dictionary;
  define(dictionary, client);
  restored.on_created(client, 3);
  ASSERT_TRUE(restored.fold(client, dictionary,
                            UnitOf(UnitSpec{.number = 3, .unit_id = 9, .name = 1, .part = 1, .queries = 6}),
                            {now_, now_}));
  EXPECT_EQ(restored.totals("").queries, 9U);
}

TEST_F(EngineTest, OnlyTheSlowestUnitsAreKept) {
  for (std::int64_t i = 1; i <= limits::slow_units_max + 10; ++i) {
    ASSERT_TRUE(fold(
        {.number = static_cast<std::uint64_t>(i), .name = 1, .duration_ns = static_cast<std::uint64_t>(i) * 1000}));
  }
  std::uint64_t fastest = UINT64_MAX;
  const auto units = engine_.units("");
  for (const auto& unit : units) fastest = std::min(fastest, unit.header.duration_ns);
  EXPECT_EQ(units.size(), static_cast<std::size_t>(limits::slow_units_max));
  EXPECT_EQ(fastest, 11'000U);
}

}  // namespace
}  // namespace mercury::aggregate
