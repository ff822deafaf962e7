// What only Unix has: the lock is a file with a holder, an owner and a mode; and forks, which can be killed.
#include "platform/instance_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <csignal>
#include <fstream>

#include "platform/durable_file.h"
#include "world.h"

namespace mercury::platform {
namespace {

using ::testing::AllOf;
using testing::exists;
using ::testing::HasSubstr;
using testing::in_child;
using testing::kNobody;
using testing::mode_of;
using testing::outcome;
using testing::sentence;
using testing::TemporaryDirectory;
using testing::we_are_root;

TEST(InstanceLock, IsAFileThatNamesItsHolder) {
  const TemporaryDirectory place;
  const Address address{place / "m.sock"};
  const base::Result<InstanceLock> lock = InstanceLock::acquire(address);
  ASSERT_EQ(sentence(lock), "ok");
  EXPECT_EQ(*read_all(place / "m.sock.lock", 100), std::to_string(::getpid()) + "\n");
  EXPECT_EQ(mode_of(place / "m.sock.lock"), 0600U);
  const std::string second = in_child([&] { return sentence(InstanceLock::acquire(address)); });
  EXPECT_THAT(second,
              AllOf(HasSubstr("process " + std::to_string(::getpid()) + " holds"), HasSubstr(address.path + ".lock")));
}

TEST(InstanceLock, DiesWithItsHolder) {
  const TemporaryDirectory place;
  const Address address{place / "m.sock"};
  const pid_t holder = ::fork();
  if (holder == 0) {
    const base::Result<InstanceLock> lock = InstanceLock::acquire(address);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(holder, &status, 0), holder);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(*read_all(address.path + ".lock", 100), std::to_string(holder) + "\n");
  EXPECT_EQ(outcome(InstanceLock::acquire(address)), "ok");
}

TEST(InstanceLock, GoesToExactlyOneOfTenThatStartTogether) {
  const TemporaryDirectory place;
  const Address address{place / "m.sock"};
  std::array<int, 2> start{};
  std::array<int, 2> reports{};
  ASSERT_EQ(::pipe(start.data()), 0);
  ASSERT_EQ(::pipe(reports.data()), 0);
  std::array<int, 2> finish{};
  ASSERT_EQ(::pipe(finish.data()), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 10; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      char byte = 0;
      ::close(start[1]);
      ::close(finish[1]);
      const bool started = ::read(start[0], &byte, 1) == 0;
      const base::Result<InstanceLock> lock = InstanceLock::acquire(address);
      const char report = !started ? '?' : lock ? 'W' : lock.error().code == "already_running" ? 'L' : '?';
      if (::write(reports[1], &report, 1) != 1) ::_exit(1);
      ::_exit(::read(finish[0], &byte, 1) == 0 ? 0 : 1);  // the winner holds on until all have tried
    }
    children.push_back(child);
  }
  ::close(start[1]);
  std::string seen;
  for (char report = 0; seen.size() < children.size() && ::read(reports[0], &report, 1) == 1;) seen += report;
  ::close(finish[1]);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 'W'), 1) << seen;
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 'L'), 9) << seen;
  for (const int end : {start[0], reports[0], reports[1], finish[0]}) ::close(end);
}

// Whoever opened the file just before its holder removed it locks a file that nobody else will ever see.
TEST(InstanceLock, LetsInOneAtATimeWhileItsFileComesAndGoes) {
  const TemporaryDirectory place;
  const Address address{place / "m.sock"};
  const std::string inside = place / "inside";
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int rounds = 0; rounds < 500;) {
        const base::Result<InstanceLock> lock = InstanceLock::acquire(address);
        if (!lock && lock.error().code != "already_running") ::_exit(2);
        if (!lock) continue;
        if (::mkdir(inside.c_str(), 0700) != 0) ::_exit(3);  // somebody else is in here too
        ::rmdir(inside.c_str());
        ++rounds;
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
}

TEST(InstanceLock, RefusesWhatIsNoFileOfOurs) {
  const TemporaryDirectory place;
  const Address address{place / "m.sock"};
  ASSERT_EQ(::symlink("/etc/hostname", (address.path + ".lock").c_str()), 0);
  EXPECT_EQ(outcome(InstanceLock::acquire(address)), "io_error") << "a link is never followed";
  ::unlink((address.path + ".lock").c_str());
  ASSERT_EQ(::mkfifo((address.path + ".lock").c_str(), 0600), 0);
  EXPECT_EQ(outcome(InstanceLock::acquire(address)), "foreign_owner");
  ::unlink((address.path + ".lock").c_str());
  if (we_are_root()) {
    std::ofstream(address.path + ".lock") << "1\n";
    ASSERT_EQ(::chown((address.path + ".lock").c_str(), kNobody, kNobody), 0);
    EXPECT_EQ(outcome(InstanceLock::acquire(address)), "foreign_owner");
  }
  EXPECT_EQ(outcome(InstanceLock::acquire(Address{place / "missing/m.sock"})), "missing_directory");
}

}  // namespace
}  // namespace mercury::platform
