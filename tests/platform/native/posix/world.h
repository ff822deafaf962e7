// What tests need of Unix, besides place.h: a child process that reports what it saw, and another user
// to be (only root can be one; elsewhere the child stays who it is and says so).
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "platform/place.h"

namespace mercury::platform::testing {

inline constexpr uid_t kNobody = 65534;

// Runs `body` in a forked child and returns the text that it returned; "died" if it did not get that far.
inline std::string in_child(const std::function<std::string()>& body) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) std::abort();
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string report = body() + "\n";
    const ssize_t written = ::write(pipe[1], report.data(), report.size());
    ::_exit(written == static_cast<ssize_t>(report.size()) ? 0 : 1);
  }
  ::close(pipe[1]);
  std::string report;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = ::read(pipe[0], buffer.data(), buffer.size())) > 0;) {
    report.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0 || report.empty()) return "died";
  report.pop_back();
  return report;
}

inline bool we_are_root() { return ::geteuid() == 0; }

// As in_child(), as the user nobody if we are root.
inline std::string as_nobody(const std::function<std::string()>& body) {
  return in_child([&]() -> std::string {
    if (we_are_root() && (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) {
      return "cannot become nobody";
    }
    return body();
  });
}

inline mode_t mode_of(const std::string& path) {
  struct stat facts {};
  return ::lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0;
}

inline bool exists(const std::string& path) {
  struct stat facts {};
  return ::lstat(path.c_str(), &facts) == 0;
}

}  // namespace mercury::platform::testing
