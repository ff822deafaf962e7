// A process inherits only the handles that were made for it, has a console or has none, and may have 16 million
// handles: there is nothing to shed.
#include "platform/process.h"

#include <windows.h>
// Before it nothing is defined that psapi.h needs.
#include <psapi.h>

namespace mercury::platform {

std::int64_t process_id() { return static_cast<std::int64_t>(::GetCurrentProcessId()); }

std::uint64_t resident_bytes() {
  PROCESS_MEMORY_COUNTERS counters{};
  if (::K32GetProcessMemoryInfo(::GetCurrentProcess(), &counters, sizeof counters) == 0) return 0;
  return counters.WorkingSetSize;
}

void close_inherited_descriptors(std::span<const int>) {}

base::Status detach_from_parent() { return base::Done{}; }

std::uint64_t raise_descriptor_limit() { return 1U << 24U; }

}  // namespace mercury::platform
