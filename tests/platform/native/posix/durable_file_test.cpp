// What only Unix has: modes, links, pipes with a path, and a disk that a limit makes full.
#include "platform/durable_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "world.h"

namespace mercury::platform {
namespace {

using ::testing::AllOf;
using testing::as_nobody;
using testing::exists;
using ::testing::HasSubstr;
using testing::in_child;
using testing::mode_of;
using testing::outcome;
using testing::sentence;
using testing::TemporaryDirectory;

TEST(DurableFile, KeepsTheOldContentWhenTheDiskIsFull) {
  const TemporaryDirectory place;
  const std::string path = place / "state";
  ASSERT_EQ(outcome(write_atomically(path, "old", 0600)), "ok");
  const auto attempt = [&](auto report) {
    return in_child([&] {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit full{4096, 4096};
      ::setrlimit(RLIMIT_FSIZE, &full);
      return report(write_atomically(path, std::string(100'000, 'n'), 0600));
    });
  };
  EXPECT_EQ(attempt([](const base::Status& status) { return outcome(status); }), "disk_full");
  EXPECT_THAT(attempt([](const base::Status& status) { return sentence(status); }),
              AllOf(HasSubstr(path), HasSubstr("make room")));
  EXPECT_EQ(*read_all(path, 100), "old");
  EXPECT_FALSE(exists(path + ".tmp"));
}

TEST(DurableFile, KeepsTheOldContentWhenTheDirectoryMayNotBeWritten) {
  const TemporaryDirectory place;
  const std::string path = place / "state";
  ASSERT_EQ(outcome(write_atomically(path, "old", 0644)), "ok");
  ASSERT_EQ(::chmod(place.path().c_str(), 0555), 0);
  EXPECT_EQ(as_nobody([&] { return outcome(write_atomically(path, "new", 0644)); }), "permission_denied");
  EXPECT_EQ(*read_all(path, 100), "old");
  EXPECT_FALSE(exists(path + ".tmp"));
  ::chmod(place.path().c_str(), 0700);
}

TEST(DurableFile, HasTheModeThatWasAskedFor) {
  const TemporaryDirectory place;
  for (const std::uint32_t mode : {0640U, 0600U}) {
    EXPECT_EQ(outcome(write_atomically(place / "state", "x", mode)), "ok");
    EXPECT_EQ(mode_of(place / "state"), mode);
  }
}

TEST(DurableFile, FollowsNoLinkWhereACrashLeftItsTemporaryFile) {
  const TemporaryDirectory place;
  std::ofstream(place / "victim") << "untouched";
  ASSERT_EQ(::symlink((place / "victim").c_str(), (place / "state.tmp").c_str()), 0);
  EXPECT_EQ(outcome(write_atomically(place / "state", "new", 0600)), "ok");
  EXPECT_EQ(*read_all(place / "state", 100), "new");
  EXPECT_EQ(*read_all(place / "victim", 100), "untouched");
}

TEST(DurableFile, IsNotReadFromAPipe) {
  const TemporaryDirectory place;
  ASSERT_EQ(::mkfifo((place / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(outcome(read_all(place / "pipe", 100)), "not_a_file");
}

}  // namespace
}  // namespace mercury::platform
