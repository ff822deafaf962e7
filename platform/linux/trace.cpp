#include "platform/trace.h"

#include <string>

// CMake defines _SDT_HAS_SEMAPHORES, with which each probe below refers to the counter of its name.
#include <sys/sdt.h>

// How many listeners each probe has. Whoever listens finds the counter through the program's notes and adds one to it,
// so that texts are copied for somebody only. The names and the section are those that sys/sdt.h asks for.
extern "C" {
__attribute__((section(".probes"))) volatile unsigned short mercuryd_unit_semaphore = 0;
__attribute__((section(".probes"))) volatile unsigned short mercuryd_finding_semaphore = 0;
__attribute__((section(".probes"))) volatile unsigned short mercuryd_state_semaphore = 0;

// A mark of sys/sdt.h, without which gdb finds no probe. Only notes refer to it, which is not enough for a linker that
// leaves out what nothing refers to (--gc-sections).
__attribute__((visibility("hidden"))) extern const char mercuryd_probes_base __asm__("_.stapsdt.base");
}

namespace mercury::platform {

struct Trace::Registration {};

Trace::Trace() { __asm__ volatile("" : : "r"(&mercuryd_probes_base)); }
Trace::~Trace() = default;

void Trace::unit(std::string_view route, std::uint64_t duration_ns, std::uint64_t queries,
                 std::uint64_t findings) const {
  if (mercuryd_unit_semaphore == 0) [[likely]]
    return;
  const std::string route_text(route);
  DTRACE_PROBE4(mercuryd, unit, route_text.c_str(), duration_ns, queries, findings);
}

void Trace::finding(std::string_view kind, std::string_view route, std::uint64_t count) const {
  if (mercuryd_finding_semaphore == 0) [[likely]]
    return;
  const std::string kind_text(kind);
  const std::string route_text(route);
  DTRACE_PROBE3(mercuryd, finding, kind_text.c_str(), route_text.c_str(), count);
}

void Trace::state(std::string_view name) const {
  if (mercuryd_state_semaphore == 0) [[likely]]
    return;
  const std::string text(name);
  DTRACE_PROBE1(mercuryd, state, text.c_str());
}

}  // namespace mercury::platform
