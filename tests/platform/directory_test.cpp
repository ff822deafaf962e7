#include "platform/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "platform/place.h"

namespace mercury::platform {
namespace {

using ::testing::HasSubstr;
using testing::outcome;
using testing::sentence;
using testing::TemporaryDirectory;

TEST(Directory, IsMadeOnceAndFoundTheSecondTime) {
  const TemporaryDirectory place;
  for (const DirectoryRule rule : {DirectoryRule::Private, DirectoryRule::Given}) {
    const std::string path = place / (rule == DirectoryRule::Private ? "private" : "given");
    EXPECT_EQ(sentence(prepare_directory(path, rule)), "ok");
    EXPECT_TRUE(std::filesystem::is_directory(path));
    EXPECT_EQ(sentence(prepare_directory(path, rule)), "ok") << "the second time";
  }
}

TEST(Directory, IsNotAFile) {
  const TemporaryDirectory place;
  std::ofstream(place / "file") << "x";
  EXPECT_EQ(outcome(prepare_directory(place / "file", DirectoryRule::Private)), "not_a_directory");
  EXPECT_EQ(outcome(prepare_directory(place / "file", DirectoryRule::Given)), "not_a_directory");
}

TEST(Directory, WithoutAParentIsNotMade) {
  const TemporaryDirectory place;
  const base::Status status = prepare_directory(place / "missing/mercury", DirectoryRule::Private);
  EXPECT_EQ(outcome(status), "missing_directory");
  EXPECT_THAT(sentence(status), HasSubstr(place / "missing"));
  EXPECT_TRUE(std::filesystem::is_empty(place.path()));
}

TEST(Directory, IsMadeWithItsParentsForState) {
  const TemporaryDirectory place;
  EXPECT_EQ(sentence(make_directories(place / "a/b/mercury")), "ok");
  EXPECT_TRUE(std::filesystem::is_directory(place / "a/b/mercury"));
  EXPECT_EQ(sentence(make_directories(place / "a/b/mercury")), "ok") << "the second time";
  std::ofstream(place / "file") << "x";
  EXPECT_FALSE(make_directories(place / "file/mercury"));
}

}  // namespace
}  // namespace mercury::platform
