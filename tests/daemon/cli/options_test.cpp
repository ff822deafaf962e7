#include "cli/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mercury::cli {
namespace {

ParsedOptions parse(std::vector<std::string> words) {
  std::vector<const char*> argv{"mercuryctl"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  return parse_options(static_cast<int>(argv.size()), argv.data(), "0.1.0");
}

TEST(Options, EveryCommandHasAName) {
  const std::vector<std::pair<std::string, Command>> commands{
      {"status", Command::Status},    {"top", Command::Top},         {"routes", Command::Routes},
      {"units", Command::Units},      {"reset", Command::Reset},     {"statements", Command::Statements},
      {"stop", Command::Stop},        {"version", Command::Version}, {"doctor", Command::Doctor},
      {"findings", Command::Findings}};
  for (const auto& [name, command] : commands) {
    const ParsedOptions parsed = parse({name, "--json"});
    ASSERT_TRUE(parsed.options) << name << parsed.text;
    EXPECT_EQ(parsed.options->command, command);
    EXPECT_EQ(parsed.options->format, Format::Json);
  }
}

TEST(Options, CommonOnesStandBeforeOrAfterTheCommand) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--json", "--timeout", "2.5", "--address", "unix:///a", "--no-color", "routes"},
           {"routes", "--json", "--timeout=2.5", "--address=unix:///a", "--no-color"}}) {
    const ParsedOptions parsed = parse(words);
    ASSERT_TRUE(parsed.options) << parsed.text;
    EXPECT_EQ(parsed.options->format, Format::Json);
    EXPECT_EQ(parsed.options->timeout.count(), 2500);
    EXPECT_EQ(parsed.options->address, "unix:///a");
    EXPECT_EQ(parsed.options->colored, Colored::Never);
  }
}

TEST(Options, HaveTheDefaultsOfTheirCommand) {
  const Options routes = *parse({"routes"}).options;
  EXPECT_EQ(routes.window, "all");
  EXPECT_EQ(routes.sort, "time");
  EXPECT_EQ(routes.limit, std::nullopt);
  EXPECT_EQ(routes.timeout.count(), 5000);
  EXPECT_EQ(routes.format, Format::Text);
  EXPECT_EQ(routes.colored, Colored::IfTerminal);
  EXPECT_EQ(parse({"top"}).options->window, "1m");
  EXPECT_EQ(parse({"units"}).options->sort, "duration");
  EXPECT_EQ(parse({"reset"}).options->confirm, Confirm::Ask);
  EXPECT_EQ(parse({"reset", "-y"}).options->confirm, Confirm::Given);
}

TEST(Options, TakeWhatAListNeeds) {
  const Options options =
      *parse({"routes", "--window", "5m", "--sort", "db", "--limit", "0", "--user", "alice", "--service", "shop"})
           .options;
  EXPECT_EQ(options.window, "5m");
  EXPECT_EQ(options.sort, "db");
  EXPECT_EQ(options.limit, 0U);
  EXPECT_EQ(options.user, "alice");
  EXPECT_EQ(options.service, "shop");
  EXPECT_EQ(parse({"route", "POST orders/"}).options->pattern, "POST orders/");
}

TEST(Options, GatesMayBeRepeatedAndFailAtFail) {
  const Options options =
      *parse({"findings", "--fail-on", "any:warn", "--fail-on=n_plus_one", "orders", "--all", "--kind", "slow_query"})
           .options;
  ASSERT_EQ(options.gates.size(), 2U);
  EXPECT_EQ(options.gates[0].kind, "any");
  EXPECT_EQ(options.gates[0].level, FindingLevel::Warn);
  EXPECT_EQ(options.gates[1].kind, "n_plus_one");
  EXPECT_EQ(options.gates[1].level, FindingLevel::Fail);
  EXPECT_EQ(options.pattern, "orders");
  EXPECT_EQ(options.show, Show::All);
  EXPECT_EQ(options.kind, "slow_query");
  EXPECT_EQ(parse({"findings"}).options->show, Show::Open);
  EXPECT_EQ(parse({"explain", "3f2a"}).options->pattern, "3f2a");
}

TEST(Options, EveryMistakeIsExit2AndSaysWhatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes{
      {{}, "command is required"},
      {{"statsu"}, "statsu"},
      {{"status", "top"}, "top"},
      {{"status", "--window", "1m"}, "--window"},
      {{"stop", "--user", "x"}, "--user"},
      {{"routes", "--window", "2m"}, "2m"},
      {{"routes", "--sort", "name"}, "name"},
      {{"statements", "--sort", "queries"}, "queries"},
      {{"routes", "--limit", "-1"}, "-1"},
      {{"routes", "--limit", "many"}, "many"},
      {{"status", "--timeout", "0"}, "--timeout"},
      {{"status", "--timeout", "3601"}, "3601"},
      {{"status", "--timeout", "soon"}, "soon"},
      {{"route"}, "route is required"},
      {{"explain"}, "finding is required"},
      {{"explain", "3f2a", "--limit", "1"}, "--limit"},
      {{"findings", "--kind", "n_plus_two"}, "n_plus_two"},
      {{"findings", "--fail-on", "n_plus_two"}, "'n_plus_two' is no KIND[:LEVEL]"},
      {{"findings", "--fail-on", "n_plus_one:bad"}, "the levels notice, warn, fail"},
      {{"findings", "--fail-on", "any:"}, "'any:' is no KIND[:LEVEL]"},
      {{"routes", "--fail-on", "any"}, "--fail-on"},
      {{"route", "1", "2"}, "2"},
      {{"--address"}, "--address"},
  };
  for (const auto& [words, named] : mistakes) {
    const ParsedOptions parsed = parse(words);
    EXPECT_FALSE(parsed.options) << named;
    EXPECT_EQ(parsed.exit, ExitCode::Usage) << named;
    EXPECT_NE(parsed.text.find(named), std::string::npos) << parsed.text;
    EXPECT_EQ(parsed.text.find("mercuryctl: "), 0U) << parsed.text;
  }
}

TEST(Options, HelpAndVersionAreNoMistakes) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"--help"}, {"routes", "--help"}, {"-h"}}) {
    const ParsedOptions parsed = parse(words);
    EXPECT_EQ(parsed.exit, ExitCode::Ok);
    EXPECT_NE(parsed.text.find("Usage: mercuryctl"), std::string::npos) << parsed.text;
  }
  EXPECT_EQ(parse({"--version"}).text, "mercuryctl 0.1.0\n");
  EXPECT_EQ(parse({"--version"}).exit, ExitCode::Ok);
}

TEST(Options, TimeoutTakesItsLimitsAndNothingBeyond) {
  EXPECT_EQ(parse({"status", "--timeout", "3600"}).options->timeout.count(), 3'600'000);
  EXPECT_EQ(parse({"status", "--timeout", "0.001"}).options->timeout.count(), 1);
  EXPECT_FALSE(parse({"status", "--timeout", "3600.5"}).options);
}

}  // namespace
}  // namespace mercury::cli
