#include "platform/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "world.h"

namespace mercury::platform {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::outcome;
using testing::sentence;

using Variables = std::map<std::string, std::string>;

Environment environment_of(const Variables& variables) {
  Environment environment;
  environment.variable = [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  environment.user = "1000";
  return environment;
}

nlohmann::json read_json(const std::string& path) {
  std::ifstream file(std::string(MERCURY_VECTORS) + "/" + path);
  return nlohmann::json::parse(file);
}

Environment environment_of_row(const nlohmann::json& row) {
  Variables variables;
  for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
    if (!row.at(name).is_null()) variables[name] = row.at(name).get<std::string>();
  }
  Environment environment = environment_of(variables);
  environment.user = std::to_string(row.at("uid").get<std::uint32_t>());
  environment.run_user_is_ours = row.at("run_user_is_ours").get<bool>();
  return environment;
}

TEST(Paths, GiveThePrivateAddressOfEveryRowOfTheSharedTable) {
  const nlohmann::json table = read_json("paths.json");
  ASSERT_GE(table.at("rows").size(), 12U);
  for (const nlohmann::json& row : table.at("rows")) {
    const Address address = private_address(environment_of_row(row.at("environment")));
    EXPECT_EQ(address.path, row.at("address").get<std::string>()) << row.at("name");
    EXPECT_LE(address.path.size(), kAddressBytesMax) << row.at("name");
    EXPECT_EQ(outcome(parse_address(address.text())), "ok") << row.at("name");
  }
}

TEST(Paths, HashAsTheSharedTableDoes) {
  const nlohmann::json table = read_json("paths.json");
  ASSERT_EQ(table.at("hashes").size(), 4U);
  for (const nlohmann::json& row : table.at("hashes")) {
    EXPECT_EQ(short_hash(row.at("text").get<std::string>()), row.at("fnv1a64").get<std::string>().substr(0, 12));
  }
}

TEST(Paths, HaveTheLimitOfTheContract) {
  EXPECT_EQ(read_json("../limits.json").at("limits").at("path_bytes_max").at("value"), kAddressBytesMax);
  EXPECT_EQ(read_json("paths.json").at("path_bytes_max"), kAddressBytesMax);
}

TEST(Paths, PreferTheUsersOwnTemporaryDirectoryWhereThereIsOne) {
  Environment environment = environment_of({{"TMPDIR", "/scratch"}});
  environment.user_temporary_directory = "/var/folders/x7/T/";
  EXPECT_EQ(private_address(environment).path, "/var/folders/x7/T/mercury-1000/mercuryd-1.sock");
  environment.run_user_is_ours = true;
  EXPECT_EQ(private_address(environment).path, "/run/user/1000/mercury/mercuryd-1.sock");
}

TEST(Paths, NameTheSystemsAddress) {
  const nlohmann::json table = read_json("paths.json");
  EXPECT_EQ(system_address().path, table.at("system").at("linux"));
  EXPECT_EQ(system_address().text(), "unix:///run/mercury/mercuryd.sock");
}

TEST(Paths, ReadAnAddressAsAUrlOrAsAPath) {
  const std::string fits = "/" + std::string(kAddressBytesMax - 1, 'p');
  const std::map<std::string, std::string> good{
      {"unix:///run/a.sock", "/run/a.sock"},
      {"/run/a.sock", "/run/a.sock"},
      {"unix:///a b/%20.sock", "/a b/%20.sock"},
      {"/odd://name", "/odd://name"},
      {"unix:///zoë/s", "/zoë/s"},
      {fits, fits},
      {"unix://" + fits, fits},
  };
  for (const auto& [text, path] : good) {
    const base::Result<Address> address = parse_address(text);
    ASSERT_EQ(sentence(address), "ok") << text;
    EXPECT_EQ(address->path, path) << text;
  }
}

TEST(Paths, RefuseAnAddressWithItsValueAndARemedy) {
  const std::string too_long = "/" + std::string(kAddressBytesMax, 'p');
  const std::map<std::string, std::string> bad{
      {"", "write unix:///path"},
      {"mercury.sock", "write unix:///path"},
      {"unix://", "write unix:///path"},
      {"unix://relative/x.sock", "write unix:///path"},
      {"unix:/x.sock", "write unix:///path"},
      {"npipe:////./pipe/mercuryd", "scheme that this system does not know; write unix:///path"},
      {"tcp://127.0.0.1:80", "scheme that this system does not know; write unix:///path"},
      {"UNIX:///x.sock", "scheme that this system does not know; write unix:///path"},
      {"unix:///run/mercury/", "names a directory"},
      {std::string("/a\0b", 4), "zero byte"},
      {too_long, "has a path of 104 bytes, the system allows 103; choose a shorter one"},
      {"unix://" + too_long, "has a path of 104 bytes, the system allows 103; choose a shorter one"},
  };
  for (const auto& [text, why] : bad) {
    const base::Result<Address> address = parse_address(text);
    EXPECT_EQ(outcome(address), "bad_address") << text;
    EXPECT_THAT(sentence(address), AllOf(HasSubstr("'" + text + "'"), HasSubstr(why)));
  }
}

std::vector<std::string> found(const base::Result<std::vector<Candidate>>& candidates) {
  if (!candidates) return {candidates.error().code};
  std::vector<std::string> lines;
  for (const Candidate& candidate : *candidates) {
    constexpr const char* kNames[] = {"named ", "private ", "system "};
    lines.push_back(kNames[static_cast<int>(candidate.origin)] + candidate.address.path);
  }
  return lines;
}

TEST(Paths, LookForTheDaemonWhereTheyWereToldElseInBothPlaces) {
  const Environment plain = environment_of({{"XDG_RUNTIME_DIR", "/xdg"}});
  const Environment empty = environment_of({{"XDG_RUNTIME_DIR", "/xdg"}, {"MERCURY_ADDRESS", ""}});
  const Environment told = environment_of({{"XDG_RUNTIME_DIR", "/xdg"}, {"MERCURY_ADDRESS", "unix:///told"}});
  const Environment wrong = environment_of({{"MERCURY_ADDRESS", "tcp://told"}});
  const auto both = ElementsAre("private /xdg/mercury/mercuryd-1.sock", "system /run/mercury/mercuryd.sock");
  EXPECT_THAT(found(candidates(plain)), both);
  EXPECT_THAT(found(candidates(empty)), both);
  EXPECT_THAT(found(candidates(told)), ElementsAre("named /told"));
  EXPECT_THAT(found(candidates(told, "/flag")), ElementsAre("named /flag"));
  EXPECT_THAT(found(candidates(wrong)), ElementsAre("bad_address"));
  EXPECT_THAT(sentence(candidates(wrong)), HasSubstr("MERCURY_ADDRESS: the address 'tcp://told'"));
  EXPECT_THAT(found(candidates(wrong, "/flag")), ElementsAre("named /flag"));
}

TEST(Paths, KeepStateAndConfigurationWhereXdgAndSystemdSay) {
  struct Row {
    Variables variables;
    std::string home;
    std::string private_state;
    std::string system_state;
    std::string config;
  };
  const std::string var_lib = "/var/lib/mercury";
  const std::vector<Row> rows{
      {{{"HOME", "/home/a"}}, "/db", "/home/a/.local/state/mercury", var_lib, "/home/a/.config/mercury/mercuryd.json"},
      {{{"HOME", ""}}, "/db/", "/db/.local/state/mercury", var_lib, "/db/.config/mercury/mercuryd.json"},
      {{{"HOME", "/h"}, {"XDG_STATE_HOME", "/s/"}}, "", "/s/mercury", var_lib, "/h/.config/mercury/mercuryd.json"},
      {{{"HOME", "/h"}, {"XDG_STATE_HOME", "rel"}},
       "",
       "/h/.local/state/mercury",
       var_lib,
       "/h/.config/mercury/mercuryd.json"},
      {{{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/c"}, {"STATE_DIRECTORY", "/var/lib/a:/var/lib/b"}},
       "",
       "/h/.local/state/mercury",
       "/var/lib/a",
       "/c/mercury/mercuryd.json"},
      {{{"STATE_DIRECTORY", ""}}, "", "no_home", var_lib, ""},
  };
  for (const Row& row : rows) {
    Environment environment = environment_of(row.variables);
    environment.home = row.home;
    const base::Result<std::string> state = state_directory(environment, Scope::Private);
    EXPECT_EQ(state ? *state : state.error().code, row.private_state);
    EXPECT_EQ(*state_directory(environment, Scope::System), row.system_state);
    const std::vector<std::string> files = config_files(environment);
    EXPECT_EQ(files.front(), "/etc/mercury/mercuryd.json");
    ASSERT_EQ(files.size(), row.config.empty() ? 1U : 2U);
    EXPECT_EQ(files.back(), row.config.empty() ? files.front() : row.config);
  }
}

TEST(Paths, ReadTheEnvironmentOfThisProcess) {
  ASSERT_EQ(::setenv("MERCURY_TEST_VARIABLE", "", 1), 0);
  const Environment environment = this_environment();
  EXPECT_EQ(environment.variable("MERCURY_TEST_VARIABLE"), std::optional<std::string>(""));
  ::unsetenv("MERCURY_TEST_VARIABLE");
  EXPECT_EQ(environment.variable("MERCURY_TEST_VARIABLE"), std::nullopt);
  EXPECT_EQ(environment.user, std::to_string(::geteuid()));
  EXPECT_EQ(environment.home.substr(0, 1), "/");
}

}  // namespace
}  // namespace mercury::platform
