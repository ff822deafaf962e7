// How the lock file behaves: removing a locked file lets a second process make and lock a new one of that name. So
// whoever got a lock looks whether the path still leads to the file it locked, and starts again if it does not.
#include "platform/instance_lock.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <utility>

#include "platform/posix/descriptor.h"

namespace mercury::platform {
namespace {

std::string holder_of(int file) {
  std::array<char, 24> text{};
  const ssize_t count = ::pread(file, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  // Empty in the instant between its lock and its write.
  return pid.empty() ? "another process" : "process " + pid;
}

bool leads_to(const std::string& path, const struct stat& locked) {
  struct stat now {};
  return ::lstat(path.c_str(), &now) == 0 && now.st_dev == locked.st_dev && now.st_ino == locked.st_ino;
}

// The pid is for people: that a full disk loses it does not weaken the lock.
void write_pid(int file) {
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, pid.data(), pid.size(), 0) < 0) return;
}

base::Result<posix::Descriptor> open_lock_file(const std::string& path) {
  posix::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!file) return posix::error_about("cannot open the lock", path, errno);
  struct stat facts {};
  if (::fstat(file.number(), &facts) != 0) return posix::error_about("cannot look at the lock", path, errno);
  if (!S_ISREG(facts.st_mode) || facts.st_uid != ::geteuid()) {
    return base::Error{"foreign_owner", "the lock " + path + " (" + posix::owner_and_mode(facts) + ") is no file of " +
                                            posix::owner(::geteuid()) + "; remove it"};
  }
  return file;
}

}  // namespace

base::Result<InstanceLock> InstanceLock::acquire(const Address& address) {
  const std::string path = address.path + ".lock";
  for (;;) {
    base::Result<posix::Descriptor> file = open_lock_file(path);
    if (!file) return file.error();
    if (::flock(file->number(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) return posix::error_about("cannot lock", path, errno);
      return base::Error{"already_running", holder_of(file->number()) + " holds " + path +
                                                ": another mercuryd is running or starting at " + address.path};
    }
    struct stat locked {};
    if (::fstat(file->number(), &locked) != 0) return posix::error_about("cannot look at the lock", path, errno);
    if (!leads_to(path, locked)) continue;
    write_pid(file->number());
    return InstanceLock(file->release(), path);
  }
}

void InstanceLock::release() {
  const posix::Descriptor file(static_cast<int>(std::exchange(handle_, -1)));
  struct stat locked {};
  // Removed while it is still locked, so that nobody else's file is taken away; closing unlocks it.
  if (file && ::fstat(file.number(), &locked) == 0 && leads_to(path_, locked)) ::unlink(path_.c_str());
}

}  // namespace mercury::platform
