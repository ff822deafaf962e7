// What only Unix has: an address is a socket's path, with the limit of sun_path; XDG's and systemd's variables.
#include "platform/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "platform/environment.h"
#include "platform/place.h"

namespace mercury::platform {
namespace {

using ::testing::AllOf;
using testing::environment_of;
using ::testing::HasSubstr;
using testing::outcome;
using testing::read_vectors;
using testing::sentence;
using testing::Variables;

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
  const nlohmann::json table = read_vectors("paths.json");
  ASSERT_GE(table.at("rows").size(), 12U);
  for (const nlohmann::json& row : table.at("rows")) {
    const Address address = private_address(environment_of_row(row.at("environment")));
    EXPECT_EQ(address.path, row.at("address").get<std::string>()) << row.at("name");
    EXPECT_LE(address.path.size(), kAddressBytesMax) << row.at("name");
    EXPECT_EQ(outcome(parse_address(address.text())), "ok") << row.at("name");
  }
}

TEST(Paths, HaveTheLimitOfTheContract) {
  EXPECT_EQ(read_vectors("../limits.json").at("limits").at("path_bytes_max").at("value"), kAddressBytesMax);
  EXPECT_EQ(read_vectors("paths.json").at("path_bytes_max"), kAddressBytesMax);
  EXPECT_EQ(address_rule(), "unix:///path/of/the/socket, of at most " + std::to_string(kAddressBytesMax) + " bytes");
}

TEST(Paths, PreferTheUsersOwnTemporaryDirectoryWhereThereIsOne) {
  Environment environment = environment_of({{"TMPDIR", "/scratch"}});
  environment.user_temporary_directory = "/var/folders/x7/T/";
  EXPECT_EQ(private_address(environment).path, "/var/folders/x7/T/mercury-1000/mercuryd-1.sock");
  environment.run_user_is_ours = true;
  EXPECT_EQ(private_address(environment).path, "/run/user/1000/mercury/mercuryd-1.sock");
}

TEST(Paths, NameTheSystemsAddress) {
  EXPECT_EQ(system_address().path, read_vectors("paths.json").at("system").at("linux"));
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

}  // namespace
}  // namespace mercury::platform
