// What only Windows has: an address is a pipe's name, a path has a drive, and files are where Windows has them.
#include "platform/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/environment.h"
#include "platform/place.h"

namespace mercury::platform {
namespace {

using ::testing::ElementsAre;
using testing::environment_of;
using ::testing::HasSubstr;
using testing::outcome;
using testing::read_vectors;
using testing::sentence;

TEST(Paths, GiveThePipeOfEveryRowOfTheSharedTable) {
  const nlohmann::json pipes = read_vectors("paths.json").at("pipes");
  EXPECT_EQ(system_address().path, pipes.at("system").get<std::string>());
  ASSERT_GE(pipes.at("private").size(), 4U);
  for (const nlohmann::json& row : pipes.at("private")) {
    Environment environment = environment_of();
    environment.user = row.at("sid").get<std::string>();
    const Address address = private_address(environment);
    EXPECT_EQ(address.path, row.at("address").get<std::string>()) << row.at("name");
    EXPECT_EQ(outcome(parse_address(address.text())), "ok") << row.at("name");
  }
}

TEST(Paths, ReadAndRefuseTheAddressesOfTheSharedTable) {
  const nlohmann::json rows = read_vectors("paths.json").at("pipes").at("addresses");
  ASSERT_GE(rows.size(), 18U);
  for (const nlohmann::json& row : rows) {
    const auto text = row.at("text").get<std::string>();
    const base::Result<Address> address = parse_address(text);
    if (row.at("pipe").is_null()) {
      EXPECT_EQ(outcome(address), "bad_address") << row.at("name");
      EXPECT_THAT(sentence(address), HasSubstr("'" + text + "'"));
    } else {
      ASSERT_EQ(sentence(address), "ok") << row.at("name");
      EXPECT_EQ(address->path, row.at("pipe").get<std::string>()) << row.at("name");
    }
  }
}

TEST(Paths, SayHowAnAddressIsWritten) { EXPECT_EQ(address_rule(), "\\\\.\\pipe\\NAME, of at most 256 bytes"); }

TEST(Paths, FilesAreWhereWindowsHasThem) {
  const Environment usual = environment_of({{"LOCALAPPDATA", "C:\\Users\\alice\\AppData\\Local\\"},
                                            {"APPDATA", "C:\\Users\\alice\\AppData\\Roaming"},
                                            {"ProgramData", "D:\\Data"}});
  EXPECT_EQ(*state_directory(usual, Scope::Private), "C:\\Users\\alice\\AppData\\Local\\mercury");
  EXPECT_EQ(*state_directory(usual, Scope::System), "D:\\Data\\mercury");
  EXPECT_THAT(config_files(usual), ElementsAre("D:\\Data\\mercury\\mercuryd.json",
                                               "C:\\Users\\alice\\AppData\\Roaming\\mercury\\mercuryd.json"));
  EXPECT_EQ(*state_directory(environment_of(), Scope::Private), "C:\\Users\\alice\\AppData\\Local\\mercury");
  Environment homeless = environment_of({{"LOCALAPPDATA", "relative"}});
  homeless.home.clear();
  EXPECT_EQ(outcome(state_directory(homeless, Scope::Private)), "no_home");
}

TEST(Paths, AbsoluteIsWhatHasADriveOrAServer) {
  for (const char* path : {"C:\\x", "c:/x", "\\\\server\\share"}) EXPECT_TRUE(is_absolute(path)) << path;
  for (const char* path : {"\\x", "/x", "C:x"}) EXPECT_FALSE(is_absolute(path)) << path;
  EXPECT_EQ(file_in("C:\\x", "y"), "C:\\x\\y");
  EXPECT_EQ(file_in("C:\\", "y"), "C:\\y");
}

}  // namespace
}  // namespace mercury::platform
