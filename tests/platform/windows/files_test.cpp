// Directories, durable files, paths and this process: the cases of ../directory_test.cpp, ../durable_file_test.cpp,
// ../paths_test.cpp and ../process_test.cpp that Windows knows. Left out are modes, owners and links of Unix.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "platform/directory.h"
#include "platform/durable_file.h"
#include "platform/paths.h"
#include "platform/place.h"
#include "platform/process.h"
#include "platform/signals.h"
#include "platform/windows/win32.h"

namespace mercury::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::outcome;
using testing::TemporaryDirectory;

Environment environment_of(std::map<std::string, std::string> variables) {
  Environment environment;
  environment.variable = [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  environment.user = "S-1-5-21-7";
  environment.home = "C:\\Users\\alice";
  return environment;
}

TEST(Directory, IsMadeWithItsParentsAndIsNoFile) {
  const TemporaryDirectory place;
  EXPECT_EQ(outcome(make_directories(place / "a\\b\\c")), "ok");
  EXPECT_TRUE(std::filesystem::is_directory(place / "a\\b\\c"));
  EXPECT_EQ(outcome(make_directories(place / "a\\b\\c")), "ok");
  EXPECT_EQ(outcome(prepare_directory(place / "absent\\x", DirectoryRule::Private)), "missing_directory");
  ASSERT_EQ(outcome(write_atomically(place / "file", "x", 0600)), "ok");
  EXPECT_EQ(outcome(prepare_directory(place / "file", DirectoryRule::Given)), "not_a_directory");
}

TEST(DurableFile, IsWhollyOldOrWhollyNew) {
  const TemporaryDirectory place;
  const std::string path = place / "größe";
  EXPECT_EQ(outcome(read_all(path, 10)), "not_found");
  ASSERT_EQ(outcome(write_atomically(path, "old", 0600)), "ok");
  ASSERT_EQ(outcome(write_atomically(path, std::string("new\0er", 6), 0600)), "ok");
  EXPECT_EQ(*read_all(path, 6), std::string("new\0er", 6));
  EXPECT_EQ(outcome(read_all(path, 5)), "file_too_large");
  EXPECT_EQ(::GetFileAttributesW(windows::wide(path + ".tmp").c_str()), INVALID_FILE_ATTRIBUTES);
  EXPECT_EQ(outcome(read_all(place.path(), 5)), "not_a_file");
  EXPECT_EQ(outcome(write_atomically(place / "absent\\file", "x", 0600)), "missing_directory");
}

TEST(DurableFile, StaysOldWhileSomebodyHoldsIt) {
  const TemporaryDirectory place;
  const std::string path = place / "held";
  ASSERT_EQ(outcome(write_atomically(path, "old", 0600)), "ok");
  {
    const windows::Handle holder(
        ::CreateFileW(windows::wide(path).c_str(), GENERIC_READ, 0, nullptr, OPEN_EXISTING, 0, nullptr));
    ASSERT_TRUE(holder);
    EXPECT_EQ(outcome(write_atomically(path, "new", 0600)), "permission_denied");
  }
  EXPECT_EQ(*read_all(path, 10), "old");
}

TEST(Paths, AnAddressIsAPipe) {
  const Environment environment = environment_of({});
  EXPECT_EQ(private_address(environment).text(), "\\\\.\\pipe\\mercuryd-1-S-1-5-21-7");
  EXPECT_EQ(system_address().text(), "\\\\.\\pipe\\mercuryd");
  EXPECT_EQ(parse_address("\\\\.\\pipe\\x")->path, "\\\\.\\pipe\\x");
  for (const std::string bad : {"", "x", "unix:///run/x", "C:\\x", "\\\\.\\pipe\\", "\\\\.\\pipe\\a\\b"}) {
    const auto parsed = parse_address(bad);
    EXPECT_EQ(outcome(parsed), "bad_address") << bad;
    EXPECT_THAT(parsed.error().sentence, HasSubstr("'" + bad + "'"));
  }
  EXPECT_EQ(outcome(parse_address("\\\\.\\pipe\\" + std::string(247, 'n'))), "ok");
  EXPECT_EQ(outcome(parse_address("\\\\.\\pipe\\" + std::string(248, 'n'))), "bad_address");
}

TEST(Paths, ThePrivateAddressComesFirstUnlessOneIsNamed) {
  const auto usual = candidates(environment_of({}));
  ASSERT_EQ(usual->size(), 2U);
  EXPECT_EQ(usual->front().origin, Candidate::Origin::Private);
  const auto named = candidates(environment_of({{"MERCURY_ADDRESS", "\\\\.\\pipe\\mine"}}));
  ASSERT_EQ(named->size(), 1U);
  EXPECT_EQ(named->front().address.path, "\\\\.\\pipe\\mine");
  EXPECT_EQ(outcome(candidates(environment_of({{"MERCURY_ADDRESS", "mine"}}))), "bad_address");
}

TEST(Paths, FilesAreWhereWindowsHasThem) {
  const Environment usual = environment_of({{"LOCALAPPDATA", "C:\\Users\\alice\\AppData\\Local\\"},
                                            {"APPDATA", "C:\\Users\\alice\\AppData\\Roaming"},
                                            {"ProgramData", "D:\\Data"}});
  EXPECT_EQ(*state_directory(usual, Scope::Private), "C:\\Users\\alice\\AppData\\Local\\mercury");
  EXPECT_EQ(*state_directory(usual, Scope::System), "D:\\Data\\mercury");
  EXPECT_THAT(config_files(usual), ElementsAre("D:\\Data\\mercury\\mercuryd.json",
                                               "C:\\Users\\alice\\AppData\\Roaming\\mercury\\mercuryd.json"));
  EXPECT_EQ(*state_directory(environment_of({}), Scope::Private), "C:\\Users\\alice\\AppData\\Local\\mercury");
  Environment homeless = environment_of({{"LOCALAPPDATA", "relative"}});
  homeless.home.clear();
  EXPECT_EQ(outcome(state_directory(homeless, Scope::Private)), "no_home");
}

TEST(Paths, AbsoluteIsWhatHasADriveOrAServer) {
  for (const char* path : {"C:\\x", "c:/x", "\\\\server\\share"}) EXPECT_TRUE(is_absolute(path)) << path;
  for (const char* path : {"", "x", "\\x", "/x", "C:x"}) EXPECT_FALSE(is_absolute(path)) << path;
  EXPECT_EQ(file_in("C:\\x", "y"), "C:\\x\\y");
  EXPECT_EQ(file_in("C:\\", "y"), "C:\\y");
}

TEST(Process, KnowsItselfAndItsEnvironment) {
  EXPECT_EQ(process_id(), static_cast<std::int64_t>(::GetCurrentProcessId()));
  EXPECT_GT(resident_bytes(), 1'000'000U);
  ::SetEnvironmentVariableW(L"MERCURY_TEST", L"größer");
  EXPECT_EQ(this_environment().variable("MERCURY_TEST"), "größer");
  ::SetEnvironmentVariableW(L"MERCURY_TEST", nullptr);
  EXPECT_EQ(this_environment().variable("MERCURY_TEST"), std::nullopt);
  EXPECT_THAT(this_environment().user, HasSubstr("S-1-"));
}

TEST(Signals, ThereIsNoneThatReloads) {
  EXPECT_EQ(reload_signal(), std::nullopt);
  EXPECT_THAT(stop_signals(), ElementsAre(SIGTERM, SIGINT, SIGBREAK));
}

}  // namespace
}  // namespace mercury::platform
