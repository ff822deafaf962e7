#include "base/log.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "platform/place.h"

namespace mercury::base::log {
namespace {

using platform::testing::TemporaryDirectory;

TEST(LogLine, IsAMessageAndItsFields) {
  EXPECT_EQ(format_line("session closed", {{"peer_pid", 1000}, {"reason", "frame_too_large"}}),
            "session closed peer_pid=1000 reason=frame_too_large");
  EXPECT_EQ(format_line("ready", {}), "ready");
}

TEST(LogLine, QuotesAValueThatWouldNotReadBack) {
  EXPECT_EQ(format_line("x", {{"path", "/a b"}}), R"(x path="/a b")");
  EXPECT_EQ(format_line("x", {{"v", ""}}), R"(x v="")");
  EXPECT_EQ(format_line("x", {{"v", "a\"b\\c\nd"}}), R"(x v="a\"b\\c\nd")");
}

TEST(LogLevel, IsReadFromItsName) {
  Level level = Level::Info;
  EXPECT_TRUE(parse_level("debug", level));
  EXPECT_EQ(level, Level::Debug);
  EXPECT_TRUE(parse_level("off", level));
  EXPECT_EQ(level, Level::Off);
  EXPECT_FALSE(parse_level("verbose", level));
  EXPECT_EQ(level, Level::Off);
}

TEST(LogFile, HoldsLinesOfItsLevelAndAFailedOpenChangesNothing) {
  const TemporaryDirectory folder;
  const std::string path = folder / "log";
  ASSERT_TRUE(open({Level::Warn, path, 1 << 20}));
  info("not here");
  warn("listening", {{"address", "unix:///tmp/x"}});
  EXPECT_FALSE(open({Level::Debug, path + "/is/no/folder", 1 << 20}));
  error("still here");
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str().find("not here"), std::string::npos);
  EXPECT_NE(text.str().find(" warning listening address=unix:///tmp/x\n"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find(" error still here\n"), std::string::npos);
  EXPECT_TRUE(open({}));  // the file is closed and can be removed
}

TEST(LogToTheJournal, BeginsWithAPriorityAndHasNoTime) {
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(open({Level::Debug, "", 1 << 20, Stderr::Journal}));
  debug("connection opened", {{"peer_pid", 7}});
  info("mercuryd started", {{"address", "unix:///tmp/x"}});
  warn("setting needs a restart");
  error("snapshot failed", {{"reason", "two\nlines"}});
  const std::string captured = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(open({}));  // at the real one again
  EXPECT_EQ(captured,
            "<7>connection opened peer_pid=7\n"
            "<6>mercuryd started address=unix:///tmp/x\n"
            "<4>setting needs a restart\n"
            "<3>snapshot failed reason=\"two\\nlines\"\n");
}

}  // namespace
}  // namespace mercury::base::log
