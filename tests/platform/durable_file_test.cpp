#include "platform/durable_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "platform/directory.h"
#include "platform/place.h"

namespace mercury::platform {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::outcome;
using testing::sentence;
using testing::TemporaryDirectory;

bool is_there(const std::string& path) { return outcome(read_all(path, 1'000'000)) != "not_found"; }

TEST(DurableFile, ReplacesTheOldContent) {
  const TemporaryDirectory place;
  const std::string large(3'000'000, 'x');
  for (const std::string name : {"state", "größe"}) {
    const std::string path = place / name;
    for (const std::string& content : {std::string("first"), large, std::string("\0 and\n", 6), std::string()}) {
      EXPECT_EQ(sentence(write_atomically(path, content, 0640)), "ok");
      EXPECT_EQ(*read_all(path, large.size()), content);
      EXPECT_FALSE(is_there(path + ".tmp"));
    }
  }
}

TEST(DurableFile, RemovesItsTemporaryFileWhenItCannotReplace) {
  const TemporaryDirectory place;
  ASSERT_EQ(outcome(make_directories(place / "state")), "ok");
  // As Unix and as Windows call it.
  EXPECT_THAT(outcome(write_atomically(place / "state", "new", 0600)), AnyOf("io_error", "permission_denied"));
  EXPECT_FALSE(is_there(place / "state.tmp"));
  EXPECT_TRUE(std::filesystem::is_directory(place / "state"));
  EXPECT_EQ(outcome(write_atomically(place / "missing/state", "new", 0600)), "missing_directory");
}

TEST(DurableFile, OverwritesWhatACrashLeft) {
  const TemporaryDirectory place;
  std::ofstream(place / "state.tmp") << "half of a much longer content";
  EXPECT_EQ(outcome(write_atomically(place / "state", "new", 0600)), "ok");
  EXPECT_EQ(*read_all(place / "state", 100), "new");
  EXPECT_FALSE(is_there(place / "state.tmp"));
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
  EXPECT_EQ(outcome(read_all(place.path(), 100)), "not_a_file");
  EXPECT_EQ(outcome(read_all(place / "absent", 100)), "not_found");
  EXPECT_EQ(outcome(read_all(place / "absent/state", 100)), "missing_directory");
}

}  // namespace
}  // namespace mercury::platform
