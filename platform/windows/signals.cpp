#include "platform/signals.h"

#include <array>
#include <csignal>

namespace mercury::platform {

std::span<const int> stop_signals() {
  static constexpr std::array<int, 3> kStop{SIGTERM, SIGINT, SIGBREAK};
  return kStop;
}

std::optional<int> reload_signal() { return std::nullopt; }

void ignore_broken_pipe() {}  // a broken pipe is an error code, and never more

}  // namespace mercury::platform
