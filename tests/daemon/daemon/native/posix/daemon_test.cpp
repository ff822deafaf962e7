// What only Unix has: a socket whose file somebody removes, SIGHUP, and systemd, which is told.
#include "daemon.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "bare_listener.h"
#include "daemon/daemon/daemon_fixture.h"

namespace mercury {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using support::eventually;

// A service manager's socket: the datagrams that come, in their order.
class Manager {
 public:
  explicit Manager(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() { ::close(socket_); }

  // The next one, "nothing" if none comes.
  std::string hear() {
    std::array<char, 4096> buffer{};
    ssize_t count = -1;
    const bool came = eventually([&] {
      count = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      return count >= 0;
    });
    return came ? std::string(buffer.data(), static_cast<std::size_t>(count)) : "nothing";
  }

 private:
  int socket_;
};

TEST_F(DaemonTest, ARemovedSocketEndsItAndItsStateIsKept) {
  start();
  send_units(4);
  fs::remove(address_.path);
  EXPECT_TRUE(ends_within(seconds(5)));
  EXPECT_EQ(folded_on_disk(), 4U);
}

TEST_F(DaemonTest, WithASuccessorAtItsAddressItLeavesTheSnapshotAlone) {
  start();
  send_units(4);
  fs::remove(address_.path);
  const platform::testing::BareListener successor(address_);
  EXPECT_TRUE(ends_within(seconds(5)));
  EXPECT_FALSE(fs::exists(snapshot()));
  EXPECT_TRUE(fs::exists(address_.path));
}

TEST_F(DaemonTest, SighupBringsNewSettingsAndABadFileChangesNothing) {
  start();
  std::raise(SIGHUP);
  ASSERT_TRUE(eventually([this] { return reloads_ == 1; }));
  EXPECT_EQ(ask("status")["state"], "running");
  settings_.idle_exit = seconds(1);
  std::raise(SIGHUP);
  EXPECT_TRUE(ends_within(seconds(5)));
}

TEST_F(DaemonTest, TellsTheServiceManagerHowItIs) {
  Manager manager(directory_ / "notify");
  manager_ = platform::ServiceLink::from_environment();
  const std::string serving = "STATUS=serving " + address_.text();
  start();
  EXPECT_EQ(manager.hear(), "READY=1\n" + serving);
  std::raise(SIGHUP);
  EXPECT_EQ(manager.hear().substr(0, 27), "RELOADING=1\nMONOTONIC_USEC=");
  EXPECT_EQ(manager.hear(), "READY=1\n" + serving + "; reload failed: as the test wants it");
  std::raise(SIGHUP);
  EXPECT_EQ(manager.hear().substr(0, 12), "RELOADING=1\n");
  EXPECT_EQ(manager.hear(), "READY=1\n" + serving);
  ASSERT_TRUE(stop());
  EXPECT_EQ(manager.hear(), "STOPPING=1");
}

TEST_F(DaemonTest, TellsTheServiceManagerWhyItCannotStart) {
  Manager manager(directory_ / "notify");
  manager_ = platform::ServiceLink::from_environment();
  std::ofstream(address_.path) << "no socket";
  ASSERT_FALSE(open());
  const std::string heard = manager.hear();
  EXPECT_EQ(heard.substr(0, 21), "STATUS=cannot start: ") << heard;
  EXPECT_NE(heard.find(address_.path), std::string::npos) << heard;
  fs::remove(address_.path);
}

}  // namespace
}  // namespace mercury
