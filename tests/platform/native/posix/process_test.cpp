// What only Unix has: descriptors that are inherited, sessions, limits and SIGPIPE.
#include "platform/process.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <vector>

#include "platform/signals.h"
#include "world.h"

namespace mercury::platform {
namespace {

using testing::in_child;

bool is_open(int number) { return ::fcntl(number, F_GETFD) >= 0; }

TEST(Process, ClosesEveryInheritedDescriptorExceptThoseToKeep) {
  const std::string report = in_child([] {
    // The child's own pipe is among the lowest numbers: keep all below 20.
    std::vector<int> keep;
    for (int number = 3; number < 20; ++number) keep.push_back(number);
    keep.push_back(30);
    for (const int number : {25, 29, 30, 31, 40, 900}) {
      if (::dup2(0, number) < 0) return std::string("dup2 failed");
    }
    close_inherited_descriptors(keep);
    std::string open;
    for (const int number : {0, 1, 2, 25, 29, 30, 31, 40, 900}) {
      if (is_open(number)) open += std::to_string(number) + " ";
    }
    return open;
  });
  EXPECT_EQ(report, "0 1 2 30 ");
}

TEST(Process, KeepsTheSocketsThatSystemdHandedToItself) {
  const auto first_inherited_survives = [](int for_pid_offset) {
    return in_child([for_pid_offset] {
      std::vector<int> keep;
      for (int number = 4; number < 20; ++number) keep.push_back(number);
      // Number 3 stands for systemd's socket; if it is this child's report pipe, the pipe moves out of the way.
      ::setenv("LISTEN_PID", std::to_string(::getpid() + for_pid_offset).c_str(), 1);
      ::setenv("LISTEN_FDS", "1", 1);
      const int report_pipe = ::dup(3);
      if (report_pipe >= 0) keep.push_back(report_pipe);
      ::dup2(0, 3);
      close_inherited_descriptors(keep);
      const std::string answer = is_open(3) ? "open" : "closed";
      if (report_pipe >= 0) ::dup2(report_pipe, 3);
      return answer;
    });
  };
  EXPECT_EQ(first_inherited_survives(0), "open");
  EXPECT_EQ(first_inherited_survives(1), "closed");
}

TEST(Process, DetachesFromSessionDirectoryAndStreams) {
  const std::string report = in_child([] {
    const base::Status status = detach_from_parent();
    if (!status) return status.error().sentence;
    std::string text = ::getsid(0) == ::getpid() ? "leader " : "follower ";
    text += std::filesystem::current_path().string();
    for (const int number : {0, 1, 2}) {
      text += " " + std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(number)).string();
    }
    return text;
  });
  EXPECT_EQ(report, "leader / /dev/null /dev/null /dev/null");
}

TEST(Process, DetachesAlsoWithoutAnyStream) {
  const std::string report = in_child([] {
    for (const int number : {0, 1, 2}) ::close(number);
    const base::Status status = detach_from_parent();
    std::string text = testing::outcome(status);
    for (const int number : {0, 1, 2}) text += is_open(number) ? " open" : " closed";
    return text;
  });
  EXPECT_EQ(report, "ok open open open");
}

TEST(Process, RaisesItsDescriptorLimitToTheMostItMay) {
  const std::string report = in_child([] {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t hard = limit.rlim_max;
    limit.rlim_cur = 32;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    const std::uint64_t raised = raise_descriptor_limit();
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return std::string(raised == hard && limit.rlim_cur == hard && hard > 32 ? "hard" : "not");
  });
  EXPECT_EQ(report, "hard");
}

TEST(Signals, MakeABrokenPipeAnErrorAndNotTheEnd) {
  const std::string report = in_child([] {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return std::string("no pipe");
    ignore_broken_pipe();
    ::close(ends[0]);
    const bool failed = ::write(ends[1], "x", 1) < 0 && errno == EPIPE;
    return std::string(failed ? "EPIPE" : "written");
  });
  EXPECT_EQ(report, "EPIPE");
}

}  // namespace
}  // namespace mercury::platform
