#include "config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "platform/directory.h"
#include "platform/environment.h"
#include "platform/place.h"

namespace mercury {
namespace {

using platform::testing::address_in;
using platform::testing::TemporaryDirectory;
using platform::testing::Variables;

platform::Environment world(Variables variables = {}) {
  return platform::testing::environment_of(std::move(variables));
}

// Files that need not be there, and an address, as the system writes them: where JSON has them, and where we say so.
const std::string kAddress = platform::Address{address_in("/m")}.text();
const std::string kDirectory = platform::testing::kHome;
std::string in_json(const std::string& text) { return nlohmann::json(text).dump(); }

// ---- one file's text: what is said about it ----

struct FileCase {
  std::string name;
  std::string text;
  std::string outcome;  // "ok", or the whole sentence
};

void PrintTo(const FileCase& one, std::ostream* out) { *out << one.name; }

class ConfigFile : public ::testing::TestWithParam<FileCase> {};

TEST_P(ConfigFile, IsTakenOrRefusedInOneSentence) {
  const auto config = config_from_text(GetParam().text, "/c.json");
  EXPECT_EQ(config ? "ok" : config.error().sentence, GetParam().outcome);
  EXPECT_EQ(config ? "config_invalid" : config.error().code, "config_invalid");
}

const std::string kAddressRule = ", allowed is " + std::string(platform::address_rule());
const std::string kIdleRule = ", allowed is a whole number of seconds from 0 (never) to 2592000";
const std::string kModeRule = R"(, allowed is four octal digits in quotes from "0600" to "0777")";
const std::string kIntervalRule = ", allowed is a whole number of seconds from 1 to 86400";
const std::string kLevelRule = ", allowed is debug, info, warn, error or off";

const std::vector<FileCase> kFileCases{
    {"Empty", "{}", "ok"},
    {"CommentsOfBothKinds", "// a\n{ /* b\n */ \"log_level\": \"info\" // c\n}", "ok"},
    {"EveryKey",
     R"({"idle_exit_s": 5, "log_level": "debug", "socket_mode": "0660", "snapshot_interval_s": 10, "address": )" +
         in_json(kAddress) + R"(, "state_dir": )" + in_json(kDirectory) + R"(, "log_file": )" + in_json(kDirectory) +
         "}",
     "ok"},
    {"EmptyMeansOff", R"({"state_dir": "", "log_file": ""})", "ok"},
    {"ACommentThatLooksLikeAKey", "{\n// \"idle\": 1,\n\"idle_exit_s\": 1}", "ok"},
    {"NotJson", "idle_exit_s = 3",
     "/c.json:1: this is no JSON (comments are allowed), reading stopped in 'idle_exit_s = 3'"},
    {"AMissingComma", "{\"idle_exit_s\": 1\n\"log_level\": \"info\"}",
     "/c.json:2: this is no JSON (comments are allowed), reading stopped in '\"log_level\": \"info\"}'"},
    {"ATrailingComma", "{\n\"idle_exit_s\": 1,\n}",
     "/c.json:3: this is no JSON (comments are allowed), reading stopped in '}'"},
    {"AnOpenEnd", "{\n\"idle_exit_s\": 1\n", "/c.json:3: this is no JSON, the file ends too early"},
    {"NothingAtAll", "", "/c.json:1: this is no JSON, the file ends too early"},
    {"AList", "[1]", "/c.json:1: this is a JSON array, wanted is an object"},
    {"AnUnknownKey", "{\n\n\"idle_exit\": 1}",
     "/c.json:3: the key 'idle_exit' is unknown, the nearest known one is idle_exit_s"},
    {"AnotherUnknownKey", R"({"adress": 1})",
     "/c.json:1: the key 'adress' is unknown, the nearest known one is address"},
    {"AnEscapedKey", R"({"idle\u005fexit_s": -1})", "/c.json:1: idle_exit_s is -1" + kIdleRule},
    {"AKeyInAnObjectBelow", "{\"address\":\n{\"idle_exit_s\": 1}}",
     "/c.json:1: address is {\"idle_exit_s\":1}" + kAddressRule},
    {"AKeyTwice", "{\"log_level\": \"info\",\n\"log_level\": \"info\"}",
     "/c.json:2: log_level stands here for the second time"},
    {"IdleExitNever", R"({"idle_exit_s": 0})", "ok"},
    {"IdleExitAtMost", R"({"idle_exit_s": 2592000})", "ok"},
    {"IdleExitOverIt", R"({"idle_exit_s": 2592001})", "/c.json:1: idle_exit_s is 2592001" + kIdleRule},
    {"IdleExitNegative", "{\n\"idle_exit_s\": -1}", "/c.json:2: idle_exit_s is -1" + kIdleRule},
    {"IdleExitAFraction", R"({"idle_exit_s": 1.5})", "/c.json:1: idle_exit_s is 1.5" + kIdleRule},
    {"IdleExitText", R"({"idle_exit_s": "5"})", "/c.json:1: idle_exit_s is \"5\"" + kIdleRule},
    {"IdleExitHuge", R"({"idle_exit_s": 18446744073709551615})",
     "/c.json:1: idle_exit_s is '18446744073709551615'" + kIdleRule},
    {"IdleExitTrue", R"({"idle_exit_s": true})", "/c.json:1: idle_exit_s is true" + kIdleRule},
    {"IntervalAtLeast", R"({"snapshot_interval_s": 1})", "ok"},
    {"IntervalZero", R"({"snapshot_interval_s": 0})", "/c.json:1: snapshot_interval_s is 0" + kIntervalRule},
    {"IntervalAtMost", R"({"snapshot_interval_s": 86400})", "ok"},
    {"IntervalOverIt", R"({"snapshot_interval_s": 86401})", "/c.json:1: snapshot_interval_s is 86401" + kIntervalRule},
    {"LevelUnknown", R"({"log_level": "verbose"})", "/c.json:1: log_level is 'verbose'" + kLevelRule},
    {"LevelNull", R"({"log_level": null})", "/c.json:1: log_level is null" + kLevelRule},
    {"AddressTooLong", "{\"address\": " + in_json(kAddress + std::string(250, 'a')) + "}",
     "/c.json:1: address is '" + kAddress + std::string(250, 'a') + "'" + kAddressRule},
    {"AddressRelative", R"({"address": "m.sock"})", "/c.json:1: address is 'm.sock'" + kAddressRule},
    {"AddressOfAnotherKind", R"({"address": "tcp://localhost:1"})",
     "/c.json:1: address is 'tcp://localhost:1'" + kAddressRule},
    {"StateDirRelative", R"({"state_dir": "state"})",
     "/c.json:1: state_dir is 'state', allowed is an absolute path, or \"\" to keep nothing on disk"},
    {"LogFileRelative", R"({"log_file": "m.log"})",
     "/c.json:1: log_file is 'm.log', allowed is an absolute path, or \"\" for standard error"},
    {"ModeANumber", R"({"socket_mode": 660})", "/c.json:1: socket_mode is 660" + kModeRule},
    {"ModeNotOctal", R"({"socket_mode": "0680"})", "/c.json:1: socket_mode is '0680'" + kModeRule},
    {"ModeThatLocksTheOwnerOut", R"({"socket_mode": "0577"})", "/c.json:1: socket_mode is '0577'" + kModeRule},
    {"ModeAtLeast", R"({"socket_mode": "0600"})", "ok"},
    {"ModeAtMost", R"({"socket_mode": "0777"})", "ok"},
    {"ModeOverIt", R"({"socket_mode": "1777"})", "/c.json:1: socket_mode is '1777'" + kModeRule},
};

INSTANTIATE_TEST_SUITE_P(Table, ConfigFile, ::testing::ValuesIn(kFileCases),
                         [](const auto& one) { return one.param.name; });

TEST(ConfigFile, TellsTheLineOfASyntaxErrorAnywhereInAFile) {
  for (const std::size_t line : {std::size_t{1}, std::size_t{2}, std::size_t{17}, std::size_t{400}}) {
    const auto config = config_from_text(std::string(line - 1, '\n') + "  ?\n}", "/c.json");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().sentence,
              "/c.json:" + std::to_string(line) + ": this is no JSON (comments are allowed), reading stopped in '?'");
  }
}

// ---- environment ----

TEST(ConfigEnvironment, SaysWhichVariableIsWrong) {
  const auto level = config_from_environment(world({{"MERCURY_LOG_LEVEL", "loud"}}));
  ASSERT_FALSE(level);
  EXPECT_EQ(level.error().sentence,
            "MERCURY_LOG_LEVEL: log_level is 'loud', allowed is debug, info, warn, error or off");
  const auto address = config_from_environment(world({{"MERCURY_ADDRESS", "here"}}));
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().sentence, "MERCURY_ADDRESS: address is 'here'" + kAddressRule);
}

TEST(ConfigEnvironment, EmptyMeansOffOrNotSet) {
  const auto config = config_from_environment(world({{"MERCURY_ADDRESS", ""}, {"MERCURY_LOG_LEVEL", ""}}));
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->get(ConfigKey::Address));
  EXPECT_EQ(config->get(ConfigKey::LogLevel)->text, "off");
}

// ---- flags ----

TEST(ConfigFlags, NumbersAreTextThere) {
  Config config;
  ASSERT_TRUE(config.set(ConfigKey::IdleExitS, "600", "--idle-exit"));
  EXPECT_EQ(config.get(ConfigKey::IdleExitS)->number, 600);
  for (const std::string wrong : {"", "10m", " 1", "1e3", "99999999999999999999"}) {
    const auto done = config.set(ConfigKey::IdleExitS, wrong, "--idle-exit");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().sentence, "--idle-exit: idle_exit_s is '" + wrong + "'" + kIdleRule);
  }
}

// ---- layers and defaults ----

std::string line_of(const Settings& settings, ConfigKey key) {
  const Settings::Line& line = settings.lines.at(static_cast<std::size_t>(key));
  return line.key + "=" + line.value + " # " + line.where;
}

TEST(ConfigLayers, AFlagBeatsTheEnvironmentThatBeatsAFileThatBeatsTheDefault) {
  const platform::Address named{address_in("/environment")};
  const Variables variables{{"MERCURY_LOG_LEVEL", "warn"}, {"MERCURY_ADDRESS", named.text()}};
  Config config;
  ASSERT_TRUE(config.set(ConfigKey::LogLevel, "debug", "--log-level"));
  config.lay_over(*config_from_environment(world(variables)));
  config.lay_over(*config_from_text(
      "{\"log_level\": \"error\", \"address\": " + in_json(kAddress) + ",\n\"idle_exit_s\": 7}", "/c.json"));
  const auto settings = finalize(config, world(variables), Detached::No);
  ASSERT_TRUE(settings) << settings.error().sentence;
  EXPECT_EQ(line_of(*settings, ConfigKey::LogLevel), "log_level=debug # --log-level");
  EXPECT_EQ(line_of(*settings, ConfigKey::Address), "address=" + named.text() + " # MERCURY_ADDRESS");
  EXPECT_EQ(line_of(*settings, ConfigKey::IdleExitS), "idle_exit_s=7 # /c.json:2");
  EXPECT_EQ(line_of(*settings, ConfigKey::SnapshotIntervalS), "snapshot_interval_s=60 # default");
  EXPECT_EQ(settings->log_level, base::log::Level::Debug);
  EXPECT_EQ(settings->address, named);
  EXPECT_EQ(settings->kind, platform::Candidate::Origin::Named);
  EXPECT_EQ(settings->idle_exit, std::chrono::seconds(7));
  EXPECT_EQ(settings->snapshot_interval, std::chrono::seconds(60));
}

TEST(ConfigDefaults, OfAPrivateDaemon) {
  const auto settings = finalize({}, world(), Detached::No);
  ASSERT_TRUE(settings) << settings.error().sentence;
  EXPECT_EQ(settings->address, platform::private_address(world()));
  EXPECT_EQ(settings->kind, platform::Candidate::Origin::Private);
  EXPECT_EQ(settings->state_dir, *platform::state_directory(world(), platform::Scope::Private));
  EXPECT_EQ(settings->idle_exit, std::chrono::seconds(1800));
  EXPECT_EQ(settings->log_file, "");
  EXPECT_EQ(settings->log_level, base::log::Level::Info);
  EXPECT_EQ(settings->socket_mode, 0600U);
}

TEST(ConfigDefaults, OfTheSystemsDaemonWhichNeverEndsByItself) {
  Config config;
  ASSERT_TRUE(config.set(ConfigKey::Address, platform::system_address().text(), "--address"));
  const auto settings = finalize(config, world(), Detached::No);
  ASSERT_TRUE(settings) << settings.error().sentence;
  EXPECT_EQ(settings->kind, platform::Candidate::Origin::System);
  EXPECT_EQ(settings->state_dir, *platform::state_directory(world(), platform::Scope::System));
  EXPECT_EQ(settings->idle_exit, std::chrono::seconds(0));
  EXPECT_EQ(settings->socket_mode, 0666U);
}

TEST(ConfigDefaults, ADetachedDaemonLogsToAFileInItsStateDirectory) {
  Config config;
  ASSERT_TRUE(config.set(ConfigKey::Address, kAddress, "-"));
  const auto settings = finalize(config, world(), Detached::Yes);
  ASSERT_TRUE(settings);
  const std::string name = "mercuryd-" + platform::short_hash(settings->address.path) + ".log";
  EXPECT_EQ(settings->log_file, platform::file_in(settings->state_dir, name));
  ASSERT_TRUE(config.set(ConfigKey::StateDir, "", "-"));
  EXPECT_EQ(finalize(config, world(), Detached::Yes)->log_file, "");
}

TEST(ConfigDefaults, WithoutAHomeTheStateNeedsAPlace) {
  platform::Environment homeless = world();
  homeless.home.clear();
  const auto settings = finalize({}, homeless, Detached::No);
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().sentence,
            platform::state_directory(homeless, platform::Scope::Private).error().sentence + ", or give --state-dir");
  Config config;
  ASSERT_TRUE(config.set(ConfigKey::StateDir, "", "--state-dir"));
  EXPECT_TRUE(finalize(config, homeless, Detached::No));
}

TEST(ConfigTable, ShowsEachValueAndWhereItCameFrom) {
  Settings settings;
  settings.lines = {{"address", "unix:///r/mercury/mercuryd-1.sock", "default"},
                    {"idle_exit_s", "5", "/c.json:2"},
                    {"log_file", "", "default"}};
  EXPECT_EQ(describe(settings),
            "address     = unix:///r/mercury/mercuryd-1.sock  # default\n"
            "idle_exit_s = 5                                  # /c.json:2\n"
            "log_file    = \"\"                                 # default\n");
}

TEST(ConfigTable, HasALineForEachKey) {
  const auto settings = finalize({}, world(), Detached::No);
  ASSERT_TRUE(settings) << settings.error().sentence;
  std::string keys;
  for (const Settings::Line& line : settings->lines) keys += line.key + " ";
  EXPECT_EQ(keys, "address state_dir idle_exit_s log_level log_file socket_mode snapshot_interval_s ");
}

// ---- which files ----

void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

// The variable in which a system looks for a user's configuration: XDG's or Windows' own.
Variables configured_in(const TemporaryDirectory& directory) {
  return {{"XDG_CONFIG_HOME", directory.path()}, {"APPDATA", directory.path()}};
}

TEST(ConfigFiles, TheUsersOwnFileIsRead) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(platform::make_directories(directory / "mercury"));
  const std::string file = platform::file_in(directory / "mercury", "mercuryd.json");
  write_file(file, R"({"idle_exit_s": 1})");
  const auto config = read_files(world(configured_in(directory)), std::nullopt);
  ASSERT_TRUE(config) << config.error().sentence;
  ASSERT_TRUE(config->get(ConfigKey::IdleExitS));
  EXPECT_EQ(config->get(ConfigKey::IdleExitS)->where, file + ":1");
}

TEST(ConfigFiles, AFlagNamesOneThatMustBeThereAndThenItIsTheOnlyOne) {
  const TemporaryDirectory directory;
  write_file(directory / "a.json", R"({"idle_exit_s": 1})");
  write_file(directory / "b.json", R"({"idle_exit_s": 2})");
  const auto environment = world({{"MERCURY_CONFIG", directory / "a.json"}});
  EXPECT_EQ(read_files(environment, std::nullopt)->get(ConfigKey::IdleExitS)->number, 1);
  EXPECT_EQ(read_files(environment, directory / "b.json")->get(ConfigKey::IdleExitS)->number, 2);
  const auto missing = read_files(environment, directory / "c.json");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().sentence.find("cannot open " + (directory / "c.json") + ": "), 0U)
      << missing.error().sentence;
  EXPECT_EQ(missing.error().code, "config_invalid");
}

TEST(ConfigFiles, AnEmptyNameMeansNone) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(platform::make_directories(directory / "mercury"));
  write_file(directory / "mercury/mercuryd.json", "no JSON");
  Variables variables = configured_in(directory);
  variables["MERCURY_CONFIG"] = "";
  const auto config = read_files(world(variables), std::nullopt);
  ASSERT_TRUE(config) << config.error().sentence;
  EXPECT_FALSE(config->get(ConfigKey::IdleExitS));
}

TEST(ConfigFiles, ADirectoryIsNoFile) {
  const TemporaryDirectory directory;
  const auto config = read_files(world(), directory.path());
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().sentence, directory.path() + " is no regular file");
}

}  // namespace
}  // namespace mercury
