// What only Unix has: an address that is a file, which can be one of another kind, a link, and closed to us.
#include "cli/run.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/cli/ctl.h"
#include "daemon/cli/fake_daemon.h"
#include "daemon/cli/rows.h"
#include "platform/directory.h"
#include "world.h"

namespace mercury::cli {
namespace {

using platform::testing::TemporaryDirectory;
using testing::ctl;
using testing::Ended;
using testing::FakeDaemon;
using testing::Setting;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(WithoutADaemon, OneWithoutASocketIsToldApartFromOneThatIsDead) {
  const TemporaryDirectory directory;
  const Ended absent = ctl({"status", "--address", directory / "absent"});
  EXPECT_EQ(absent.exit, 3);
  EXPECT_TRUE(has(absent.err, "there is no socket at")) << absent.err;
}

TEST(WithoutADaemon, AFileInTheWayAndADeadSocketAreToldApart) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "x";
  const Ended file = ctl({"status", "--address", directory / "file"});
  EXPECT_EQ(file.exit, 3);
  EXPECT_TRUE(has(file.err, "is no socket")) << file.err;
  EXPECT_TRUE(has(file.err, "(--address)")) << file.err;
  boost::asio::io_context io;
  { boost::asio::local::stream_protocol::acceptor left_behind(io, directory / "dead"); }
  const Ended dead = ctl({"status", "--address", directory / "dead"});
  EXPECT_EQ(dead.exit, 3);
  EXPECT_TRUE(has(dead.err, "nobody listens at")) << dead.err;
}

TEST(WithoutADaemon, ADaemonAtTheUsualAddressIsMentionedWhenANamedOneIsNot) {
  const TemporaryDirectory runtime;
  FakeDaemon daemon(testing::answering([](const auto&, const auto&) { return testing::status_row(); }));
  ASSERT_TRUE(platform::prepare_directory(runtime / "mercury", platform::DirectoryRule::Private));
  std::filesystem::create_symlink(daemon.address().path, runtime / "mercury/mercuryd-1.sock");
  Setting setting;
  setting.variables["XDG_RUNTIME_DIR"] = runtime.path();
  const Ended ended = ctl({"status", "--address", runtime / "none"}, setting);
  EXPECT_EQ(ended.exit, 3);
  EXPECT_TRUE(has(ended.err, "A daemon does answer at unix://" + runtime.path() + "/mercury/mercuryd-1.sock"))
      << ended.err;
}

TEST(WithoutADaemon, AnAddressThatIsClosedToUsIsExit77WithItsOwnerAndMode) {
  if (!platform::testing::we_are_root()) GTEST_SKIP() << "only root can become somebody else";
  TemporaryDirectory directory;
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0755));
  boost::asio::io_context io;
  boost::asio::local::stream_protocol::acceptor acceptor(io, directory / "d.sock");
  std::filesystem::permissions(directory / "d.sock", std::filesystem::perms(0600));
  const std::string report = platform::testing::as_nobody([&directory] {
    const Ended ended = ctl({"status", "--address", directory / "d.sock"});
    return std::to_string(ended.exit) + " " + ended.err;
  });
  EXPECT_EQ(report.find("77 mercuryctl: "), 0U) << report;
  EXPECT_TRUE(has(report, "root")) << report;
  EXPECT_TRUE(has(report, "0600")) << report;
}

}  // namespace
}  // namespace mercury::cli
