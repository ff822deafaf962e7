#include "platform/process.h"

#include <libproc.h>
#include <mach/mach.h>
#include <sys/resource.h>
#include <sys/syslimits.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace mercury::platform {
namespace {

// None if the kernel does not say.
std::vector<proc_fdinfo> open_descriptors() {
  const int bytes = ::proc_pidinfo(::getpid(), PROC_PIDLISTFDS, 0, nullptr, 0);
  if (bytes <= 0) return {};
  std::vector<proc_fdinfo> open(static_cast<std::size_t>(bytes) / sizeof(proc_fdinfo));
  const int filled = ::proc_pidinfo(::getpid(), PROC_PIDLISTFDS, 0, open.data(), bytes);
  open.resize(filled > 0 ? static_cast<std::size_t>(filled) / sizeof(proc_fdinfo) : 0);
  return open;
}

}  // namespace

std::uint64_t resident_bytes() {
  mach_task_basic_info facts{};
  mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
  auto* const out = reinterpret_cast<task_info_t>(&facts);
  return ::task_info(mach_task_self(), MACH_TASK_BASIC_INFO, out, &count) == KERN_SUCCESS ? facts.resident_size : 0;
}

// launchd hands sockets over when it is asked and not by number, so there are none of a service manager's to keep.
void close_inherited_descriptors(std::span<const int> keep) {
  for (const proc_fdinfo& one : open_descriptors()) {
    if (one.proc_fd > STDERR_FILENO && std::ranges::find(keep, one.proc_fd) == keep.end()) ::close(one.proc_fd);
  }
}

// The hard limit may be "infinite", and is then refused as a soft one: OPEN_MAX is the most that is always granted.
std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  for (const rlim_t wanted : {limit.rlim_max, std::min<rlim_t>(limit.rlim_max, OPEN_MAX)}) {
    if (wanted <= limit.rlim_cur) break;
    const rlimit raised{wanted, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return wanted;
  }
  return limit.rlim_cur;
}

}  // namespace mercury::platform
