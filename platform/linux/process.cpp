#include "platform/process.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <memory>
#include <string_view>
#include <vector>

#include "platform/posix/inherited.h"

namespace mercury::platform {
namespace {

// One system call for a gap of any width; false on a kernel older than 5.9.
bool close_gap(unsigned first, unsigned last) {
  return first > last || ::syscall(SYS_close_range, first, last, 0U) == 0;
}

// Older kernels: what /proc lists. Collected first, since closing changes the listing.
void close_listed(std::span<const int> keep) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir("/proc/self/fd"), &::closedir);
  if (!listing) return;
  std::vector<int> open;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    int number = -1;
    std::from_chars(name.data(), name.data() + name.size(), number);
    if (number > STDERR_FILENO && number != ::dirfd(listing.get())) open.push_back(number);
  }
  for (const int number : open) {
    if (std::ranges::find(keep, number) == keep.end()) ::close(number);
  }
}

}  // namespace

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total_pages = 0;
  std::uint64_t resident_pages = 0;
  if (!(file >> total_pages >> resident_pages)) return 0;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void close_inherited_descriptors(std::span<const int> keep) {
  std::vector<int> kept(keep.begin(), keep.end());
  for (int i = 0; i < posix::inherited_sockets(); ++i) kept.push_back(posix::kFirstInherited + i);
  std::ranges::sort(kept);
  unsigned next = STDERR_FILENO + 1;
  for (const int number : kept) {
    if (number < static_cast<int>(next)) continue;
    const auto kept_number = static_cast<unsigned>(number);
    if (kept_number > next && !close_gap(next, kept_number - 1)) return close_listed(kept);
    next = kept_number + 1;
  }
  if (!close_gap(next, ~0U)) close_listed(kept);
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return limit.rlim_cur;
}

}  // namespace mercury::platform
