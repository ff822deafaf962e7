// Windows has no fork, so a process can not go into the background by itself: whoever starts it says so
// (DETACHED_PROCESS), and sees that it is ready by connecting.
#include "platform/daemonize.h"

namespace mercury::platform {

base::Result<Readiness> daemonize() {
  return base::Error{"not_here",
                     "--daemonize is not known on Windows; run `mercuryd service install`, or start mercuryd detached"};
}

Readiness::~Readiness() = default;

void Readiness::report(std::uint8_t, std::string_view) { handle_ = -1; }

}  // namespace mercury::platform
