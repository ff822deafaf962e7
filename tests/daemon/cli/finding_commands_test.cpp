// `findings`, `explain` and the gate as a whole, against a fake daemon.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/cli/ctl.h"
#include "daemon/cli/fake_daemon.h"
#include "daemon/cli/finding_rows.h"
#include "daemon/cli/rows.h"

namespace mercury::cli {
namespace {

using nlohmann::json;
using testing::ctl;
using testing::Ended;
using testing::FakeDaemon;
using testing::in_state;
using testing::n_plus_one_row;
using testing::query_in_loop_row;
using testing::Setting;
using testing::slow_response_row;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The ranks: 1 n_plus_one, 2 the same in another route, 3 query_in_loop, 4 slow_response, 5 gone.
json all_findings() {
  json elsewhere = n_plus_one_row();
  elsewhere["route"] = "shop/archive/";
  elsewhere["saving_ms"] = 100;
  return {n_plus_one_row(), elsewhere, query_in_loop_row(), slow_response_row(),
          in_state(n_plus_one_row(), "gone", "1234000000000001")};
}

json answer(const std::string& command, const json& arguments) {
  const json all = all_findings();
  if (command == "findings") {
    json found = json::array();
    for (const json& row : all) {
      if ((arguments.contains("all") || row["state"] == "open") && has(row["route"], arguments.value("route", "")))
        found.push_back(row);
    }
    return found;
  }
  if (command == "explain") {
    json found = json::array();
    for (const json& row : all) {
      if (row["id"].get<std::string>().starts_with(arguments.value("id", "")))
        found.push_back(testing::with_sample(row, 3));
    }
    return found;
  }
  const json routes{testing::route_row("GET", "shop/orders/", 40, 5),
                    testing::route_row("POST", "shop/basket/<int:pk>/", 1, 5),
                    testing::route_row("GET", "shop/clean/", 2, 5)};
  if (command == "routes") return routes;
  if (command == "route") return json::array({testing::detail_row(routes[0], json::array())});
  return {{"error", {{"code", "command_unknown"}, {"sentence", "no"}}}};
}

class Findings : public ::testing::Test {
 protected:
  Ended run_with(std::vector<std::string> words) {
    Setting setting;
    setting.variables["MERCURY_ADDRESS"] = daemon_.address().text();
    setting.here = testing::in_the_project();
    return ctl(std::move(words), setting);
  }
  json ids(std::vector<std::string> words) {
    words.emplace_back("--json");
    json out = json::array();
    for (const json& row : json::parse(run_with(std::move(words)).out)) out.push_back(row["id"]);
    return out;
  }
  FakeDaemon daemon_{testing::answering(answer)};
};

TEST_F(Findings, AreListedWithTheirRanksWhateverTheyAreFilteredBy) {
  const Ended all = run_with({"findings"});
  EXPECT_EQ(all.exit, 0) << all.err;
  EXPECT_TRUE(has(all.out, "1. fail, high, proven: N+1 queries in GET shop/orders/\n")) << all.out;
  EXPECT_TRUE(has(all.out, "Left out: 1 gone. See them with --all.\n")) << all.out;
  const Ended one = run_with({"findings", "basket"});
  EXPECT_EQ(one.out.find("3. warn, mild, likely: Query in a loop"), 0U) << one.out;
  EXPECT_EQ(run_with({"findings", "--kind", "slow_response"}).out.find("4. warn: Slow response"), 0U);
  EXPECT_TRUE(has(run_with({"findings", "--all"}).out, "\n5. gone for 3 min 0 s, fail"));
}

TEST_F(Findings, OfARouteAreFoundByItsNameItsMethodAndItsNumber) {
  const std::string n_plus_one = "3f2a81c0d4e5f607";
  EXPECT_EQ(ids({"findings", "shop/orders"}), json::array({n_plus_one, "99aa000000000002"}));
  EXPECT_EQ(ids({"findings", "POST shop"}), json::array({"3f2b000000000001"}));
  EXPECT_EQ(ids({"findings", "1"}), json::array({n_plus_one, "99aa000000000002"})) << "the first of `routes`";
  EXPECT_EQ(ids({"findings", "--service", "blog"}), json::array());
  EXPECT_EQ(run_with({"findings", "9"}).exit, 2);
}

TEST_F(Findings, InJsonAreTheRowsAsTheyCame) {
  const Ended ended = run_with({"findings", "--json", "--all", "--limit", "5"});
  EXPECT_EQ(json::parse(ended.out), all_findings());
  EXPECT_EQ(ids({"findings"}).size(), 4U);
  EXPECT_EQ(ids({"findings", "--limit", "1"}).size(), 1U);
}

TEST_F(Findings, AbsentFromARouteSayHowMuchWasJudged) {
  const Ended clean = run_with({"findings", "clean"});
  EXPECT_EQ(clean.exit, 0);
  EXPECT_EQ(clean.out, "No findings: 2 units of 1 route were judged and nothing stood out.\n");
  const Ended none = run_with({"findings", "shop/ordres/"});
  EXPECT_EQ(none.exit, 2);
  EXPECT_TRUE(has(none.err, "no route has 'shop/ordres/' in its name; the nearest:\n  GET shop/orders/\n")) << none.err;
}

TEST_F(Findings, FailAGateOfTheirKindAndLevel) {
  for (const auto& [gates, exit] :
       std::vector<std::pair<std::vector<std::string>, int>>{{{"n_plus_one"}, 1},
                                                             {{"n_plus_one:notice"}, 1},
                                                             {{"query_in_loop"}, 0},
                                                             {{"query_in_loop:warn"}, 1},
                                                             {{"any"}, 1},
                                                             {{"write_loop:notice"}, 0},
                                                             {{"write_loop", "slow_response:warn"}, 1}}) {
    std::vector<std::string> words{"findings", "--json"};
    for (const std::string& gate : gates) words.insert(words.end(), {"--fail-on", gate});
    const Ended ended = run_with(words);
    EXPECT_EQ(ended.exit, exit) << gates[0];
    EXPECT_EQ(json::parse(ended.out).size(), 4U) << "a gate changes no output";
    EXPECT_EQ(ended.err.empty(), exit == 0) << ended.err;
  }
  EXPECT_EQ(run_with({"findings", "--limit", "1", "--fail-on", "any:warn", "--fail-on", "n_plus_one"}).err,
            "mercuryctl: the gate any:warn failed: 4 findings (3f2a81c0, 3f2a81c0, 3f2b0000, 99aa0000)\n"
            "mercuryctl: the gate n_plus_one failed: 2 findings (3f2a81c0, 3f2a81c0)\n");
}

TEST_F(Findings, AreJudgedOnlyWhereTheGateLooks) {
  EXPECT_EQ(run_with({"findings", "basket", "--fail-on", "n_plus_one"}).exit, 0);
  EXPECT_EQ(run_with({"findings", "--fail-on", "n_plus_one", "orders"}).exit, 1) << "the option takes one word";
}

TEST(FindingsOfAnIdleDaemon, FailTheGate) {
  FakeDaemon daemon(testing::answering([](const std::string&, const json&) { return json::array(); }));
  const Ended ended = ctl({"findings", "--fail-on", "any", "--address", daemon.address().text()});
  EXPECT_EQ(ended.exit, 1);
  EXPECT_EQ(ended.err, "mercuryctl: nothing was measured, so the gate has judged nothing and fails\n");
  EXPECT_EQ(ended.out, "No findings: nothing was measured yet. Open a page of the site.\n");
}

TEST_F(Findings, AreExplainedByTheBeginningOfTheirId) {
  const Ended ended = run_with({"explain", "3F2A81"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_EQ(ended.out.find("N+1 queries in GET shop/orders/\n"), 0U) << ended.out;
  EXPECT_TRUE(has(ended.out, "  > 6          print(order.author.name)\n")) << ended.out;
  EXPECT_TRUE(has(ended.out, "The same code in other routes\n  GET shop/archive/: ")) << ended.out;
  EXPECT_EQ(json::parse(run_with({"explain", "3f2a8", "--json"}).out).size(), 2U);
}

TEST_F(Findings, AreExplainedByTheirRank) {
  EXPECT_EQ(run_with({"explain", "1"}).out.find("N+1 queries in GET shop/orders/\n"), 0U);
  EXPECT_EQ(run_with({"explain", "2"}).out.find("N+1 queries in GET shop/archive/\n"), 0U);
  EXPECT_EQ(run_with({"explain", "4"}).out.find("Slow response in GET shop/orders/\n"), 0U);
  EXPECT_TRUE(has(run_with({"explain", "1234"}).out, "id 1234000000000001")) << "a number that begins an id is an id";
}

TEST_F(Findings, WithAnAmbiguousIdAreListed) {
  const Ended ended = run_with({"explain", "3f2"});
  EXPECT_EQ(ended.exit, 2);
  EXPECT_TRUE(has(ended.err, "'3f2' is no finding: give the beginning of its id, at least 4")) << ended.err;
  for (const char* none : {"dead", "0", "6", "99999999999999999999", "12345678901234567"}) {
    const Ended unknown = run_with({"explain", none});
    EXPECT_EQ(unknown.exit, 2) << none;
    EXPECT_EQ(unknown.out, "");
    EXPECT_TRUE(has(unknown.err, "`mercuryctl findings --all` lists them")) << unknown.err;
  }
}

TEST(AmbiguousIds, AreListedWithWhatTheyAre) {
  FakeDaemon daemon(testing::answering([](const std::string&, const json&) {
    json other = query_in_loop_row();
    other["id"] = "3f2a81c0ffffffff";
    return json::array({n_plus_one_row(), other});
  }));
  for (const char* format : {"--no-color", "--json"}) {
    const Ended ended = ctl({"explain", "3f2a81c0", format, "--address", daemon.address().text()});
    EXPECT_EQ(ended.exit, 2);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(ended.err,
              "mercuryctl: '3f2a81c0' is the beginning of more than one id; say more of it:\n"
              "  3f2a81c0d4e5f607  N+1 queries in GET shop/orders/\n"
              "  3f2a81c0ffffffff  Query in a loop in POST shop/basket/<int:pk>/\n");
  }
}

TEST_F(Findings, StandOnThePageOfTheirRoute) {
  const Ended ended = run_with({"route", "shop/orders/"});
  EXPECT_EQ(ended.exit, 0) << ended.err;
  EXPECT_TRUE(has(ended.out, "\nFindings, explained by `mercuryctl explain` and their id\n- fail, high, proven: N+1"))
      << ended.out;
  EXPECT_FALSE(has(ended.out, "shop/archive/"));
}

}  // namespace
}  // namespace mercury::cli
