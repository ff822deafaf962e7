// The rest, which each kernel does in its own way: platform/linux/process.cpp and platform/macos/process.cpp.
#include "platform/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "platform/posix/descriptor.h"

namespace mercury::platform {

std::int64_t process_id() { return ::getpid(); }

base::Status detach_from_parent() {
  posix::Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return base::Error{"io_error", "cannot open /dev/null: " + posix::reason(errno)};
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(null.number(), stream) < 0) return base::Error{"io_error", "dup2: " + posix::reason(errno)};
  }
  if (null.number() <= STDERR_FILENO) null.release();  // it took the place of a stream that was closed
  // EPERM: we lead a process group, so we were given a session or a job of our own already.
  if (::setsid() < 0 && errno != EPERM) return base::Error{"io_error", "setsid: " + posix::reason(errno)};
  if (::chdir("/") != 0) return base::Error{"io_error", "cannot change to /: " + posix::reason(errno)};
  return base::Done{};
}

}  // namespace mercury::platform
