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

TEST(DurableFile, ReplacesTheOldContentAndSetsTheMode) {
  const TemporaryDirectory place;
  const std::string path = place / "state";
  const std::string large(3'000'000, 'x');
  for (const std::string& content : {std::string("first"), large, std::string("\0 and\n", 6), std::string()}) {
    EXPECT_EQ(sentence(write_atomically(path, content, 0640)), "ok");
    EXPECT_EQ(*read_all(path, large.size()), content);
    EXPECT_EQ(mode_of(path), 0640U);
    EXPECT_FALSE(exists(path + ".tmp"));
  }
}

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

TEST(DurableFile, RemovesItsTemporaryFileWhenItCannotReplace) {
  const TemporaryDirectory place;
  ASSERT_EQ(::mkdir((place / "state").c_str(), 0700), 0);
  EXPECT_EQ(outcome(write_atomically(place / "state", "new", 0600)), "io_error");
  EXPECT_FALSE(exists(place / "state.tmp"));
  EXPECT_TRUE(std::filesystem::is_directory(place / "state"));
  EXPECT_EQ(outcome(write_atomically(place / "missing/state", "new", 0600)), "missing_directory");
}

TEST(DurableFile, OverwritesWhatACrashLeftAndFollowsNoLinkThere) {
  const TemporaryDirectory place;
  std::ofstream(place / "victim") << "untouched";
  ASSERT_EQ(::symlink((place / "victim").c_str(), (place / "state.tmp").c_str()), 0);
  EXPECT_EQ(outcome(write_atomically(place / "state", "new", 0600)), "ok");
  EXPECT_EQ(*read_all(place / "state", 100), "new");
  EXPECT_EQ(*read_all(place / "victim", 100), "untouched");
}

TEST(DurableFile, IsReadUpToItsLimitAndNotOneByteMore) {
  const TemporaryDirectory place;
  const std::string path = place / "state";
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{65536}, std::size_t{200'000}}) {
    ASSERT_EQ(outcome(write_atomically(path, std::string(size, 'x'), 0600)), "ok");
    ASSERT_EQ(outcome(read_all(path, size)), "ok") << size;
    EXPECT_EQ(read_all(path, size)->size(), size);
    if (size == 0) continue;
    EXPECT_EQ(outcome(read_all(path, size - 1)), "file_too_large") << size;
    EXPECT_THAT(sentence(read_all(path, size - 1)),
                HasSubstr(std::to_string(size) + " bytes, at most " + std::to_string(size - 1) + " are read"));
  }
}

TEST(DurableFile, IsNotReadFromWhatIsNoFile) {
  const TemporaryDirectory place;
  ASSERT_EQ(::mkfifo((place / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(outcome(read_all(place / "pipe", 100)), "not_a_file");
  EXPECT_EQ(outcome(read_all(place.path(), 100)), "not_a_file");
  EXPECT_EQ(outcome(read_all(place / "absent", 100)), "not_found");
  EXPECT_EQ(outcome(read_all(place / "absent/state", 100)), "missing_directory");
}

}  // namespace
}  // namespace mercury::platform
