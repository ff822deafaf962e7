// What only Unix has: modes, owners and links.
#include "platform/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.h"

namespace mercury::platform {
namespace {

using ::testing::AllOf;
using testing::as_nobody;
using ::testing::HasSubstr;
using testing::in_child;
using testing::kNobody;
using testing::mode_of;
using testing::outcome;
using testing::sentence;
using testing::TemporaryDirectory;
using testing::we_are_root;

TEST(Directory, IsMadeWithItsModeWhateverTheUmaskSays) {
  const TemporaryDirectory place;
  in_child([&] {
    ::umask(0777);
    return outcome(prepare_directory(place / "private", DirectoryRule::Private)) +
           outcome(prepare_directory(place / "given", DirectoryRule::Given));
  });
  EXPECT_EQ(mode_of(place / "private"), 0700U);
  EXPECT_EQ(mode_of(place / "given"), 0755U);
  EXPECT_EQ(outcome(prepare_directory(place / "private", DirectoryRule::Private)), "ok") << "the second time";
}

TEST(Directory, OfItsOwnMustHaveMode0700) {
  for (const mode_t mode : {0755U, 0710U, 0701U, 0777U, 01700U, 0500U}) {
    const TemporaryDirectory place;
    ASSERT_EQ(::chmod(place.path().c_str(), mode), 0);
    const base::Status status = prepare_directory(place.path(), DirectoryRule::Private);
    EXPECT_EQ(outcome(status), "unsafe_mode") << std::oct << mode;
    EXPECT_THAT(sentence(status), AllOf(HasSubstr(place.path()), HasSubstr("chmod 0700"), HasSubstr("owner ")));
    ::chmod(place.path().c_str(), 0700);
  }
}

TEST(Directory, ThatWasGivenMayBeReadButNotWrittenByOthers) {
  struct Row {
    mode_t mode;
    const char* outcome;
  };
  for (const Row row : {Row{0700, "ok"}, Row{0755, "ok"}, Row{0775, "unsafe_mode"}, Row{0757, "unsafe_mode"},
                        Row{0777, "unsafe_mode"}, Row{01777, "ok"}}) {
    const TemporaryDirectory place;
    ASSERT_EQ(::chmod(place.path().c_str(), row.mode), 0);
    EXPECT_EQ(outcome(prepare_directory(place.path(), DirectoryRule::Given)), row.outcome) << std::oct << row.mode;
  }
}

TEST(Directory, OfAnotherUserIsRefusedWithBothNames) {
  const TemporaryDirectory place;
  std::string foreign = "/usr";  // root's, who is a stranger to everybody else's private directory
  if (we_are_root()) {
    foreign = place / "foreign";
    ASSERT_EQ(::mkdir(foreign.c_str(), 0700), 0);
    ASSERT_EQ(::chown(foreign.c_str(), kNobody, kNobody), 0);
    EXPECT_EQ(outcome(prepare_directory(foreign, DirectoryRule::Given)), "foreign_owner");
  }
  const base::Status status = prepare_directory(foreign, DirectoryRule::Private);
  EXPECT_EQ(outcome(status), "foreign_owner");
  EXPECT_THAT(sentence(status), AllOf(HasSubstr(foreign), HasSubstr("owner "), HasSubstr("mode 07"),
                                      HasSubstr("uid " + std::to_string(::geteuid())), HasSubstr("MERCURY_ADDRESS")));
}

TEST(Directory, MayNotBeALinkExceptAGivenOneByUsOrRoot) {
  const TemporaryDirectory place;
  ASSERT_EQ(::mkdir((place / "target").c_str(), 0700), 0);
  ASSERT_EQ(::symlink((place / "target").c_str(), (place / "link").c_str()), 0);
  EXPECT_EQ(outcome(prepare_directory(place / "link", DirectoryRule::Private)), "symbolic_link");
  EXPECT_EQ(outcome(prepare_directory(place / "link", DirectoryRule::Given)), "ok");
  if (we_are_root()) {
    ASSERT_EQ(::lchown((place / "link").c_str(), kNobody, kNobody), 0);
    EXPECT_EQ(outcome(prepare_directory(place / "link", DirectoryRule::Given)), "symbolic_link");
  }
}

TEST(Directory, InAPlaceWeMayNotWriteToNamesOwnerAndMode) {
  const TemporaryDirectory place;
  ASSERT_EQ(::chmod(place.path().c_str(), 0555), 0);
  const auto attempt = [&](auto report) {
    return as_nobody([&] { return report(prepare_directory(place / "mercury", DirectoryRule::Private)); });
  };
  EXPECT_EQ(attempt([](const base::Status& status) { return outcome(status); }), "permission_denied");
  EXPECT_THAT(attempt([](const base::Status& status) { return sentence(status); }),
              AllOf(HasSubstr(place / "mercury"), HasSubstr(place.path() + " has owner "), HasSubstr("mode 0555"),
                    HasSubstr("this process runs as ")));
  ::chmod(place.path().c_str(), 0700);
}

TEST(Directory, WithoutAParentSaysWhichToMake) {
  const TemporaryDirectory place;
  EXPECT_THAT(sentence(prepare_directory(place / "missing/mercury", DirectoryRule::Private)),
              HasSubstr("make the directory " + (place / "missing") + " first"));
}

TEST(Directory, ForStateIsItsOwnersAlone) {
  const TemporaryDirectory place;
  EXPECT_EQ(outcome(make_directories(place / "a/b/mercury")), "ok");
  EXPECT_EQ(mode_of(place / "a"), 0700U);
  EXPECT_EQ(mode_of(place / "a/b/mercury"), 0700U);
}

}  // namespace
}  // namespace mercury::platform
