// Verdicts of units, folded into the findings of their routes.
#include <gtest/gtest.h>

#include <chrono>
#include <iomanip>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "aggregate/engine.h"
#include "proto/limits.h"
#include "support/units.h"

namespace mercury::aggregate {
namespace {

using namespace std::chrono_literals;
using model::FindingState;
using support::UnitOf;

constexpr std::uint32_t kRoute = 1, kBooks = 2, kAuthor = 3, kBooksSite = 4, kAuthorSite = 5, kAlias = 6, kOther = 7;

model::Site site(const std::string& file, std::uint32_t line) {
  model::Site out;
  out.frames = {{line, true, file, "shop.views", "books"}};
  return out;
}

std::string fmt_id(std::uint64_t id) {
  std::ostringstream out;
  out << std::hex << std::setw(16) << std::setfill('0') << id;
  return out.str();
}

struct Told final : Observer {
  void on_finding(std::string_view route, const model::Finding& finding) override {
    words.push_back(std::string(route) + " " + std::string(name_of(finding.kind)) + " " +
                    std::to_string(finding.count));
  }
  void on_unit(std::string_view route, const model::UnitHeader& unit, std::uint64_t findings) override {
    words.push_back(std::string(route) + " " + std::to_string(unit.queries) + " queries, " + std::to_string(findings));
  }
  std::vector<std::string> words{};
};

class FindingsTest : public testing::Test {
 protected:
  FindingsTest() { client_ = &attach("00112233445566778899aabbccddeeff"); }

  Client& attach(const std::string& incarnation, const std::vector<model::IgnoreRule>& ignore = {}) {
    ClientFacts facts;
    facts.incarnation = incarnation;
    facts.labels = {"1000", "shop", "production", ""};
    facts.ignore = ignore;
    auto client = engine_.attach(facts, now_);
    EXPECT_TRUE(client);
    engine_.on_created(**client, 1'000'000);
    if (dictionary_.size() == 0) define((*client)->tables);
    return **client;
  }

  void define(UserTables* tables) {
    dictionary_.use(*tables);
    EXPECT_TRUE(dictionary_.define_text(kRoute, EntryKind::Route, "books/"));
    EXPECT_TRUE(dictionary_.define_statement(kBooks, "SELECT * FROM shop_book", model::Vendor::Sqlite));
    EXPECT_TRUE(
        dictionary_.define_statement(kAuthor, "SELECT * FROM shop_author WHERE id = %s", model::Vendor::Sqlite));
    model::Site source = site("/srv/shop/views.py", 10);
    source.operation = "fetch";
    source.model = "shop.Book";
    source.anchor = {10, 35, model::AnchorKind::Chain, "/srv/shop/views.py"};
    EXPECT_TRUE(dictionary_.define_site(kBooksSite, source));
    model::Site trigger = site("/srv/shop/views.py", 11);
    trigger.operation = "follow";
    trigger.relation = "shop.Book.author";
    trigger.relation_kind = "foreign_key";
    trigger.owner_table = "shop_book";
    EXPECT_TRUE(dictionary_.define_site(kAuthorSite, trigger));
    EXPECT_TRUE(dictionary_.define_text(kAlias, EntryKind::Alias, "default"));
    EXPECT_TRUE(dictionary_.define_text(kOther, EntryKind::Route, "other/"));
  }

  // A unit with one query for the books and `authors` for their authors, 1 ms each.
  void fold(std::uint64_t authors, std::uint64_t unit_id = 0, std::uint64_t parent = 0, bool with_books = true,
            std::uint32_t name = kRoute, model::UnitKind kind = model::UnitKind::Request) {
    std::vector<model::QueryRecord> records;
    const auto add = [&](std::uint32_t statement, std::uint32_t where) {
      model::QueryRecord record;
      record.statement = statement;
      record.site = where;
      record.ordinal = static_cast<std::uint32_t>(records.size() + 1);
      record.start_alias = (records.size() * 2'000'000) | (std::uint64_t{kAlias} << 56U);
      record.duration_flags = 1'000'000;
      records.push_back(record);
    };
    if (with_books) add(kBooks, kBooksSite);
    for (std::uint64_t i = 0; i < authors; ++i) add(kAuthor, kAuthorSite);
    model::UnitHeader header = support::header_of({.number = ++number_, .name = name, .queries = records.size()});
    header.unit_id = unit_id != 0 ? unit_id : 1000 + number_;
    header.parent_id = parent;
    header.kind = kind;
    header.start_ns = clock_ += 1'000'000'000;
    header.duration_ns = 100'000'000;
    header.operation = model::Operation::List;
    auto folded = engine_.fold(*client_, dictionary_, UnitOf(header, records), {now_, now_});
    ASSERT_TRUE(folded) << folded.error().sentence;
    now_ += 1s;
  }

  std::vector<model::FindingRow> findings(const Engine::FindingFilter& filter = {}) {
    std::vector<model::FindingRow> out;
    for (const FindingKey& key : engine_.finding_keys("", filter)) out.push_back(*engine_.finding(key, true));
    return out;
  }

  base::Time now_ = base::Time(480'000h);
  std::uint64_t clock_ = 1'000'000'000;
  std::uint64_t number_ = 0;
  Told told_;
  Engine engine_{&told_};
  Client* client_;
  Dictionary dictionary_;
};

TEST_F(FindingsTest, AnNPlusOneIsOneRowWithItsWorstUnit) {
  fold(5);
  fold(31);
  fold(3);
  EXPECT_EQ(findings().size(), 2U);  // and too many queries for a list
  const auto rows = findings({.kind = "n_plus_one"});
  ASSERT_EQ(rows.size(), 1U);
  const model::FindingRow& row = rows[0];
  EXPECT_EQ(row.finding.kind, model::FindingKind::NPlusOne);
  EXPECT_EQ(row.finding.level, model::Level::Fail);
  EXPECT_EQ(row.finding.severity, 3);
  EXPECT_EQ(row.route, "books/");
  EXPECT_EQ(row.alias, "default");
  EXPECT_EQ(row.summary, "SELECT shop_author");
  EXPECT_EQ(row.source_summaries, std::vector<std::string>{"SELECT shop_book"});
  EXPECT_EQ(row.repeats_min, 3U);
  EXPECT_EQ(row.repeats_max, 31U);
  EXPECT_TRUE(row.proven);
  EXPECT_EQ(row.units, 3U);
  EXPECT_EQ(row.total_time_ns, 39'000'000U);
  EXPECT_EQ(row.saving_ns, 36'000'000U);
  EXPECT_EQ(row.finding.trigger.line, 11U);
  EXPECT_EQ(row.finding.sources[0].place.line, 10U);
  ASSERT_TRUE(row.finding.suggestion.edit);
  EXPECT_EQ(row.finding.suggestion.edit->insert, ".select_related(\"author\")");
  ASSERT_TRUE(row.sample);
  EXPECT_EQ(row.sample->count, 31U);
  ASSERT_EQ(row.sample->records.size(), 32U);
  EXPECT_EQ(row.sample->records[0].role, model::FindingSample::Entry::Role::Source);
  EXPECT_EQ(row.sample->records[1].role, model::FindingSample::Entry::Role::Repeat);
  EXPECT_EQ(row.sample->records[1].at_ns, 2'000'000U);
}

TEST_F(FindingsTest, TheOrderOfUnitsChangesNoFigure) {
  for (const std::uint64_t authors : {4U, 20U, 7U}) fold(authors);
  const auto one = findings();
  engine_.reset("");
  for (const std::uint64_t authors : {20U, 7U, 4U}) fold(authors);
  const auto other = findings();
  ASSERT_EQ(one.size(), 1U);
  ASSERT_EQ(other.size(), 1U);
  EXPECT_EQ(one[0].finding, other[0].finding);
  EXPECT_EQ(std::tie(one[0].repeats_min, one[0].repeats_max, one[0].total_time_ns, one[0].units),
            std::tie(other[0].repeats_min, other[0].repeats_max, other[0].total_time_ns, other[0].units));
}

TEST_F(FindingsTest, IsGoneAfterFiveUnitsWithoutItAndComesBack) {
  fold(12);
  for (int i = 0; i < 4; ++i) fold(0);
  ASSERT_EQ(findings().size(), 1U);
  fold(0);
  EXPECT_TRUE(findings().empty());
  const auto all = findings({.all = true});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].state, FindingState::Gone);
  EXPECT_EQ(engine_.totals("").findings.gone, 1U);
  fold(12);
  EXPECT_EQ(findings().size(), 1U);
}

TEST_F(FindingsTest, ACountThatNeverVariesInTenUnitsIsConstant) {
  for (int i = 0; i < 9; ++i) fold(4);
  ASSERT_EQ(findings().size(), 1U);
  EXPECT_FALSE(findings()[0].proven);
  fold(4);
  EXPECT_TRUE(findings().empty());
  const auto all = findings({.all = true});
  EXPECT_EQ(all[0].state, FindingState::Constant);
  EXPECT_EQ(all[0].finding.level, model::Level::Notice);
  fold(6);  // it varies after all
  ASSERT_EQ(findings().size(), 1U);
  EXPECT_TRUE(findings()[0].proven);
}

TEST_F(FindingsTest, ACountThatAPageSizeHoldsIsNoConstant) {
  ASSERT_TRUE(dictionary_.define_statement(kBooks, "SELECT * FROM shop_book LIMIT 20", model::Vendor::Sqlite));
  for (int i = 0; i < 12; ++i) fold(20);
  const auto rows = findings();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].state, FindingState::Open);
  EXPECT_EQ(rows[0].finding.level, model::Level::Fail);
}

TEST_F(FindingsTest, ARuleOfTheApplicationSilencesIt) {
  attach("00112233445566778899aabbccddeeff", {{.route = "books/", .reason = "two authors at most"}});
  fold(12);
  EXPECT_TRUE(findings().empty());
  const auto all = findings({.all = true});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].finding.ignored, "two authors at most");
  EXPECT_EQ(engine_.totals("").findings.ignored, 1U);
  EXPECT_EQ(engine_.route(engine_.route_keys("")[0], std::nullopt, now_)->findings, 0U);
}

TEST_F(FindingsTest, ALoopOverSubUnitsIsFoundInTheirParent) {
  for (std::uint64_t child = 1; child <= 4; ++child) fold(1, child, 50, child == 1, kOther, model::UnitKind::Block);
  EXPECT_TRUE(findings().empty());
  EXPECT_EQ(client_->held_count, 5U);
  fold(0, 50, 0, false);
  const auto rows = findings();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].route, "books/");
  EXPECT_EQ(rows[0].repeats_max, 4U);
  EXPECT_EQ(client_->held_count, 0U);
}

TEST_F(FindingsTest, RequestsBelowAUnitAreNoLoopOfIt) {
  for (std::uint64_t child = 1; child <= 4; ++child) fold(1, child, 50, child == 1, kOther);
  fold(0, 50, 0, false);
  EXPECT_TRUE(findings().empty());
}

TEST_F(FindingsTest, WhatASubUnitDidIsNotItsParentsFinding) {
  fold(12, 7, 50, true, kOther);
  fold(0, 50, 0, false);
  const auto rows = findings();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].route, "other/");
}

TEST_F(FindingsTest, AnObserverIsToldOfEachUnitAfterItsFindings) {
  fold(0);
  fold(5);
  EXPECT_EQ(std::exchange(told_.words, {}),
            (std::vector<std::string>{"books/ 1 queries, 0", "books/ n_plus_one 5", "books/ 6 queries, 1"}));
  fold(12, 7, 50, true, kOther);  // a sub-unit
  fold(0, 50, 0, false);
  EXPECT_EQ(std::exchange(told_.words, {}),
            (std::vector<std::string>{"other/ n_plus_one 12", "other/ 13 queries, 1", "books/ 0 queries, 0"}));
  attach("00112233445566778899aabbccddeeff", {{.route = "books/", .reason = "few authors"}});
  fold(5);
  EXPECT_EQ(told_.words, std::vector<std::string>{"books/ 6 queries, 0"});
}

TEST_F(FindingsTest, QueriesHeldForAParentAreBounded) {
  for (std::uint64_t parent = 1; parent <= 30; ++parent) fold(999, 100 + parent, parent);
  EXPECT_LE(client_->held_count, static_cast<std::size_t>(limits::held_queries_max));
  EXPECT_EQ(engine_.totals("").findings.partial, 10U);
  std::size_t held = 0;
  for (const auto& [id, one] : client_->held) held += one.queries.size();
  EXPECT_EQ(held, client_->held_count);
}

TEST_F(FindingsTest, ParentsThatNeverComeAreBounded) {
  for (std::uint64_t parent = 1; parent <= 3000; ++parent) fold(0, 10'000 + parent, parent);
  EXPECT_EQ(client_->held.size(), 1000U);
  EXPECT_EQ(client_->held_count, 1000U);
  fold(0, 50'000, 90'000, false);  // nothing to wait with
  EXPECT_EQ(client_->held.size(), 1000U);
}

TEST_F(FindingsTest, AUnitInPartsIsJudgedAsOne) {
  std::vector<model::QueryRecord> records(1);
  records[0].statement = kAuthor;
  records[0].site = kAuthorSite;
  records[0].ordinal = 1;
  records[0].duration_flags = 1'000'000;
  for (std::uint64_t part = 0; part < 4; ++part) {
    model::UnitHeader header = support::header_of({.number = ++number_, .name = kRoute, .queries = part + 1});
    header.unit_id = 9;
    header.part = static_cast<std::uint16_t>(part);
    header.flags = part < 3 ? model::unit_flag::kMoreParts : 0;
    records[0].start_alias = part * 1'000'000;
    ASSERT_TRUE(engine_.fold(*client_, dictionary_, UnitOf(header, records), {now_, now_}));
  }
  ASSERT_EQ(findings().size(), 1U);
  EXPECT_EQ(findings()[0].repeats_max, 4U);
  EXPECT_EQ(client_->held_count, 0U);
}

TEST_F(FindingsTest, FindingsAreBoundedAndTheRestIsCounted) {
  const auto most = static_cast<std::uint32_t>(limits::findings_user_max);
  for (std::uint32_t number = 1; number <= most + 5; ++number) {
    ASSERT_TRUE(dictionary_.define_text(kRoute, EntryKind::Route, "books/" + std::to_string(number)));
    fold(3);
  }
  EXPECT_EQ(findings({.all = true}).size(), most);
  EXPECT_EQ(engine_.totals("").findings.overflowed, 5U);
  EXPECT_EQ(engine_.totals("").queries, (most + 5U) * 4U);
}

TEST_F(FindingsTest, WhatIsGoneGivesItsRoomBack) {
  const auto most = static_cast<std::uint32_t>(limits::findings_user_max);
  for (std::uint32_t line = 1; line <= most + 5; ++line) {
    model::Site where = site("/srv/shop/views.py", line);
    where.frames[0].function = "f" + std::to_string(line);  // another finding, not only another place
    ASSERT_TRUE(dictionary_.define_site(kAuthorSite, where));
    fold(3);
  }
  EXPECT_EQ(engine_.totals("").findings.overflowed, 0U);
  EXPECT_EQ(findings().size(), 5U);  // those of the last five units
}

TEST_F(FindingsTest, TheSeriesOfATestRunAreForgottenAfterTwoHours) {
  fold(12);
  client_->labels.run = "0123456789abcdef";
  EXPECT_TRUE(dictionary_.define_text(kRoute, EntryKind::Route, "books/"));  // a run has connections of its own
  fold(12);
  const auto keep = std::chrono::milliseconds(limits::run_keep_ms);
  engine_.tick(now_ + keep - 1min);
  EXPECT_EQ(engine_.totals("").routes, 2U);
  engine_.tick(now_ + keep + 1min);
  EXPECT_EQ(engine_.totals("").routes, 1U);
  EXPECT_EQ(engine_.totals("").runs_forgotten, 1U);
  EXPECT_EQ(client_->tables->findings_share.count, 1U);
  ASSERT_EQ(findings().size(), 1U);
  EXPECT_EQ(findings()[0].labels.run, "");
}

TEST_F(FindingsTest, TwoLoopsOfOneIdAreOneUnit) {
  std::vector<model::QueryRecord> records;
  for (std::uint32_t i = 0; i < 8; ++i) {
    model::QueryRecord record;
    record.statement = kAuthor;
    record.site = i < 5 ? kAuthorSite : kBooksSite + 10;
    record.ordinal = i + 1;
    record.start_alias = std::uint64_t{i} * 1'000'000;
    record.duration_flags = 1'000'000;
    records.push_back(record);
  }
  for (std::uint32_t id = kOther + 1; id <= kBooksSite + 10; ++id) {
    model::Site other = site("/srv/shop/views.py", 20 + id);  // another line of the same function
    other.operation = "follow";
    other.relation = "shop.Book.author";
    other.relation_kind = "foreign_key";
    ASSERT_TRUE(dictionary_.define_site(id, other));
  }
  for (int unit = 0; unit < 2; ++unit) {
    model::UnitHeader header = support::header_of({.number = ++number_, .name = kRoute, .queries = 8});
    ASSERT_TRUE(engine_.fold(*client_, dictionary_, UnitOf(header, records), {now_, now_}));
  }
  const auto rows = findings();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].units, 2U);
  EXPECT_EQ(std::tie(rows[0].repeats_min, rows[0].repeats_max), std::tuple(8U, 8U));
  EXPECT_EQ(rows[0].places.size(), 1U);
}

TEST_F(FindingsTest, SitesOfLiveConnectionsAreBoundedAndTheRestHaveNoPlace) {
  const auto most = static_cast<std::uint32_t>(limits::sites_user_max);
  UserTables& tables = *client_->tables;
  const std::uint64_t before = tables.overflowed();
  std::vector<std::shared_ptr<const model::JudgedSite>> held;
  std::uint64_t without = 0;
  for (std::uint32_t line = 1; line <= most + 10; ++line) {
    held.push_back(tables.refer_site(site("/srv/shop/many.py", line)));
    without += held.back() == nullptr ? 1 : 0;
  }
  EXPECT_EQ(without, 12U);  // two are the dictionary's
  EXPECT_EQ(tables.overflowed() - before, 12U);
  EXPECT_EQ(tables.refer_site(site("/srv/shop/many.py", 7)), held[6]);  // a known one is shared
  held.clear();
  engine_.tick(now_);
  EXPECT_NE(tables.refer_site(site("/srv/shop/many.py", most + 1)), nullptr);  // nobody names the others any more
}

TEST_F(FindingsTest, AResetForgetsWhatIsHeld) {
  fold(5, 7, 50);
  engine_.reset("");
  EXPECT_EQ(client_->held_count, 0U);
  fold(0, 50);
  EXPECT_TRUE(findings({.all = true}).empty());
}

TEST_F(FindingsTest, TheRouteHasAGradeAndItsFindingsLowerIt) {
  fold(0);
  auto row = engine_.route(engine_.route_keys("")[0], std::nullopt, now_);
  ASSERT_TRUE(row->score);
  EXPECT_EQ(row->score->penalty, 0U);
  const std::uint32_t before = row->score->value;
  for (int i = 0; i < 3; ++i) fold(50);
  row = engine_.route(engine_.route_keys("")[0], std::nullopt, now_);
  EXPECT_EQ(row->findings, 2U);  // the N+1, and too many queries for a list
  EXPECT_EQ(row->score->penalty, 40U);
  EXPECT_LT(row->score->value, before);
  EXPECT_FALSE(engine_.route(engine_.route_keys("")[0], std::chrono::minutes(5), now_)->score);
}

TEST_F(FindingsTest, ComeBackFromDisk) {
  fold(5);
  fold(31);
  const auto before = findings({.kind = "n_plus_one"});
  Engine restored;
  restored.restore(engine_.save(now_), now_);
  const auto keys = restored.finding_keys("", {.kind = "n_plus_one"});
  ASSERT_EQ(keys.size(), 1U);
  const auto row = restored.finding(keys[0], true);
  EXPECT_EQ(row->finding, before[0].finding);
  EXPECT_EQ(row->repeats_min, 5U);
  EXPECT_EQ(row->units, 2U);
  EXPECT_EQ(row->route_units, 2U);
  EXPECT_EQ(row->text, before[0].text);
  EXPECT_FALSE(row->sample);
}

TEST_F(FindingsTest, AreListedByIdKindAndRoute) {
  fold(31);
  const std::string id = fmt_id(findings()[0].finding.id);
  EXPECT_EQ(findings({.id = id.substr(0, 4)}).size(), 1U);
  EXPECT_TRUE(findings({.id = id[0] == '0' ? "1" : "0"}).empty());
  EXPECT_EQ(findings({.kind = "n_plus_one"}).size(), 1U);
  EXPECT_TRUE(findings({.kind = "write_loop"}).empty());
  EXPECT_EQ(findings({.route = "book"}).size(), 2U);
  EXPECT_TRUE(findings({.route = "author"}).empty());
}

}  // namespace
}  // namespace mercury::aggregate
