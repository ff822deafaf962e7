#include "platform/signals.h"

#include <array>
#include <csignal>

namespace mercury::platform {

std::span<const int> stop_signals() {
  static constexpr std::array<int, 2> kStop{SIGTERM, SIGINT};
  return kStop;
}

std::optional<int> reload_signal() { return SIGHUP; }

void ignore_broken_pipe() { std::signal(SIGPIPE, SIG_IGN); }

}  // namespace mercury::platform
